"""kill -9 while the tables of a plugin are made, filled and dropped: old or new, nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from relatum.core import jobs
from relatum.core.serve import environment

from .instances import prepared
from .plugged import enable
from .tabled import (
    DROPPED,
    MARKED,
    STEPS,
    drop,
    findings,
    insert,
    put,
    rows,
    schema,
    with_ledger,
    work,
)

pytestmark = [pytest.mark.fault, pytest.mark.slow]

_RUN = """
import sys
from flask import Flask
from relatum.core import config, db, jobs, plugin_host
from relatum.core.actor import system

app = Flask("relatum.test")
db.init_app(app, config.load())
plugin_host.follow(app)
with app.app_context():
    if sys.argv[1] == "enable":
        work = lambda: plugin_host.enable("loyalty", actor=system())
    else:
        work = lambda: plugin_host.tables.drop("loyalty")
    if sys.argv[1] == "fill":
        jobs.run(int(sys.argv[2]), by="killed", pause=lambda: False)
    else:
        db.transact(work, exclusive=True)
"""


def run(instance: Any, point: str, *words: str) -> int:
    """Do something in a process that dies at a point; return how it ended."""
    given = os.environ | environment(instance.config) | {"RELATUM_FAULTS": f"{point}=kill"}
    command = [sys.executable, "-P", "-c", _RUN, *words]
    return subprocess.run(command, env=given, check=False, capture_output=True).returncode


@prepared
def loyal(instance: Any) -> None:
    """Return an instance with a ledger of five rows, and steps that are to be done."""
    with_ledger(instance)
    people = instance.create("x_person", *({"name": str(n)} for n in range(5)))
    insert(instance, *({"person": id_, "points": 1} for id_ in people))
    put(instance, {**STEPS, "0002_dropped": DROPPED, "0003_marked": MARKED}, "1.1")


def state(instance: Any) -> tuple[str, int, int]:
    """Return the schema, the number of steps that were done, and the rows of the ledger."""
    [steps] = instance.sql("SELECT count(*) AS n FROM core_plugin_migration")
    present = "plugin__loyalty__ledger" in schema(instance)
    return schema(instance), steps.n, len(rows(instance)) if present else 0


@pytest.mark.parametrize("point", ["tables.after_ddl", "db.after_commit"])
def test_a_killed_update_has_done_all_steps_or_none(loyal: Any, point: str) -> None:
    before = state(loyal)
    assert run(loyal, point, "enable") == -signal.SIGKILL
    if point == "db.after_commit":
        assert state(loyal)[1:] == (3, 5)
    else:
        assert state(loyal) == before
        enable(loyal, "loyalty")
    assert "reason" not in rows(loyal)[0]
    assert "mark" in rows(loyal)[0]
    assert findings(loyal) == []


def test_a_killed_data_step_goes_on_after_its_last_chunk(loyal: Any) -> None:
    enable(loyal, "loyalty")
    [job] = loyal.read(jobs.list_jobs)
    with loyal.app.app_context():
        jobs.run(job["id"], by="first", pause=lambda: True)
    assert run(loyal, "jobs.before_checkpoint", "fill", str(job["id"])) == -signal.SIGKILL
    assert [row["mark"] for row in rows(loyal)] == [1, 1, None, None, None]
    work(loyal, jobs.release, job["id"], by="killed")
    with loyal.app.app_context():
        assert jobs.run(job["id"], by="second", pause=lambda: False) == "done"
    assert [row["mark"] for row in rows(loyal)] == [1] * 5


def test_a_killed_drop_has_dropped_nothing_and_can_be_done_again(loyal: Any) -> None:
    before = state(loyal)
    assert run(loyal, "tables.after_drop", "drop") == -signal.SIGKILL
    assert state(loyal) == before
    drop(loyal)
    assert "plugin__" not in schema(loyal)
