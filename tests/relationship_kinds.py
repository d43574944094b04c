"""The entity types of the machine of relationships: one of each tie, and ties that cross."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

POSITION = "position"


@dataclass(frozen=True)
class Link:
    """A link: where it leads, what deleting there does, what the other side calls it."""

    targets: tuple[str, ...]
    on_delete: str = "restrict"
    inverse: str | None = None
    required: bool = False
    part: bool = False
    tree: bool = False


@dataclass(frozen=True)
class Kind:
    """An entity type: its plain fields, its links, and its unique keys."""

    title: str
    plain: tuple[str, ...]
    links: dict[str, Link]
    required: tuple[str, ...] = ()
    keys: tuple[tuple[str, ...], ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of all fields."""
        return (*self.plain, *self.links)


#: One of each relationship that there is, and those that get into each other's way.
KINDS: dict[str, Kind] = {
    "x_firm": Kind(
        "name",
        ("name",),
        {
            "parent": Link(("x_firm",), "clear", "daughters", tree=True),
            "buddy": Link(("x_firm",), "restrict", "buddies"),
            "heir": Link(("x_firm",), "cascade", "heirs"),
        },
    ),
    "x_deal": Kind(
        "code",
        ("run", "code", "name"),
        {
            "firm": Link(("x_firm",), "restrict", "deals"),
            "sponsor": Link(("x_firm",), "clear", "sponsored"),
            "best": Link(("x_line",), "clear"),
        },
        required=("run", "code"),
        keys=(("run", "code"),),
    ),
    "x_line": Kind(
        "product",
        ("product", "amount", POSITION),
        {
            "deal": Link(("x_deal",), "cascade", "lines", required=True, part=True),
            "instead": Link(("x_line",), "clear", "alternatives"),
        },
        required=("product",),
        keys=(("deal", "product"),),
    ),
    "x_bit": Kind(
        "name",
        ("name",),
        {"line": Link(("x_line",), "cascade", "bits", required=True, part=True)},
    ),
    "x_paper": Kind(
        "name",
        ("name",),
        {
            "deal": Link(("x_deal",), "cascade", "papers"),
            "keeper": Link(("x_firm",), "clear", "keeps", required=True),
        },
        keys=(("deal",),),
    ),
    "x_tie": Kind(
        "role",
        ("role",),
        {
            "deal": Link(("x_deal",), "cascade", "ties", required=True),
            "firm": Link(("x_firm",), "cascade", "ties", required=True),
        },
        keys=(("deal", "firm"),),
    ),
    "x_note": Kind(
        "name",
        ("run", "name"),
        {
            "about": Link(("x_firm", "x_deal", "x_line", "x_note"), "cascade"),
            "seen": Link(("x_firm", "x_deal"), "clear"),
            "also": Link(("x_deal", "x_firm"), "clear"),
            "needs": Link(("x_bit", "x_tie"), "restrict"),
        },
        keys=(("run", "name"),),
    ),
}


def inverses(kind: str) -> dict[str, tuple[str, str]]:
    """Return the lists of a type: name → (type of the members, their link)."""
    return {
        link.inverse: (other, name)
        for other, known in KINDS.items()
        for name, link in known.links.items()
        if link.inverse and kind in link.targets
    }


def parts(kind: str) -> dict[str, tuple[str, str]]:
    """Return the lists of a type's parts."""
    return {n: (k, link) for n, (k, link) in inverses(kind).items() if KINDS[k].links[link].part}


def definition(name: str) -> dict[str, Any]:
    """Return the change that makes a type, without its links."""
    known = KINDS[name]
    integers = ("run", "amount", POSITION)
    plain = [
        {"name": n, "kind": "integer" if n in integers else "text", "required": n in known.required}
        for n in known.plain
    ]
    made = {"op": "create_type", "name": name, "label": name, "fields": plain}
    return {**made, "title": known.title}


def links(name: str) -> list[dict[str, Any]]:
    """Return the changes that add a type's links and unique keys."""
    known = KINDS[name]
    made: list[dict[str, Any]] = []
    for link_name, link in known.links.items():
        settings: dict[str, Any] = {"on_delete": link.on_delete}
        several = len(link.targets) > 1
        settings |= {"targets": list(link.targets)} if several else {"target": link.targets[0]}
        settings |= {"inverse": link.inverse} if link.inverse else {}
        settings |= {word: True for word in ("part", "tree") if getattr(link, word)}
        kind = "reference" if several else "lookup"
        change = {"op": "add_field", "type": name, "name": link_name, "kind": kind}
        rules = {"required": link.required, "unique": (link_name,) in known.keys}
        made.append({**change, **rules, "settings": settings})
    compound = [key for key in known.keys if len(key) > 1]
    made.extend({"op": "add_key", "type": name, "fields": list(key)} for key in compound)
    return made


def make_all(instance: Any) -> None:
    """Make every type, then what ties them."""
    ties = [change for name in KINDS for change in links(name)]
    instance.apply(*map(definition, KINDS), *ties)
