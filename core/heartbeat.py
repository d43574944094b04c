"""The signs of life of a process: it looks for newer plugins and says which set it serves.

A web worker that nobody asks anything, and a jobs process with a long chunk in hand, so keep to
the newest set of plugins too, and whoever waits for all of them to have it can see that.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import exc as sa_exc

from . import clock, db, jobs, plugin_host
from .errors import RelatumError
from .hooks import costs
from .newest import Newest
from .plugin_host import Loaded, workers

#: Seconds between two looks for newer plugins, and between two signs that say nothing new.
LOOK_EVERY: Final = 1.0
SIGN_EVERY: Final = 10.0
#: What passes: the database, the disk or the machine is not well.
PASSING: Final = (RelatumError, sa_exc.SQLAlchemyError, sqlite3.Error, OSError)
_log = logging.getLogger("relatum.workers")


class Heartbeat:
    """Signs for a process; `start` does so in a thread, which a process must not fork after.

    `outdated` is called when new code of plugins was asked for: this process should end when
    another can take its place. `held_back` says of which plugins that could not be.
    """

    def __init__(
        self, newest: Newest, kind: str, outdated: Callable[[], None] = lambda: None
    ) -> None:
        self.id, self.kind = uuid.uuid4().hex, kind
        self.outdated = outdated
        self._newest = newest
        self._started_at = clock.now()
        #: What was asked for when the process began; another number asks for a new process.
        self._code: int | None = None
        self._told: int | None = None
        self.held_back: dict[str, str] = {}
        #: A process that has no place yet says nothing: it may never get one.
        self.is_silent = False
        self._signed: tuple[int, int] = (-1, -1)
        self._signed_at = float("-inf")
        self._noted = -1
        self._signing = threading.Lock()
        self._over, self._due = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        #: Set when the process serves what is enabled, or could not find out.
        self.first = threading.Event()

    def start(self) -> None:
        """Beat in a thread from now on; again does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="relatum-heartbeat", daemon=True)
            self._thread.start()

    @property
    def beats(self) -> bool:
        """Whether a thread does so."""
        return self._thread is not None

    def wake(self) -> None:
        """Look now, and not only when it is time to."""
        self._due.set()

    def stop(self) -> None:
        """Beat no more, and take the sign of this process away."""
        self._over.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join(LOOK_EVERY * 5)
        if self._signed_at > float("-inf"):
            self._transact(lambda: workers.leave(self.id))

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self.beat()
            except Exception:  # noqa: BLE001  # the process serves, and the next look may succeed
                _log.exception("a look for newer plugins failed")
            self.first.set()
            self._due.wait(LOOK_EVERY)
            self._due.clear()

    def beat(self) -> None:
        """Build what is newer, and say so if there is something to say."""
        try:
            with self._newest.aside.app_context(), db.reading(timed=False) as tx:
                generation, code = tx.epochs.plugins, workers.code_asked()
        except PASSING as error:
            _log.debug("no look for newer plugins: %s", error)
            return
        if self._code is None:
            self._code = code
        self._newest.build(generation)
        at_work = self._newest.generation, self._newest.oldest
        if at_work != self._signed or time.monotonic() - self._signed_at > SIGN_EVERY:
            self.sign()
        if code not in (self._code, self._told):
            self._told = code
            self.outdated()

    def sign(self) -> None:
        """Say what this process serves, and why plugins do not run."""
        if self.is_silent:
            return
        with self._signing:
            loaded, at_work = self._newest.loaded, (self._newest.generation, self._newest.oldest)
            if self._noted != loaded.generation:
                for plugin_id, fault in loaded.faults.items():
                    trace = fault.trace if self._newest.development is not None else ""
                    _log.warning("plugin %s does not run: %s\n%s", plugin_id, fault.reason, trace)
            if self._transact(lambda: self._written(loaded, *at_work)):
                self._noted, self._signed = loaded.generation, at_work
                self._signed_at = time.monotonic()
            failing = costs.too_many()
            if failing:
                self._transact(lambda: plugin_host.hold_back(failing), exclusive=True)

    def _written(self, loaded: Loaded, generation: int, oldest: int) -> None:
        if self._code is None:
            self._code = workers.code_asked()
        workers.sign(workers.Worker(
            id=self.id, kind=self.kind, place=jobs.place(), pid=os.getpid(), generation=generation,
            oldest=oldest, code=self._code, loaded=self._code_of(loaded),
            started_at=self._started_at, since=self._newest.since, seen_at=clock.now(),
        ))  # fmt: skip
        plugin_host.note_faults(loaded)
        plugin_host.keep_costs()

    def _code_of(self, loaded: Loaded) -> dict[str, dict[str, Any]]:
        found = plugin_host.code_of(loaded)
        for plugin_id, reason in self.held_back.items():
            if plugin_id in found:
                found[plugin_id]["stale"] = f"a new process can't run it: {reason}"
        return found

    def _transact(self, work: Callable[[], Any], *, exclusive: bool = False) -> bool:
        try:
            with self._newest.aside.app_context():
                db.transact(work, exclusive=exclusive)
        except PASSING as error:
            _log.info("the state of this process is not noted: %s", error)
            return False
        return True
