"""What doctor says of jobs: those that a dead process left, nobody runs, or that have failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from .. import clock
from . import processes
from .processes import PROCESSES
from .queue import unreachable
from .rows import FAILED, QUEUED, TABLE

#: Jobs that wait so long although they could run show that nobody runs them.
_UNNOTICED: Final = timedelta(minutes=5)
#: So many failed jobs of one kind are no accident.
_MANY: Final = 20


def findings(connection: sa.Connection) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with jobs: a code, a sentence and what to do."""
    now = clock.now()
    remedy = "Run: relatum serve, or on another machine: relatum worker"
    stuck = sa.select(TABLE.c.id, TABLE.c.kind).where(
        processes.lost(now, processes.gone(connection))
    )
    for row in connection.execute(stuck.order_by(TABLE.c.id).limit(20)):
        text = f"Job {row.id} ({row.kind}) was begun by a process that is not alive any more"
        yield "job_stuck", text, remedy
    due = sa.func.coalesce(TABLE.c.not_before, TABLE.c.created_at)
    late = sa.select(sa.func.count()).where(TABLE.c.state == QUEUED, due < now - _UNNOTICED)
    alive = sa.select(PROCESSES.c.id).where(PROCESSES.c.seen_at > now - processes.LEASE).limit(1)
    count = int(connection.execute(late).scalar_one())
    if count and connection.execute(alive).first() is None:
        yield "jobs_waiting", f"{count} jobs wait and no process runs them", remedy
    yield from _given_up(connection)
    away = unreachable()
    if away:
        text = f"{away}. Jobs are found in their rows meanwhile"
        yield "queue_away", text, "Start it, or correct the setting queue_url."


def _given_up(connection: sa.Connection) -> Iterator[tuple[str, str, str]]:
    number = sa.func.count()
    failed = sa.select(TABLE.c.kind, number).where(TABLE.c.state == FAILED).group_by(TABLE.c.kind)
    for kind, count in connection.execute(failed.having(number >= _MANY).order_by(TABLE.c.kind)):
        text = f"{count} jobs of the kind {kind} have failed"
        yield "jobs_failed", text, f"See why, then run: relatum jobs retry --kind {kind}"
