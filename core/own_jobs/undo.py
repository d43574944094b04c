"""Undo a job, or a change set that is too large to be undone at once.

Its change sets are put back from the last to the first. What others changed since stays as it is:
the result counts that and names the first ones. The undo is a job that can be undone as well.
"""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, fields, validate

from .. import changes, jobs, records
from ..actor import Actor
from ..errors import Invalid, Problem, RelatumError
from ..jobs import Chunk, Kind, Step, register

#: What is kept as it is and named in the result.
NAMED: Final = 100
_ID: Final = validate.Range(min=1, max=2**53 - 1)


class UndoArguments(Schema):
    """What is undone: one of both."""

    job = fields.Integer(strict=True, validate=_ID)
    change_set = fields.Integer(strict=True, validate=_ID)


def _check(arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
    if len(arguments) != 1:
        reason = "name what to undo by one of job and change_set"
        raise Invalid([Problem("value_invalid", {"reason": reason}, field="arguments")])
    if "job" in arguments:
        job = jobs.get(arguments["job"], actor=actor)
        if job["finished_at"] is None:
            reason = f"it is {job['state']}; wait for its end, or cancel it"
            raise RelatumError("undo_nothing", id=job["id"], reason=reason)
        records.require_left(job["id"])
    else:
        records.require_own(arguments["change_set"], actor)
        header = changes.header(arguments["change_set"])
        if header.undone_by is not None:
            raise RelatumError("undo_done", id=header.id, by=header.undone_by)
    return arguments


def look(arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Say what undoing would do, as `records.look_at` does."""
    return records.look_at(**_check(arguments, actor), actor=actor)


def undo(chunk: Chunk) -> Step:
    """Put back some changes; the checkpoint holds which set is at hand, and where in it."""
    at: dict[str, Any] = chunk.checkpoint or {
        "set": None, "before": None, "wrote": False, "counts": {"put_back": 0, "kept": 0},
        "conflicts": [],
    }  # fmt: skip
    total = None if chunk.checkpoint else records.left_to_undo(**chunk.arguments)
    room, counts, conflicts = chunk.size, dict(at["counts"]), list(at["conflicts"])
    number, before, wrote = at["set"], at["before"], at["wrote"]
    while room > 0:
        if before is None:
            number, wrote = _next(chunk.arguments, number), False
            if number is None:
                break
        piece = records.put_back(number, actor=chunk.actor, limit=room, before=before, wrote=wrote)
        before, wrote = piece.before, wrote or piece.written > 0
        counts["put_back"] += piece.written
        counts["kept"] += len({kept.id for kept in piece.kept})
        conflicts += [kept.as_json() for kept in piece.kept[: NAMED - len(conflicts)]]
        room -= max(1, piece.lines)
    done = chunk.size - room
    if room > 0:
        return chunk.finish({**counts, "conflicts": conflicts}, done=done, total=total)
    state = {
        "set": number, "before": before, "wrote": wrote, "counts": counts, "conflicts": conflicts,
    }  # fmt: skip
    return chunk.more(state, done=done, total=total)


def _next(arguments: dict[str, Any], after: int | None) -> int | None:
    """Return the change set that comes next, after another one; None at the end."""
    if "job" in arguments:
        return changes.of_job(arguments["job"], before=after)
    number: int = arguments["change_set"]
    return number if after is None else None


UNDO: Final = register(
    Kind(
        name="undo", title="Undo", run=undo, arguments=UndoArguments, check=_check,
        permission=None, look=look, chunk=2000,
    )
)  # fmt: skip
