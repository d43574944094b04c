"""The core's own kinds of jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from relatum.core import auth, clock, jobs, own_jobs
from relatum.core.errors import RelatumError

from .instances import prepared


def run(instance: Any, job_id: int) -> dict[str, Any]:
    """Run a job to its end and return it."""
    with instance.app.app_context():
        jobs.run(job_id, by="me", pause=lambda: False)
    job: dict[str, Any] = instance.read(jobs.get, job_id)
    return job


# -- forget ---------------------------------------------------------------------------------
def test_what_ended_long_ago_is_forgotten_and_nothing_else(instance):
    assert own_jobs.FORGET.name in jobs.known()
    for _ in range(2):
        instance.write(lambda *, actor: auth.sign_in(actor.user_id))
    instance.write(auth.make_link, instance.bob.user_id)
    instance.client(instance.alice).post(
        "/api/v1/records/team", json={"name": "North"}, headers={"Idempotency-Key": "a"}
    )
    finished = instance.write(jobs.enqueue, "forget")
    assert run(instance, finished)["result"] == {}
    waiting = instance.write(jobs.enqueue, "forget")
    with clock.frozen(clock.now() + timedelta(days=60)):
        again = instance.write(jobs.enqueue, "forget")
        counts = run(instance, again)["result"]
    assert counts == {"jobs": 1, "sessions": 2, "links": 1, "idempotency_keys": 1}
    assert [job["id"] for job in instance.read(jobs.list_jobs)] == [again, waiting]


# -- bulk -----------------------------------------------------------------------------------
@prepared
def crm(instance):
    instance.make_type(
        "x_deal",
        {"name": "name", "kind": "text", "unique": True, "required": True},
        {"name": "amount", "kind": "integer", "settings": {"min": 0}},
        {"name": "above", "kind": "lookup", "settings": {"target": "x_deal"}},
    )
    instance.create("x_deal", *({"name": f"d{n}", "amount": n} for n in range(7)))


def bulk(instance: Any, kind: str, **arguments: Any) -> dict[str, Any]:
    return run(instance, instance.write(jobs.enqueue, kind, arguments))


def amounts(instance: Any) -> list[int]:
    rows = instance.sql("SELECT amount FROM x_deal WHERE trashed_at IS NULL ORDER BY id")
    return [row.amount for row in rows]


LARGE = {"field": "amount", "op": "gte", "value": 3}


def test_records_of_a_filter_get_values_chunk_by_chunk(crm, monkeypatch):
    with crm.configured(page_limit=2):
        job = bulk(crm, "bulk_update", type="x_deal", filter=LARGE, values={"amount": 5})
    assert job["result"] == {"updated": 3, "unchanged": 1, "refusals": []}
    assert (job["done"], job["total"]) == (4, 4)
    assert amounts(crm) == [0, 1, 2, 5, 5, 5, 5]
    sets = "SELECT count(DISTINCT change_set_id) AS n FROM core_change WHERE op = 'update'"
    assert crm.sql(sets)[0].n == 2


def test_a_filter_whose_records_it_makes_match_no_more_still_ends(crm):
    job = bulk(crm, "bulk_update", type="x_deal", filter=LARGE, values={"amount": 0})
    assert (job["result"]["updated"], amounts(crm)) == (4, [0, 1, 2, 0, 0, 0, 0])


def test_what_is_refused_is_named_and_the_others_are_written(crm):
    ids = [row.id for row in crm.sql("SELECT id FROM x_deal ORDER BY id")]
    job = bulk(crm, "bulk_update", type="x_deal", ids=[ids[0], 2**40, ids[1]], values={"amount": 9})
    assert job["result"]["updated"] == 2
    [refusal] = job["result"]["refusals"]
    assert (refusal["id"], refusal["code"]) == (2**40, "record_unknown")
    assert job["result"]["refused"] == 1


def test_only_the_first_refusals_are_named_and_all_are_counted(crm, monkeypatch):
    monkeypatch.setattr(own_jobs.bulk, "NAMED", 2)
    job = bulk(crm, "bulk_delete", type="x_deal", ids=[2**40, 2**40 + 1, 2**40 + 2])
    assert (job["result"]["refused"], len(job["result"]["refusals"])) == (3, 2)


def test_records_of_a_filter_go_into_the_trash(crm):
    job = bulk(crm, "bulk_delete", type="x_deal", filter=LARGE)
    assert job["result"] == {"deleted": 4, "refusals": []}
    assert amounts(crm) == [0, 1, 2]


@pytest.mark.parametrize(
    ("kind", "arguments", "code"),
    [
        ("bulk_update", {"values": {"amount": 1}}, "invalid"),
        ("bulk_update", {"ids": [1], "filter": LARGE, "values": {"amount": 1}}, "invalid"),
        ("bulk_update", {"ids": [], "values": {"amount": 1}}, "invalid"),
        ("bulk_update", {"ids": [1], "values": {}}, "invalid"),
        ("bulk_update", {"ids": [1], "values": {"colour": 1}}, "invalid"),
        ("bulk_update", {"ids": [1], "values": {"amount": -1}}, "invalid"),
        ("bulk_update", {"ids": [1], "values": {"version": 1}}, "invalid"),
        ("bulk_update", {"ids": [1], "values": {"name": None}}, "invalid"),
        ("bulk_delete", {"ids": ["1"]}, "invalid"),
        ("bulk_delete", {"filter": {"field": "colour", "op": "eq", "value": 1}}, "field_unknown"),
        ("bulk_delete", {"type": "x_gone", "ids": [1]}, "type_unknown"),
    ],
)
def test_a_wrong_wish_is_refused_before_there_is_a_job(crm, kind, arguments, code):
    with pytest.raises(RelatumError) as refused:
        crm.write(jobs.enqueue, kind, {"type": "x_deal", **arguments})
    assert refused.value.code == code
    assert crm.read(jobs.list_jobs) == []
