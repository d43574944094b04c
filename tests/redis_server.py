"""The Redis server of the tests, and what may be found in one."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis

#: A database of a server, which tests may empty.
URL = os.environ.get("RELATUM_TEST_REDIS", "")
#: What is no number of a job.
FOREIGN = (b"", b"-1", b"1.5", "٣".encode(), pickle.dumps({"task": "run"}))


@contextmanager
def emptied() -> Iterator[tuple[str, Any]]:
    """Give the address of a database with nothing in it, and a client there.

    Processes that run tests at the same time have one each.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = f"{URL.rstrip('/').rsplit('/', 1)[0]}/{1 + int(worker)}" if URL else ""
    with Redis.from_url(url) as client:
        client.flushdb()
        yield url, client
        client.flushdb()
