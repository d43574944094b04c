"""kill -9 at every step of enabling and disabling a plugin leaves the old state or the new one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from relatum.core import doctor, plugin_host
from relatum.core.serve import environment

from .plugged import LOYALTY, enable, own, put

pytestmark = [pytest.mark.fault, pytest.mark.slow]

ENABLING = (
    "apply.before_ddl", "apply.after_ddl", "apply.after_rows", "apply.after_bump",
    "apply.before_indexes", "apply.after_indexes", "plugins.before_row", "plugins.before_bump",
    "db.before_commit", "db.after_commit",
)  # fmt: skip
DISABLING = ("plugins.before_row", "plugins.before_bump", "db.before_commit", "db.after_commit")
_RUN = """
import sys
from flask import Flask
from relatum.core import config, db, plugin_host
from relatum.core.actor import system

app = Flask("relatum.test")
db.init_app(app, config.load())
plugin_host.follow(app)
verb = getattr(plugin_host, sys.argv[1])
with app.app_context():
    db.transact(lambda: verb("loyalty", actor=system()), exclusive=True)
"""


def run(instance: Any, verb: str, point: str) -> int:
    """Enable or disable in a process that dies at a point; return how it ended."""
    given = os.environ | environment(instance.config) | {"RELATUM_FAULTS": f"{point}=kill"}
    command = [sys.executable, "-P", "-c", _RUN, verb]
    return subprocess.run(command, env=given, check=False, capture_output=True).returncode


def state(instance: Any) -> tuple[str, bool, int, int]:
    """Return what the instance says of the plugin, and its epochs."""
    [found] = own(instance.read(plugin_host.list_plugins))
    [epoch] = instance.sql("SELECT plugins, catalog FROM core_epoch")
    return found["state"], "loyalty_card" in instance.catalog.types, epoch.plugins, epoch.catalog


@pytest.fixture
def ready(instance: Any) -> Any:
    """Return an instance that could enable loyalty cards."""
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    put(instance, "loyalty", LOYALTY)
    return instance


@pytest.mark.parametrize("point", ENABLING)
def test_a_killed_enabling_is_as_if_it_had_not_begun_or_is_done(ready, point):
    _, _, plugins, generation = state(ready)
    assert run(ready, "enable", point) == -signal.SIGKILL
    if point == "db.after_commit":
        assert state(ready) == ("enabled", True, plugins + 1, generation + 1)
    else:
        assert state(ready) == ("available", False, plugins, generation)
        enable(ready, "loyalty")
    with ready.app.app_context():
        assert doctor.examine() == []
    ready.create("loyalty_card", {"number": "a1"})


@pytest.mark.parametrize("point", DISABLING)
def test_a_killed_disabling_likewise(ready, point):
    enable(ready, "loyalty")
    _, _, plugins, generation = state(ready)
    assert run(ready, "disable", point) == -signal.SIGKILL
    done = point == "db.after_commit"
    expected = "disabled" if done else "enabled"
    assert state(ready) == (expected, True, plugins + done, generation + done)
