"""The queue: which jobs wait, told to the process that runs them. It may be lost at any time.

huey carries it, in a SQLite file of the home. The rows of `core_job` are the truth: a job that
is not in the queue is put there again by the sweep, one that is there twice runs once.
"""

from __future__ import annotations

import importlib
import logging
import sqlite3
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

FILE: Final = "queue.db"
#: Where nobody takes from it, the queue ends here; the sweep brings the rest.
_MOST: Final = 10_000
_log = logging.getLogger("relatum.jobs")


class Queue:
    """The queue of one instance on this machine."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._opening = threading.Lock()
        self._opened: Any = None

    def put(self, job_ids: Iterable[int]) -> None:
        """Let jobs wait; a queue that can't be written is no reason to fail: the sweep finds them.

        Called after the commit.
        """
        try:
            huey, task = self._open()
            if huey.pending_count() < _MOST:
                for job_id in job_ids:
                    huey.enqueue(task.s(job_id))
        except (OSError, sqlite3.Error) as error:
            _log.warning("jobs wait for the sweep, since %s can't be written: %s", FILE, error)

    def take(self) -> int | None:
        """Return the id of the next job and forget it; None if none waits."""
        huey, _ = self._open()
        task = huey.dequeue()
        return None if task is None else int(task.args[0])

    def waiting(self) -> frozenset[int]:
        """Return the ids of the jobs that wait."""
        huey, _ = self._open()
        return frozenset(int(task.args[0]) for task in huey.pending())

    def close(self) -> None:
        """Close this thread's connection."""
        if self._opened is not None:
            self._opened[0].storage.close()

    def _open(self) -> Any:
        with self._opening:
            if self._opened is None:
                # Takes a third of a second to import, and few commands put anything in.
                huey = importlib.import_module("huey").SqliteHuey(
                    "relatum", filename=str(self._path), results=False, utc=True, fsync=False
                )
                self._path.chmod(0o600)
                self._opened = huey, huey.task(name="run")(_run)
        return self._opened


def _run(job_id: int) -> None:
    """Name the one task: who takes it from the queue runs the job of that row."""
    raise RuntimeError(f"job {job_id} is run by a relatum worker, not by a consumer of huey")


@cache
def queue_of(home: Path) -> Queue:
    """Return the queue of an instance."""
    return Queue(home)
