"""Serving: ports, start, and an end that loses no request."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread, Timer, get_ident
from typing import Any

import pytest

from relatum.core import serve, signals, succession
from relatum.core.config import Config, load
from relatum.core.errors import RelatumError

HOST = serve.LOOPBACK
#: Whoever started the tests may ignore SIGHUP, as nohup does, and children inherit that.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from relatum.core import config, serve
up = lambda: print("up", flush=True)
serve.serve(config.load(), port=int(sys.argv[1]), workers=2, jobs=False, ready=up)
"""
#: A worker whose main thread holds the lock that Granian's handler of signals takes.
ENDING = """
import os, signal, sys, threading, time
from granian import _signals
from relatum.core.signals import Ending

lock, told = threading.Lock(), []

def handler(*_):
    with lock:
        told.append(1)
        print("told", flush=True)

ending = Ending(float(sys.argv[1]))
if sys.argv[2:]:
    _signals.set_main_signals(handler)
with lock:
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)
    assert not told
time.sleep(60)
"""
Server = Callable[[], tuple[subprocess.Popen[str], int]]


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port that somebody listens on."""
    with closing(socket.create_server((HOST, 0))) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def started(config: Config) -> Iterator[Server]:
    """Return a way to start a server of a fresh instance, as its own process group."""
    running: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], int]:
        port = serve.free_port(HOST, 18_000 + os.getpid() % 10_000)
        server = subprocess.Popen(
            [sys.executable, "-P", "-c", PROGRAM, str(port)],
            env=os.environ | serve.environment(config),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(server)
        assert server.stdout is not None
        assert server.stdout.readline() == "up\n"
        return server, port

    yield start
    for server in running:
        server.kill()
        server.communicate(timeout=60)  # to the end of the last worker


def workers_of(server: subprocess.Popen[str]) -> list[int]:
    """Return the pids of the processes that a server has started."""
    return [
        int(pid)
        for pid in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    ]


def is_open(port: int) -> bool:
    """Return whether somebody answers at the port."""
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0


def test_a_taken_port_is_refused_by_name(taken: int, config: Config) -> None:
    with pytest.raises(RelatumError, match=str(taken)) as refused:
        serve.serve(config, HOST, taken)
    assert refused.value.code == "port_in_use"


def test_the_next_free_port_is_found(taken: int) -> None:
    assert taken < serve.free_port(HOST, taken) < taken + 100


@pytest.mark.parametrize(("host", "port"), [(HOST, 70_000), ("192.0.2.1", 8000)])
def test_a_port_that_cannot_be_opened_is_refused_with_the_reason(host: str, port: int) -> None:
    with pytest.raises(RelatumError) as refused:
        serve.free_port(host, port)
    assert refused.value.code == "port_refused"


def test_another_process_gets_exactly_the_same_settings(config: Config) -> None:
    assert load(environ=serve.environment(config)) == config


@contextmanager
def in_flight(port: int) -> Iterator[socket.socket]:
    """Give the connection of a request of which half has been sent; then see it answered."""
    with socket.create_connection((HOST, port), timeout=10) as client:
        head = f"Host: {HOST}:{port}\r\nContent-Type: application/json\r\nContent-Length: 4\r\n"
        client.sendall(f"POST /api/v1/session HTTP/1.1\r\n{head}\r\n".encode() + b"nu")
        time.sleep(0.5)
        yield client
        client.sendall(b"ll")
        assert client.recv(1000).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_request_in_flight_is_answered_when_the_server_stops(
    started: Server, stop: signal.Signals
) -> None:
    server, port = started()
    with in_flight(port):
        os.killpg(server.pid, stop)
        time.sleep(0.5)
    assert server.wait(timeout=10) == 0
    assert not is_open(port)


def test_a_request_in_flight_is_answered_however_often_a_server_and_its_workers_are_told_to_stop(
    started: Server,
) -> None:
    server, port = started()
    with in_flight(port):
        for _ in range(5):
            for pid in (server.pid, *workers_of(server)):
                os.kill(pid, signal.SIGTERM)
            time.sleep(0.2)
    assert server.wait(timeout=10) == 0
    assert not is_open(port)


def test_a_killed_supervisor_leaves_no_worker_behind(started: Server) -> None:
    server, port = started()
    with in_flight(port):
        server.kill()
        server.wait()
        time.sleep(2)
    server.communicate(timeout=10)  # whoever lives holds the channel
    assert not is_open(port)


@pytest.mark.parametrize(
    ("words", "said", "status"),
    [(["60", "serves"], "told\n", None), (["0.5", "serves"], "told\n", 1), (["60"], "", 0)],
)
def test_a_worker_is_told_to_end_once_beside_its_main_thread_and_ended_by_force_at_last(
    words: list[str], said: str, status: int | None
):
    with subprocess.Popen(
        [sys.executable, "-P", "-c", ENDING, *words], stdout=subprocess.PIPE, text=True
    ) as worker:
        try:
            assert worker.wait(timeout=3) == status
        except subprocess.TimeoutExpired:
            assert status is None
        worker.kill()
        assert worker.communicate()[0] == said


def test_a_worker_that_does_not_end_is_ended_by_force():
    server = succession.Server("none", workers_kill_timeout=0.5, ready=lambda: None)
    worker: Any = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    worker.line, theirs = multiprocessing.Pipe()
    worker.start()
    server.wrks = [worker]
    server._stop_workers()
    assert theirs.recv() == (succession.STOP, None)
    assert worker.exitcode == -signal.SIGKILL
    assert server.wrks == []


def test_a_signal_that_does_not_wake_the_main_thread_is_heard_all_the_same():
    stopped = signals.Waking()
    before = signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    try:
        # To a thread of its own: as lost as one that comes just before the main thread waits.
        Thread(target=lambda: signal.pthread_kill(get_ident(), signal.SIGTERM)).start()
        stopped.wait()
        assert stopped.is_set()
        stopped.clear()
        Timer(0.2, stopped.set).start()
        began = time.monotonic()
        stopped.wait()
        assert 0.1 < time.monotonic() - began < 10
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.set_wakeup_fd(-1)
        stopped._woken.close()
        stopped._waking.close()


def test_the_access_log_never_holds_the_secret_of_a_link():
    record = logging.LogRecord(
        "granian.access", logging.INFO, "", 0, "%(path)s", ({"path": "/sign-in/abc-_1 200"},), None
    )
    assert serve.HideSecrets().filter(record)
    assert record.getMessage() == "/sign-in/… 200"
