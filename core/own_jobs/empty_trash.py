"""Purge what went to the trash before an instant, of one type or of all."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, fields

from .. import catalog, records
from ..errors import RelatumError
from ..fields import Refused
from ..fields.moment import to_instant
from ..jobs import Chunk, Kind, Step, register


class EmptyTrashArguments(Schema):
    """Until when, and of which type."""

    before = fields.String(required=True)
    type = fields.String()


def _check(arguments: dict[str, Any], _: Any) -> dict[str, Any]:
    try:
        to_instant(arguments["before"])
    except Refused as refused:
        reason = refused.problem.message
        raise RelatumError("bad_parameter", name="arguments.before", reason=reason) from None
    if "type" in arguments:
        catalog.current().type(arguments["type"])
    return arguments


def empty_trash(chunk: Chunk) -> Step:
    """Purge some records; what something still needs is counted and stays.

    A type whose records were needed is gone through again as long as others go.
    """
    state: dict[str, Any] = chunk.checkpoint or {
        "left": _names(chunk.arguments), "after": 0, "purged": {}, "kept": {}, "went": 0,
    }  # fmt: skip
    if not state["left"]:
        if state["went"] and state["kept"]:
            again = sorted(state["kept"])
            return chunk.more({**state, "left": again, "kept": {}, "went": 0})
        return chunk.finish({"purged": state["purged"], "kept": state["kept"]})
    name = state["left"][0]
    ids = _ids(name, state["after"], chunk)
    if not ids:
        return chunk.more({**state, "left": state["left"][1:], "after": 0})
    outcomes = records.purge(name, [{"id": id_} for id_ in ids], actor=chunk.actor, partial=True)
    gone = sum(not outcome.problems for outcome in outcomes)
    for counts, count in ((state["purged"], gone), (state["kept"], len(ids) - gone)):
        if count:
            counts[name] = counts.get(name, 0) + count
    return chunk.more({**state, "after": ids[-1], "went": state["went"] + gone}, done=gone)


def _names(arguments: dict[str, Any]) -> list[str]:
    if "type" in arguments:
        return [arguments["type"]]
    known = catalog.current().types.values()
    return [each.name for each in known if each.owner not in ("core", "system")]


def _ids(name: str, after: int, chunk: Chunk) -> list[int]:
    if name not in catalog.current().types:
        return []  # it has gone to the trash itself meanwhile
    before = to_instant(chunk.arguments["before"])
    return records.trashed_ids(
        name, before=before, after=after, limit=chunk.size, actor=chunk.actor
    )


EMPTY_TRASH: Final = register(
    Kind(
        name="empty_trash", title="Empty the trash", run=empty_trash, check=_check,
        arguments=EmptyTrashArguments, permission="purge", limit=1,
    )
)  # fmt: skip
