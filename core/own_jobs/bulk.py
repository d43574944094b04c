"""Change, delete, restore, link or unlink any number of records, chosen by ids or by a filter.

Each chunk is one change set of its own. What is refused stays as it is, row by row; the result
counts it and names the first ones. Who means many records says how many (`bulk_confirm`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from marshmallow import Schema

from ...schemas.jobs import BulkChoiceSchema, BulkLinkSchema, BulkUpdateSchema
from .. import access, catalog, changes, db, models, query, records
from ..actor import Actor
from ..catalog import EntityType
from ..errors import Invalid, Problem, RelatumError, nearest
from ..fields import Refused
from ..jobs import Chunk, Kind, Step, register
from . import ties

#: Refusals that the result names.
NAMED: Final = 100
#: Records that are tried before the job is started, to be looked at.
LOOKED_AT: Final = 20
#: Does something to records with some ids; the outcomes name them by their places.
_Verb = Callable[[dict[str, Any], list[int], Actor], list[records.Outcome]]
_Check = Callable[[dict[str, Any], Actor], None]


# -- what is done ---------------------------------------------------------------------------
def _update(arguments: dict[str, Any], ids: list[int], actor: Actor) -> list[records.Outcome]:
    rows = [{"id": id_, **arguments["values"]} for id_ in ids]
    return records.update(arguments["type"], rows, actor=actor, partial=True)


def _delete(arguments: dict[str, Any], ids: list[int], actor: Actor) -> list[records.Outcome]:
    rows = [{"id": id_} for id_ in ids]
    return records.delete(arguments["type"], rows, actor=actor, partial=True)


def _restore(arguments: dict[str, Any], ids: list[int], actor: Actor) -> list[records.Outcome]:
    rows = [{"id": id_} for id_ in ids]
    return records.restore(arguments["type"], rows, actor=actor, partial=True)


# -- what is refused before -----------------------------------------------------------------
def _check_values(arguments: dict[str, Any], actor: Actor) -> None:
    _refuse_values(_chosen(arguments, actor, "update"), arguments["values"])


def _check_delete(arguments: dict[str, Any], actor: Actor) -> None:
    _chosen(arguments, actor, "delete")


def _check_restore(arguments: dict[str, Any], actor: Actor) -> None:
    _chosen(arguments, actor, "restore")


def _check_tie(arguments: dict[str, Any], actor: Actor) -> None:
    _chosen(arguments, actor, "read")
    relation = ties.relation_of(arguments, actor)
    access.require(actor, "update", f"records of '{relation.type.name}'", relation.type.name)
    _refuse_values(relation.type, arguments["values"])
    if not ties.ends(relation, arguments):
        reason = f"name what to link to, by a link of '{relation.type.name}'"
        raise Invalid([Problem("value_invalid", {"reason": reason}, field="arguments.values")])


def _refuse_values(entity_type: EntityType, values: dict[str, Any]) -> None:
    """Raise `Invalid` with all values that the fields of a type don't take."""
    problems = []
    for name, value in values.items():
        try:
            _check_value(entity_type, name, value)
        except Refused as refused:
            problems.append(refused.problem.at(field=f"arguments.values.{name}"))
    if problems:
        raise Invalid(problems)


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


def _chosen(arguments: dict[str, Any], actor: Actor, action: str) -> EntityType:
    """Return the type of chosen records; raise what is wrong with the choice."""
    name = arguments["type"]
    for needed in ("bulk", action):
        access.require(actor, needed, f"records of '{name}'", name)
    entity_type = access.seen(actor).type(name)
    if ("ids" in arguments) == ("filter" in arguments):
        reason = "name the records by one of ids and filter"
        raise Invalid([Problem("value_invalid", {"reason": reason}, field="arguments")])
    if "filter" in arguments:
        query.from_json(name, {"filter": arguments["filter"]}, actor=actor)
    return entity_type


