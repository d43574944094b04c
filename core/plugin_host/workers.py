"""The processes that serve: which set of plugins each has, and when all have the same.

A process says so itself, in a row of its own, when that changes and every few seconds; one that
ends takes its row away. Who is silent does not count.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import access, audit, clock, db, jobs, models
from ..actor import Actor

TABLE: Final[Any] = models.Worker.__table__
_EPOCH: Final[Any] = models.Epoch.__table__
WEB, JOBS = "web", "jobs"
#: A process that was silent for so long does not count; its row goes a day later.
SILENT: Final = timedelta(seconds=30)
_FORGOTTEN: Final = timedelta(days=1)
#: Seconds between two looks while somebody waits.
_AGAIN: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Worker:
    """What a process says of itself: a row of core_worker.

    `generation` is what it serves, `oldest` what something in it still works by, `loaded` the
    code of plugins that it runs, by id: `version`, `digest`, and `stale`, why a new process would
    run another.
    """

    id: str
    kind: str
    place: str
    pid: int
    generation: int
    oldest: int
    code: int
    loaded: Mapping[str, Mapping[str, Any]]
    started_at: datetime
    since: datetime
    seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class Convergence:
    """Who serves the newest set of plugins, `generation`, among the processes that live.

    `renewed` are those that began after new code was last asked for; `since` is when the last one
    took the newest set, None as long as one has not.
    """

    generation: int
    alive: int
    newest: int
    renewed: int
    since: datetime | None
    workers: tuple[Worker, ...]

    @property
    def done(self) -> bool:
        """Whether all have the newest set and the newest code."""
        return self.newest == self.renewed == self.alive

    def stale(self, plugin_id: str) -> list[Worker]:
        """Return the processes that run other code of a plugin than a new one would."""
        return [w for w in self.workers if w.loaded.get(plugin_id, {}).get("stale")]

    def as_json(self) -> dict[str, Any]:
        """Return it as the API and the command line show it."""
        named = {n: getattr(self, n) for n in ("generation", "alive", "newest", "renewed", "since")}
        return {**named, "processes": [asdict(worker) for worker in self.workers]}


# -- what a process says --------------------------------------------------------------------
def sign(worker: Worker) -> None:
    """Say in the open writing transaction what a process serves."""
    connection = db.for_writing().connection
    old = TABLE.c.seen_at < worker.seen_at - _FORGOTTEN
    connection.execute(sa.delete(TABLE).where(sa.or_(TABLE.c.id == worker.id, old)))
    row = {**asdict(worker), "loaded": orjson.dumps(worker.loaded).decode()}
    connection.execute(sa.insert(TABLE), row)


def leave(worker_id: str) -> None:
    """Say in the open writing transaction that a process ends."""
    db.for_writing().connection.execute(sa.delete(TABLE).where(TABLE.c.id == worker_id))


def code_asked() -> int:
    """Return how often new code was asked for, in the open transaction."""
    return int(db.current().connection.execute(sa.select(_EPOCH.c.code)).scalar_one())


# -- looking --------------------------------------------------------------------------------
def convergence() -> Convergence:
    """Return who serves which set of plugins, in the open transaction."""
    tx, here, now = db.current(), jobs.place(), clock.now()
    rows = tx.connection.execute(sa.select(TABLE).order_by(TABLE.c.started_at, TABLE.c.id))
    known = [
        Worker(**{**row, "loaded": orjson.loads(row["loaded"])})
        for row in map(dict, rows.mappings())
    ]
    alive = [w for w in known if now - w.seen_at < SILENT and _lives(w, here)]
    generation, code = tx.epochs.plugins, code_asked()
    newest = [w for w in alive if w.generation >= generation]
    return Convergence(
        generation=generation, alive=len(alive), newest=len(newest),
        renewed=sum(w.code == code for w in alive), workers=tuple(alive),
        since=max((w.since for w in alive), default=None) if len(newest) == len(alive) else None,
    )  # fmt: skip


def _lives(worker: Worker, here: str) -> bool:
    """Say whether a process may live, as far as that is seen from this machine."""
    if worker.place != here or worker.pid == os.getpid():
        return True
    return jobs.is_alive(worker.pid)


def wait_converged(generation: int, seconds: float) -> bool:
    """Wait until no process works by a set of plugins older than `generation`; say if none does.

    For use outside any transaction, after the commit that made the generation: what only older
    sets need may be dropped then. Nobody alive is nobody who does.
    """
    until = time.monotonic() + seconds
    while True:
        with db.reading(timed=False):
            if all(worker.oldest >= generation for worker in convergence().workers):
                return True
        if time.monotonic() >= until:
            return False
        time.sleep(_AGAIN)


def settled(seconds: float) -> Convergence:
    """Wait until all have the newest set and code, for so long at most; return how it stands then.

    For use outside any transaction.
    """
    until = time.monotonic() + seconds
    while True:
        with db.reading(timed=False):
            found = convergence()
        if found.done or time.monotonic() >= until:
            return found
        time.sleep(_AGAIN)


# -- new code -------------------------------------------------------------------------------
def reload(*, actor: Actor) -> int:
    """Let all processes make room for new ones, one by one, in the open writing transaction.

    Return how many live. A web worker ends when the one that takes its place serves.
    """
    access.require(actor, "customise", "plugins")
    ask()
    audit.note("workers_replaced", "plugins", actor=actor)
    return convergence().alive


def ask() -> None:
    """Ask for new processes in the open writing transaction, which run new code of plugins."""
    connection = db.for_writing().connection
    connection.execute(sa.update(_EPOCH).values(code=_EPOCH.c.code + 1))


def run_other(plugin_id: str, digest: str) -> bool:
    """Say whether a process that lives runs other code of a plugin than that with a digest."""
    loaded = (w.loaded.get(plugin_id) for w in convergence().workers)
    return any(each is not None and each["digest"] != digest for each in loaded)
