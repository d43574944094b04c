"""The README: its commands are there, and do what it says."""

from __future__ import annotations

import re
import socket
from contextlib import closing
from pathlib import Path

import pytest

from . import pages
from .homes import bare

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: Makes an instance and serves it until it is stopped; tests/test_packaging.py does so.
DEMO = "relatum demo\n"


def test_every_make_target_it_names_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^(\w+):.*##", makefile, re.MULTILINE)
    named = set(re.findall(r"^make (\w+)|`make (\w+)`", README, re.MULTILINE))
    assert {"demo", "test"} <= {name or other for name, other in named} <= set(targets)


@pytest.mark.slow
def test_the_tour_does_what_it_says(tmp_path):
    known = [command for command in pages.commands_in(README) if command.text != DEMO]
    assert any(command.answer for command in known)
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    with bare("sqlite", tmp_path / "instance") as environment:
        assert pages.unlike(known, pages.run(known, tmp_path, environment, port)) == []


def test_the_files_it_names_are_there():
    tree = README.partition("## Where things are")[2].partition("```\n")[2].partition("```")[0]
    named = re.findall(r"^([\w./]+) ", tree, re.MULTILINE)
    assert named
    assert all((ROOT / name).exists() for name in named)
