"""The entity types of the machine of relationships: one of each tie, and ties that cross.

Beside them: numbers that the kernel gives, encrypted texts, options that depend on others, and to
whom records belong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relatum.core import records

POSITION = "position"
#: Whose a record is; a part has both from its whole.
WHOSE = ("owner", "team")
#: Options of a deal: with which stages a reason goes; one that names none goes with all.
REASONS: dict[str, tuple[str, ...]] = {"x": ("a",), "y": ("b", "c"), "z": ()}
#: The fields that a stage of a deal needs.
NEEDS: dict[str, tuple[str, ...]] = {"c": ("name",)}
#: The fields that are no text.
SPECIAL: dict[str, dict[str, Any]] = {
    "run": {"kind": "integer"},
    "amount": {"kind": "integer"},
    POSITION: {"kind": "integer"},
    "number": {"kind": "auto_number", "settings": {"mask": "N-{number:3}"}},
    "secret": {"kind": "encrypted", "settings": {"filterable": True}},
    "stage": {
        "kind": "choice",
        "options": [{"value": value, "needs": list(NEEDS.get(value, ()))} for value in "abc"],
    },
    "reason": {
        "kind": "choice", "settings": {"controlled_by": "stage"},
        "options": [{"value": value, "when": list(when)} for value, when in REASONS.items()],
    },
}  # fmt: skip


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
    #: Fields that the kernel numbers.
    numbered: tuple[str, ...] = ()

    @property
    def whole(self) -> str | None:
        """Return the link to what it is a part of."""
        return next((name for name, link in self.links.items() if link.part), None)

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of all fields."""
        return (*self.plain, *self.links, *self.numbered, *WHOSE)

    @property
    def given(self) -> tuple[str, ...]:
        """Return the names of the fields that nobody may send."""
        return (*self.numbered, *(WHOSE if self.whole else ()))


#: One of each relationship that there is, and those that get into each other's way.
KINDS: dict[str, Kind] = {
    "x_firm": Kind(
        "name",
        ("name", "secret"),
        {
            "parent": Link(("x_firm",), "clear", "daughters", tree=True),
            "buddy": Link(("x_firm",), "restrict", "buddies"),
            "heir": Link(("x_firm",), "cascade", "heirs"),
        },
    ),
    "x_deal": Kind(
        "code",
        ("run", "code", "name", "stage", "reason"),
        {
            "firm": Link(("x_firm",), "restrict", "deals"),
            "sponsor": Link(("x_firm",), "clear", "sponsored"),
            "best": Link(("x_line",), "clear"),
        },
        required=("run", "code"),
        keys=(("run", "code"),),
        numbered=("number",),
    ),
    "x_line": Kind(
        "product",
        ("product", "amount", POSITION, "secret"),
        {
            "deal": Link(("x_deal",), "cascade", "lines", required=True, part=True),
            "instead": Link(("x_line",), "clear", "alternatives"),
        },
        required=("product",),
        keys=(("deal", "product"),),
        numbered=("number",),
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
        ("run", "name", "secret"),
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
    plain = [
        {"name": n, "kind": "text", "required": n in known.required, **SPECIAL.get(n, {})}
        for n in (*known.plain, *known.numbered)
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


def make_all(instance: Any) -> dict[int | None, int | None]:
    """Make every type, then what ties them; return people who own records, with their teams."""
    ties = [change for name in KINDS for change in links(name)]
    instance.apply(*map(definition, KINDS), *ties)
    [team] = instance.create("team", {"name": "North"})
    bob = instance.bob.user_id
    instance.write(records.update, "user", [{"id": bob, "team": team}])
    return {None: None, instance.alice.user_id: None, bob: team}
