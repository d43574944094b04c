"""An instance to soak: made in a temporary place, served by worker processes, measured, removed."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from relatum.core import auth, db, install, serve
from relatum.core.actor import Actor
from relatum.core.config import Config

from .direct import work
from .doors import DirectDoor, Door, HttpDoor

_SERVER = "postgresql://postgres@127.0.0.1/postgres"
_START_SECONDS = 30


class Instance:
    """A fresh instance; `app` opens it in this process, for the audit."""

    def __init__(self, config: Config, actor: Actor, token: str, app: Flask) -> None:
        self.config, self.actor, self.token, self.app = config, actor, token, app


@contextlib.contextmanager
def made(database: str) -> Iterator[Instance]:
    """Make an instance on `sqlite`, `postgresql` or a server's address; remove it at the end."""
    home = Path(tempfile.mkdtemp(prefix="relatum-soak-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        url = "" if database == "sqlite" else stack.enter_context(_on_server(database))
        # A full page cache is no leak: keep it small, so that what grows is seen.
        config = Config(home=home, database_url=url, sqlite_cache=1)
        app = Flask("relatum.soak")
        db.init_app(app, config)
        stack.callback(db.dispose, config)
        with app.app_context():
            told = install.install(
                currency="EUR",
                timezone="Europe/Berlin",
                language="en",
                admin_email="soak@example.org",
            )
            actor = Actor(user_id=told.user_id, name="Administrator", admin=True)
            _, token = db.transact(lambda: auth.make_token(told.user_id, "soak", None, actor=actor))
        db.dispose(config)
        yield Instance(config, actor, token, app)


@contextlib.contextmanager
def _on_server(database: str) -> Iterator[str]:
    asked = "" if database == "postgresql" else database
    server = sa.make_url(asked or os.environ.get("RELATUM_TEST_POSTGRESQL") or _SERVER)
    server = server.set(drivername="postgresql+psycopg")
    name = f"relatum_soak_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    try:
        plain = server.set(drivername="postgresql", database=name)
        yield plain.render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Workers:
    """Running workers: their process ids, and doors to them."""

    def __init__(self, pids: Callable[[], list[int]], door: Callable[[], Door]) -> None:
        self.pids, self.door = pids, door


@contextlib.contextmanager
def direct_workers(instance: Instance, count: int) -> Iterator[Workers]:
    """Start processes that carry out verbs; stop them at the end."""
    context = multiprocessing.get_context("spawn")
    addresses = [str(instance.config.home / f"worker-{n}") for n in range(count)]
    processes = [
        context.Process(target=work, args=(instance.config, instance.actor, address), daemon=True)
        for address in addresses
    ]
    try:
        for process in processes:
            process.start()
        _wait(lambda: all(Path(address + ".ready").exists() for address in addresses))
        yield Workers(
            lambda: [p.pid for p in processes if p.pid and p.is_alive()],
            lambda: DirectDoor(addresses),
        )
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(10)


@contextlib.contextmanager
def served(instance: Instance, count: int) -> Iterator[Workers]:
    """Start `relatum serve`; stop it at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-c", "from relatum.cli import main; main()",
        "serve", "--port", str(port), "--workers", str(count),
    ]  # fmt: skip
    environ = {**os.environ, **serve.environment(instance.config)}
    server = subprocess.Popen(command, env=environ)
    try:
        _wait(lambda: _answers(port, server))
        yield Workers(lambda: _children(server.pid), lambda: HttpDoor(port, instance.token))
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(port: int, server: subprocess.Popen[bytes]) -> bool:
    if server.poll() is not None:
        raise RuntimeError(f"the server ended with status {server.returncode}")
    return HttpDoor(port, "")("list", "x").status != 599


def _wait(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"the workers did not start within {_START_SECONDS} s")
        time.sleep(0.05)


def _table(*columns: str) -> list[list[int]]:
    told = subprocess.run(
        ["ps", "-A", *(part for c in columns for part in ("-o", f"{c}="))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [[int(cell) for cell in line.split()] for line in told.stdout.splitlines()]


def _children(pid: int) -> list[int]:
    return [child for child, parent in _table("pid", "ppid") if parent == pid]


class Memory(threading.Thread):
    """Samples the resident memory of the workers every second, in MB."""

    def __init__(self, workers: Workers) -> None:
        super().__init__(daemon=True)
        self._workers = workers
        self._stop_sampling = threading.Event()
        self.samples: dict[int, list[float]] = {}

    def run(self) -> None:
        """Sample until told to stop."""
        while not self._stop_sampling.wait(1.0):
            wanted = set(self._workers.pids())
            for pid, kilobytes in _table("pid", "rss"):
                if pid in wanted:
                    self.samples.setdefault(pid, []).append(kilobytes / 1024)

    def stop(self) -> None:
        """End sampling."""
        self._stop_sampling.set()
        self.join()
