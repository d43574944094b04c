"""How the server and its workers hear signals: none waits for a lock that its own thread holds.

Python runs the handler of a signal in the main thread, wherever that is: also inside
`threading.Event.wait`, with the lock of the event held, for which `Event.set` then waits for good.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing import connection as connections
from typing import Any, Final

from granian import _signals as granian_signals

#: What asks a process to end.
_STOP: Final = (signal.SIGTERM, signal.SIGINT)


class Waking:
    """What the main thread of the supervisor waits for, with the words of `threading.Event`.

    Threads and handlers of signals set it. A signal wakes up the waiter at whatever moment it
    comes, and to whatever thread.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._woken, self._waking = socket.socketpair()
        for each in (self._woken, self._waking):
            each.settimeout(0)
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)

    def is_set(self) -> bool:
        """Return whether it was set since it was cleared."""
        return self._is_set

    def set(self) -> None:
        """Wake up who waits, and who will."""
        self._is_set = True
        with contextlib.suppress(BlockingIOError):  # it is full: enough to wake up
            self._waking.send(b"\0")

    def clear(self) -> None:
        """Let who waits from now on wait for what comes."""
        self._is_set = False

    def wait(self) -> None:
        """Return once it is set."""
        while not self._is_set:
            connections.wait([self._woken])
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(4096)


class Ending:
    """The end of this worker: once, in a thread, and by force if it takes longer than `seconds`.

    Granian's handler of signals must not run in the main thread, which waits for an event that it
    sets, and only once: its channel holds one word, and another would wait with the interpreter's
    lock held. It is taken where Granian would install it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._handler: Callable[..., Any] | None = None
        self._begun = threading.Lock()
        signal.set_wakeup_fd(-1)  # the supervisor's, after a fork
        for number in _STOP:
            signal.signal(number, lambda *_: _thread.start_new_thread(self.begin, ()))
        granian_signals.set_main_signals = self._take

    def _take(self, handler: Callable[..., Any], _: Any = None) -> None:
        self._handler = handler

    def begin(self) -> None:
        """Answer what is at hand, then end; does nothing the second time."""
        if not self._begun.acquire(blocking=False):
            return
        if self._handler is None:  # nothing is served yet
            os._exit(0)
        self._handler(signal.SIGTERM, None)
        time.sleep(self._seconds)
        os._exit(1)
