"""The queue: which jobs wait, told to the processes that run them. It may be lost at any time.

The rows of `core_job` are the truth: a job that is not in the queue is put there again by the
sweep, one that is there twice runs once. huey stores it, in a file of the home beside a SQLite
database, or in Redis (`queue_url`). PostgreSQL without Redis needs none: workers look for due
jobs in the rows, and so they do while a queue can't be reached.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import sqlalchemy as sa

from .. import catalog, db
from . import claiming

T = TypeVar("T")
FILE: Final = "queue.db"
#: Where nobody takes from it, the queue ends here; the sweep brings the rest.
_MOST: Final = 10_000
#: Seconds to connect, to wait for an answer, and for which one that failed is not asked again:
#: whoever starts a job waits for no more than the first two.
_CONNECT, _ANSWER, _AWAY = 1.0, 2.0, 5.0
_log = logging.getLogger("relatum.jobs")


class _Away(Exception):
    """The queue can't be asked now, or there is none."""


class Queue:
    """The queue of one instance; `opened` makes its storage on first use, `name` tells people.

    Without `opened` there is none: what is put is let go, what is taken comes from the rows.
    """

    def __init__(self, name: str, opened: Callable[[], Any] | None) -> None:
        self.name = name
        self._opened, self._opening = opened, threading.Lock()
        self._storage: Any = None
        self._failures: tuple[type[Exception], ...] = (OSError, sqlite3.Error, ValueError)
        self._away_until, self._is_away = float("-inf"), False

    def put(self, job_ids: Iterable[int]) -> None:
        """Let jobs wait; a queue that is away is no reason to fail: the sweep finds them.

        Called after the commit.
        """

        def put(storage: Any) -> None:
            if storage.queue_size() < _MOST:
                for job_id in job_ids:
                    storage.enqueue(b"%d" % job_id)

        with suppress(_Away):
            self._asked(put)

    def take(self, *, spread: bool = False) -> int | None:
        """Return the id of the next job and forget it; None if none waits.

        From the rows, it is the one that waits longest, and whoever claims it first has it; with
        `spread`, any of those that wait long. Opens a transaction of its own.
        """
        try:
            return self._asked(lambda storage: _number(storage.dequeue()))
        except _Away:
            return claiming.first(spread=spread)

    def waits(self) -> bool:
        """Say whether there is a job to take."""
        try:
            return bool(self._asked(lambda storage: storage.queue_size()))
        except _Away:
            return claiming.first() is not None

    def fill(self, job_ids: list[int]) -> None:
        """Put those of the jobs that could run which are not there."""
        if job_ids:
            with suppress(_Away):
                items = self._asked(lambda storage: storage.enqueued_items())
                known = {_number(item) for item in items}
                self.put(job_id for job_id in job_ids if job_id not in known)

    def reach(self) -> str | None:
        """Return why the queue can't be reached; None if it can, or if there is none."""
        if self._opened is None:
            return None
        try:
            self._asked(lambda storage: storage.queue_size(), at_once=True)
        except _Away as away:
            return f"{self.name} is away: {away}"
        return None

    def _asked(self, ask: Callable[[Any], T], *, at_once: bool = False) -> T:
        if self._opened is None or (not at_once and time.monotonic() < self._away_until):
            raise _Away("it did not answer")
        try:
            answer = ask(self._open(self._opened))
        except self._failures as error:
            self._away_until = time.monotonic() + _AWAY
            if not self._is_away:
                self._is_away = True
                _log.warning("%s is away, jobs are found in their rows: %s", self.name, error)
            raise _Away(str(error).rstrip(".")) from None
        if self._is_away:
            self._is_away = False
            _log.warning("%s is there again", self.name)
        return answer

    def _open(self, opened: Callable[[], Any]) -> Any:
        with self._opening:
            if self._storage is None:
                self._storage = opened()
                with suppress(ImportError):
                    error = importlib.import_module("redis.exceptions").RedisError
                    self._failures = (*self._failures, error)
        return self._storage


def _number(item: bytes | None) -> int | None:
    """Return the id that an item is; None for what no instance of ours has put there."""
    return int(item) if item is not None and bytes(item).isdigit() else None


def current_queue() -> Queue:
    """Return the queue of the instance whose transaction is open."""
    secret = catalog.current().settings["secret_key"]
    # What it is called among those of the instances that share a server.
    return _configured(hashlib.sha256(f"queue {secret}".encode()).hexdigest()[:16])


def unreachable() -> str | None:
    """Return why the queue of these settings can't be reached; None if it can, or is no server."""
    return _configured("").reach() if db.settings().queue_url else None


def _configured(key: str) -> Queue:
    config = db.settings()
    backend = sa.make_url(config.url).get_backend_name()
    return _queue(config.home, config.queue_url, backend, key)


@cache
def _queue(home: Path, url: str, backend: str, key: str) -> Queue:
    if url:
        parts = urlsplit(url)
        # Without what one signs in with.
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        return Queue(f"The queue at {place}", lambda: _redis(url, key))
    if backend == "sqlite":
        return Queue(f"The queue in {FILE}", lambda: _file(home / FILE))
    return Queue("No queue", None)


# huey takes a third of a second to import, and few commands put anything in. What it would pickle
# is left out: whoever can write to a shared server could run code here. An item is a number.
def _file(path: Path) -> Any:
    made = importlib.import_module("huey.storage").SqliteStorage(
        "relatum", filename=str(path), fsync=False
    )
    path.chmod(0o600)
    return made


def _redis(url: str, key: str) -> Any:
    redis = importlib.import_module("redis")
    once = importlib.import_module("redis.retry").Retry(
        importlib.import_module("redis.backoff").NoBackoff(), 1
    )
    pool = redis.ConnectionPool.from_url(
        url, socket_connect_timeout=_CONNECT, socket_timeout=_ANSWER, retry=once
    )
    return importlib.import_module("huey.storage").RedisStorage(
        f"relatum_{key}", blocking=False, connection_pool=pool
    )
