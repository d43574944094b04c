"""The README: its commands are there, and do what it says."""

from __future__ import annotations

import re
import socket
from contextlib import closing
from pathlib import Path

import pytest

from relatum.core.errors import RelatumError

from . import pages
from .desk import at_desk
from .homes import bare
from .plugged import enable, put

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: The preset of the instance: the plugin that is shown adds to people.
PRESET = "contacts"
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


# -- the plugin of twenty lines --------------------------------------------------------------
def plugin_text():
    """Return the plugin that the README shows."""
    section = README.partition("## A plugin in 20 lines")[2]
    return section.partition("```python\n")[2].partition("```")[0]


def test_the_plugin_it_shows_has_twenty_lines_and_does_what_it_says(instance):
    text = plugin_text()
    lines = [line for line in text.splitlines() if line.strip()]
    code = [line for line in lines if not line.startswith(("from", "@", ")"))]
    assert len(code) <= 20
    put(instance, "loyalty", text)
    enable(instance, "loyalty")
    [person] = instance.create("contact", {"name": {"last": "Lovelace"}})
    with pytest.raises(RelatumError, match="A number begins with L-"):
        instance.create("loyalty_card", {"number": "7", "contact": person})
    instance.create("loyalty_card", {"number": "L-7", "contact": person})
    with at_desk(instance) as desk:
        assert "Give Lovelace a card" in desk.get(f"/records/contact/{person}").text
