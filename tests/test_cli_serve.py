"""`relatum serve`: refusals before anything starts, and a server that a script can rely on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from relatum.core import serve

from .homes import Shell

COMMAND = str(Path(sys.executable).with_name("relatum"))


@pytest.fixture
def relatum(config):
    return Shell(serve.environment(config))


@pytest.fixture
def taken():
    """Return a port that somebody listens on."""
    with closing(socket.create_server((serve.LOOPBACK, 0))) as listener:
        yield str(listener.getsockname()[1])


def test_a_port_in_use_is_one_line_with_the_option_that_helps(relatum, taken):
    line = relatum.error("serve", "--port", taken)
    assert line.startswith("port_in_use: ") and taken in line and "--port" in line


@pytest.mark.parametrize(
    "words", [["--port", "70000"], ["--host", "192.0.2.1"], ["--host", "no.such.host.invalid"]]
)
def test_a_place_where_nobody_can_listen_is_one_line(relatum, words):
    assert relatum.error("serve", *words).startswith("port_refused: ")


@pytest.mark.parametrize("words", [["--port", "many"], ["--workers", "0"]])
def test_a_number_that_is_none_is_wrong_usage(relatum, words):
    assert words[0] in relatum.error("serve", *words, status=2)


def test_it_says_its_address_once_it_answers_and_stops_cleanly(config):
    port = serve.free_port(serve.LOOPBACK, 24_000 + os.getpid() % 8_000)
    server = subprocess.Popen(
        [COMMAND, "serve", "--port", str(port), "--workers", "2"],
        env=os.environ | serve.environment(config),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        address = f"http://127.0.0.1:{port}"
        assert server.stdout.readline() == f"Relatum serves {address} (Ctrl+C stops it).\n"
        with urllib.request.urlopen(f"{address}/api/v1/health", timeout=10) as answer:
            assert json.load(answer)["status"] == "ok"
    finally:
        server.send_signal(signal.SIGTERM)
        _, problems = server.communicate(timeout=30)
    assert (server.returncode, problems) == (0, "")
