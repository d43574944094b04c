"""Real processes of the command, such as workers, which do not outlive the test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from relatum.core import serve
from relatum.core.config import Config

from . import nursery

Start = Callable[..., nursery.Process]


@pytest.fixture
def start(config) -> Iterator[Start]:
    """Return a way to start real workers, which do not outlive the test."""
    running: list[nursery.Process] = []

    def begin(*words: str, **environment: str) -> nursery.Process:
        given = serve.environment(config) | environment
        running.append(nursery.begin(nursery.COMMAND, *words, given=given))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until something is so and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to be")


@contextmanager
def forked(config: Config) -> Iterator[Callable[[], int]]:
    """Give a way to start what `relatum worker` runs, which returns the pid."""
    code = "from relatum.core import config, worker; worker.start(config.load())"
    running: list[nursery.Process] = []

    def begin() -> int:
        running.append(nursery.begin(code, given=serve.environment(config)))
        return running[-1].pid

    try:
        yield begin
    finally:
        for process in running:
            process.kill()
            process.wait()
