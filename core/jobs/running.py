"""Run one job: claim it, do chunk after chunk, each in a transaction that says how far it got."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, TypeVar

import orjson
import sqlalchemy as sa
from flask import current_app

from .. import changes, clock, db, faults
from ..errors import RelatumError
from ..hooks import reason_of
from . import claiming, rows
from .kinds import ATTEMPTS, Chunk, Kind, Step, kind_named, known
from .processes import LEASE
from .queue import current_queue
from .rows import CANCELLED, DONE, FAILED, QUEUED, RUNNING, TABLE

T = TypeVar("T")
#: Seconds that a chunk should take at most, and below which it may grow again.
_LONG, _SHORT = 1.0, 0.25
#: Seconds before a job that failed is tried again: these, then three times as long, and so on.
_BACK_OFF: Final = 5.0
_LONGEST: Final = 3600.0
_log = logging.getLogger("relatum.jobs")


class _Lost(Exception):
    """The job is somebody else's by now: nothing of this chunk may stay."""


def run(job_id: int, *, by: str, pause: Callable[[], bool]) -> str | None:
    """Run a job for the process `by` until it ends or `pause` says so, asked between chunks.

    Returns the state that it was left in (queued: paused, or tried again later), or None if it
    was not to be had. `db.Stale` passes: then `release` it in the newer application.
    """
    claimed = _alone(lambda: claiming.claim(job_id, by))
    if claimed is None:
        return None
    try:
        state = _worked(claimed, by, pause)
    except _Lost:
        _log.warning("job %s was taken over by another process", job_id)
        state = None
    _let_next(claimed.kind)
    return state


def _worked(claimed: Any, by: str, pause: Callable[[], bool]) -> str:
    """Do chunk after chunk and return the state that the job is left in."""
    turn, state = _Turn(claimed, by), str(claimed.state)
    while state == RUNNING:
        state = turn.chunk()
        if state == RUNNING and pause():
            _alone(lambda: release(claimed.id, by=by))
            return QUEUED
    return state


def _let_next(kind: str) -> None:
    """Tell the queue of the next job of a kind with a limit; if that fails, the sweep does."""
    if not claiming.is_limited(kind):
        return
    with current_app.app_context():
        found = claiming.first(kind)
        if found is not None:
            with db.reading(timed=False):
                queue = current_queue()
            queue.put((found,))


def _alone(work: Callable[[], T], *, exclusive: bool = False) -> T:
    """Run work in a context of its own: what comes after it may belong to newer plugins."""
    with current_app.app_context():
        return db.transact(work, exclusive=exclusive)


def release(job_id: int, *, by: str) -> None:
    """Let go of a job in the open transaction; it goes on later, after its last chunk."""
    mine = (TABLE.c.claimed_by == by, TABLE.c.state == RUNNING)
    if not rows.change(job_id, *mine, TABLE.c.cancelling, **rows.finished(CANCELLED)):
        # Behind those that wait already.
        rows.change(job_id, *mine, state=QUEUED, turn_at=clock.now(), **rows.FREE)


