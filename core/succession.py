"""The server with workers that others take the place of, without a request that fails.

One listening socket is shared by all workers, and the supervisor holds it too: a connection that
nobody has accepted yet is taken by whoever lives. A worker is replaced in four steps: the new one
starts from the code on the disk, says that it can serve, the old one closes each connection after
the answer at hand, and ends when nothing is left. If the new one can't serve, or runs a plugin no
more that the old one runs, the old one stays.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from multiprocessing import Pipe, parent_process
from multiprocessing import connection as connections
from multiprocessing.connection import Connection
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from granian.net import SocketSpec  # type: ignore[attr-defined]
from granian.server.mp import MPServer

#: What a worker tells the supervisor: that it serves, and what; that it serves something else; that
#: another should take its place.
READY, SERVES, REPLACE = "ready", "serves", "replace"
#: What it is told: that it has its place; to close connections from now on; that a new one could
#: not take over, and why; to end.
TAKE, LEAVE, BROKEN, STOP = "take", "leave", "broken", "stop"
#: Seconds in which a new worker must be able to serve; in which those who ask an old one come to
#: know that it leaves; for which the next one waits for it to end.
START_SECONDS: Final = 60.0
LEAVE_SECONDS: Final = 1.0
_NEXT_SECONDS: Final = 5.0
_AGAIN: Final = 0.05
_log = logging.getLogger("relatum.serve")


class Serves(NamedTuple):
    """What a worker serves: the plugins that it runs, and why others do not run."""

    active: tuple[str, ...] = ()
    faults: Mapping[str, str] = MappingProxyType({})


class Server(MPServer):
    """Granian's server of worker processes; `ready` is called once, when the first one serves.

    Overrides what of Granian makes the socket and starts workers, from version 2.8 on.
    """

    _ssp: Any
    _shd: Any
    _sfd: Any
    _sso: Any
    wrks: list[Any]
    workers_kill_timeout: Any

    def __init__(self, *args: Any, ready: Callable[[], None], **options: Any) -> None:
        super().__init__(*args, **options)
        self._ready: Callable[[], None] | None = ready
        self._wanted: set[Any] = set()
        self._lock = threading.Lock()

    def replace_all(self, *_: Any) -> None:
        """Replace every worker, one by one; may be called as the handler of a signal."""
        self._replace(list(self.wrks))

    def _replace(self, workers: list[Any]) -> None:
        self._wanted.update(workers)
        self.signal_handler_reload()  # type: ignore[no-untyped-call]

    # -- Granian's own --------------------------------------------------------------------
    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._shd = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._sfd = self._shd.get_fd()
        self._sso = socket.socket(fileno=self._sfd)
        self._sso.set_inheritable(True)
        self._sso.listen(self.backlog)  # from now on nobody is refused, whoever serves

    def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
        self.wrks.extend(
            self._started(place, spawn_target, target_loader) for place in range(self.workers)
        )

    def _respawn_workers(
        self, workers: list[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        start = partial(self._started, target=spawn_target, loader=target_loader)
        if not delay:  # they have died
            for place in workers:
                if not self.wrks[place].is_alive():  # another may have its place by now
                    self.respawned_wrks[place] = time.monotonic()
                    self.wrks[place] = start(place)
            return
        while self._wanted and not self.interrupt_signal:
            old = self._wanted.pop()
            if old in self.wrks:
                self._succeed(old, start)

    def _stop_workers(self) -> None:
        for worker in self.wrks:
            _stop(worker)
        until = time.monotonic() + self.workers_kill_timeout
        for worker in self.wrks:
            _join(worker, until)
        self.wrks.clear()

    # -- replacing ------------------------------------------------------------------------
    def _started(self, place: int, target: Any, loader: Any, *, succeeds: bool = False) -> Any:
        ours, theirs = Pipe()
        worker: Any = self._spawn_worker(place, target, partial(loader, theirs))
        worker.line, worker.is_ready, worker.serves = ours, threading.Event(), Serves()
        worker.succeeds = succeeds
        worker.start()
        theirs.close()
        threading.Thread(target=self._hear, args=(worker,), daemon=True).start()
        return worker

    def _hear(self, worker: Any) -> None:
        """Take in what a worker says, until it is gone."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                word, what = worker.line.recv()
                if word == REPLACE:
                    self._replace([worker])
                    continue
                worker.serves = what
                if word == READY:
                    worker.is_ready.set()
                    if not worker.succeeds:
                        _tell(worker.line, TAKE)
                    self._first()

    def _first(self) -> None:
        with self._lock:
            ready, self._ready = self._ready, None
        if ready is not None:
            ready()

    def _succeed(self, old: Any, start: Callable[..., Any]) -> None:
        """Let a new worker take the place of an old one, if it can."""
        new = start(old.idx, succeeds=True)
        new.interrupt_by_parent = True  # until it serves, its end is no crash
        given_up = time.monotonic() + START_SECONDS
        while not new.is_ready.wait(_AGAIN) and new.is_alive() and not self.interrupt_signal:
            if time.monotonic() > given_up:
                break
        lost = {i: reason for i, reason in new.serves.faults.items() if i in old.serves.active}
        if lost or not new.is_ready.is_set():
            _stop(new)
            _join(new, time.monotonic() + _NEXT_SECONDS)
            if not self.interrupt_signal:
                told = "; ".join(f"plugin {i}: {reason}" for i, reason in lost.items()) or "?"
                _log.error("worker %d goes on, since a new one can't: %s", old.inner.pid, told)
                _tell(old.line, BROKEN, lost)
            return
        new.interrupt_by_parent = False
        old.interrupt_by_parent = True
        self.wrks[self.wrks.index(old)] = new
        _tell(new.line, TAKE)
        if not new.is_alive():
            self.interrupt_children.append(new.idx)
            self.main_loop_interrupt.set()
        ending = threading.Thread(target=self._end, args=(old,))
        ending.start()
        ending.join(_NEXT_SECONDS)
        _log.info("worker %d has taken the place of %d", new.inner.pid, old.inner.pid)

    def _end(self, worker: Any) -> None:
        """Let a worker finish what it has, and end; by force if that takes too long."""
        _tell(worker.line, LEAVE)
        until = time.monotonic() + LEAVE_SECONDS
        while time.monotonic() < until and worker.is_alive() and not self.interrupt_signal:
            time.sleep(_AGAIN)
        _stop(worker)
        _join(worker, time.monotonic() + self.workers_kill_timeout)


