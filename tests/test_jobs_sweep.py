"""The sweep: what a crash lost is found again."""

from __future__ import annotations

import zipfile
from datetime import timedelta
from typing import Any

import pytest

from relatum.core import backup, clock, db, doctor, jobs
from relatum.core.testing.instances import Instance

from .counting import CountSchema, count, crm, kind, kinds, numbers, run, swept, taken

__all__ = ["crm", "kinds"]


# -- the sweep ------------------------------------------------------------------------------
def abandoned(crm: Any, **options: Any) -> int:
    """Return a job whose process died in its second chunk."""

    def die(chunk):
        if chunk.checkpoint:
            raise KeyboardInterrupt
        return count(chunk)

    kind("die", die, arguments=CountSchema, chunk=2, **options)
    job_id: int = crm.write(jobs.enqueue, "die", {"to": 4})
    with pytest.raises(KeyboardInterrupt):
        run(crm, job_id, "dead")
    kind("die", count, arguments=CountSchema, chunk=2, **options)
    return job_id


def test_a_job_whose_process_fell_silent_waits_again_and_loses_nothing(crm):
    job_id = abandoned(crm)
    assert swept(crm) == []
    with clock.frozen(clock.now() + jobs.LEASE + timedelta(seconds=1)):
        assert swept(crm) == [job_id]
        assert crm.read(jobs.get, job_id)["error"]["code"] == "job_abandoned"
        assert run(crm, job_id, "new") == "done"
    assert crm.read(jobs.get, job_id)["error"] is None
    assert numbers(crm) == [0, 1, 2, 3]


def test_a_job_that_kills_its_process_every_time_is_given_up(crm):
    job_id = abandoned(crm, attempts=1)
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        assert swept(crm) == []
    assert crm.read(jobs.get, job_id)["state"] == "failed"


def test_a_process_of_this_machine_that_is_dead_is_noticed_at_once(crm):
    job_id = abandoned(crm)
    dead = jobs.Process()
    dead.id, dead.pid = "dead", 2**22 + 1  # above every possible pid
    with crm.app.app_context():
        db.transact(dead.beat)
    swept(crm)
    assert crm.read(jobs.get, job_id)["state"] == "queued"
    assert crm.sql("SELECT id FROM core_jobs_process") == []


def test_a_sign_of_life_keeps_the_job_in_hand(crm):
    job_id = abandoned(crm)
    process = jobs.Process()
    process.id = "dead"
    process.at_work(job_id)
    later = clock.now() + jobs.LEASE / 2
    with clock.frozen(later), crm.app.app_context():
        db.transact(process.beat)
    with clock.frozen(later + jobs.LEASE / 2 + timedelta(seconds=5)):
        swept(crm)
        assert crm.read(jobs.get, job_id)["state"] == "running"


def test_a_job_that_the_queue_lost_is_found(crm):
    job_id = crm.write(jobs.enqueue, "count", {"to": 1})
    assert taken(crm) == job_id
    assert swept(crm) == [job_id]


# -- the instance ---------------------------------------------------------------------------
def test_doctor_names_a_job_that_a_dead_process_left_and_jobs_that_nobody_runs(crm):
    def codes() -> list[str]:
        with crm.app.app_context():
            return [finding.code for finding in doctor.examine()]

    abandoned(crm)
    crm.write(jobs.enqueue, "count", {"to": 1})
    assert codes() == []
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        assert codes() == ["job_stuck", "jobs_waiting"]


def test_a_restored_job_that_was_running_goes_on_after_its_last_chunk(crm, blank, tmp_path):
    job_id = abandoned(crm)
    with crm.app.app_context():
        backup.backup(tmp_path / "saved.zip")
    other = Instance(blank("sqlite"))
    with other.app.app_context():
        backup.restore(tmp_path / "saved.zip")
    job = other.read(jobs.get, job_id, actor=other.actor)
    assert (job["state"], job["done"]) == ("queued", 2)
    assert run(other, job_id) == "done"
    assert numbers(other) == [0, 1, 2, 3]
    names = zipfile.ZipFile(tmp_path / "saved.zip").namelist()
    assert not [name for name in names if "queue" in name or "jobs_process" in name]
