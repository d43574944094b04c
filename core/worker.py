"""The process that runs jobs, beside the web workers or on another machine.

It takes from the queue, sweeps now and then for what the queue does not know, and keeps to the
newest set of plugins as web workers do. Stopped, it finishes the chunk at hand; the job goes on
when a process is there again.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any, Final, TypeVar

from . import config as settings
from . import db, jobs, plugin_host
from .config import Config
from .heartbeat import PASSING, Heartbeat
from .newest import Newest
from .plugin_host import workers

T = TypeVar("T")
#: Seconds between two looks into the queue, two sweeps, and two signs of life.
IDLE: Final = 0.2
SWEEP_EVERY: Final = 5.0
#: Seconds for which a job keeps the process while others wait.
TURN: Final = 10.0
_log = logging.getLogger("relatum.jobs")


class Worker:
    """Runs the jobs of an instance, one at a time."""

    def __init__(self, config: Config) -> None:
        self.newest = Newest(config)
        self.heart = Heartbeat(self.newest, workers.JOBS, self._outdated)
        #: Whether this process ended to begin anew, with new code of plugins.
        self.is_outdated = False
        self.process = jobs.Process()
        # A plain flag: the handler of a signal must not wait for a lock that its own thread holds.
        self._stopping = False
        self._swept = float("-inf")
        #: When another process was quicker to claim a job.
        self._beaten = float("-inf")

    def _outdated(self) -> None:
        self.is_outdated, self._stopping = not self._stopping, True

    def stop(self, *_: Any) -> None:
        """End after the chunk at hand; may be called as the handler of a signal."""
        self._stopping, self.is_outdated = True, False

    def run(self, supervisor: int | None = None) -> None:
        """Run jobs until `stop`, or until the process that started this one is gone."""
        with self._alive(supervisor), self._beating():
            while not self._stopping:
                try:
                    job_id = self._next()
                    if job_id is None:
                        time.sleep(IDLE)
                    else:
                        self._turn(job_id)
                except PASSING as error:
                    _log.warning("jobs wait: %s", error)
                    self._wait(SWEEP_EVERY)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            time.sleep(IDLE)

    @contextmanager
    def _beating(self) -> Iterator[None]:
        self.heart.start()
        try:
            yield
        finally:
            self.heart.stop()

    def run_due(self) -> int:
        """Run what is due by now, and what that leads to; return how many turns it took."""
        turns = 0
        with self._alive():
            while waiting := self._within(jobs.sweep):
                for job_id in waiting:
                    if self._stopping:
                        return turns
                    self._turn(job_id)
                    turns += 1
        return turns

    def _next(self) -> int | None:
        if time.monotonic() - self._swept > SWEEP_EVERY:
            self._swept = time.monotonic()
            self.queue.fill(self._within(jobs.sweep))
        crowded = time.monotonic() - self._beaten < TURN
        return self._within(partial(self.queue.take, spread=crowded))

    @cached_property
    def queue(self) -> jobs.Queue:
        """The queue of the instance."""

        def known() -> jobs.Queue:
            with db.reading(timed=False):
                return jobs.current_queue()

        return self._within(known)

    def _within(self, work: Callable[[], T]) -> T:
        """Do work in the application of the newest plugins; begin anew if that is not it."""
        while True:
            try:
                with self.newest.at_work() as app, app.app_context():
                    return work()
            except db.Stale as stale:
                self.newest.build(stale.generation)

    def _turn(self, job_id: int) -> None:
        """Run a job until it ends, or until others have waited long enough."""
        mine, until = self.process.id, time.monotonic() + TURN
        self.process.at_work(job_id)
        try:
            with self.newest.at_work() as app, app.app_context():
                state = jobs.run(job_id, by=mine, pause=partial(self._pause, until))
        except db.Stale as stale:
            # Between two chunks somebody has enabled or disabled a plugin.
            self.newest.build(stale.generation)
            release = partial(jobs.release, job_id, by=mine)
            self._within(lambda: db.transact(release))
            state = "queued"
        finally:
            self.process.at_work(None)
        if state is None:
            self._beaten = time.monotonic()
        if state == "queued":
            self.queue.put((job_id,))

    def _pause(self, until: float) -> bool:
        if self._stopping:
            return True
        return time.monotonic() > until and self._within(self.queue.waits)

    @contextmanager
    def _alive(self, supervisor: int | None = None) -> Iterator[None]:
        """Give signs of life in the block, the first one before it begins."""
        self._sign(self._living)
        over = threading.Event()
        beating = threading.Thread(target=self._beat, args=(over, supervisor), daemon=True)
        beating.start()
        try:
            yield
        finally:
            over.set()
            beating.join()
            self._sign(self.process.leave)

    def _beat(self, over: threading.Event, supervisor: int | None) -> None:
        due = time.monotonic() + jobs.BEAT
        while not over.wait(IDLE):
            if supervisor is not None and os.getppid() != supervisor:
                self.stop()
            if time.monotonic() > due:
                self._sign(self._living)
                due = time.monotonic() + jobs.BEAT

    def _living(self) -> None:
        self.process.beat()
        plugin_host.keep_costs()

    def _sign(self, verb: Callable[[], None]) -> None:
        try:
            with self.newest.aside.app_context():
                db.transact(verb)
        except PASSING as error:
            _log.info("the state of this process is not noted: %s", error)


def start(config: Config, supervisor: int | None = None) -> None:
    """Run jobs in this process until a signal says stop."""
    worker = Worker(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop)
    worker.run(supervisor)
    if worker.is_outdated:
        # What is imported stays imported: the same process begins from nothing.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # as it began


def supervised(supervisor: int) -> None:
    """Run jobs as the child of a server: with its settings, and no longer than it lives."""
    line = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(format=line, level=logging.WARNING)
    start(settings.load(), supervisor)
