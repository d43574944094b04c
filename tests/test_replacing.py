"""New code of a plugin that runs: workers make room for new ones, and no request fails."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from relatum.core import serve

from .installed import installed
from .instances import prepared
from .plugged import small, token_of
from .workers import until

COMMAND = str(Path(sys.executable).with_name("relatum"))
PAGE = "/x/tiny/version"
WORKERS = 2


@prepared
def with_companies(instance):
    """Return an instance with companies to write."""
    instance.make_type("x_company", {"name": "name", "kind": "text"})


@pytest.fixture
def site(tmp_path):
    """Return a folder of distributions, with the plugin tiny in version 1.0."""
    installed(tmp_path / "site", "tiny", "1.0")
    return tmp_path / "site"


class Command:
    """Runs commands on an instance, each in a process of its own."""

    def __init__(self, config, site):
        self.environment = os.environ | serve.environment(config) | {"PYTHONPATH": str(site)}

    def __call__(self, *words):
        done = subprocess.run(
            [COMMAND, *words], env=self.environment, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def relatum(with_companies, site):
    return Command(with_companies.config, site)


@contextlib.contextmanager
def served(relatum, *words):
    """Serve the instance, and give the port and the process."""
    port = serve.free_port(serve.LOOPBACK, 21_000 + os.getpid() % 8_000)
    command = [COMMAND, "serve", "--port", str(port), *words]
    server = subprocess.Popen(
        command, env=relatum.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("Relatum serves")
        yield port, server
    finally:
        server.terminate()
        server.communicate(timeout=60)


class Client:
    """Asks a server by a connection that is kept, as a browser does."""

    def __init__(self, port, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.token = token

    def ask(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode()


class Load:
    """Clients that read and write until told to stop."""

    def __init__(self, port, token, count=4):
        self.failures, self.written, self.versions = [], 0, set()
        self._done, self._lock = threading.Event(), threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(Client(port, token), number))
            for number in range(count)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _run(self, client, number):
        with contextlib.closing(client.connection):
            self._ask(client, number)

    def _ask(self, client, number):
        count = 0
        while not self._done.is_set():
            count += 1
            row = {"name": f"{number}-{count}"}
            for method, path, body in (
                ("GET", PAGE, None), ("POST", "/api/v1/records/x_company", row),
                ("GET", "/api/v1/records/x_company?_limit=5", None),
            ):  # fmt: skip
                try:
                    status, text = client.ask(method, path, body)
                except Exception as error:  # noqa: BLE001  # whatever it is, a request has failed
                    self.failures.append(f"{method} {path}: {error!r}")
                    return
                if status >= 300:
                    self.failures.append(f"{method} {path}: {status} {text}")
                elif path == PAGE:
                    self.versions.add(text)
            with self._lock:
                self.written += 1


def pids(instance, kind="web"):
    rows = instance.sql("SELECT pid, kind FROM core_worker")
    return {row.pid for row in rows if row.kind == kind}


# About 20 s on each database: workers start six times, and a process that runs jobs twice.
@pytest.mark.slow
def test_new_code_is_served_by_new_processes_and_no_request_fails(with_companies, relatum, site):
    crm = with_companies
    assert "Nobody serves the instance now." in relatum("plugins", "enable", "tiny", "--yes")
    token = token_of(crm)
    with served(relatum, "--workers", str(WORKERS)) as (port, server):
        before = until(lambda: len(found := pids(crm)) == WORKERS and found)
        with Load(port, token) as load:
            until(lambda: load.versions == {"tiny 1.0"})
            installed(site, "tiny", "2.0")
            said = relatum("plugins", "enable", "tiny", "--yes")
            assert "note: The workers run other code of it: they are replaced" in said
            # The process that runs jobs may be between its end and its beginning just then.
            assert re.search(r"(\d) of \1 workers on generation", said), said
            until(lambda: "tiny 2.0" in load.versions)
            load.versions.clear()
            time.sleep(0.5)
            after = pids(crm)
            server.send_signal(signal.SIGUSR2)
            until(lambda: len(now := pids(crm)) == WORKERS and not now & after)
        ended = server.poll()
    assert ended is None
    assert load.failures == []
    assert load.versions == {"tiny 2.0"}
    assert crm.sql("SELECT count(*) AS n FROM x_company")[0].n >= load.written > 20
    assert len(after) == WORKERS and not after & before
    assert pids(crm) == pids(crm, "jobs") == set()


# About 12 s: a worker starts four times.
@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_server_for_developers_follows_what_they_save(with_companies, relatum, site, tmp_path):
    crm = with_companies
    more = tmp_path / "more"
    more.mkdir()
    (more / "aside.py").write_text(small("aside"))
    installed(site, "aside", "1.0")  # in the way of the file of that id
    relatum("plugins", "enable", "tiny", "--yes")
    with served(relatum, "--dev", "--no-jobs", "--plugins-dir", str(more)) as (port, _):
        client = Client(port, token_of(crm))
        with contextlib.closing(client.connection):
            assert client.ask("GET", PAGE) == (200, "tiny 1.0")
            [first] = until(lambda: pids(crm))
            told = json.loads(client.ask("GET", "/api/v1/plugins/aside")[1])
            assert str(more / "aside.py") in told["reason"]
            installed(site, "tiny", "1.0", more="!")
            until(lambda: client.ask("GET", PAGE) == (200, "tiny 1.0!"))
            [second] = until(lambda: (now := pids(crm)) - {first} and len(now) == 1 and now)
            (site / "tiny" / "part.py").write_text("raise ImportError('not today')\n")
            code = site / "tiny" / "__init__.py"
            code.write_text(f"from . import part\n{code.read_text()}")
            until(lambda: "not today" in relatum("plugins", "show", "tiny"))
            assert client.ask("GET", PAGE) == (200, "tiny 1.0!")
            assert pids(crm) == {second}
            (site / "tiny" / "part.py").write_text("")
            installed(site, "tiny", "1.0", more="?")
            until(lambda: client.ask("GET", PAGE) == (200, "tiny 1.0?"))
            # The old one is named for as long as it lives.
            until(lambda: "not today" not in relatum("plugins", "show", "tiny"))
