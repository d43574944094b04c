"""Imports the program once, and forks it for each process that is asked for.

To import everything takes a second of a processor, a fork takes hundredths: tests that need many
real processes have them from here (nursery.py). What is forked has an environment, a folder and
channels of its own; it can be killed, and ends, as any process of Python.

usage: forking.py nurse ADDRESS              fork for who asks, until standard input is closed
       forking.py relatum ADDRESS [WORD]...  be the command `relatum`, in a process from there
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Any

COMMAND = "from relatum.cli import main; main(prog_name='relatum')"
#: The bytes that hold the length of what is asked for, and the channels that come with it.
_LENGTH, _CHANNELS = 4, 3


def ask(
    address: str, code: str, words: list[str], environment: Mapping[str, str], channels: list[int]
) -> socket.socket:
    """Ask for a process; return where its pid is said, and later how it ended, a line each."""
    asked = socket.socket(socket.AF_UNIX)
    asked.connect(address)
    folder = os.getcwd()  # noqa: PTH109  # to import pathlib takes as long as all the rest
    told = {"code": code, "words": words, "environment": {**environment}, "folder": folder}
    body = json.dumps(told).encode()
    socket.send_fds(asked, [len(body).to_bytes(_LENGTH, "big")], channels)
    asked.sendall(body)
    return asked


def be_the_command(address: str, words: list[str]) -> int:
    """Stand in for the command: hand signals on to it, and end as it ends."""
    asked = ask(address, COMMAND, ["relatum", *words], os.environ, [0, 1, 2])
    answers = asked.makefile("r")
    pid = int(answers.readline())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda got, _: os.kill(pid, got))
    status = int(answers.readline())
    if status < 0:
        with contextlib.suppress(OSError):  # what kills is nobody's to change
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


class Nursery:
    """Forks, and tells who asked for a process how that ended."""

    def __init__(self, address: str) -> None:
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(address)
        self._listening.listen(64)
        self._living: dict[int, socket.socket] = {}
        # A process that ends wakes up who waits.
        self._woken, self._waking = socket.socketpair()
        self._waking.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waking.fileno())

    def serve(self) -> dict[str, Any] | None:
        """Fork for who asks; in what was forked, return what is asked of it, else None."""
        channels: list[Any] = [0, self._listening, self._woken]
        while True:
            ready, _, _ = select.select(channels, [], [])
            if self._woken in ready:
                self._woken.recv(4096)
                self._tell()
            if self._listening in ready:
                asking, _ = self._listening.accept()
                length, given, _, _ = socket.recv_fds(asking, _LENGTH, _CHANNELS)
                body = _read(asking, int.from_bytes(length, "big"))
                if not self._forked(asking, given):
                    return dict(json.loads(body))
            if 0 in ready:
                for pid in self._living:
                    os.kill(pid, signal.SIGKILL)
                return None

    def _forked(self, asking: socket.socket, channels: list[int]) -> int:
        """Fork; return the pid, or in what was forked 0, after leaving all that is not its own."""
        pid = os.fork()
        if pid:
            self._living[pid] = asking
            with contextlib.suppress(BrokenPipeError):  # who asked may be gone
                asking.sendall(f"{pid}\n".encode())
            for channel in channels:
                os.close(channel)
            return pid
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in (self._listening, self._woken, self._waking, asking, *self._living.values()):
            other.close()
        for number, channel in enumerate(channels):
            os.dup2(channel, number)
            os.close(channel)
        return 0

    def _tell(self) -> None:
        for pid in list(self._living):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with self._living.pop(pid) as asked, contextlib.suppress(BrokenPipeError):
                    asked.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _read(channel: socket.socket, length: int) -> bytes:
    """Read so many bytes, or what there is to the end; a child that ends may interrupt that."""
    body = b""
    while len(body) < length and (more := channel.recv(length - len(body))):
        body += more
    return body


def nurse(address: str) -> None:
    """Import everything, then fork; in what was forked, do what is asked of it."""
    _import()
    nursery = Nursery(address)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    told = nursery.serve()
    if told is not None:
        _run(told)


def _import() -> None:
    import gc
    import importlib
    import pkgutil

    from relatum import plugins
    from relatum.core import commands

    needed = ["huey.storage", "psycopg", "redis", "relatum.core.app", "relatum.core.worker"]
    for package in (commands, plugins):
        needed += [m.name for m in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    for name in needed:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _run(told: dict[str, Any]) -> None:
    """Be a new process of Python that was told some code."""
    import time

    from relatum.core import faults

    os.environ.clear()
    os.environ.update(told["environment"])
    os.chdir(told["folder"])
    time.tzset()
    # Read when the module was imported, which a process that is not forked does now.
    faults._actions = faults._read(os.environ.get("RELATUM_FAULTS", ""))  # type: ignore[misc]
    sys.argv = told["words"]
    exec(compile(told["code"], "<told>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    _, role, place, *more = sys.argv
    sys.exit(nurse(place) if role == "nurse" else be_the_command(place, more))
