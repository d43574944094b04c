"""Change or delete any number of records, chosen by ids or by a filter.

Each chunk is one change set of its own. What is refused stays as it is, row by row; the result
counts it and names the first ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from ...schemas.jobs import BulkDeleteSchema, BulkUpdateSchema
from .. import access, catalog, db, models, query, records
from ..actor import Actor
from ..catalog import EntityType
from ..errors import Invalid, Problem, nearest
from ..fields import Refused
from ..jobs import Chunk, Kind, Step, register

#: Refusals that the result names.
NAMED: Final = 100
_Verb = Callable[[list[int]], list[records.Outcome]]


def _check_update(arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
    entity_type = _chosen(arguments, actor, "update")
    problems = []
    for name, value in arguments["values"].items():
        try:
            _check_value(entity_type, name, value)
        except Refused as refused:
            problems.append(refused.problem.at(field=f"arguments.values.{name}"))
    if problems:
        raise Invalid(problems)
    return arguments


def _check_value(entity_type: EntityType, name: str, value: Any) -> None:
    field = entity_type.fields.get(name)
    if field is None:
        near = nearest(name[:80], [f.name for f in entity_type.own_fields])
        raise Refused("unknown_key", type=entity_type.name, field=name[:80], nearest=near)
    if field.read_only:
        raise Refused("read_only", field=name)
    if value is None or value == "":
        if field.required:
            raise Refused("required")
        return
    field.check(value)


def _check_delete(arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
    _chosen(arguments, actor, "delete")
    return arguments


def _chosen(arguments: dict[str, Any], actor: Actor, action: str) -> EntityType:
    """Return the type of chosen records; raise what is wrong with the choice."""
    name = arguments["type"]
    access.require(actor, action, f"records of '{name}'")
    entity_type = catalog.current().type(name)
    if ("ids" in arguments) == ("filter" in arguments):
        reason = "name the records by one of ids and filter"
        raise Invalid([Problem("value_invalid", {"reason": reason}, field="arguments")])
    if "filter" in arguments:
        query.from_json(name, {"filter": arguments["filter"]})
    return entity_type


def update(chunk: Chunk) -> Step:
    """Give some of the records their values."""
    values = chunk.arguments["values"]

    def verb(ids: list[int]) -> list[records.Outcome]:
        changed = [{"id": id_, **values} for id_ in ids]
        return records.update(chunk.arguments["type"], changed, actor=chunk.actor, partial=True)

    return _step(chunk, verb)


def delete(chunk: Chunk) -> Step:
    """Put some of the records in the trash."""

    def verb(ids: list[int]) -> list[records.Outcome]:
        gone = [{"id": id_} for id_ in ids]
        return records.delete(chunk.arguments["type"], gone, actor=chunk.actor, partial=True)

    return _step(chunk, verb)


def _step(chunk: Chunk, verb: _Verb) -> Step:
    """Do the next records; the checkpoint holds where to go on and what came of it so far."""
    at: dict[str, Any] = chunk.checkpoint or _beginning(chunk)
    ids = _next(chunk, at)
    counts, refused = dict(at["counts"]), list(at["refused"])
    for outcome in verb(ids) if ids else ():
        counts[outcome.status] = counts.get(outcome.status, 0) + 1
        if outcome.problems and len(refused) < NAMED:
            told = outcome.problems[0]
            refused.append({"id": ids[outcome.row], "code": told.code, "message": told.message})
    if not ids:
        return chunk.finish({**counts, "refusals": refused}, total=chunk.done)
    place = at["after"] + len(ids) if "ids" in chunk.arguments else ids[-1]
    after = {**at, "after": place, "counts": counts, "refused": refused}
    return chunk.more(after, done=len(ids), total=at["total"])


def _beginning(chunk: Chunk) -> dict[str, Any]:
    """Return the first checkpoint: records that are made from now on are none of ours."""
    spine = models.Record.__table__
    newest = db.current().connection.execute(sa.select(sa.func.max(spine.c.id))).scalar()
    begun: dict[str, Any] = {"after": 0, "until": newest or 0, "counts": {}, "refused": []}
    if "ids" in chunk.arguments:
        return {**begun, "total": len(chunk.arguments["ids"])}
    asked = {"filter": chunk.arguments["filter"], "select": ["count"]}
    counted = query.aggregate(query.from_json(chunk.arguments["type"], asked), actor=chunk.actor)
    return {**begun, "total": counted.groups[0]["count"]}


def _next(chunk: Chunk, at: dict[str, Any]) -> list[int]:
    size = min(chunk.size, db.settings().page_limit)
    if "ids" in chunk.arguments:
        ids: list[int] = chunk.arguments["ids"][at["after"] : at["after"] + size]
        return ids
    beyond = [
        {"field": "id", "op": "gt", "value": at["after"]},
        {"field": "id", "op": "lte", "value": at["until"]},
    ]
    asked = {
        "filter": {"and": [chunk.arguments["filter"], *beyond]}, "sort": ["id"], "fields": ["id"],
        "limit": size,
    }  # fmt: skip
    found = query.page(query.from_json(chunk.arguments["type"], asked), actor=chunk.actor)
    return [record["id"] for record in found.records]


BULK_UPDATE: Final = register(
    Kind(
        name="bulk_update", title="Change many records", run=update, arguments=BulkUpdateSchema,
        check=_check_update,
    )
)  # fmt: skip
BULK_DELETE: Final = register(
    Kind(
        name="bulk_delete", title="Delete many records", run=delete, arguments=BulkDeleteSchema,
        check=_check_delete,
    )
)  # fmt: skip
