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
from contextlib import closing
from threading import Thread, get_ident

import pytest

from relatum.core import serve, succession
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
#: A worker that misses the first signal.
HARD_OF_HEARING = """
import multiprocessing, os, signal, time
from relatum.core import serve

def work():
    missed = []
    def hear(*_):
        if missed:
            print("heard", flush=True)
            os._exit(0)
        missed.append(True)
    signal.signal(signal.SIGTERM, hear)
    serve._end_with_supervisor()
    print("up", flush=True)
    while True:
        time.sleep(60)

multiprocessing.get_context("fork").Process(target=work).start()
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
        server.communicate()


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


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_request_in_flight_is_answered_when_the_server_stops(
    started: Server, stop: signal.Signals
) -> None:
    server, port = started()
    with closing(socket.create_connection((HOST, port), timeout=10)) as client:
        head = f"Host: {HOST}:{port}\r\nContent-Type: application/json\r\nContent-Length: 4\r\n"
        client.sendall(f"POST /api/v1/session HTTP/1.1\r\n{head}\r\n".encode() + b"nu")
        time.sleep(0.5)
        os.killpg(server.pid, stop)
        time.sleep(0.5)
        client.sendall(b"ll")
        assert client.recv(1000).startswith(b"HTTP/1.1 4")
    assert server.wait(timeout=10) == 0
    assert not is_open(port)


def test_a_killed_supervisor_leaves_no_worker_behind(started: Server) -> None:
    server, port = started()
    server.kill()
    server.wait()
    deadline = time.monotonic() + 10
    while is_open(port) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_open(port)


def test_a_worker_that_misses_the_end_of_its_supervisor_is_told_again():
    with subprocess.Popen(
        [sys.executable, "-P", "-c", HARD_OF_HEARING], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "up\n"
        supervisor.kill()
        assert supervisor.communicate(timeout=20)[0] == "heard\n"


def hard_of_hearing(misses: int) -> None:
    """Be a worker that misses some signals to stop."""
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
    while len(heard) <= misses:
        time.sleep(0.05)


@pytest.mark.parametrize(("misses", "status"), [(0, 0), (1, 0), (99, -signal.SIGKILL)])
def test_a_worker_that_misses_the_signal_to_stop_is_told_again_and_ended_by_force_at_last(
    misses: int, status: int
):
    server = succession.Server("none", workers_kill_timeout=3, ready=lambda: None)
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=hard_of_hearing, args=(misses,), daemon=True) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    time.sleep(0.5)  # a signal that comes before they can hear ends them
    server.wrks = [*workers]
    began = time.monotonic()
    server._stop_workers()
    assert [worker.exitcode for worker in workers] == [status, status]
    assert (time.monotonic() - began < 2.5) is (status == 0)
    assert server.wrks == []


def test_a_signal_that_does_not_wake_the_main_thread_is_heard_all_the_same():
    stopped = serve._Waking()
    before = signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    try:
        # To a thread of its own: as lost as one that comes just before the main thread waits.
        Thread(target=lambda: signal.pthread_kill(get_ident(), signal.SIGTERM)).start()
        assert stopped.wait()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_access_log_never_holds_the_secret_of_a_link():
    record = logging.LogRecord(
        "granian.access", logging.INFO, "", 0, "%(path)s", ({"path": "/sign-in/abc-_1 200"},), None
    )
    assert serve.HideSecrets().filter(record)
    assert record.getMessage() == "/sign-in/… 200"
