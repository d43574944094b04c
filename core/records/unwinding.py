"""Undo of what is too much for one transaction: a job's change sets, or one large set, in pieces.

Pieces are put back from the last change to the first, each in a change set of its own; the last
piece of a change set says that it undoes it. So a job can do it chunk by chunk, may be killed
between any two, and its own change sets are undone in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import access, changes, db, models
from ..actor import Actor
from ..changes import Header, Line
from ..errors import Problem, RelatumError
from .changesets import live_type, type_name
from .former import Former
from .touched import WAY_BACK, Touched
from .undoing import WayBack, require_own

#: Records changed since that a look names.
_NAMED: Final = 20
#: What undoing does to a record of which a change set is the first to say this.
_WAY_BACK: Final = {**WAY_BACK, "purge": "none"}
_SET: sa.Table = models.ChangeSet.__table__
_CHANGE: sa.Table = models.Change.__table__


class Kept(NamedTuple):
    """A record, or one of its fields, that is not put back, and why."""

    type: str
    id: int
    label: str
    problem: Problem

    def as_json(self) -> dict[str, Any]:
        """Return it as results show it."""
        return {
            "type": self.type, "id": self.id, "label": self.label, "field": self.problem.field,
            "code": self.problem.code, "message": self.problem.message,
        }  # fmt: skip


@dataclass(slots=True)
class Piece:
    """What became of a piece of a change set, of `lines` changes."""

    lines: int = 0
    #: Where the next piece of the same set ends; None if this was the last one.
    before: int | None = None
    #: How many records were written.
    written: int = 0
    kept: list[Kept] = field(default_factory=list)


# -- looking --------------------------------------------------------------------------------
def look_at(
    *, actor: Actor, job: int | None = None, change_set: int | None = None
) -> dict[str, Any]:
    """Say what undoing a job, or a change set of any size, would do, and write nothing.

    Returns {"change_sets": how many are left to undo, "records": {type: {op: count}}, "changed":
    how many records were changed since, "conflicts": [...]}; `op` is update, delete, restore, or
    none for what was purged. `conflicts` are the first of those records, as `look` shows them.
    Raises `change_unknown`, `undo_done`, `undo_nothing`, `forbidden`.
    """
    _require(actor, job, change_set)
    chosen = _chosen(job, change_set)
    sets = sa.select(sa.func.count()).select_from(_SET).where(chosen)
    touched = _touched(chosen)
    counts: dict[str, dict[str, int]] = {}
    ids: dict[int, None] = {}
    for type_id, op, count in db.current().connection.execute(_first_ops(touched)):
        ids[type_id] = None
        name, back = type_name(type_id), _WAY_BACK[op]
        counts.setdefault(name, {})[back] = counts.get(name, {}).get(back, 0) + count
    changed = [id_ for type_id in ids for id_ in _changed(touched, type_id)]
    return {
        "change_sets": db.current().connection.execute(sets).scalar_one(),
        "records": counts,
        "changed": len(changed),
        "conflicts": _conflicts(chosen, changed[:_NAMED], actor),
    }


def _require(actor: Actor, job: int | None, change_set: int | None) -> None:
    if change_set is not None:
        require_own(change_set, actor)
    elif not actor.admin:
        others = sa.select(_SET.c.id).where(_SET.c.job_id == job, _SET.c.actor_id != actor.user_id)
        if db.current().connection.execute(others.limit(1)).first() is not None:
            access.require(actor, "undo", "changes of others")


def _chosen(job: int | None, change_set: int | None) -> Any:
    """Return the condition of the change sets that are to be undone."""
    if change_set is not None:
        header = changes.header(change_set)
        if header.undone_by is not None:
            raise RelatumError("undo_done", id=change_set, by=header.undone_by)
        return _SET.c.id == change_set
    assert job is not None
    require_left(job)
    return changes.left_of(job)


def require_left(job: int) -> None:
    """Raise `undo_nothing` unless a job has written what is not undone."""
    if changes.of_job(job) is None:
        done = changes.wrote(job)
        reason = "all that it wrote is undone already" if done else "it has written no records"
        raise RelatumError("undo_nothing", id=job, reason=reason)


def left_to_undo(*, job: int | None = None, change_set: int | None = None) -> int:
    """Return how many changes of a job, or of a change set, are not undone."""
    lines = sa.select(sa.func.count()).select_from(_CHANGE).join(_SET)
    chosen = _chosen(job, change_set)
    return int(db.current().connection.execute(lines.where(chosen)).scalar_one())


def _touched(chosen: Any) -> Any:
    """Return the records of change sets, with their first and last changes in them."""
    return (
        sa.select(
            _CHANGE.c.record_id, sa.func.min(_CHANGE.c.id).label("first"),
            sa.func.max(_CHANGE.c.id).label("last"),
        )
        .join_from(_CHANGE, _SET)
        .where(chosen)
        .group_by(_CHANGE.c.record_id)
        .subquery()
    )  # fmt: skip


def _first_ops(touched: Any) -> sa.Select[Any]:
    spine = models.Record.__table__
    return (
        sa.select(spine.c.type_id, _CHANGE.c.op, sa.func.count())
        .join_from(touched, _CHANGE, _CHANGE.c.id == touched.c.first)
        .join(spine, spine.c.id == _CHANGE.c.record_id)
        .group_by(spine.c.type_id, _CHANGE.c.op)
        .order_by(spine.c.type_id)
    )


def _changed(touched: Any, type_id: int) -> list[int]:
    """Return the records of a type whose versions were raised since."""
    entity_type = live_type(type_id)
    if entity_type is None:
        return []
    table = entity_type.table
    query = (
        sa.select(table.c.id)
        .join_from(touched, _CHANGE, _CHANGE.c.id == touched.c.last)
        .join(table, table.c.id == touched.c.record_id)
        .where(table.c.version != _CHANGE.c.version)
        .order_by(table.c.id)
    )
    return list(db.current().connection.execute(query).scalars())


def _conflicts(chosen: Any, ids: Sequence[int], actor: Actor) -> list[dict[str, Any]]:
    if not ids:
        return []
    sets = sa.select(_SET.c.id).where(chosen)
    lines = changes.within(sets, ids)
    header = changes.header(lines[0].change_set)
    former = Former(header, lines, actor=actor, hold=False)
    return [each.as_json() for each in former.records if each.conflicts]


# -- doing ----------------------------------------------------------------------------------
def put_back(
    change_set_id: int,
    *,
    actor: Actor,
    limit: int,
    before: int | None = None,
    wrote: bool = False,
) -> Piece:
    """Put back the last `limit` changes of a set before the change `before`, as far as possible.

    `wrote` says whether earlier pieces of the set wrote anything. What is in conflict stays and is
    told. A change set of which something was put back, or nothing is left to do, is undone. Raises
    `change_unknown`, `forbidden`.
    """
    db.for_writing()
    require_own(change_set_id, actor)
    header = changes.header(change_set_id, hold=True)
    if header.undone_by is not None:
        return Piece()
    if before is None and (count := changes.purged(change_set_id)):
        problem = Problem("undo_purged", {"id": change_set_id, "count": count})
        return Piece(count, kept=[Kept("", 0, f"change set {change_set_id}", problem)])
    lines = changes.last_of(change_set_id, limit=limit + 1, before=before)
    last = len(lines) <= limit
    lines = lines[-limit:]
    piece = Piece(len(lines), None if last else lines[0].id)
    with changes.apart():
        if lines:
            _written(piece, header, lines, actor)
        if last and (piece.written or wrote or not piece.kept):
            changes.undoes(change_set_id, actor)
    return piece


def _written(piece: Piece, header: Header, lines: Sequence[Line], actor: Actor) -> None:
    """Put lines back; what refuses all of them is looked for by halves, and stays alone."""
    former = Former(header, lines, actor=actor, hold=True)
    try:
        with db.savepoint():
            piece.written += WayBack(former, partial=True).run()
    except RelatumError as error:
        if error.code != "undo_conflict":
            raise
        if len(former.by_id) == 1:
            [each] = former.by_id.values()
            piece.kept += [_kept(each, problem) for problem in error.problems[:1]]
            return
        for half in _halves(lines):
            _written(piece, header, half, actor)
        return
    piece.kept += [_kept(each, problem) for each in former.records for problem in each.conflicts]


def _kept(each: Touched, problem: Problem) -> Kept:
    return Kept(each.type_name, each.id, each.label, problem)


def _halves(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Yield the later half of lines and the earlier one."""
    middle = len(lines) // 2
    yield lines[middle:]
    yield lines[:middle]
