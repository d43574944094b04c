"""Which job runs next: the queue in a file, in Redis, or none; limits; what no queue may lose."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from relatum.core import clock, db, doctor, jobs
from relatum.core.jobs import claiming

from .counting import CountSchema, count, crm, kind, kinds, numbers, queue, run, swept, taken
from .redis_server import FOREIGN, emptied

__all__ = ["crm", "kinds"]


@pytest.fixture
def redis(crm):
    """Let the instance keep its queue in Redis; give a way to look there."""
    with emptied() as (url, client), crm.configured(queue_url=url):
        yield client


def begun(instance: Any, job_id: int, by: str = "other") -> bool:
    """Let a process claim a job and keep it."""
    with instance.app.app_context():
        return db.transact(lambda: claiming.claim(job_id, by)) is not None


def start(instance: Any, name: str = "count", **options: Any) -> int:
    job_id: int = instance.write(jobs.enqueue, name, {"to": 1}, **options)
    return job_id


# -- any queue ------------------------------------------------------------------------------
def test_a_job_waits_in_the_queue_once_its_transaction_has_committed(crm):
    job_id = start(crm)
    with crm.app.app_context():
        assert queue_waits(crm)
    assert taken(crm) == job_id


def queue_waits(instance: Any) -> bool:
    there = queue(instance)
    with instance.app.app_context():
        return there.waits()


def test_on_postgresql_jobs_are_found_in_their_rows_whoever_waits_longest_first(crm):
    if crm.dialect == "sqlite":
        assert (crm.config.home / "queue.db").exists() is False
        start(crm)
        assert (crm.config.home / "queue.db").stat().st_mode & 0o777 == 0o600
        return
    first, second = start(crm), start(crm)
    later = start(crm, not_before=clock.now() + timedelta(hours=1))
    assert taken(crm) == first
    assert run(crm, first, chunks=1) == "done"
    assert taken(crm) == second
    run(crm, second)
    assert taken(crm) is None
    with clock.frozen(clock.now() + timedelta(hours=2)):
        assert taken(crm) == later
    assert not (crm.config.home / "queue.db").exists()


def test_a_job_that_made_room_stands_behind_those_that_wait(crm):
    long, short = crm.write(jobs.enqueue, "count", {"to": 9}), start(crm)
    assert run(crm, long, chunks=1) == "queued"
    with crm.app.app_context():
        assert claiming.first() == short


# -- limits ---------------------------------------------------------------------------------
def test_no_more_jobs_of_a_kind_run_at_once_than_its_limit(crm):
    """Six processes claim at the same moment; two get a job, the others none."""
    kind("rare", count, arguments=CountSchema, limit=2)
    ids = [start(crm, "rare") for _ in range(6)]
    barrier, got = threading.Barrier(6), []

    def work(job_id: int) -> None:
        barrier.wait()
        got.append(begun(crm, job_id, f"p{job_id}"))

    threads = [threading.Thread(target=work, args=(job_id,)) for job_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(got) == 2


def test_a_job_beyond_the_limit_waits_and_keeps_nobody_of_another_kind_waiting(crm):
    kind("rare", count, arguments=CountSchema, limit=1)
    first, second, other = start(crm, "rare"), start(crm, "rare"), start(crm)
    assert swept(crm) == [first, other]
    assert begun(crm, first)
    assert (swept(crm), run(crm, second)) == ([other], None)
    with crm.app.app_context():
        assert claiming.first() == other


def test_the_next_job_of_a_limited_kind_is_told_to_the_queue_when_one_ends(crm):
    kind("rare", count, arguments=CountSchema, limit=1)
    first, second = start(crm, "rare"), start(crm, "rare")
    if crm.dialect == "sqlite":
        assert (taken(crm), taken(crm)) == (first, second)
    assert run(crm, first) == "done"
    assert taken(crm) == second


def test_a_limited_job_whose_process_died_makes_room_once_that_is_known(crm):
    kind("rare", count, arguments=CountSchema, limit=1)
    first, second = start(crm, "rare"), start(crm, "rare")
    assert begun(crm, first)
    with clock.frozen(clock.now() + jobs.LEASE + timedelta(seconds=1)):
        assert swept(crm) == [first]
        assert run(crm, first) == "done"
    assert run(crm, second) == "done"


# -- Redis ----------------------------------------------------------------------------------
@pytest.mark.redis
def test_a_job_is_told_by_redis_in_the_key_space_of_the_instance(crm, redis):
    job_id = start(crm)
    [key] = redis.keys("*")
    assert redis.lrange(key, 0, -1) == [str(job_id).encode()]
    secret = crm.sql("SELECT value FROM core_setting WHERE name = 'secret_key'")[0].value
    assert key.startswith(b"huey.redis.relatum_") and secret.encode() not in key
    assert taken(crm) == job_id
    assert redis.keys("*") == []
    assert not (crm.config.home / "queue.db").exists()


@pytest.mark.redis
def test_what_redis_lost_is_put_there_again_by_the_sweep(crm, redis):
    ids = [start(crm) for _ in range(3)]
    redis.flushdb()
    queue(crm).fill(swept(crm))
    queue(crm).fill(swept(crm))
    assert [taken(crm) for _ in range(4)] == [*ids, None]


@pytest.mark.redis
def test_what_others_wrote_there_runs_nothing(crm, redis):
    job_id = start(crm)
    [key] = redis.keys("*")
    redis.rpush(key, *FOREIGN)
    assert [taken(crm) for _ in FOREIGN] == [None] * len(FOREIGN)
    assert taken(crm) == job_id


def test_a_queue_that_is_away_fails_no_request_and_loses_no_job(crm, caplog):
    """Nobody listens there; the job is found in its row, and the log has no password."""
    away = "redis://alice:hidden@127.0.0.1:1/0"
    with crm.configured(queue_url=away), caplog.at_level(logging.WARNING, "relatum.jobs"):
        began = time.monotonic()
        ids = [start(crm) for _ in range(20)]
        assert time.monotonic() - began < 3
        assert (taken(crm), queue_waits(crm)) == (ids[0], True)
        assert [run(crm, job_id) for job_id in ids] == ["done"] * 20
        assert taken(crm) is None
        assert len(caplog.records) == 1
        with crm.app.app_context():
            [told] = [f.text for f in doctor.examine() if f.code == "queue_away"]
    assert "127.0.0.1:1/0 is away" in told
    assert "127.0.0.1:1/0 is away" in caplog.text
    assert "hidden" not in told + caplog.text
    assert numbers(crm) == [0] * 20
