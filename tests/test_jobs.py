"""Jobs: started in a transaction, done in chunks, never lost, never done twice."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from relatum.core import clock, db, doctor, jobs, records
from relatum.core.actor import Actor
from relatum.core.errors import Invalid, RelatumError
from relatum.core.jobs import kinds as kinds_module
from relatum.core.jobs import running

from .counting import CountSchema, count, crm, kind, kinds, numbers, run, swept, taken

__all__ = ["crm", "kinds"]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


# -- start ----------------------------------------------------------------------------------
def test_a_job_is_done_in_chunks_and_tells_its_result(crm):
    job_id = crm.write(jobs.enqueue, "count", {"to": 5})
    assert crm.read(jobs.get, job_id)["state"] == "queued"
    assert run(crm, job_id) == "done"
    job = crm.read(jobs.get, job_id)
    assert (job["state"], job["done"], job["total"]) == ("done", 5, 5)
    assert job["result"] == {"counted": 5}
    assert [line["text"] for line in job["log"]] == ["up to 2", "up to 4", "up to 5"]
    assert numbers(crm) == [0, 1, 2, 3, 4]


def test_a_job_of_a_transaction_that_fails_was_never_started(crm):
    def fail(*, actor):
        jobs.enqueue("count", {"to": 1}, actor=actor)
        raise RelatumError("forbidden", action="do", thing="this")

    with pytest.raises(RelatumError):
        crm.write(fail)
    assert crm.read(jobs.list_jobs) == []
    assert taken(crm) is None


@pytest.mark.parametrize("arguments", [{}, {"to": "5"}, {"to": 5, "from": 1}])
def test_arguments_that_the_kind_does_not_take_are_named(crm, arguments):
    with pytest.raises(Invalid) as refused:
        crm.write(jobs.enqueue, "count", arguments)
    assert str(refused.value.problems[0].field).startswith("arguments.")
    assert crm.read(jobs.list_jobs) == []


def test_an_unknown_kind_names_the_nearest(crm):
    with pytest.raises(RelatumError, match="'count'"):
        crm.write(jobs.enqueue, "counts")


def test_only_who_may_run_a_kind_starts_it(crm):
    with pytest.raises(RelatumError) as refused:
        crm.write(jobs.enqueue, "count", {"to": 1}, actor=crm.bob)
    assert refused.value.code == "forbidden"


def test_what_a_job_writes_names_the_job_in_its_change_sets(crm):
    job_id = crm.write(jobs.enqueue, "count", {"to": 3})
    run(crm, job_id)
    found = crm.sql("SELECT source, job_id, actor_id FROM core_change_set ORDER BY id DESC LIMIT 2")
    assert [tuple(row) for row in found] == [("job", job_id, crm.alice.user_id)] * 2


# -- one at a time --------------------------------------------------------------------------
def test_two_processes_never_run_one_job(crm):
    job_id = crm.write(jobs.enqueue, "count", {"to": 6})
    barrier, states = threading.Barrier(4), []

    def work(by: str) -> None:
        barrier.wait()
        states.append(run(crm, job_id, by))

    threads = [threading.Thread(target=work, args=(f"p{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, states)) == ["None", "None", "None", "done"]
    assert numbers(crm) == list(range(6))


def test_a_process_that_lost_its_job_writes_nothing_more(crm):
    def robbed(chunk):
        if chunk.checkpoint is None:
            return chunk.more(1)
        records.create("x_number", [{"number": 1}], actor=chunk.actor)
        return chunk.finish()

    kind("robbed", robbed)
    job_id = crm.write(jobs.enqueue, "robbed")

    def rob() -> bool:
        with crm.app.app_context():
            db.transact(lambda: jobs.release(job_id, by="me"))
        return False

    with crm.app.app_context():
        assert jobs.run(job_id, by="me", pause=rob) is None
    assert numbers(crm) == []
    assert run(crm, job_id, "other") == "done"
    assert numbers(crm) == [1]


def test_a_paused_job_goes_on_after_its_last_chunk(crm):
    job_id = crm.write(jobs.enqueue, "count", {"to": 6})
    assert run(crm, job_id, "a", chunks=1) == "queued"
    assert numbers(crm) == [0, 1]
    assert run(crm, job_id, "b") == "done"
    assert numbers(crm) == list(range(6))


def test_a_job_waits_for_its_time(crm):
    later = clock.now() + timedelta(hours=1)
    job_id = crm.write(jobs.enqueue, "count", {"to": 1}, not_before=later)
    assert (swept(crm), run(crm, job_id)) == ([], None)
    with clock.frozen(later):
        assert swept(crm) == [job_id]
        assert run(crm, job_id) == "done"


@pytest.mark.parametrize(
    ("size", "took", "then"),
    [(100, 2.0, 50), (1, 2.0, 1), (50, 0.5, 50), (40, 0.1, 80), (80, 0.1, 100)],
)
def test_a_chunk_is_made_to_take_less_than_a_second(size, took, then):
    assert running.fitting(size, took, 100) == then


def test_what_is_prepared_is_made_outside_of_any_transaction(crm):
    def outside(chunk):
        with pytest.raises(RuntimeError):
            db.current()
        return chunk.actor.name

    seen = []

    def use(chunk):
        seen.append((chunk.prepared, db.current().writes))
        return chunk.finish()

    kind("use", use, prepare=outside)
    assert run(crm, crm.write(jobs.enqueue, "use")) == "done"
    assert seen == [("Alice", True)]


# -- failing --------------------------------------------------------------------------------
def test_a_refusal_fails_the_job_with_its_sentence_and_undoes_the_chunk(crm):
    def refuse(chunk):
        records.create("x_number", [{"number": 1}], actor=chunk.actor)
        raise RelatumError("record_unknown", type="x_gone", id=1)

    kind("refuse", refuse)
    job_id = crm.write(jobs.enqueue, "refuse")
    assert run(crm, job_id) == "failed"
    job = crm.read(jobs.get, job_id)
    assert job["error"]["code"] == "record_unknown"
    assert "x_gone" in job["error"]["message"]
    assert numbers(crm) == []


def test_an_unexpected_failure_is_tried_again_later_and_later_then_given_up(crm):
    def crash(chunk):
        raise IndexError("nothing there")

    kind("crash", crash, attempts=3)
    job_id = crm.write(jobs.enqueue, "crash")
    now, waits = NOON, []
    for _ in range(2):
        with clock.frozen(now):
            assert run(crm, job_id) == "queued"
            waits.append(crm.read(jobs.get, job_id)["not_before"] - now)
            assert (run(crm, job_id), swept(crm)) == (None, [])
        now += waits[-1]
    with clock.frozen(now):
        assert run(crm, job_id) == "failed"
    assert waits == [timedelta(seconds=5), timedelta(seconds=15)]
    job = crm.read(jobs.get, job_id)
    assert (job["attempts"], job["error"]["code"]) == (3, "job_crashed")
    assert "IndexError: nothing there" in job["error"]["message"]


def test_a_failed_job_goes_on_where_it_stopped_when_it_is_tried_again(crm):
    sound: list[bool] = []

    def shaky(chunk):
        if chunk.checkpoint and not sound:
            raise RelatumError("record_unknown", type="x_later", id=1)
        return count(chunk)

    kind("shaky", shaky, arguments=CountSchema, chunk=2)
    job_id = crm.write(jobs.enqueue, "shaky", {"to": 4})
    assert run(crm, job_id) == "failed"
    sound.append(True)
    assert crm.write(jobs.retry, job_id)["error"] is None
    assert run(crm, job_id) == "done"
    assert numbers(crm) == [0, 1, 2, 3]


def test_a_job_ends_when_its_user_may_not_act_any_more(crm):
    carla = crm.create("user", {"name": "Carla", "email": "c@example.org", "admin": True})[0]
    as_carla = Actor(user_id=carla, admin=True)
    job_id = crm.write(jobs.enqueue, "count", {"to": 9}, actor=as_carla)
    run(crm, job_id, chunks=1)
    crm.write(records.update, "user", [{"id": carla, "active": False}])
    assert run(crm, job_id) == "failed"
    assert crm.read(jobs.get, job_id)["error"]["code"] == "job_actor_gone"
    assert numbers(crm) == [0, 1]


def test_a_job_of_a_kind_that_is_gone_fails_with_that_reason(crm):
    kind("brief", count, arguments=CountSchema)
    job_id = crm.write(jobs.enqueue, "brief", {"to": 1})
    del kinds_module._OWN["brief"]
    assert run(crm, job_id) == "failed"
    assert crm.read(jobs.get, job_id)["error"]["code"] == "job_kind_unknown"


# -- cancel ---------------------------------------------------------------------------------
def test_a_waiting_job_is_cancelled_at_once(crm):
    job_id = crm.write(jobs.enqueue, "count", {"to": 1})
    assert crm.write(jobs.cancel, job_id)["state"] == "cancelled"
    assert run(crm, job_id) is None
    assert numbers(crm) == []


def test_a_running_job_is_cancelled_after_its_chunk(crm):
    job_id = crm.write(jobs.enqueue, "count", {"to": 6})

    def cancel() -> bool:
        state = crm.write(jobs.cancel, job_id)
        assert (state["state"], state["cancelling"]) == ("running", True)
        return False

    with crm.app.app_context():
        assert jobs.run(job_id, by="me", pause=cancel) == "cancelled"
    job = crm.read(jobs.get, job_id)
    assert (job["state"], job["done"], job["cancelling"]) == ("cancelled", 2, False)
    assert numbers(crm) == [0, 1]


def test_only_what_is_over_can_be_tried_again_and_only_what_is_not_cancelled(crm):
    job_id = crm.write(jobs.enqueue, "count", {"to": 1})
    for verb, code in ((jobs.retry, "job_not_over"), (jobs.cancel, "job_over")):
        with pytest.raises(RelatumError) as refused:
            crm.write(verb, job_id)
        assert refused.value.code == code
        run(crm, job_id)


@pytest.mark.parametrize("job_id", [1, 0, -1, 2**63])
@pytest.mark.parametrize("verb", [jobs.get, jobs.cancel, jobs.retry])
def test_a_job_that_is_not_there_is_named(crm, verb, job_id):
    with pytest.raises(RelatumError) as refused:
        crm.write(verb, job_id)
    assert refused.value.code == "job_unknown"


def test_failed_jobs_of_a_kind_go_on_together_and_doctor_tells_of_many(crm):
    sound: list[bool] = []

    def run_it(chunk):
        if not sound:
            raise RelatumError("forbidden", action="do", thing="this")
        return chunk.finish()

    kind("picky", run_it)
    ids = [crm.write(jobs.enqueue, "picky") for _ in range(20)]
    assert [run(crm, job_id) for job_id in ids] == ["failed"] * 20
    with crm.app.app_context():
        found = [finding for finding in doctor.examine() if finding.code == "jobs_failed"]
    assert "20 jobs of the kind picky" in found[0].text
    assert "jobs retry --kind picky" in found[0].remedy
    sound.append(True)
    assert crm.write(jobs.retry_failed, "count") == 0
    assert crm.write(jobs.retry_failed, "picky") == 20
    assert taken(crm) is not None
    assert [run(crm, job_id) for job_id in ids] == ["done"] * 20


def test_a_job_names_the_change_sets_that_it_made(crm):
    job_id = crm.write(jobs.enqueue, "count", {"to": 3})
    run(crm, job_id)
    made = crm.sql("SELECT id FROM core_change_set WHERE job_id = :id ORDER BY id DESC", id=job_id)
    assert len(made) == 2
    assert crm.read(jobs.change_sets, job_id) == [row.id for row in made]


def test_jobs_are_listed_newest_first_by_state_kind_and_page(crm):
    first, second, third = (crm.write(jobs.enqueue, "count", {"to": 1}) for _ in range(3))
    run(crm, second)

    def ids(**given: Any) -> list[int]:
        return [job["id"] for job in crm.read(jobs.list_jobs, **given)]

    assert ids() == [third, second, first]
    assert ids(state="queued") == [third, first]
    assert ids(kind="forget") == []
    assert ids(limit=1, before=third) == [second]
    with pytest.raises(RelatumError, match="queued, running"):
        ids(state="lost")