class _Turn:
    """One process at work on one job."""

    def __init__(self, claimed: Any, by: str) -> None:
        self.job_id, self.by, self.name = claimed.id, by, claimed.kind
        self.exclusive, self.size = claimed.exclusive, 0

    def chunk(self) -> str:
        """Do one chunk and return the job's state after it."""
        try:
            return self._chunk(kind_named(self.name))
        except _Lost:
            raise
        except RelatumError as error:
            # An instance that is not well may be so again; a refusal stays one.
            told = self._again if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else self._failed
            return told(error.code, str(error))
        except Exception as error:  # noqa: BLE001  # whatever it is: tried again, then told
            _log.exception("job %s (%s) failed", self.job_id, self.name)
            crash = RelatumError("job_crashed", reason=reason_of(error))
            return self._again(crash.code, str(crash))

    def _chunk(self, kind: Kind) -> str:
        self.size = min(self.size or kind.chunk, kind.chunk)
        prepared = None if kind.prepare is None else self._prepared(kind.prepare, kind)
        start = time.monotonic()
        state = _alone(lambda: self._written(kind, prepared), exclusive=self.exclusive)
        self.size = fitting(self.size, time.monotonic() - start, kind.chunk)
        return state

    def _prepared(self, prepare: Callable[[Chunk], Any], kind: Kind) -> Any:
        ahead = self._ahead()
        with kind.at_work(ahead.actor, budget=None):
            return prepare(ahead)

    def _ahead(self) -> Chunk:
        """Return the chunk that is to come, read in a transaction that ends here."""
        with current_app.app_context(), db.reading(timed=False) as tx:
            row = tx.connection.execute(sa.select(TABLE).where(*self._mine())).first()
            if row is None:
                raise _Lost
            return self._made(row)

    def _mine(self) -> tuple[Any, ...]:
        return TABLE.c.id == self.job_id, TABLE.c.claimed_by == self.by, TABLE.c.state == RUNNING

    def _held(self) -> Any:
        """Return the row, which nobody else changes until the commit; raise `_Lost`."""
        query = sa.select(TABLE).where(*self._mine()).with_for_update()
        row = db.for_writing().connection.execute(query).first()
        if row is None:
            raise _Lost
        return row

    def _made(self, row: Any, prepared: Any = None) -> Chunk:
        return Chunk(
            job_id=row.id, actor=rows.acting(row.actor_id, row.plugin, scope=row.scope),
            arguments=orjson.loads(row.arguments),
            checkpoint=None if row.checkpoint is None else orjson.loads(row.checkpoint),
            size=self.size, done=row.done, total=row.total, prepared=prepared,
        )  # fmt: skip

    def _written(self, kind: Kind, prepared: Any) -> str:
        row = self._held()
        if row.cancelling:
            rows.change(self.job_id, **rows.finished(CANCELLED))
            return CANCELLED
        db.for_writing().memo[changes.JOB] = self.job_id
        chunk = self._made(row, prepared)
        with kind.at_work(chunk.actor):
            step = kind.run(chunk)
        if not isinstance(step, Step):
            raise TypeError(f"{kind.name} must return chunk.more(...) or chunk.finish(...)")
        faults.point("jobs.before_checkpoint")
        values = {
            "done": row.done + step.done,
            "total": row.total if step.total is None else step.total,
            "log": rows.with_lines(row.log, chunk.lines), "attempts": 0, "error_code": None,
            "error": None, "exclusive": step.exclusive,
            "checkpoint": None if step.checkpoint is None else rows.dump(step.checkpoint),
            "claimed_until": clock.now() + LEASE,
        }  # fmt: skip
        if step.finished:
            values |= rows.finished(DONE, result=rows.dump(step.result))
        rows.change(self.job_id, **values)
        self.exclusive = step.exclusive
        return DONE if step.finished else RUNNING

    def _failed(self, code: str, sentence: str) -> str:
        def noted() -> str:
            self._held()
            rows.change(self.job_id, **rows.finished(FAILED, error_code=code, error=sentence))
            return FAILED

        return _alone(noted)

    def _again(self, code: str, sentence: str) -> str:
        """Note a failure that may pass; give up after the last attempt."""
        return _alone(lambda: failed_once(self._held(), code, sentence))


def fitting(size: int, took: float, most: int) -> int:
    """Return how much the next chunk should do, after one of `size` that took so many seconds."""
    if took > _LONG:
        return max(1, size // 2)
    return min(most, size * 2) if took < _SHORT else size


def failed_once(row: Any, code: str, sentence: str, *, at_once: bool = False) -> str:
    """Let a job wait for its next attempt, or fail it after the last; return its state."""
    attempts = row.attempts + 1
    kind = known().get(row.kind)
    most = kind.attempts if kind is not None else ATTEMPTS
    told = {"error_code": code, "error": sentence, "attempts": attempts}
    if row.cancelling:
        rows.change(row.id, **rows.finished(CANCELLED, **told))
        return CANCELLED
    if attempts >= most:
        rows.change(row.id, **rows.finished(FAILED, **told))
        return FAILED
    wait = timedelta(seconds=min(_LONGEST, _BACK_OFF * 3 ** (attempts - 1)))
    later = None if at_once else clock.now() + wait
    turn = {"not_before": later, "turn_at": later or clock.now()}
    rows.change(row.id, state=QUEUED, **turn, **rows.FREE, **told)
    return QUEUED
