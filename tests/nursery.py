"""Real processes of the program, forked from one that has imported everything (forking.py)."""

from __future__ import annotations

import atexit
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from . import forking
from .forking import COMMAND

__all__ = ["COMMAND", "Process", "begin", "command", "end"]
_PROGRAM = str(Path(__file__).with_name("forking.py"))


class Process:
    """A process of the nursery, with what tests ask of one of `subprocess`."""

    def __init__(
        self, code: str, words: tuple[str, ...], environment: Mapping[str, str], stdout: int
    ) -> None:
        told = {**os.environ, **environment}
        with Path(os.devnull).open() as nothing:
            channels = [nothing.fileno(), stdout, 2]
            self._asked = forking.ask(_address(), code, ["-c", *words], told, channels)
        self._answers = self._asked.makefile("r")
        self.pid = int(self._answers.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float = 300) -> int:
        """Return how it ended, below zero by a signal; fail if it takes more seconds."""
        if self.returncode is None:
            self._asked.settimeout(timeout)
            self.returncode = int(self._answers.readline())
            self._asked.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal; nothing happens if it has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, as nothing can prevent."""
        self.send_signal(signal.SIGKILL)


def begin(code: str, *words: str, given: Mapping[str, str], stdout: int = 1) -> Process:
    """Start a process that runs `code` with words as its arguments and `given` variables.

    It writes to the channel `stdout`.
    """
    return Process(code, words, given, stdout)


def end(code: str, *words: str, given: Mapping[str, str]) -> int:
    """Run such a process to its end, and return how that was."""
    return begin(code, *words, given=given).wait()


@cache
def command() -> str:
    """Return the path of a program that does what the command `relatum` does, sooner."""
    path = Path(_address()).with_name("relatum")
    words = [sys.executable, "-SE", _PROGRAM, "relatum", _address()]
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@cache
def _address() -> str:
    """Return where the nursery of this process listens; it ends with this process."""
    folder = tempfile.TemporaryDirectory()
    address = f"{folder.name}/nursery"
    words = [sys.executable, "-P", _PROGRAM, "nurse", address]
    nursery = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
    )
    assert nursery.stdout is not None
    assert nursery.stdout.readline() == b"ready\n", "the nursery did not start"

    def close() -> None:
        try:
            nursery.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            nursery.kill()
            nursery.communicate()
        folder.cleanup()

    atexit.register(close)
    return address
