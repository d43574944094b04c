"""The process that runs jobs: real ones, killed, stopped, and told of plugins."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from datetime import timedelta
from typing import Any

import pytest

from relatum.core import clock, db, doctor, jobs, serve, worker
from relatum.core.jobs import claiming

from .instances import prepared
from .plugged import enable, put, small
from .workers import start, until

__all__ = ["start"]

#: A plugin that makes a record per number, slowly enough to be killed in it.
COUNTING = """
import time
from relatum import jobs, records

def count(chunk):
    at = chunk.checkpoint or 0
    for number in range(at, at + 5):
        records.create("x_number", [{"number": number}], actor=chunk.actor)
        time.sleep(chunk.arguments.get("pause", 0))
    if at + 5 == 40:
        return chunk.finish({"counted": at + 5}, done=5)
    return chunk.more(at + 5, done=5, total=40)

from marshmallow import Schema, fields

class Arguments(Schema):
    pause = fields.Float()

@hookimpl
def relatum_jobs():
    return [jobs.Kind(name="counting_up", title="Count", run=count, arguments=Arguments)]
"""


@prepared
def crm(instance):
    instance.make_type("x_number", {"name": "number", "kind": "integer"})
    for each in instance.read(jobs.list_schedules):
        instance.write(jobs.change_schedule, each["name"], enabled=False)


@prepared
def counting(crm):
    put(crm, "counting", small("counting", COUNTING))
    enable(crm, "counting")


def job(instance: Any, job_id: int) -> dict[str, Any]:
    found: dict[str, Any] = instance.read(jobs.get, job_id)
    return found


def numbers(instance: Any) -> list[int]:
    return [row.number for row in instance.sql("SELECT number FROM x_number ORDER BY id")]


# -- in this process ------------------------------------------------------------------------
def test_what_is_due_is_run_by_a_worker_that_is_asked_once(counting):
    job_id = counting.write(jobs.enqueue, "counting_up", {})
    assert worker.Worker(counting.config).run_due() == 1
    assert job(counting, job_id)["state"] == "done"
    assert worker.Worker(counting.config).run_due() == 0


def test_a_plugin_enabled_while_a_worker_runs_brings_its_kind(crm, monkeypatch):
    monkeypatch.setattr(worker, "IDLE", 0.02)
    made = worker.Worker(crm.config)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        until(lambda: crm.sql("SELECT 1 FROM core_jobs_process"))
        put(crm, "counting", small("counting", COUNTING))
        enable(crm, "counting")
        job_id = crm.write(jobs.enqueue, "counting_up", {})
        until(lambda: job(crm, job_id)["state"] == "done")
    finally:
        made.stop()
        thread.join()
    assert numbers(crm) == list(range(40))
    assert crm.sql("SELECT 1 FROM core_jobs_process") == []


def test_a_plugin_enabled_between_two_chunks_lets_the_job_go_on_in_the_newer_set(
    counting, monkeypatch
):
    made = worker.Worker(counting.config)
    asked: list[int] = []

    def pause(_until: float) -> bool:
        if not asked:
            put(counting, "another", small("another"))
            enable(counting, "another")
        asked.append(made.newest.generation)
        return False

    monkeypatch.setattr(made, "_pause", pause)
    job_id = counting.write(jobs.enqueue, "counting_up", {})
    assert made.run_due() == 2
    assert job(counting, job_id)["state"] == "done"
    assert asked[0] + 1 == asked[-1]
    assert numbers(counting) == list(range(40))


def test_a_long_job_makes_room_for_one_that_waits(counting, monkeypatch):
    monkeypatch.setattr(worker, "TURN", 0.0)
    made = worker.Worker(counting.config)
    made.run_due()
    first, second = (counting.write(jobs.enqueue, "counting_up", {}) for _ in range(2))
    made._turn(made._next() or 0)
    assert [job(counting, i)["done"] for i in (first, second)] == [5, 0]
    made._turn(made._next() or 0)
    assert [job(counting, i)["done"] for i in (first, second)] == [5, 5]
    made.run_due()
    assert [job(counting, i)["state"] for i in (first, second)] == ["done", "done"]


def test_a_worker_of_another_machine_without_a_plugin_leaves_its_jobs_to_others(counting, tmp_path):
    """It has the database and nothing of the home: neither the plugin's file nor a queue."""
    elsewhere = dataclasses.replace(
        counting.config, home=tmp_path / "elsewhere", database_url=counting.config.url
    )
    job_id = counting.write(jobs.enqueue, "counting_up", {})
    known = counting.write(jobs.enqueue, "forget", {})
    counting.write(jobs.create_schedule, "often", "counting_up", "every 1 minute")
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert worker.Worker(elsewhere).run_due() == 1
        assert [job(counting, i)["state"] for i in (job_id, known)] == ["queued", "done"]
        assert not elsewhere.home.exists()
        assert worker.Worker(counting.config).run_due() == 2
    by_itself = counting.sql("SELECT state FROM core_job WHERE schedule = 'often'")
    assert (job(counting, job_id)["state"], [row.state for row in by_itself]) == ("done", ["done"])


