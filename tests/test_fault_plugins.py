"""kill -9 at every step of enabling, disabling, removing and purging a plugin: old or new."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from relatum.core import doctor, jobs, plugin_host
from relatum.core.serve import environment
from relatum.core.testing.dumping import dump

from . import nursery
from .instances import prepared
from .plugged import LOYALTY, change, enable, own, put
from .tabled import work

pytestmark = [pytest.mark.fault, pytest.mark.slow]

ENABLING = (
    "apply.before_ddl", "apply.after_ddl", "apply.after_rows", "apply.after_bump",
    "apply.before_indexes", "apply.after_indexes", "plugins.before_row", "plugins.before_bump",
    "db.before_commit", "db.after_commit",
)  # fmt: skip
REMOVING = (
    "apply.before_ddl", "apply.after_ddl", "apply.after_rows", "apply.after_bump",
    "plugins.before_row", "plugins.before_bump", "db.before_commit", "db.after_commit",
)  # fmt: skip
#: A purge commits that it is claimed, that the archive is there, and that all is dropped.
PURGING = (
    "jobs.before_checkpoint=kill", "apply.before_ddl=kill", "apply.after_ddl=kill",
    "apply.after_rows=kill", "apply.after_bump=kill", "plugins.before_row=kill",
    "plugins.before_bump=kill", "tables.after_drop=kill", "jobs.before_checkpoint=kill:2",
    *(f"db.{when}_commit=kill:{n}" for n in (1, 2, 3) for when in ("before", "after")),
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
#: Does a job, whose plugin is gone by now, as a worker does.
_WORK = """
import sys
from flask import Flask
from relatum.core import config, db, jobs, plugin_host

app = Flask("relatum.test")
db.init_app(app, config.load())
plugin_host.follow(app)
with app.app_context():
    jobs.run(int(sys.argv[1]), by="killed", pause=lambda: False)
"""


def run(instance: Any, verb: str, point: str) -> int:
    """Enable, disable or remove in a process that dies at a point; return how it ended."""
    return nursery.end(_RUN, verb, given=dying(instance, f"{point}=kill"))


def dying(instance: Any, fault: str) -> dict[str, str]:
    """Return the environment of a process that works at an instance and dies."""
    return {**environment(instance.config), "RELATUM_FAULTS": fault}


def state(instance: Any) -> tuple[str, bool, int, int]:
    """Return what the instance says of the plugin, and its epochs."""
    [found] = own(instance.read(plugin_host.list_plugins))
    [epoch] = instance.sql("SELECT plugins, catalog FROM core_epoch")
    return found["state"], "loyalty_card" in instance.catalog.types, epoch.plugins, epoch.catalog


@prepared
def ready(instance: Any) -> None:
    """An instance that could enable loyalty cards."""
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    put(instance, "loyalty", LOYALTY)


@prepared
def enabled(ready: Any) -> None:
    """The same, enabled."""
    enable(ready, "loyalty")


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
def test_a_killed_disabling_likewise(enabled, point):
    _, _, plugins, generation = state(enabled)
    assert run(enabled, "disable", point) == -signal.SIGKILL
    done = point == "db.after_commit"
    expected = "disabled" if done else "enabled"
    assert state(enabled) == (expected, True, plugins + done, generation + done)


@prepared
def loyal(enabled: Any) -> None:
    """The same, with records and values of its own, and a setting."""
    enabled.create("x_company", {"name": "Acme", "loyalty_tier": "gold"}, {"name": "Bolt"})
    enabled.create("loyalty_card", {"number": "a1", "points": 5}, {"number": "b"})


def kept(instance: Any) -> Any:
    """Return all that an instance holds but for what only grows."""
    found = dump(instance)
    for name in ("core_plugin", "core_type", "core_field"):
        found.pop(name)
    return found


@pytest.mark.parametrize("point", REMOVING)
def test_a_killed_removing_has_kept_the_plugin_or_is_done_and_enabling_brings_all_back(
    loyal, point
):
    before = kept(loyal)
    assert run(loyal, "uninstall", point) == -signal.SIGKILL
    done = point == "db.after_commit"
    assert state(loyal)[:2] == (("removed", False) if done else ("enabled", True))
    with loyal.app.app_context():
        assert doctor.examine() == []
    if done:
        enable(loyal, "loyalty")
    assert kept(loyal) == before


@prepared
def leaving(loyal: Any) -> None:
    """The same, removed, with the job that is to purge it."""
    change(loyal, plugin_host.uninstall, "loyalty", purge=True)


@pytest.mark.parametrize("fault", PURGING)
def test_a_killed_purge_has_dropped_nothing_or_all_and_the_job_ends_it(leaving, fault):
    [job] = leaving.read(jobs.list_jobs)
    before = dump(leaving)
    assert nursery.end(_WORK, str(job["id"]), given=dying(leaving, fault)) == -signal.SIGKILL
    done = fault == "db.after_commit=kill:3"
    left = dump(leaving)
    assert ("loyalty_card" in left) is not done
    assert done or left == before
    work(leaving, jobs.release, job["id"], by="killed")
    with leaving.app.app_context():
        assert doctor.examine() == []
        ended = jobs.run(job["id"], by="second", pause=lambda: False)
    assert ended == (None if done else "done")
    assert len(leaving.read(plugin_host.archives)) == 1
    assert "loyalty_card" not in dump(leaving)
    assert state(leaving)[:2] == ("available", False)
    with leaving.app.app_context():
        assert doctor.examine() == []
