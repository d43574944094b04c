"""Change sets over HTTP: every write names its own, which is read, planned and undone."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import jobs

from .instances import prepared
from .plugged import client, served, token_of, with_loyalty
from .undoing import newest, shop_in

COMPANIES = "/api/v1/records/x_company"
CHANGES = "/api/v1/changes"


@prepared
def shop(instance):
    shop_in(instance)


@pytest.fixture
def alice(shop):
    return shop.client(shop.alice)


def change_of(answer: Any) -> int:
    assert answer.status_code < 300, answer.text
    return int(answer.headers["Relatum-Change"])


def test_every_write_of_records_names_its_change_set(shop, alice):
    made = alice.post(COMPANIES, json={"name": "Acme"})
    acme = made.headers["Location"]
    bulk, one = f"{COMPANIES}/bulk", {"records": [{"id": made.get_json()["id"], "size": 3}]}
    for work in (
        lambda: made,
        lambda: alice.patch(acme, json={"city": "Rome"}),
        lambda: alice.put(f"{COMPANIES}?_key=name", json={"name": "Acme", "city": "Oslo"}),
        lambda: alice.patch(bulk, json=one),
        lambda: alice.delete(acme),
        lambda: alice.post(f"{acme}/restore"),
        lambda: alice.delete(bulk, json={"records": [{"id": one["records"][0]["id"]}]}),
        lambda: alice.post(f"{acme}/purge"),
    ):
        assert change_of(work()) == newest(shop)


def test_what_writes_no_record_names_none(alice):
    acme = alice.post(COMPANIES, json={"name": "Acme"}).headers["Location"]
    for answer in (
        alice.get(acme),
        alice.patch(acme, json={"name": "Acme"}),
        alice.post(COMPANIES, json={"name": "Acme"}),
        alice.post(f"{COMPANIES}/query", json={}),
    ):
        assert "Relatum-Change" not in answer.headers


def test_a_repeated_request_names_the_change_set_of_the_first(shop, alice):
    once = {"headers": {"Idempotency-Key": "k"}, "json": {"name": "Acme"}}
    first = change_of(alice.post(COMPANIES, **once))
    again = alice.post(COMPANIES, **once)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert change_of(again) == first == newest(shop)


def test_a_field_with_values_for_existing_records_names_its_change_set_too(shop, alice):
    alice.post(COMPANIES, json={"name": "Acme"})
    field = {"name": "state", "kind": "text", "required": True, "existing": {"fill": "new"}}
    answer = alice.post("/api/v1/entity-types/x_company/fields", json=field)
    assert change_of(answer) == newest(shop)


def test_a_change_set_is_read_page_by_page(shop, alice):
    rows = {"records": [{"name": f"c{n}"} for n in range(3)]}
    change = change_of(alice.post(f"{COMPANIES}/bulk", json=rows))
    first = alice.get(f"{CHANGES}/{change}?_limit=2").get_json()
    assert (first["id"], first["actor"], first["source"]) == (change, shop.alice.user_id, "api")
    assert (first["undoes"], first["undone_by"]) == (None, None)
    assert [each["label"] for each in first["records"]] == ["c0", "c1"]
    rest = alice.get(f"{CHANGES}/{change}?_limit=2&_after={first['next']}").get_json()
    assert [each["label"] for each in rest["records"]] == ["c2"]
    assert rest["next"] is None


def test_a_change_set_is_planned_undone_and_done_again(shop, alice):
    acme = alice.post(COMPANIES, json={"name": "Acme", "city": "Bonn"}).headers["Location"]
    change = change_of(alice.patch(acme, json={"city": "Rome"}))
    planned = alice.post(f"{CHANGES}/{change}/undo?_plan=1")
    assert "Relatum-Change" not in planned.headers
    [record] = planned.get_json()["records"]
    assert (record["op"], record["fields"]) == ("update", {"city": ["Rome", "Bonn"]})
    assert alice.get(acme).get_json()["city"] == "Rome"
    done = alice.post(f"{CHANGES}/{change}/undo")
    undone = change_of(done)
    assert done.get_json() == {**planned.get_json(), "change_set": undone}
    assert alice.get(acme).get_json()["city"] == "Bonn"
    assert alice.get(f"{CHANGES}/{change}").get_json()["undone_by"] == undone
    again = change_of(alice.post(f"{CHANGES}/{undone}/undo"))
    assert alice.get(acme).get_json()["city"] == "Rome"
    history = alice.get(f"{acme}/history").get_json()["changes"]
    assert [(each["undoes"], each["undone_by"]) for each in history[:3]] == [
        (undone, None), (change, again), (None, undone),
    ]  # fmt: skip


def test_a_deletion_is_undone_by_the_number_in_its_answer(alice):
    lines = [{"product": "a"}, {"product": "b"}]
    made = alice.post("/api/v1/records/x_order", json={"name": "1", "lines": lines})
    order = made.headers["Location"]
    change = change_of(alice.delete(order))
    answer = alice.post(f"{CHANGES}/{change}/undo").get_json()
    assert sorted(each["op"] for each in answer["records"]) == ["restore"] * 3
    assert len(alice.get(f"{order}?_expand=lines").get_json()["lines"]) == 2


def test_a_conflict_is_a_problem_that_names_record_and_field(alice, refused):
    acme = alice.post(COMPANIES, json={"name": "Acme"}).headers["Location"]
    change = change_of(alice.patch(acme, json={"city": "Rome", "size": 1}))
    alice.patch(acme, json={"city": "Oslo"})
    undo = f"{CHANGES}/{change}/undo"
    body = refused(alice.post(undo), 409, "undo_conflict")
    [item] = body["errors"]
    assert (item["field"], item["code"]) == ("city", "undo_changed")
    assert f"{COMPANIES}/{item['params']['record']}" == acme
    done = alice.post(f"{undo}?_partial=1")
    assert change_of(done) == done.get_json()["change_set"]
    assert [each["code"] for each in done.get_json()["records"][0]["conflicts"]] == ["undo_changed"]
    found = alice.get(acme).get_json()
    assert (found["city"], found["size"]) == ("Oslo", None)
    refused(alice.post(undo), 409, "undo_done")


def test_what_can_not_be_undone_has_a_code_of_its_own(shop, alice, refused):
    acme = alice.post(COMPANIES, json={"name": "Acme"}).headers["Location"]
    alice.delete(acme)
    purged = change_of(alice.post(f"{acme}/purge"))
    refused(alice.post(f"{CHANGES}/{purged}/undo"), 409, "undo_purged")
    for number in (0, 424242, 2**60):
        answer = alice.post(f"{CHANGES}/{number}/undo")
        refused(answer, 404, "change_unknown" if number == 424242 else "not_found")
    refused(alice.get(f"{CHANGES}/424242"), 404, "change_unknown")
    rows = {"records": [{"name": f"c{n}"} for n in range(3)]}
    many = change_of(alice.post(f"{COMPANIES}/bulk", json=rows))
    with shop.configured(undo_limit=2):
        refused(alice.post(f"{CHANGES}/{many}/undo"), 422, "undo_limit")
        refused(alice.post(f"{CHANGES}/{many}/undo?_plan=1"), 422, "undo_limit")


def test_an_undo_that_is_sent_twice_with_one_key_is_done_once(shop, alice):
    acme = alice.post(COMPANIES, json={"name": "Acme"}).headers["Location"]
    change = change_of(alice.patch(acme, json={"city": "Rome"}))
    once = {"headers": {"Idempotency-Key": "k"}}
    first = alice.post(f"{CHANGES}/{change}/undo", **once)
    again = alice.post(f"{CHANGES}/{change}/undo", **once)
    assert first.get_json() == again.get_json()
    assert change_of(first) == change_of(again) == newest(shop)


def test_who_may_not_write_may_neither_read_nor_undo(shop, alice, refused):
    change = change_of(alice.post(COMPANIES, json={"name": "Acme"}))
    bob = shop.client(shop.bob)
    refused(bob.get(f"{CHANGES}/{change}"), 403, "forbidden")
    refused(bob.post(f"{CHANGES}/{change}/undo"), 403, "forbidden")
    refused(bob.post(f"{CHANGES}/{change}/undo?_plan=1"), 403, "forbidden")
    refused(shop.client().get(f"{CHANGES}/{change}"), 401, "not_signed_in")


def test_the_description_has_the_header_and_is_true(shop, alice):
    described = alice.get("/api/v1/openapi.json").get_json()
    create = described["paths"][COMPANIES]["post"]["responses"]["201"]
    assert "Relatum-Change" in create["headers"]
    assert "Relatum-Change" not in described["paths"][COMPANIES]["get"]["responses"]["200"].get(
        "headers", {}
    )
    undo = described["paths"][f"{CHANGES}/{{id}}/undo"]["post"]
    assert {parameter["name"] for parameter in undo["parameters"]} >= {"_plan", "_partial"}
    assert {"200", "404", "409", "422"} <= set(undo["responses"])


def test_a_route_of_a_plugin_that_writes_names_its_change_set(instance):
    with_loyalty(instance)
    with served(instance) as application:
        alice = client(application, token_of(instance))
        made = alice.post("/api/x/loyalty/cards", json={})
        change = change_of(made)
        assert change == newest(instance)
        assert "Relatum-Change" not in alice.get("/api/x/loyalty/count").headers
        assert alice.post(f"{CHANGES}/{change}/undo").status_code == 200
        assert alice.get("/api/x/loyalty/count").get_json() == {"count": 0}


# -- by a job -------------------------------------------------------------------------------
def test_a_job_is_undone_by_a_job_that_is_told_of_at_once(shop, alice, refused):
    made = alice.post(COMPANIES, json={"name": "Acme"})
    ids, bulk = [made.get_json()["id"]], {"type": "x_company", "values": {"city": "Rome"}}
    body = {"kind": "bulk_update", "arguments": {**bulk, "ids": ids}}
    job = alice.post("/api/v1/jobs", json=body).headers["Location"]
    refused(alice.post(f"{job}/undo"), 409, "undo_nothing")
    with shop.app.app_context():
        jobs.run(int(job.rpartition("/")[2]), by="me", pause=lambda: False)
    plan = alice.post(f"{job}/undo?_plan=1").get_json()
    assert plan == {
        "change_sets": 1, "records": {"x_company": {"update": 1}}, "changed": 0, "conflicts": [],
    }  # fmt: skip
    started = alice.post(f"{job}/undo")
    assert (started.status_code, started.get_json()["kind"]) == (201, "undo")
    refused(alice.post("/api/v1/jobs/999/undo"), 404, "job_unknown")
    large = alice.post(f"{CHANGES}/{newest(shop)}/undo?_job=1")
    assert large.get_json()["arguments"] == {"change_set": newest(shop)}