def test_a_job_that_a_machine_with_its_plugin_left_is_not_given_up_by_one_without(
    counting, tmp_path
):
    elsewhere = dataclasses.replace(
        counting.config, home=tmp_path / "elsewhere", database_url=counting.config.url
    )
    job_id = counting.write(jobs.enqueue, "counting_up", {})
    with counting.app.app_context():
        db.transact(lambda: claiming.claim(job_id, "dead"))
    with clock.frozen(clock.now() + timedelta(minutes=9)):
        assert worker.Worker(elsewhere).run_due() == 0
        assert job(counting, job_id)["state"] == "queued"
        assert worker.Worker(counting.config).run_due() == 1
    assert numbers(counting) == list(range(40))


# -- real processes -------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.parametrize("point", ["jobs.before_checkpoint", "db.before_commit"])
def test_a_worker_killed_in_a_chunk_loses_nothing_and_doubles_nothing(counting, start, point):
    job_id = counting.write(jobs.enqueue, "counting_up", {"pause": 0.02})
    first = start("worker")
    until(lambda: job(counting, job_id)["done"] >= 10)
    first.kill()
    first.wait()
    assert start("worker", "--once", RELATUM_FAULTS=f"{point}=kill").wait() == -signal.SIGKILL
    with counting.app.app_context():
        codes = [finding.code for finding in doctor.examine()]
    assert set(codes) <= {"job_stuck"}
    second = start("worker")
    until(lambda: job(counting, job_id)["state"] == "done", 60)
    second.send_signal(signal.SIGTERM)
    assert second.wait(10) == 0
    assert numbers(counting) == list(range(40))
    assert job(counting, job_id)["done"] == 40


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_finishes_its_chunk_and_lets_the_job_go(counting, start):
    job_id = counting.write(jobs.enqueue, "counting_up", {"pause": 0.05})
    process = start("worker")
    until(lambda: job(counting, job_id)["done"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    left = job(counting, job_id)
    assert left["state"] == "queued"
    assert numbers(counting) == list(range(left["done"]))
    assert counting.sql("SELECT 1 FROM core_jobs_process") == []


@pytest.mark.slow
def test_a_server_starts_its_jobs_process_again_and_stops_it_with_itself(counting, start, config):
    port = serve.free_port(serve.LOOPBACK, 28_000 + os.getpid() % 4_000)
    server = start("serve", "--port", str(port))

    def pids() -> list[int]:
        return [row.pid for row in counting.sql("SELECT pid FROM core_jobs_process")]

    [first] = until(pids)
    os.kill(first, signal.SIGKILL)
    [second] = until(lambda: [pid for pid in pids() if pid != first])
    job_id = counting.write(jobs.enqueue, "counting_up", {})
    until(lambda: job(counting, job_id)["state"] == "done")
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0
    assert pids() == []
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


@pytest.mark.slow
def test_a_killed_server_leaves_no_jobs_process_behind(counting, start):
    port = serve.free_port(serve.LOOPBACK, 28_000 + os.getpid() % 4_000)
    server = start("serve", "--port", str(port))
    until(lambda: counting.sql("SELECT pid FROM core_jobs_process"))
    server.kill()
    until(lambda: not counting.sql("SELECT pid FROM core_jobs_process"))
