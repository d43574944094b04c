"""Tie many records to one, and untie them: a tie is a record that points to both sides.

`list` is what the records call their ties, such as the contacts of an account; `values` are the
other ends of a tie, and with a new one whatever else it holds.
"""

from __future__ import annotations

from typing import Any

from .. import access, db, query, records
from ..actor import Actor
from ..catalog import Relation


def relation_of(arguments: dict[str, Any], actor: Actor) -> Relation:
    """Return the link by which ties point to the chosen records; raise `inverse_unknown`."""
    return access.seen(actor).inverse(arguments["type"], arguments["list"])


def ends(relation: Relation, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what ties point to besides the chosen records: {link: id}."""
    fields, given = relation.type.fields, arguments["values"]
    return {
        name: value
        for name, value in given.items()
        if fields[name].is_link and name != relation.link.name and value is not None
        and fields[name].owner != "system"
    }  # fmt: skip


def tie(arguments: dict[str, Any], ids: list[int], actor: Actor) -> list[records.Outcome]:
    """Make a tie for each record that has none to the same end."""
    relation = relation_of(arguments, actor)
    tied = {each[relation.link.name] for each in _ties(relation, arguments, ids, actor)}
    fresh = [place for place, id_ in enumerate(ids) if id_ not in tied]
    rows = [{**arguments["values"], relation.link.name: ids[place]} for place in fresh]
    made = records.create(relation.type.name, rows, actor=actor, partial=True) if rows else []
    told = {fresh[each.row]: each for each in made}
    return [_outcome(place, told.get(place), "linked") for place in range(len(ids))]


def untie(arguments: dict[str, Any], ids: list[int], actor: Actor) -> list[records.Outcome]:
    """Put the ties of records to the same end in the trash."""
    relation = relation_of(arguments, actor)
    found = _ties(relation, arguments, ids, actor)
    rows = [{"id": each["id"]} for each in found]
    gone = records.delete(relation.type.name, rows, actor=actor, partial=True) if rows else []
    told = {each[relation.link.name]: outcome for each, outcome in zip(found, gone, strict=True)}
    return [_outcome(place, told.get(id_), "unlinked") for place, id_ in enumerate(ids)]


def _outcome(place: int, outcome: records.Outcome | None, status: str) -> records.Outcome:
    if outcome is None:
        return records.Outcome(place, "unchanged")
    if outcome.problems:
        return records.Outcome(place, "refused", problems=outcome.problems)
    return records.Outcome(place, status)


def _ties(
    relation: Relation, arguments: dict[str, Any], ids: list[int], actor: Actor
) -> list[dict[str, Any]]:
    """Return the ties of records to the end that is meant: {id, link}."""
    link, limit = relation.link.name, db.settings().page_limit
    wanted: list[Any] = [{"field": link, "op": "in", "value": ids}]
    for name, value in ends(relation, arguments).items():
        wanted.append({"field": name, "op": "eq", "value": value})
    found: list[dict[str, Any]] = []
    while True:
        after = {"field": "id", "op": "gt", "value": found[-1]["id"] if found else 0}
        asked = {
            "filter": {"and": [*wanted, after]}, "fields": ["id", link], "sort": ["id"],
            "limit": limit,
        }  # fmt: skip
        page = query.page(query.from_json(relation.type.name, asked, actor=actor)).records
        found += page
        if len(page) < limit:
            return found
