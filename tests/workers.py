"""Real processes of the command, such as workers, which do not outlive the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from relatum.core import serve
from relatum.core.config import Config

COMMAND = str(Path(sys.executable).with_name("relatum"))

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(config) -> Iterator[Start]:
    """Return a way to start real workers, which do not outlive the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(*words: str, **environment: str) -> subprocess.Popen[str]:
        given = os.environ | serve.environment(config) | environment
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        made = subprocess.Popen([COMMAND, *words], env=given, text=True, **pipes)  # type: ignore[call-overload]
        running.append(made)
        return made  # type: ignore[no-any-return]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until something is so and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to be")


#: Forks a worker, imports done, for each line that it reads, and says its pid.
_NURSERY = """
import os, signal, sys
import huey.storage, psycopg, redis
from relatum.core import config, worker
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        os.close(0)
        worker.start(config.load())
        os._exit(0)
    print(pid, flush=True)
"""


@contextmanager
def forked(config: Config) -> Iterator[Callable[[], int]]:
    """Give a way to start a worker at once, which returns its pid.

    Each is what `relatum worker` runs. To import it takes a second of a processor, so workers
    that are started by the command and killed every second would do nothing but that.
    """
    given = os.environ | serve.environment(config)
    with subprocess.Popen(
        [sys.executable, "-P", "-c", _NURSERY], env=given, text=True, process_group=0,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as nursery:  # fmt: skip
        asking, answers = nursery.stdin, nursery.stdout
        assert asking is not None
        assert answers is not None

        def begin() -> int:
            asking.write("\n")
            asking.flush()
            return int(answers.readline())

        try:
            yield begin
        finally:
            os.killpg(nursery.pid, signal.SIGKILL)
