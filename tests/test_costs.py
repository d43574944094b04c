"""What plugins cost is counted by part; one that fails again and again is held back."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from relatum.core import db, hooks, jobs, plugin_host
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError
from relatum.core.hooks import costs

from .plugged import client, enable, put, served, small, token_of

ALICE = Actor(user_id=1, name="Alice", admin=True)
FAILS = """
@hookimpl(only={"types": ["x_note"]})
def relatum_after_commit(changes):
    raise OSError("the other side is gone")
"""
WORKS = """
import time
from relatum import jobs
def run(chunk):
    time.sleep({seconds})
    return chunk.finish()
@hookimpl
def relatum_jobs(): return [jobs.Kind(name="upper_work", title="Work", run=run)]
"""
READS = """
from relatum import query
@hookimpl(only={"types": ["x_note"]})
def relatum_before_write(batch, ctx):
    query.page(query.from_json("x_note", {}, actor=ctx.actor))
"""


@pytest.fixture
def noted(instance):
    instance.make_type("x_note", {"name": "text", "kind": "text"})
    yield instance
    costs.forget("upper")


def told(instance: Any, part: str) -> Any:
    """Return what the rows say that a part has cost, once this process has told it."""
    instance.write(lambda **_: plugin_host.keep_costs(), actor=instance.alice)
    found = instance.read(plugin_host.show, "upper")["costs"]
    return {cost["part"]: cost for cost in found}.get(part)


def test_calls_rows_and_statements_of_a_hook_are_counted(noted):
    put(noted, "upper", small("upper", READS))
    enable(noted, "upper")
    noted.create("x_note", {"text": "a"}, {"text": "b"})
    noted.create("x_note", {"text": "c"})
    cost = told(noted, "relatum_before_write")
    assert (cost["calls"], cost["rows"], cost["failures"]) == (2, 3, 0)
    assert cost["statements"] >= 2
    assert 0 < cost["mean_ms"] <= cost["longest_ms"]


def test_what_was_told_once_is_not_told_again(noted):
    put(noted, "upper", small("upper", READS))
    enable(noted, "upper")
    noted.create("x_note", {"text": "a"})
    assert told(noted, "relatum_before_write")["calls"] == 1
    assert told(noted, "relatum_before_write")["calls"] == 1


def test_what_could_not_be_kept_is_told_again(noted):
    put(noted, "upper", small("upper", READS))
    enable(noted, "upper")
    noted.create("x_note", {"text": "a"})

    def kept_in_vain(**_: Any) -> None:
        plugin_host.keep_costs()
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        noted.write(kept_in_vain, actor=noted.alice)
    assert told(noted, "relatum_before_write")["calls"] == 1


@pytest.mark.parametrize(("seconds", "slow"), [(0.1, 0), (1.1, 1)])
def test_a_chunk_of_a_job_is_slow_after_a_second_not_sooner(noted, seconds, slow):
    put(noted, "upper", small("upper", WORKS.format(seconds=seconds)))
    enable(noted, "upper")
    job = noted.write(jobs.enqueue, "upper_work", {}, actor=noted.alice)
    with noted.app.app_context():
        assert jobs.run(job, by="test", pause=lambda: False) == "done"
    cost = told(noted, "upper_work")
    assert (cost["calls"], cost["slow"]) == (1, slow)


@pytest.mark.parametrize(("rows", "slow"), [(1, 1), (1000, 0)])
def test_a_batch_may_take_longer_by_each_of_its_rows(rows, slow):
    with costs.measured("upper", "relatum_after_write", rows):
        time.sleep(0.06)
    cost = costs.in_process()["upper", "relatum_after_write"]
    costs.forget("upper")
    assert (cost.calls, cost.slow) == (1, slow)


def test_what_brings_the_example_takes_as_long_as_it_likes():
    called = hooks.Hooks()

    @hooks.hookimpl
    def relatum_demo():
        time.sleep(0.06)

    called.register("upper", SimpleNamespace(relatum_demo=relatum_demo))
    called.strict("relatum_demo", actor=ALICE, demo=None)
    cost = costs.in_process()["upper", "relatum_demo"]
    costs.forget("upper")
    assert (cost.calls, cost.slow) == (1, 0)


def test_a_refusal_is_no_failure_and_an_exception_is_one():
    called = hooks.Hooks()

    @hooks.hookimpl
    def relatum_before_write(batch):
        raise batch[0]

    called.register("upper", SimpleNamespace(relatum_before_write=relatum_before_write))
    for error in (RelatumError("key_missing", field="number"), OSError("gone")):
        with pytest.raises(RelatumError):
            called.strict("relatum_before_write", actor=ALICE, batch=[error])
    cost = costs.in_process()["upper", "relatum_before_write"]
    costs.forget("upper")
    assert (cost.calls, cost.failures, cost.reason) == (2, 1, "OSError: gone")


def test_a_plugin_that_fails_again_and_again_is_held_back_until_it_is_enabled_again(noted):
    put(noted, "upper", small("upper", FAILS))
    enable(noted, "upper")
    for _ in range(costs.TOO_MANY):
        noted.create("x_note", {"text": "a"})
    failing = costs.too_many()
    assert "relatum_after_commit failed 20 times" in failing["upper"]
    with noted.app.app_context():
        db.transact(lambda: plugin_host.hold_back(failing), exclusive=True)
    found = noted.read(plugin_host.show, "upper")
    assert (found["state"], found["fault"]) == ("enabled", "quarantined")
    assert "the other side is gone" in found["reason"]
    assert costs.too_many() == {}
    enable(noted, "upper")
    found = noted.read(plugin_host.show, "upper")
    assert (found["state"], found["fault"]) == ("enabled", None)


def test_a_server_holds_it_back_by_itself_and_serves_on(noted):
    put(noted, "upper", small("upper", FAILS))
    enable(noted, "upper")
    with served(noted) as application:
        asking = client(application, token_of(noted))
        for _ in range(costs.TOO_MANY):
            answer = asking.post("/api/v1/records/x_note", json={"text": "a"})
            assert answer.status_code == 201
        application._report()
        application.close()
        assert asking.get("/api/v1/plugins/upper").json["fault"] == "quarantined"
        assert asking.post("/api/v1/records/x_note", json={"text": "a"}).status_code == 201


def test_one_that_fails_writes_is_not_held_back_since_its_rules_would_not_hold(noted):
    fails = FAILS.replace("relatum_after_commit(changes)", "relatum_before_write(batch)")
    put(noted, "upper", small("upper", fails))
    enable(noted, "upper")
    for _ in range(costs.TOO_MANY):
        with pytest.raises(Exception, match="the other side is gone"):
            noted.create("x_note", {"text": "a"})
    assert costs.too_many() == {}
    assert told(noted, "relatum_before_write")["failures"] == costs.TOO_MANY
