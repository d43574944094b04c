"""Two servers side by side, and a client that asks them in turn over kept-alive connections."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import orjson

from relatum.benchmarks.instance import Instance
from relatum.benchmarks.report import Figure, Say, times
from relatum.core.serve import environment

_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 30
_APPLICATIONS: Final = {
    "relatum": "relatum.core.wsgi:application",
    "baseline": "relatum.benchmarks.baseline:application",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: method, address and JSON body."""

    path: str
    method: str = "GET"
    body: Any = None


class Server:
    """One running server and one connection to it."""

    def __init__(self, name: str, instance: Instance) -> None:
        self.name = name
        port = _free_port()
        # The same flags for both; they are those of `relatum serve` with one worker.
        flags = (
            "--interface wsgi --http 1 --no-ws --workers 1 --log-level error "
            f"--blocking-threads {instance.config.threads} --host {_HOST} --port {port}"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "granian", *flags.split(), _APPLICATIONS[name]],
            env={
                **os.environ,
                **environment(instance.config),
                "BENCHMARK_DATABASE_URL": instance.config.url,
            },
            cwd=tempfile.gettempdir(),
        )
        self.headers = {
            "Authorization": f"Bearer {instance.token}",
            "Content-Type": "application/json",
        }
        self.connection = http.client.HTTPConnection(_HOST, port, timeout=60)
        self._wait(port)

    def _wait(self, port: int) -> None:
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection((_HOST, port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(
            f"the server '{self.name}' did not start within {_START_SECONDS} seconds"
        )

    def ask(self, asked: Ask) -> tuple[float, Any]:
        """Return how long an answer takes, until its last byte, and its JSON."""
        taken, raw = self.fetch(asked)
        return taken, orjson.loads(raw)

    def fetch(self, asked: Ask) -> tuple[float, bytes]:
        """Return how long an answer takes, until its last byte, and what it is."""
        body = None if asked.body is None else orjson.dumps(asked.body)
        start = perf_counter()
        self.connection.request(asked.method, asked.path, body, self.headers)
        response = self.connection.getresponse()
        raw = response.read()
        taken = perf_counter() - start
        if response.status >= 300:
            raise RuntimeError(f"{self.name} answered {response.status} to {asked}: {raw[:500]!r}")
        return taken, raw

    def memory(self) -> float:
        """Return the resident memory of the worker in MB."""
        found = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        sizes = subprocess.run(
            ["ps", "-o", "rss=", "-p", ",".join(found.stdout.split())],
            capture_output=True,
            text=True,
            check=True,
        )
        # Beside the worker there may be a resource tracker; the worker is the large one.
        return max(int(size) for size in sizes.stdout.split()) / 1024

    def stop(self) -> None:
        """Stop the server and wait until it has gone."""
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(instance: Instance) -> Iterator[tuple[Server, Server]]:
    """Serve the instance by the product and by the baseline."""
    product = Server("relatum", instance)
    try:
        baseline = Server("baseline", instance)
        try:
            yield product, baseline
        finally:
            baseline.stop()
    finally:
        product.stop()


def alternate(
    servers: tuple[Server, Server], asked: tuple[Sequence[Ask], Sequence[Ask]], count: int
) -> tuple[list[float], list[float]]:
    """Ask both servers in turn, `count` times each; return the seconds of each answer.

    The order changes from pair to pair, and a tenth of the requests before is not counted.
    """
    taken: tuple[list[float], list[float]] = ([], [])
    for server in servers:
        server.connection.close()  # one that was idle meanwhile may be closed at the other end
    warm = max(10, count // 10)
    for number in range(-warm, count):
        for place in (0, 1) if number % 2 else (1, 0):
            requests = asked[place]
            seconds, _ = servers[place].ask(requests[number % len(requests)])
            if number >= 0:
                taken[place].append(seconds)
    return taken


def fetched(
    server: Server,
    case: str,
    asked: Sequence[Ask],
    count: int,
    say: Say,
    *,
    target: float,
    whole: Callable[[bytes], bool],
) -> Figure:
    """Fetch addresses in turn and return the figure of their 95th percentile in milliseconds.

    `whole` says whether an answer is what is measured; raises RuntimeError for one that is not.
    """
    taken = []
    for number in range(-max(10, count // 10), count):
        address = asked[number % len(asked)]
        seconds, raw = server.fetch(address)
        if not whole(raw):
            raise RuntimeError(f"{address} does not show what is measured")
        if number >= 0:
            taken.append(seconds)
    high = statistics.quantiles(taken, n=20)[-1] * 1000
    figure = Figure(case, times(taken), "", high, f"p95 {high:.1f} ms", target)
    say(f"  {case}: {figure.product}")
    return figure
