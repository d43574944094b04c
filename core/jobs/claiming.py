"""Which jobs could run now, and who takes one: the limits of kinds hold here."""

from __future__ import annotations

import random
from typing import Any, Final

import sqlalchemy as sa

from .. import clock, db, dialects
from ..storage import Instant
from .kinds import known, runnable
from .processes import LEASE
from .rows import QUEUED, RUNNING, TABLE

#: Jobs of kinds without a limit that one look finds at most.
_SOME: Final = 1000
#: Jobs that workers choose from which have got in each other's way.
_SPREAD: Final = 32


def _limits() -> dict[str, int]:
    return {kind.name: kind.limit for kind in known().values() if kind.limit is not None}


def _room(connection: sa.Connection, limits: dict[str, int]) -> dict[str, int]:
    """Return how many more jobs of each kind with a limit may begin.

    One that a dead process had counts until the sweep has seen that it is dead.
    """
    if not limits:
        return {}
    running = (
        sa.select(TABLE.c.kind, sa.func.count())
        .where(TABLE.c.state == RUNNING, TABLE.c.kind.in_(limits))
        .group_by(TABLE.c.kind)
    )
    taken = {row[0]: row[1] for row in connection.execute(running)}
    return {name: limit - taken.get(name, 0) for name, limit in limits.items()}


def _ready() -> list[Any]:
    """Return the conditions of jobs that wait, are due, and can be run by this process."""
    now = clock.now()
    due = sa.or_(TABLE.c.not_before.is_(None), TABLE.c.not_before <= now)
    return [TABLE.c.state == QUEUED, due, *runnable(TABLE.c.kind)]


def is_limited(kind: str) -> bool:
    """Say whether only so many jobs of a kind run at once."""
    return kind in _limits()


def first(kind: str | None = None, *, spread: bool = False) -> int | None:
    """Return the id of the job, of a kind or of any, that could run and waits longest.

    With `spread` it is any of those that wait long: workers that all reach for the first one get
    in each other's way. Opens its own transaction.
    """
    with db.reading(timed=False) as tx:
        full = [name for name, left in _room(tx.connection, _limits()).items() if left <= 0]
        query = sa.select(TABLE.c.id).where(*_ready()).order_by(TABLE.c.turn_at, TABLE.c.id)
        if full:
            query = query.where(TABLE.c.kind.not_in(full))
        if kind is not None:
            query = query.where(TABLE.c.kind == kind)
        found = list(tx.connection.execute(query.limit(_SPREAD if spread else 1)).scalars())
        return random.choice(found) if found else None  # noqa: S311  # spreading, not secrecy


def waiting(connection: sa.Connection) -> list[int]:
    """Return the ids of jobs that could run, oldest first: no more of a kind than may run."""
    left = _room(connection, _limits())
    query = sa.select(TABLE.c.id).where(*_ready()).order_by(TABLE.c.id)
    found = list(connection.execute(query.where(TABLE.c.kind.not_in(left)).limit(_SOME)).scalars())
    for name, room in left.items():
        if room > 0:
            some = query.where(TABLE.c.kind == name).limit(room)
            found.extend(connection.execute(some).scalars())
    return sorted(found)


def claim(job_id: int, by: str) -> Any:
    """Take a job that waits for a process; return its row, None if it is not to be had."""
    connection, limits, now = db.for_writing().connection, _limits(), clock.now()
    if limits:
        kind = connection.execute(sa.select(TABLE.c.kind).where(TABLE.c.id == job_id)).scalar()
        if kind in limits:
            # One after the other: two that count at the same time would both find room.
            dialects.stand_in_line(connection, f"jobs of the kind {kind}")
            if _room(connection, {kind: limits[kind]})[kind] <= 0:
                return None
    claimed = (
        sa.update(TABLE)
        .where(TABLE.c.id == job_id, *_ready())
        .values(
            state=RUNNING, claimed_by=by, claimed_until=now + LEASE,
            started_at=sa.func.coalesce(TABLE.c.started_at, sa.literal(now, Instant)),
        )
        .returning(TABLE.c.id, TABLE.c.kind, TABLE.c.state, TABLE.c.exclusive)
    )  # fmt: skip
    return connection.execute(claimed).first()
