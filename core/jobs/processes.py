"""The processes that run jobs: who lives, and what a dead one left."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from .. import clock, db, models
from .rows import FREE, QUEUED, RUNNING, TABLE

#: How long a process has a job without a sign of life, and between two signs.
LEASE: Final = timedelta(seconds=60)
BEAT: Final = 10.0
#: A chunk that takes longer is stuck: its process gives no more signs of life for it.
_STUCK: Final = timedelta(hours=1)
PROCESSES: Final[Any] = models.JobsProcess.__table__


class Process:
    """The process at hand among those that run jobs."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex
        self.place, self.pid = place(), os.getpid()
        self._started = clock.now()
        self._lock = threading.Lock()
        self._job: int | None = None
        self._since = self._started

    def at_work(self, job_id: int | None) -> None:
        """Note which job this process has in hand."""
        with self._lock:
            self._job, self._since = job_id, clock.now()

    def beat(self) -> None:
        """Say in the open transaction that this process lives and keeps the job it has."""
        now, connection = clock.now(), db.for_writing().connection
        changed = sa.update(PROCESSES).where(PROCESSES.c.id == self.id).values(seen_at=now)
        if not connection.execute(changed).rowcount:
            row = {"id": self.id, "place": self.place, "pid": self.pid,
                   "started_at": self._started, "seen_at": now}  # fmt: skip
            connection.execute(sa.insert(PROCESSES), row)
        with self._lock:
            job_id, since = self._job, self._since
        if job_id is not None and now - since < _STUCK:
            held = sa.update(TABLE).where(TABLE.c.id == job_id, TABLE.c.claimed_by == self.id)
            connection.execute(held.values(claimed_until=now + LEASE))

    def leave(self) -> None:
        """Say in the open transaction that this process ends."""
        gone = sa.delete(PROCESSES).where(PROCESSES.c.id == self.id)
        db.for_writing().connection.execute(gone)


def place() -> str:
    """Return what tells one machine, or container, from another: within it a pid means one.

    Machines may have the same name, so the kernel's own word for this start of it is used.
    """
    try:
        start = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{start}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return f"{socket.gethostname()}/{uuid.getnode():x}"


def gone(connection: sa.Connection) -> list[str]:
    """Return the ids of processes that are dead: of this machine without a pid, or silent."""
    now, here, mine = clock.now(), place(), os.getpid()
    newest: dict[int, Any] = {}
    found = []
    for row in connection.execute(sa.select(PROCESSES).order_by(PROCESSES.c.started_at)):
        if now - row.seen_at > LEASE * 5:
            found.append(row.id)
        elif row.place == here:
            if row.pid in newest:
                found.append(newest[row.pid])  # a later process has its pid
            newest[row.pid] = row.id
            if row.pid != mine and not is_alive(row.pid):
                found.append(row.id)
    return found


def is_alive(pid: int) -> bool:
    """Say whether a process of this machine lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def lost(now: datetime, dead: list[str]) -> Any:
    """Return the condition of running jobs that nobody runs."""
    return sa.and_(
        TABLE.c.state == RUNNING,
        sa.or_(TABLE.c.claimed_until < now, TABLE.c.claimed_by.in_(dead)),
    )


def bring_back(connection: sa.Connection) -> None:
    """Let jobs of a restored instance wait that were running when the backup was made."""
    running = sa.update(TABLE).where(TABLE.c.state == RUNNING)
    connection.execute(running.values(state=QUEUED, **FREE))
