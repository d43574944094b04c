"""kill -9 in the middle of an import: exactly the rows of the file, refused ones named once."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import Any

import pytest

from relatum.core import clock, db, doctor, imports, jobs
from relatum.core.serve import environment

from . import nursery
from .counting import run, swept
from .instances import prepared
from .transferring import begin, counts

pytestmark = [pytest.mark.fault, pytest.mark.slow]
#: The preset of the instance.
PRESET = "desk"
ROWS, BAD = 10_000, 7
_WORK = """
import sys
from relatum.core import config, jobs
from relatum.core.app import create_app
from relatum.plugins.transfer.jobs import IMPORT

jobs.register(IMPORT)
with create_app(config.load()).app_context():
    print("begun", flush=True)
    jobs.run(int(sys.argv[1]), by=sys.argv[2], pause=lambda: False)
"""


@prepared
def shop(instance):
    """An instance with things, each within another."""
    instance.make_type(
        "x_thing",
        {"name": "code", "kind": "text", "required": True},
        {"name": "size", "kind": "integer"},
        {"name": "inside", "kind": "lookup", "settings": {"target": "x_thing"}},
        title="code",
    )


def text() -> str:
    """Return a file of which some rows are refused, and every hundredth links to the last."""
    lines = [
        f"C{n},{'x' if n % (ROWS // BAD) == 5 else n},{f'C{ROWS - 1}' if n % 100 == 0 else ''}"
        for n in range(ROWS)
    ]
    return "code,size,inside\n" + "\n".join(lines) + "\n"


def worker(instance: Any, job_id: int, name: str, fault: str = "") -> nursery.Process:
    """Start a process that runs a job, and return it as it begins."""
    given = {**environment(instance.config), "RELATUM_FAULTS": fault}
    heard, said = os.pipe()
    process = nursery.begin(_WORK, str(job_id), name, given=given, stdout=said)
    os.close(said)
    with os.fdopen(heard, "rb") as told:
        assert told.readline() == b"begun\n"
    return process


def take_back(instance: Any) -> None:
    """Let the sweep give away what a dead process held, and time pass until it is tried again."""
    with clock.frozen(clock.now() + jobs.LEASE * 2):
        swept(instance)
    with instance.app.app_context(), db.engine().begin() as connection:
        connection.exec_driver_sql("UPDATE core_job SET not_before = NULL, attempts = 0")


def assert_whole(instance: Any, job_id: int) -> None:
    job = instance.read(jobs.get, job_id)
    refused = len([n for n in range(ROWS) if n % (ROWS // BAD) == 5])
    assert counts(job) == (ROWS - refused, 0, 0, refused)
    assert job["result"]["unlinked"] == 0
    [row] = instance.sql("SELECT count(*) AS n, count(DISTINCT code) AS codes FROM x_thing")
    assert (row.n, row.codes) == (ROWS - refused, ROWS - refused)
    with instance.reading():
        kept = imports.lines(job_id, imports.REFUSED)
    assert len(kept) == refused
    linked = instance.sql("SELECT count(*) AS n FROM x_thing WHERE inside IS NOT NULL")[0].n
    assert linked == len([n for n in range(0, ROWS, 100) if n % (ROWS // BAD) != 5])
    with instance.app.app_context():
        assert [finding.text for finding in doctor.examine()] == []


@pytest.mark.parametrize("point", ["jobs.before_checkpoint", "db.before_commit", "db.after_commit"])
def test_killed_at_a_step_it_goes_on_where_it_was(shop: Any, point: str) -> None:
    job_id = begin(shop, "x_thing", text())
    for number in range(2):
        assert worker(shop, job_id, f"w{number}", f"{point}=kill").wait() == -signal.SIGKILL
        take_back(shop)
    run(shop, job_id)
    assert_whole(shop, job_id)


def kill_often(instance: Any, job_id: int, seed: int) -> int:
    """Kill who runs a job at random instants until it is done; return how often that hit."""
    chance = random.Random(seed)  # instants, no secrets
    done = kills = 0
    for number in range(12):
        process = worker(instance, job_id, f"w{number}")
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.wait()
        kills += process.returncode == -signal.SIGKILL
        now = instance.read(jobs.get, job_id)
        assert now["done"] >= done
        done = now["done"]
        if now["finished_at"] is not None:
            return kills
        take_back(instance)
    run(instance, job_id)
    return kills


@pytest.mark.parametrize("seed", range(int(os.environ.get("RELATUM_TEST_SEEDS", "1"))))
def test_killed_at_any_instant_it_goes_on_where_it_was(shop: Any, seed: int) -> None:
    job_id = begin(shop, "x_thing", text())
    assert kill_often(shop, job_id, seed) > 1
    assert_whole(shop, job_id)


# -- records with lines ---------------------------------------------------------------------------
ORDERS = 4_000


@prepared
def orders(instance: Any) -> None:
    """An instance with orders that have lines."""
    code = {"name": "code", "kind": "text", "required": True, "unique": True}
    instance.make_type("x_order", code, title="code")
    settings = {"target": "x_order", "part": True, "inverse": "lines"}
    instance.make_type(
        "x_line",
        {"name": "whole", "kind": "lookup", "required": True, "settings": settings},
        {"name": "position", "kind": "integer"},
        {"name": "item", "kind": "text", "required": True},
        title="item",
    )


def rows_of_orders() -> str:
    """Return a file in which order n has n % 4 + 1 lines, and every thousandth an empty one."""
    rows = [
        f"{f'C{n}' if i == 0 or n % 2 else ''},{'' if n % 1000 == 7 and i == 1 else f'I{i}'},x"
        for n in range(ORDERS)
        for i in range(n % 4 + 1)
    ]
    return "code,lines.item,_x\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("point", ["jobs.before_checkpoint", "db.before_commit", "db.after_commit"])
def test_killed_at_a_step_no_order_has_fewer_or_more_lines_than_its_rows(
    orders: Any, point: str
) -> None:
    job_id = begin(orders, "x_order", rows_of_orders(), key=["code"])
    for number in range(2):
        assert worker(orders, job_id, f"w{number}", f"{point}=kill").wait() == -signal.SIGKILL
        take_back(orders)
    run(orders, job_id)
    assert counts(orders.read(jobs.get, job_id)) == (ORDERS, 0, 0, 0)
    found = orders.sql(
        "SELECT o.code, count(l.id) AS n, count(DISTINCT l.position) AS places "
        "FROM x_order o LEFT JOIN x_line l ON l.whole = o.id GROUP BY o.code"
    )
    wanted = {f"C{n}": n % 4 + 1 - (n % 1000 == 7) for n in range(ORDERS)}
    assert {row.code: row.n for row in found} == wanted
    assert all(row.n == row.places for row in found)
    with orders.app.app_context():
        assert [finding.text for finding in doctor.examine()] == []
