"""What was noted at a lead stays visible from its deal: nothing is moved, the lead is looked at.

Records of any type that point to the lead are shown on the page of the deal, so history stays
true, undoing needs nothing, and what a plugin adds later is there by itself.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from relatum import Actor, catalog, query, records

from .mapping import DEAL, LEAD

#: Records of one kind that the page of a deal shows, and kinds that it shows.
_SHOWN: Final = 5
_KINDS: Final = 12


class Group(NamedTuple):
    """Records that point to the lead: what they are, and some of them with their labels."""

    type: catalog.EntityType
    label: str
    found: list[tuple[int, str]]
    more: bool


def groups(lead: int, known: catalog.Catalog, *, actor: Actor) -> list[Group]:
    """Return the records that point to a lead, newest first; deals are left out."""
    made: list[Group] = []
    for relation in known.referrers(LEAD)[:_KINDS]:
        if relation.type.name == DEAL:
            continue
        asked: dict[str, Any] = {
            "filter": {"field": relation.link.name, "op": "eq", "value": lead},
            "sort": ["-id"], "limit": _SHOWN,
        }  # fmt: skip
        page = query.page(query.from_json(relation.type.name, asked, actor=actor))
        if page.records:
            ids = [row["id"] for row in page.records]
            called = query.labels(ids, actor=actor)
            labels = [(i, called.get(str(i), {}).get("label") or str(i)) for i in ids]
            made.append(Group(relation.type, relation.label, labels, page.next is not None))
    return made


def visible(lead: int, *, actor: Actor) -> bool:
    """Say whether an actor sees a lead."""
    return bool(records.seen([lead], actor))
