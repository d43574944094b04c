"""A process beside the web workers: started, started again when it dies, and stopped with them."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from typing import Final

#: Seconds before a process that died is started again: at first, and at most if it goes on so.
_WAIT, _LONGEST = 0.5, 30.0
#: One that lived so long has not died of how it starts.
_WELL: Final = 60.0
_log = logging.getLogger("relatum.serve")


class Beside:
    """Keeps one process alive that runs `program`, a line of Python; None: does nothing."""

    def __init__(self, program: str | None) -> None:
        self._program = program
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and watch it in a thread."""
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self, seconds: float) -> None:
        """Ask it to end, and end it by force if that takes longer."""
        with self._lock:
            self._stopping.set()
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _watch(self) -> None:
        wait = _WAIT
        while (process := self._started()) is not None:
            began = time.monotonic()
            status = process.wait()
            wait = _WAIT if time.monotonic() - began > _WELL else min(wait * 2, _LONGEST)
            if self._stopping.wait(wait):
                return
            _log.warning("the process that runs jobs ended with %s; it is started again", status)

    def _started(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._program is None or self._stopping.is_set():
                return None
            # A group of its own: Ctrl+C in the terminal is the supervisor's to hear.
            self._process = subprocess.Popen(  # noqa: S603  # the program is ours
                [sys.executable, "-P", "-c", self._program],
                stdin=subprocess.DEVNULL, process_group=0,
            )  # fmt: skip
            return self._process
