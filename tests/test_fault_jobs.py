"""Three workers, one of them killed every second: nothing lost, nothing doubled.

By hand for longer: RELATUM_TEST_KILL_SECONDS=120 pytest -m fault tests/test_fault_jobs.py -s
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import signal
import sys
import time
from collections import Counter
from typing import Any

import pytest

from relatum.core import doctor, jobs
from relatum.core.testing.instances import Instance

from .instances import prepared
from .plugged import enable, put, small
from .redis_server import emptied
from .workers import forked, until

SECONDS = float(os.environ.get("RELATUM_TEST_KILL_SECONDS", "12"))
WORKERS = 3
#: Jobs that wait or run at any time, and the records that each makes, five in a chunk.
OPEN, EACH = 12, 40
WRITING = f"""
import time
from relatum import jobs, records

def write(chunk):
    at = chunk.checkpoint or 0
    rows = [{{"name": f"{{chunk.job_id}} {{number}}"}} for number in range(at, at + 5)]
    records.create("x_mark", rows, actor=chunk.actor)
    time.sleep(0.02)
    if at + 5 == {EACH}:
        return chunk.finish({{"written": at + 5}}, done=5)
    return chunk.more(at + 5, done=5, total={EACH})

@hookimpl
def relatum_jobs():
    return [
        jobs.Kind(name="writing_free", title="Write", run=write),
        jobs.Kind(name="writing_alone", title="Write alone", run=write, limit=1),
    ]
"""


@prepared
def crm(instance):
    instance.make_type("x_mark", {"name": "name", "kind": "text"})
    for each in instance.read(jobs.list_schedules):
        instance.write(jobs.change_schedule, each["name"], enabled=False)
    put(instance, "writing", small("writing", WRITING))
    enable(instance, "writing")


def states(crm: Any) -> Counter[str]:
    rows = crm.sql("SELECT state, count(*) AS n FROM core_job GROUP BY state")
    return Counter({row.state: row.n for row in rows})


def alone(crm: Any) -> int:
    """Return how many jobs of the kind run that is limited to one."""
    query = "SELECT count(*) FROM core_job WHERE kind = 'writing_alone' AND state = 'running'"
    return int(crm.sql(query)[0][0])


def at_work(crm: Any) -> set[int]:
    """Return the processes that have a job in hand."""
    query = "SELECT p.pid FROM core_jobs_process p JOIN core_job j ON j.claimed_by = p.id"
    return {row.pid for row in crm.sql(query)}


def fed(crm: Any, number: int) -> int:
    """Start jobs until enough are open; every fourth is of the limited kind."""
    found = states(crm)
    for _ in range(OPEN - found["queued"] - found["running"]):
        number += 1
        crm.write(jobs.enqueue, "writing_alone" if number % 4 == 0 else "writing_free", {})
    return number


def attacked(crm: Any, begin: Any, lose: Any) -> tuple[int, int]:
    """Kill a worker in its work every second, and lose the queue halfway; return jobs and kills."""
    chance, began = random.Random(7), time.monotonic()  # the same in each run
    living, started, kills, lost, due = [begin() for _ in range(WORKERS)], 0, 0, False, 0.0
    while (now := time.monotonic() - began) < SECONDS:
        started = fed(crm, started)
        assert alone(crm) <= 1
        busy = at_work(crm) if now > due else frozenset()
        victims = [pid for pid in living if pid in busy]
        if victims:
            due = now + 1
            victim = chance.choice(victims)
            os.kill(victim, signal.SIGKILL)
            living.remove(victim)
            living.append(begin())
            kills += 1
        if now > SECONDS / 2 and not lost:
            lose()
            lost = True
        time.sleep(0.05)
    return started, kills


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.parametrize("by_redis", [False, pytest.param(True, marks=pytest.mark.redis)])
def test_with_workers_that_die_every_second_each_job_is_done_once(crm, by_redis):
    """The queue is Redis, the file beside SQLite, or the rows of PostgreSQL."""
    with contextlib.ExitStack() as stack:
        config = crm.config
        if by_redis:
            url, client = stack.enter_context(emptied())
            config, lose = dataclasses.replace(config, queue_url=url), client.flushdb
        else:
            lose = (config.home / "queue.db").unlink if crm.dialect == "sqlite" else lambda: None
        told = Instance.installed(config)
        begin = stack.enter_context(forked(config))
        began = time.monotonic()
        started, kills = attacked(told, begin, lose)
        until(lambda: not {"queued", "running"} & states(told).keys(), SECONDS + 60)
        took = time.monotonic() - began
    assert states(told) == {"done": started}
    names = [row.name for row in told.sql("SELECT name FROM x_mark")]
    ids = [row.id for row in told.sql("SELECT id FROM core_job")]
    assert Counter(names) == Counter(f"{i} {n}" for i in ids for n in range(EACH))
    [chunks] = told.sql("SELECT count(*) AS n FROM core_change_set WHERE job_id IS NOT NULL")
    assert chunks.n == started * EACH // 5
    with told.app.app_context():
        assert {f.code for f in doctor.examine()} <= {"disk_low"}
    told_people = (
        f"{crm.dialect}{' with Redis' if by_redis else ''}: {kills} kills, {started} jobs, "
        f"{len(names)} records, all done {took - SECONDS:.0f} s after the last"
    )
    sys.stdout.write(f"{told_people}\n")