# -- how it is done -------------------------------------------------------------------------
class _Bulk:
    """One kind of bulk job: what it does to records, and to which ones it may be done."""

    def __init__(self, verb: _Verb, check: _Check, *, trashed: bool = False) -> None:
        self.verb, self._check, self.trashed = verb, check, trashed

    def check(self, arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
        """Raise what is wrong with a wish, and `bulk_confirm` if it is larger than it knows."""
        self._check(arguments, actor)
        limit, count = db.settings().bulk_confirm, self._count(arguments, actor)
        if count > max(limit, arguments.get("confirm", 0)):
            raise RelatumError("bulk_confirm", count=count, limit=limit)
        return arguments

    def look(self, arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
        """Say what a job would do: try the first records, and take that back at once.

        Returns {"count": how many records are meant, "confirm": whether that must be confirmed,
        "looked_at": how many were tried, "counts": what became of those, "changes": [...] as change
        sets show them, "refusals": [{id, label, code, message}]}.
        """
        self._check(arguments, actor)
        count = self._count(arguments, actor)
        at = self._beginning(arguments, actor, count)
        ids = self._next(arguments, actor, at, LOOKED_AT)
        many = count > db.settings().bulk_confirm
        told: dict[str, Any] = {
            "count": count, "confirm": many, "looked_at": len(ids), "changes": [],
        }  # fmt: skip
        labels = query.labels(ids, actor=actor)
        with db.attempt(), changes.apart():
            outcomes = self._done(arguments, ids, actor)
            number = changes.number()
            if number is not None:
                told["changes"] = records.change_set(number, actor=actor)["records"]
        refusals = [{**_refusal(each, ids), "label": _label(labels, ids[each.row])}
                    for each in outcomes if each.problems]  # fmt: skip
        return {**told, "counts": _counted({}, outcomes), "refusals": refusals}

    def run(self, chunk: Chunk) -> Step:
        """Do the next records; the checkpoint holds where to go on and what came of it so far."""
        arguments, actor, at = chunk.arguments, chunk.actor, chunk.checkpoint
        if at is None:
            at = self._beginning(arguments, actor, self._count(arguments, actor))
        ids = self._next(arguments, actor, at, min(chunk.size, db.settings().page_limit))
        outcomes = self._done(arguments, ids, actor)
        counts = _counted(at["counts"], outcomes)
        refused = [_refusal(each, ids) for each in outcomes if each.problems]
        named = [*at["refused"], *refused][:NAMED]
        if not ids:
            return chunk.finish({**counts, "refusals": named}, total=chunk.done)
        place = at["after"] + len(ids) if "ids" in arguments else ids[-1]
        after = {**at, "after": place, "counts": counts, "refused": named}
        return chunk.more(after, done=len(ids), total=at["total"])

    def _done(
        self, arguments: dict[str, Any], ids: list[int], actor: Actor
    ) -> list[records.Outcome]:
        """Do it to those of some records that may be changed together with others."""
        name = arguments["type"]
        allowed = records.admitted(catalog.current().type(name), ids, "bulk", actor)
        places = [place for place, id_ in enumerate(ids) if id_ in allowed]
        made = self.verb(arguments, [ids[place] for place in places], actor) if places else []
        outcomes = [replace(each, row=places[each.row]) for each in made]
        visible = records.seen(ids, actor)
        for place, id_ in enumerate(ids):
            if id_ not in allowed:
                code = "record_forbidden" if id_ in visible else "record_unknown"
                told = Problem(code, {"type": name, "id": id_, "action": "bulk"}, row=place)
                outcomes.append(records.Outcome(place, "refused", id_, problems=(told,)))
        return outcomes

    def _beginning(self, arguments: dict[str, Any], actor: Actor, count: int) -> dict[str, Any]:
        """Return the first checkpoint: records that are made from now on are none of ours."""
        spine = models.Record.__table__
        newest = db.current().connection.execute(sa.select(sa.func.max(spine.c.id))).scalar()
        return {"after": 0, "until": newest or 0, "counts": {}, "refused": [], "total": count}

    def _count(self, arguments: dict[str, Any], actor: Actor) -> int:
        if "ids" in arguments:
            return len(arguments["ids"])
        asked = {"filter": arguments["filter"], "select": ["count"], "trashed": self.trashed}
        counted = query.aggregate(query.from_json(arguments["type"], asked, actor=actor))
        return int(counted.groups[0]["count"])

    def _next(
        self, arguments: dict[str, Any], actor: Actor, at: dict[str, Any], size: int
    ) -> list[int]:
        if "ids" in arguments:
            ids: list[int] = arguments["ids"][at["after"] : at["after"] + size]
            return ids
        beyond = [
            {"field": "id", "op": "gt", "value": at["after"]},
            {"field": "id", "op": "lte", "value": at["until"]},
        ]
        asked = {
            "filter": {"and": [arguments["filter"], *beyond]}, "sort": ["id"], "fields": ["id"],
            "limit": size, "trashed": self.trashed,
        }  # fmt: skip
        found = query.page(query.from_json(arguments["type"], asked, actor=actor))
        return [record["id"] for record in found.records]


def _counted(before: dict[str, int], outcomes: list[records.Outcome]) -> dict[str, int]:
    counts = dict(before)
    for outcome in outcomes:
        counts[outcome.status] = counts.get(outcome.status, 0) + 1
    return counts


def _refusal(outcome: records.Outcome, ids: list[int]) -> dict[str, Any]:
    told = outcome.problems[0]
    return {"id": ids[outcome.row], "code": told.code, "message": told.message}


def _label(labels: query.Labels, id_: int) -> str:
    known = labels.get(str(id_))
    return known["label"] if known else str(id_)


def _kind(name: str, title: str, bulk: _Bulk, arguments: type[Schema] = BulkChoiceSchema) -> Kind:
    return register(
        Kind(
            name=name, title=title, run=bulk.run, arguments=arguments, check=bulk.check,
            look=bulk.look, permission=None,
        )
    )  # fmt: skip


BULK_UPDATE: Final = _kind(
    "bulk_update", "Change many records", _Bulk(_update, _check_values), BulkUpdateSchema
)
BULK_DELETE: Final = _kind("bulk_delete", "Delete many records", _Bulk(_delete, _check_delete))
BULK_RESTORE: Final = _kind(
    "bulk_restore", "Restore many records", _Bulk(_restore, _check_restore, trashed=True)
)
BULK_LINK: Final = _kind(
    "bulk_link", "Link many records", _Bulk(ties.tie, _check_tie), BulkLinkSchema
)
BULK_UNLINK: Final = _kind(
    "bulk_unlink", "Unlink many records", _Bulk(ties.untie, _check_tie), BulkLinkSchema
)
