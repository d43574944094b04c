"""The plugin in examples/plugins/loyalty: a third party's, and installed into a running server.

It is written from the help alone. Nothing of it is in the package `relatum`, and its wheel reaches
an environment in which four workers serve already.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
import venv
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from .workers import until

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "examples" / "plugins" / "loyalty"
WORKERS = 4
ADDRESS = "127.0.0.1"
CONTACTS, CARDS = "/api/v1/records/contact", "/api/v1/records/loyalty_card"
UNUSED = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", ".pytest_cache")


def run(*command: object, folder: Path, **variables: str) -> str:
    """Run a command as in a shell of its own, and return what it printed; a failure shows it."""
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=clean(**variables),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def clean(**variables: str) -> dict[str, str]:
    """Return the environment without what belongs to the tests."""
    ours = ("RELATUM_", "PYTEST_")
    return {n: v for n, v in os.environ.items() if not n.startswith(ours)} | variables


@pytest.fixture
def source(tmp_path):
    """Return a copy of the plugin's project, so that nothing is left behind in it."""
    return Path(shutil.copytree(SOURCE, tmp_path / "source", ignore=UNUSED))


@pytest.mark.slow
def test_it_passes_the_check_its_own_tests_and_the_conformance_suite(source):
    # 30 s on a busy machine: a trial, and the tests in a process of their own.
    relatum = (sys.executable, "-m", "relatum.cli", "plugins")
    run(*relatum, "manifest", "relatum_loyalty", "--check", folder=source)
    said = run(*relatum, "check", ".", "--strict", folder=source)
    assert said.endswith("loyalty 0.1.0, read and tried: nothing is wrong.\n")
    given = [f"--override-ini=relatum_{n}=relatum_loyalty" for n in ("plugin", "conformance")]
    words = ("pytest", "-q", "-m", "not slow", *given, "tests", "pyproject.toml")
    assert " passed" in run(sys.executable, "-m", *words, folder=source)


# -- installed while it serves --------------------------------------------------------------------
class Answer(NamedTuple):
    """What was answered, and by which process."""

    status: int
    worker: int


class Place:
    """An environment of its own, an instance, and the server of it with four workers."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.token = folder, ""
        self.python = environment(folder / "env")
        self.home = {"RELATUM_HOME": str(folder / "home")}
        with closing(socket.create_server((ADDRESS, 0))) as probe:
            self.port = probe.getsockname()[1]

    def relatum(self, *words: object) -> str:
        """Run a command of the environment on the instance."""
        return run(self.python, "-m", "relatum.cli", *words, folder=self.folder, **self.home)

    def serve(self) -> subprocess.Popen[bytes]:
        """Start the server."""
        words = ["serve", "--workers", str(WORKERS), "--port", str(self.port)]
        return subprocess.Popen(
            [self.python, "-m", "relatum.cli", *words], cwd=self.folder, env=clean(**self.home)
        )

    def workers(self) -> dict[int, int]:
        """Return the generation of each web worker, by its process id."""
        told = orjson.loads(self.relatum("plugins", "show", "contacts", "--json"))["workers"]
        return {p["pid"]: p["generation"] for p in told["processes"] if p["kind"] == "web"}

    def ask(self, path: str, processes: set[int]) -> list[Answer]:
        """Ask on as many new connections at once as there are processes; any of them may answer."""
        with ExitStack() as stack:
            opened = [
                stack.enter_context(closing(HTTPConnection(ADDRESS, self.port, timeout=30)))
                for _ in processes
            ]
            for connection in opened:
                connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            found = []
            for connection in opened:
                with connection.getresponse() as answer:
                    answer.read()
                    worker = holder(connection.sock, processes)
                    found.append(Answer(answer.status, worker))
            return found


def holder(client: socket.socket, processes: set[int]) -> int:
    """Return which of the processes holds the other end of a connection."""
    there, here = client.getpeername()[1], client.getsockname()[1]
    lines = Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]
    ends = (f"0100007F:{there:04X}", f"0100007F:{here:04X}")
    # A set, since the table may name one twice while it changes; what is closed has inode 0.
    [inode] = {words[9] for line in lines if (words := line.split())[1:3] == [*ends]} - {"0"}
    for pid in processes:
        for channel in Path(f"/proc/{pid}/fd").iterdir():
            try:
                if channel.readlink().name == f"socket:[{inode}]":
                    return pid
            except FileNotFoundError:
                continue  # closed in between
    raise AssertionError(f"none of {processes} answered")


def environment(folder: Path) -> Path:
    """Make an environment that sees what this one has, and return its Python.

    What is installed into it lands in a folder of its own.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    own = folder / "lib" / version / "site-packages"
    borrowed = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (own / "borrowed.pth").write_text(borrowed, encoding="utf-8")
    return folder / "bin" / "python"


@pytest.fixture
def wheel(source) -> Path:
    """Return the plugin's wheel, built without a network."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", ".", folder=source)
    built: Path
    [built] = (source / "dist").glob("*.whl")
    return built


@pytest.fixture
def place(tmp_path) -> Iterator[Place]:
    """Return an environment whose server answers by four workers, without the plugin."""
    made = Place(tmp_path)
    who = "ada@example.org"
    made.relatum("init", "--currency", "EUR", "--timezone", "UTC", "--admin-email", who)
    made.relatum("plugins", "enable", "contacts", "--yes", "--no-wait")
    told = made.relatum("tokens", "create", "asking", "--user", who, "--json")
    made.token = orjson.loads(told)["token"]
    with made.serve() as server:
        try:
            until(lambda: len(made.workers()) == WORKERS, 60)
            yield made
        finally:
            server.terminate()


class Visitor(threading.Thread):
    """Asks again and again while others are at work, and keeps what was answered."""

    def __init__(self, place: Place, path: str, processes: set[int]) -> None:
        super().__init__()
        self.place, self.path, self.processes = place, path, processes
        self.answers: list[Answer] = []
        self.over = threading.Event()

    def run(self) -> None:
        """Ask until it is over."""
        while not self.over.wait(0.1):
            self.answers += self.place.ask(self.path, self.processes)

    def who(self, status: int) -> set[int]:
        """Return the processes that have answered so."""
        return {answer.worker for answer in self.answers if answer.status == status}


@pytest.mark.slow
def test_it_is_installed_and_enabled_while_four_workers_serve_on(wheel, place):
    # 20 s, 40 s on a busy machine: a wheel, an instance, a server, and nine commands.
    before = place.workers()
    pids = set(before)
    contacts, cards = (Visitor(place, path, pids) for path in (CONTACTS, CARDS))
    try:
        for visitor in (contacts, cards):
            visitor.start()
        until(lambda: cards.who(404) == pids, 60)
        assert "loyalty" in place.relatum("plugins", "install", wheel)
        said = place.relatum("plugins", "enable", "loyalty", "--yes")
        assert re.search(r"\b(\d) of \1 workers on generation", said), said
        until(lambda: cards.who(200) == pids, 60)
    finally:
        for visitor in (contacts, cards):
            visitor.over.set()
            visitor.join()
    assert {answer.status for answer in contacts.answers} == {200}
    assert {answer.status for answer in cards.answers} == {404, 200}
    after = place.workers()
    assert set(after) == pids
    assert set(after.values()) == {max(before.values()) + 1}
