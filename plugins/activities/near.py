"""Records one step away: those that point to a record, as deals and people do to a company."""

from __future__ import annotations

from typing import Any, Final

from relatum import Actor, catalog, query, seen

from .entities import TYPES

#: Lists that are followed, and records of each whose activities are shown as well.
_LISTS, _EACH = 6, 50
_OWN: Final = frozenset(each["name"] for each in TYPES)


def ways(entity_type: catalog.EntityType, actor: Actor) -> list[catalog.Relation]:
    """Return the lists of a type whose records may have activities of their own."""
    known = seen(actor)
    found = [
        relation
        for relation in known.inverses(entity_type.name).values()
        if relation.type.name not in _OWN
        and relation.type.part_of is None
        and relation.type.title  # what has no name of its own only ties others
        and relation.type.owner != "core"
    ]
    return found[:_LISTS]


def of(entity_type: catalog.EntityType, id_: int, actor: Actor) -> list[int]:
    """Return the newest records one step away that the actor sees; one query per list."""
    found: dict[int, None] = {}
    for relation in ways(entity_type, actor):
        asked: dict[str, Any] = {
            "filter": {"field": relation.link.name, "op": "eq", "value": id_},
            "fields": ["id"], "sort": ["-id"], "limit": _EACH,
        }  # fmt: skip
        rows = query.page(query.from_json(relation.type.name, asked, actor=actor)).records
        found |= dict.fromkeys(row["id"] for row in rows)
    found.pop(id_, None)
    return list(found)
