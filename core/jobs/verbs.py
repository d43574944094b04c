"""Verbs on jobs: start, look, cancel, try again. Whoever may not see all sees the own ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from .. import access, clock, db, models
from ..actor import Actor
from ..errors import RelatumError
from ..fields.number import INTEGER_LIMIT
from . import rows
from .kinds import Chunk, Kind, kind_named, known
from .queue import current_queue
from .rows import CANCELLED, FAILED, OPEN, QUEUED, RUNNING, TABLE
from .rows import STATES as STATES


def enqueue(
    kind: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    actor: Actor,
    not_before: datetime | None = None,
    schedule: str | None = None,
) -> int:
    """Start a job in the open transaction and return its id; it runs once that has committed.

    Raises `job_kind_unknown`, `forbidden`, `Invalid` naming wrong arguments.
    """
    wanted = kind_named(kind)
    require(wanted, actor)
    loaded = wanted.load(dict(arguments or {}), actor)
    when = {} if not_before is None else {"not_before": not_before, "turn_at": not_before}
    job_id = insert(kind, rows.dump(loaded), actor=actor, schedule=schedule, **when)
    if not_before is None:
        wake(job_id)
    return job_id


def require(kind: Kind, actor: Actor) -> None:
    """Refuse who may not start jobs of a kind, whatever they would do; raise `forbidden`."""
    what = f"jobs of the kind '{kind.name}'"
    if kind.permission is None:
        access.require_any(actor, "run", what)
    else:
        access.require(actor, kind.permission, what)


def look(kind: str, arguments: Mapping[str, Any], *, actor: Actor) -> dict[str, Any]:
    """Say what a job would do, and do nothing; the kind says in which shape.

    In a transaction that writes. Raises what `enqueue` does, and `job_kind_blind`.
    """
    db.for_writing()
    wanted = kind_named(kind)
    require(wanted, actor)
    if wanted.look is None:
        raise RelatumError("job_kind_blind", kind=kind)
    with wanted.at_work(actor):
        return wanted.look(wanted.read(dict(arguments)), actor)


def at_once(kind: str, arguments: Mapping[str, Any], *, actor: Actor) -> dict[str, Any]:
    """Do what a job would do in the open transaction, and return its result: for few steps.

    Raises what `enqueue` does. A kind that needs to be outside of a transaction can't be.
    """
    db.for_writing()
    wanted = kind_named(kind)
    require(wanted, actor)
    if wanted.prepare is not None:
        raise ValueError(f"'{kind}' prepares its chunks outside of a transaction")
    chunk = Chunk(
        job_id=0, actor=actor, arguments=wanted.load(dict(arguments), actor), checkpoint=None,
        size=wanted.chunk, done=0, total=None,
    )  # fmt: skip
    while True:
        with wanted.at_work(actor):
            step = wanted.run(chunk)
        if step.finished:
            return dict(step.result or {})
        if step.exclusive:
            raise ValueError(f"'{kind}' needs the data model for itself")
        chunk = replace(chunk, checkpoint=step.checkpoint, done=chunk.done + step.done)


def insert(kind: str, arguments: str, *, actor: Actor, **values: Any) -> int:
    """Write the row of a job that waits; return its id."""
    now = clock.now()
    row = {
        "kind": kind, "arguments": arguments, "actor_id": actor.user_id,
        "scope": actor.scope and actor.scope.text,
        "plugin": actor.name if actor.user_id is None and actor.source == "plugin" else None,
        "state": QUEUED, "cancelling": False, "exclusive": False, "done": 0, "attempts": 0,
        "log": "[]", "created_at": now, "turn_at": now, **values,
    }  # fmt: skip
    statement = sa.insert(TABLE).values(row).returning(TABLE.c.id)
    return int(db.for_writing().connection.execute(statement).scalar_one())


def wake(*job_ids: int) -> None:
    """Put jobs into the queue once the open transaction has committed."""
    db.for_writing().after_commit.append(partial(current_queue().put, job_ids))


def _seen(actor: Actor, action: str) -> list[Any]:
    """Return the conditions of jobs on which an actor may act; raise `forbidden` for a nobody."""
    if access.may(actor, action):
        return []
    if actor.user_id is None:
        access.require(actor, action, "jobs")
    own = [TABLE.c.actor_id == actor.user_id]
    # What others of his tokens have begun may tell of more than this one may see.
    return own if actor.scope is None else [*own, TABLE.c.scope == actor.scope.text]


def get(job_id: int, *, actor: Actor) -> dict[str, Any]:
    """Return a job with its arguments, result and log; raise `job_unknown`."""
    return rows.details(_row(job_id, *_seen(actor, "read")))


def _row(job_id: int, *seen: Any) -> Any:
    possible = 0 < job_id <= INTEGER_LIMIT
    query = sa.select(TABLE).where(TABLE.c.id == job_id, *seen)
    row = db.current().connection.execute(query).first() if possible else None
    if row is None:
        raise RelatumError("job_unknown", id=job_id)
    return row


def list_jobs(
    *,
    actor: Actor,
    state: str | None = None,
    kind: str | None = None,
    limit: int = 50,
    before: int | None = None,
    details: bool = False,
) -> list[dict[str, Any]]:
    """Return jobs, newest first; `before` is the id of the last one of the page before.

    With `details` each is what `get` returns.
    """
    seen = _seen(actor, "read")
    if state is not None and state not in STATES:
        reason = f"it must be one of {', '.join(STATES)}"
        raise RelatumError("bad_parameter", name="state", reason=reason)
    query = sa.select(TABLE).where(*seen).order_by(TABLE.c.id.desc()).limit(limit)
    for column, value in ((TABLE.c.state, state), (TABLE.c.kind, kind)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(TABLE.c.id < before)
    shown = rows.details if details else rows.summary
    return [shown(row) for row in db.current().connection.execute(query)]


def list_kinds(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the kinds of jobs that may be started: name and title. Raises `forbidden`."""
    access.require_any(actor, "read", "jobs")
    return [
        {"name": k.name, "title": k.title}
        for _, k in sorted(known().items())
        if k.permission is None or access.may(actor, k.permission)
    ]