def _stop(worker: Any) -> None:
    """Tell a worker to end: by its line, which a thread of its own hears, at whatever moment."""
    worker.interrupt_by_parent = True
    _tell(worker.line, STOP)


def _join(worker: Any, until: float) -> None:
    """Let a worker that was told to stop end what it has in hand, by force after an instant."""
    worker.join(max(until - time.monotonic(), 0))
    worker.kill()
    worker.join()


def _tell(line: Connection, word: str, what: Any = None) -> None:
    with contextlib.suppress(OSError):
        line.send((word, what))


class Line:
    """A worker's end of the line to the supervisor; `stop` is called when that says so, or is gone.

    Both come in a thread, from the beginning.
    """

    def __init__(self, line: Connection, stop: Callable[[], None]) -> None:
        self._line, self._telling, self._stop = line, threading.Lock(), stop
        self._told: Callable[[str, Any], None] | None = None
        supervisor = parent_process()
        if supervisor is None:
            raise RuntimeError("a worker is started by the supervisor")
        self._gone = supervisor.sentinel
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, word: str, serves: Serves | None = None) -> None:
        """Tell the supervisor a word; one that is gone hears nothing."""
        with self._telling:
            _tell(self._line, word, serves)

    def listen(self, told: Callable[[str, Any], None]) -> None:
        """Call `told(word, what)` in a thread for what the supervisor says from now on."""
        self._told = told

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while self._gone not in connections.wait([self._line, self._gone]):
                word, what = self._line.recv()
                if word == STOP:
                    break
                if self._told is not None:
                    self._hear(self._told, word, what)
        self._stop()

    def _hear(self, told: Callable[[str, Any], None], word: str, what: Any) -> None:
        try:
            told(word, what)
        except Exception:  # noqa: BLE001  # whatever it is, the next word is heard
            _log.exception("a worker could not do what the supervisor said: %s", word)
