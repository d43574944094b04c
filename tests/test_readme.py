"""The README: its commands are there, and do what it says."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINES = [line.partition("  #")[0].strip() for block in BLOCKS for line in block.splitlines()]


def starting(word: str) -> list[list[str]]:
    """Return the command lines of a program, as words."""
    return [shlex.split(line) for line in LINES if line.split()[:1] == [word]]


def test_every_make_target_it_names_is_there():
    targets = re.findall(
        r"^(\w+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    named = {words[1] for words in starting("make")} | set(re.findall(r"`make (\w+)`", README))
    assert {"demo", "test"} <= named <= set(targets)


def test_every_line_is_of_a_program_that_is_tested_here():
    assert {line.split()[0] for line in LINES} == {"make", "pip", "relatum", "curl"}


@pytest.fixture
def home(tmp_path):
    """An environment with an instance of its own, and the port it will be served at."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("RELATUM_")}
    return {**environ, "RELATUM_HOME": str(tmp_path / "instance")}, port


def relatum(words: list[str], environ: dict[str, str]) -> str:
    command = [sys.executable, "-m", "relatum.cli", *words[1:]]
    done = subprocess.run(
        command, env=environ, check=False, text=True, capture_output=True, cwd=environ["TMPDIR"]
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_tour_does_what_it_says(home, tmp_path):
    environ, port = home
    environ["TMPDIR"] = str(tmp_path)
    for words in starting("relatum"):
        if words[1] != "serve":
            shown = relatum(words, environ)
    assert "Two pumps" in shown
    token = relatum(
        ["relatum", "tokens", "create", "me", "--user", "you@example.org", "--json"], environ
    )
    serving = [sys.executable, "-m", "relatum.cli", "serve", "--port", str(port)]
    with subprocess.Popen(serving, env=environ, cwd=tmp_path) as server:
        try:
            [curl] = starting("curl")
            found = fetched(curl[-1].replace("8000", str(port)), orjson.loads(token)["token"])
        finally:
            server.send_signal(signal.SIGTERM)
    assert [record["company.name"] for record in found["records"]] == ["Acme"]


def fetched(address: str, token: str) -> dict[str, list[dict[str, str]]]:
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                found: dict[str, list[dict[str, str]]] = orjson.loads(answer.read())
                return found
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