def change_sets(job_id: int, *, actor: Actor, limit: int = 50) -> list[int]:
    """Return the ids of change sets that a job has made, newest first; raise `job_unknown`."""
    _row(job_id, *_seen(actor, "read"))
    table = models.ChangeSet.__table__
    query = sa.select(table.c.id).where(table.c.job_id == job_id).order_by(table.c.id.desc())
    return list(db.current().connection.execute(query.limit(limit)).scalars())


def cancel(job_id: int, *, actor: Actor) -> dict[str, Any]:
    """Stop a job: at once if it waits, after the chunk at hand if it runs. Return the job.

    What its chunks have written stays. Raises `job_unknown`, `job_over`.
    """
    _row(job_id, *_seen(actor, "cancel"))
    if not rows.change(job_id, TABLE.c.state == QUEUED, **rows.finished(CANCELLED)) and not (
        rows.change(job_id, TABLE.c.state == RUNNING, cancelling=True)
    ):
        raise RelatumError("job_over", id=job_id, state=_row(job_id).state)
    return get(job_id, actor=actor)


def retry(job_id: int, *, actor: Actor) -> dict[str, Any]:
    """Let a failed or cancelled job go on where it stopped. Return the job.

    Raises `job_unknown`, `job_not_over`.
    """
    _row(job_id, *_seen(actor, "retry"))
    if not rows.change(job_id, TABLE.c.state.in_((FAILED, CANCELLED)), **_again()):
        raise RelatumError("job_not_over", id=job_id, state=_row(job_id).state)
    wake(job_id)
    return get(job_id, actor=actor)


def _again() -> dict[str, Any]:
    """Return what a job is that begins again, after its last chunk."""
    return {
        "state": QUEUED, "attempts": 0, "not_before": None, "turn_at": clock.now(),
        "finished_at": None, "error_code": None, "error": None,
    }  # fmt: skip


def retry_failed(kind: str, *, actor: Actor) -> int:
    """Let all failed jobs of a kind go on where they stopped; return how many those are.

    Raises `job_kind_unknown`.
    """
    seen = _seen(actor, "retry")
    kind_named(kind)
    failed = (TABLE.c.kind == kind, TABLE.c.state == FAILED)
    changed = sa.update(TABLE).where(*failed, *seen).values(**_again()).returning(TABLE.c.id)
    ids = sorted(db.for_writing().connection.execute(changed).scalars())
    wake(*ids)
    return len(ids)


def is_open(schedule: str) -> bool:
    """Say whether a job of a schedule waits or runs."""
    query = sa.select(TABLE.c.id).where(TABLE.c.schedule == schedule, TABLE.c.state.in_(OPEN))
    return db.current().connection.execute(query.limit(1)).first() is not None
