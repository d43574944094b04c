"""The sweep: now and then, everything that a crash lost or that has become due is put right."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from .. import clock, db
from ..errors import RelatumError
from . import claiming, following, processes, schedules
from .processes import PROCESSES
from .rows import TABLE
from .running import failed_once


class _Found(NamedTuple):
    """What a look at the instance came to."""

    dead: list[str]
    lost: list[Any]
    due: list[str]
    followers: list[str]
    waiting: list[int]


def sweep() -> list[int]:
    """Put right what is wrong and return the ids of jobs that could run, oldest first.

    Jobs whose process is dead wait again, or fail after the last attempt; schedules that are
    due start their jobs, and so do followers that something was committed for. Opens its own
    transactions.
    """
    found = _look()
    if found.dead or found.lost or found.due or found.followers:
        db.transact(_put_right)
        found = _look()
    return found.waiting


def _look() -> _Found:
    with db.reading(timed=False) as tx:
        now, connection = clock.now(), tx.connection
        dead = processes.gone(connection)
        lost = sa.select(TABLE.c.id).where(processes.lost(now, dead))
        return _Found(
            dead,
            list(connection.execute(lost).scalars()),
            schedules.due(connection, now),
            following.due(connection),
            claiming.waiting(connection),
        )


def _put_right() -> None:
    connection, now = db.for_writing().connection, clock.now()
    dead = processes.gone(connection)
    # One that another sweep has in hand, or a machine that is gone still holds, can wait.
    lost = sa.select(TABLE).where(processes.lost(now, dead)).with_for_update(skip_locked=True)
    for row in connection.execute(lost).all():
        told = RelatumError("job_abandoned")
        # A process that is stopped hard is no fault of the job's; one that dies of it again is.
        failed_once(row, told.code, str(told), at_once=row.attempts == 0)
    if dead:
        connection.execute(sa.delete(PROCESSES).where(PROCESSES.c.id.in_(dead)))
    for name in schedules.due(connection, now):
        schedules.fire(name, now)
    following.start()
