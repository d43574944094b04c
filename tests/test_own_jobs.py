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


# -- restore, link --------------------------------------------------------------------------
def test_records_of_a_filter_come_out_of_the_trash(crm):
    bulk(crm, "bulk_delete", type="x_deal", filter=LARGE)
    job = bulk(crm, "bulk_restore", type="x_deal", filter={**LARGE, "value": 5})
    assert job["result"] == {"restored": 2, "refusals": []}
    assert amounts(crm) == [0, 1, 2, 5, 6]


@prepared
def tied(crm):
    """Deals that people take part in, by a tie with a role."""
    crm.make_type("x_person", {"name": "name", "kind": "text"})
    ends = [
        {"name": "deal", "target": "x_deal", "inverse": "people"},
        {"name": "person", "target": "x_person", "inverse": "deals"},
    ]  # fmt: skip
    crm.make_type(
        "x_part", {"name": "role", "kind": "text"},
        *(
            {"name": end["name"], "kind": "lookup", "required": True,
             "settings": {"target": end["target"], "inverse": end["inverse"],
                          "on_delete": "cascade"}}
            for end in ends
        ),
        title="role",
    )  # fmt: skip


def test_many_records_are_linked_to_one_and_unlinked_again(tied):
    [ann, ben] = tied.create("x_person", {"name": "Ann"}, {"name": "Ben"})
    [first] = [row.id for row in tied.sql("SELECT min(id) AS id FROM x_deal WHERE amount = 3")]
    tied.create("x_part", {"deal": first, "person": ann}, {"deal": first, "person": ben})
    what = {"type": "x_deal", "filter": LARGE, "list": "people"}
    values = {"person": ann, "role": "buyer"}
    job = bulk(tied, "bulk_link", **what, values=values)
    assert job["result"] == {"linked": 3, "unchanged": 1, "refusals": []}
    count = "SELECT count(*) AS n FROM x_part WHERE person = :p AND trashed_at IS NULL"
    assert tied.sql(count, p=ann)[0].n == 4
    job = bulk(tied, "bulk_unlink", **what, values={"person": ann})
    assert job["result"] == {"unlinked": 4, "refusals": []}
    assert (tied.sql(count, p=ann)[0].n, tied.sql(count, p=ben)[0].n) == (0, 1)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"list": "persons"}, "inverse_unknown"),
        ({"values": {"role": "buyer"}}, "invalid"),
        ({"values": {"persona": 1}}, "invalid"),
    ],
)
def test_a_link_that_can_not_be_is_refused_before_there_is_a_job(tied, changed, code):
    wish = {"type": "x_deal", "filter": LARGE, "list": "people", "values": {"person": 1}}
    with pytest.raises(RelatumError) as refused:
        tied.write(jobs.enqueue, "bulk_link", {**wish, **changed})
    assert refused.value.code == code


# -- looking before, and saying how many ----------------------------------------------------
def test_looking_tries_the_first_records_and_keeps_nothing(crm):
    before = crm.sql("SELECT * FROM x_deal"), crm.sql("SELECT count(*) FROM core_change")
    wish = {"type": "x_deal", "filter": LARGE, "values": {"name": "d4", "amount": 9}}
    told = crm.write(jobs.look, "bulk_update", wish)
    assert (told["count"], told["looked_at"]) == (4, 4)
    assert told["counts"] == {"refused": 3, "updated": 1}
    [change] = told["changes"]
    assert (change["label"], change["changes"]) == ("d4", {"amount": [4, 9]})
    assert [each["label"] for each in told["refusals"]] == ["d3", "d5", "d6"]
    assert before == (crm.sql("SELECT * FROM x_deal"), crm.sql("SELECT count(*) FROM core_change"))


def test_who_means_many_records_says_how_many(crm):
    wish: dict[str, Any] = {"type": "x_deal", "filter": LARGE, "values": {"amount": 9}}
    with crm.configured(bulk_confirm=3):
        assert crm.write(jobs.look, "bulk_update", wish)["count"] == 4
        for given in (wish, {**wish, "confirm": 3}):
            with pytest.raises(RelatumError, match="about 4 records") as refused:
                crm.write(jobs.enqueue, "bulk_update", given)
            assert refused.value.code == "bulk_confirm"
        bulk(crm, "bulk_update", **wish, confirm=4)
    assert amounts(crm) == [0, 1, 2, 9, 9, 9, 9]


def test_only_kinds_that_can_are_looked_at_and_only_by_who_may(crm):
    with pytest.raises(RelatumError) as refused:
        crm.write(jobs.look, "forget", {})
    assert refused.value.code == "job_kind_blind"
    wish = {"type": "x_deal", "filter": LARGE}
    with pytest.raises(RelatumError) as refused:
        crm.write(jobs.look, "bulk_delete", wish, actor=crm.bob)
    assert refused.value.code == "forbidden"
