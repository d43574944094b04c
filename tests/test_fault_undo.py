"""kill -9 in the middle of the undo of an import: all of it goes, once, and can be brought back."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from relatum.core import doctor, jobs

from .counting import run
from .instances import prepared
from .test_fault_transfer import kill_often, take_back, worker
from .transferring import begin, counts

pytestmark = [pytest.mark.fault, pytest.mark.slow]
#: The preset of the instance.
PRESET = "desk"
ROWS = 10_000


@prepared
def shop(instance):
    """An instance with a type of things."""
    fields = {"name": "code", "kind": "text", "required": True}, {"name": "size", "kind": "integer"}
    instance.make_type("x_thing", *fields, title="code")


def imported(shop: Any) -> int:
    text = "code,size\n" + "".join(f"C{n},{n}\n" for n in range(ROWS))
    job_id = begin(shop, "x_thing", text)
    run(shop, job_id)
    assert counts(shop.read(jobs.get, job_id)) == (ROWS, 0, 0, 0)
    return job_id


def live(shop: Any) -> int:
    [row] = shop.sql("SELECT count(*) AS n FROM x_thing WHERE trashed_at IS NULL")
    return int(row.n)


def assert_undone(shop: Any, imported_by: int, undo: int) -> None:
    job = shop.read(jobs.get, undo)
    assert job["result"]["put_back"] == ROWS
    assert job["result"]["kept"] == 0
    assert live(shop) == 0
    doubled = shop.sql(
        "SELECT record_id FROM core_change WHERE op = 'delete' GROUP BY record_id "
        "HAVING count(*) > 1"
    )
    assert doubled == []
    left = shop.sql(
        f"SELECT s.id FROM core_change_set s WHERE s.job_id = {imported_by} AND NOT EXISTS "
        "(SELECT 1 FROM core_change_set u WHERE u.undoes = s.id)"
    )
    assert left == []
    with shop.app.app_context():
        assert [finding.text for finding in doctor.examine()] == []


@pytest.mark.parametrize("point", ["jobs.before_checkpoint", "db.before_commit", "db.after_commit"])
def test_an_undo_that_is_killed_at_a_step_goes_on_where_it_was(shop: Any, point: str) -> None:
    job_id = imported(shop)
    undo = shop.write(jobs.enqueue, "undo", {"job": job_id})
    for number in range(2):
        assert worker(shop, undo, f"w{number}", f"{point}=kill").wait() == -signal.SIGKILL
        take_back(shop)
    run(shop, undo)
    assert_undone(shop, job_id, undo)


def test_an_undo_that_is_killed_at_any_instant_ends_and_can_be_undone(shop: Any) -> None:
    job_id = imported(shop)
    undo = shop.write(jobs.enqueue, "undo", {"job": job_id})
    assert kill_often(shop, undo, 3) > 1
    assert_undone(shop, job_id, undo)
    again = shop.write(jobs.enqueue, "undo", {"job": undo})
    run(shop, again)
    assert live(shop) == ROWS
