"""Filters over relationships, worked out in plain Python: paths, lists, trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .relationship_kinds import KINDS, inverses
from .relationship_reference import Reference

#: Where filters look, by type: fields, and fields over links.
PATHS: dict[str, list[str]] = {
    kind: [
        *known.plain,
        *known.links,
        "owner",
        *(
            f"{name}.{further}"
            for name, link in known.links.items()
            if len(link.targets) == 1
            for further in (*KINDS[link.targets[0]].plain, *KINDS[link.targets[0]].links, "owner")
        ),
    ]
    for kind, known in KINDS.items()
}


def leads_to_firm(kind: str, path: str) -> bool:
    """Say whether a path ends in a link into the tree."""
    at = kind
    for name in path.split("."):
        link = KINDS[at].links.get(name)
        if link is None or len(link.targets) > 1:
            return False
        at = link.targets[0]
    return at == "x_firm"


def holds(known: Reference, id_: int, node: dict[str, Any]) -> bool | None:
    """Say whether a filter holds for a record; None: neither."""
    if "not" in node:
        inner = holds(known, id_, node["not"])
        return None if inner is None else not inner
    for word, absorbing in (("and", False), ("or", True)):
        if word in node:
            found = [holds(known, id_, part) for part in node[word]]
            if absorbing in found:
                return absorbing
            return None if None in found else not absorbing
    if "has" in node:
        *links, name = node["has"].split(".")
        at = follow(known, id_, links)
        where = node.get("where", {"and": []})
        return at is not None and any(
            holds(known, member, where) is True for member in known.members(name, at)
        )
    return _compared(value(known, id_, node["field"]), node, known)


def _compared(found: Any, node: dict[str, Any], known: Reference) -> bool | None:
    operator, wanted = node["op"], node["value"]
    if operator == "empty":
        return (found is None) is wanted
    if found is None:
        return None
    if operator == "under":
        return wanted in above(known, found)
    if operator == "above":
        return found in above(known, wanted)
    return bool(found == wanted if operator == "eq" else found in wanted)


def follow(known: Reference, id_: int, links: list[str]) -> int | None:
    """Return where links lead from a record; nothing lies behind the trash."""
    at: int | None = id_
    for name in links:
        at = known.records[at].values[name] if at is not None else None
        if at is not None and known.records[at].gone is not None:
            at = None
    return at


def value(known: Reference, id_: int, path: str) -> Any:
    """Return the value at a path."""
    *links, name = path.split(".")
    at = follow(known, id_, links)
    if at is None or name == "id":
        return at
    return known.records[at].values[name]


def above(known: Reference, start: int) -> Iterator[int]:
    """Yield a record of a tree and those above it; the way up ends in the trash."""
    [link] = [name for name, link in KINDS["x_firm"].links.items() if link.tree]
    at: int | None = start
    while at is not None:
        yield at
        record = known.records.get(at)
        at = record.values[link] if record and record.gone is None else None


def matching(known: Reference, kind: str, node: dict[str, Any]) -> list[int]:
    """Return the live records of a type for which a filter holds."""
    return sorted(id_ for id_ in known.live(kind) if holds(known, id_, node) is True)


def lists(kind: str) -> list[str]:
    """Return the names of the lists of a type."""
    return sorted(inverses(kind))
