"""Merging over HTTP: a look, versions, repetition, and where old addresses lead."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core.testing import Make

from .instances import prepared
from .merging import shop_in, three

AT = "/api/v1/records/x_company"


@prepared
def shop(instance: Any) -> None:
    shop_in(instance)


@pytest.fixture
def alice(shop: Any) -> Any:
    return shop.client(shop.alice)


def test_a_look_is_read_and_a_merge_is_one_change_set_that_can_be_undone(
    shop: Any, alice: Any
) -> None:
    a, b, c = three(shop)
    shop.create("x_deal", {"name": "D", "company": b})
    look = alice.get(f"{AT}/{a}/merge?_others={b},{c}").get_json()
    assert look["moved"] == {"x_deal.company": 1}
    assert [record["id"] for record in look["records"]] == [a, b, c]
    done = alice.post(f"{AT}/{a}/merge", json={"others": [b, c], "values": {"city": {"from": b}}})
    assert (done.status_code, done.get_json()["moved"]) == (200, {"x_deal.company": 1})
    read = alice.get(f"{AT}/{a}")
    assert (read.headers["ETag"], read.get_json()["city"]) == (done.headers["ETag"], "Bonn")
    number = done.headers["Relatum-Change"]
    assert alice.post(f"/api/v1/changes/{number}/undo").status_code == 200
    assert alice.get(f"{AT}/{b}").status_code == 200


def test_the_address_of_a_merged_record_says_where_it_went(
    shop: Any, alice: Any, refused: Any
) -> None:
    a, b, _ = three(shop)
    alice.post(f"{AT}/{a}/merge", json={"others": [b]})
    told = refused(alice.get(f"{AT}/{b}"), 410, "record_merged")
    assert told["merged_into"] == a
    assert alice.get(f"{AT}/{b}?_trashed=1").status_code == 200
    refused(alice.patch(f"{AT}/{b}", json={"city": "Rome"}), 404, "record_unknown")
    history = alice.get(f"{AT}/{a}/history").get_json()["changes"]
    assert history[0]["merged"] == [b]
    assert {change["record"] for change in history} == {a, b}


def test_an_old_version_and_a_repetition_merge_nothing_twice(
    shop: Any, alice: Any, refused: Any
) -> None:
    a, b, _ = three(shop)
    old = alice.post(f"{AT}/{a}/merge", json={"others": [b]}, headers={"If-Match": '"9"'})
    refused(old, 412, "version_mismatch")
    key = {"Idempotency-Key": "once", "If-Match": '"1"'}
    first = alice.post(f"{AT}/{a}/merge", json={"others": [b]}, headers=key)
    again = alice.post(f"{AT}/{a}/merge", json={"others": [b]}, headers=key)
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert alice.get(f"{AT}/{a}").get_json()["version"] == 2


def test_a_plan_tries_it_and_writes_nothing(shop: Any, alice: Any) -> None:
    a, b, _ = three(shop)
    tried = alice.post(f"{AT}/{a}/merge?_plan=1", json={"others": [b]})
    assert (tried.status_code, "Relatum-Change" in tried.headers) == (200, False)
    assert alice.get(f"{AT}/{b}").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"others": []}, 422),
        ({"others": ["1"]}, 422),
        ({"others": [True]}, 422),
        ({"others": [1.5]}, 422),
        ({"others": 5}, 422),
        ({"others": [999999], "nope": 1}, 422),
        ({"others": [999999]}, 404),
        ({"others": [999999], "values": []}, 422),
        ({"others": [999999], "keep": [5]}, 422),
    ],
)
def test_what_can_not_be_read_is_refused(
    shop: Any, alice: Any, body: dict[str, Any], status: int
) -> None:
    a, *_ = three(shop)
    assert alice.post(f"{AT}/{a}/merge", json=body).status_code == status
    assert alice.get(f"{AT}/{a}").get_json()["version"] == 1


@pytest.mark.parametrize("others", ["", "x", "1,,2", "-1", "0", "9" * 20, "²"])
def test_an_address_of_a_look_that_says_no_records_is_refused(
    shop: Any, alice: Any, others: str
) -> None:
    a, *_ = three(shop)
    assert alice.get(f"{AT}/{a}/merge", query_string={"_others": others}).status_code in (400, 404)


def test_records_of_every_type_are_merged_or_refused_by_name(shop: Any, alice: Any) -> None:
    make = Make(shop)
    for name in sorted(shop.catalog.types):
        if name in ("user", "team"):
            told = alice.post(f"/api/v1/records/{name}/1/merge", json={"others": [2]})
            assert told.get_json()["code"] == "merge_refused"
            continue
        one, other = make(name)["id"], make(name)["id"]
        at = f"/api/v1/records/{name}/{one}"
        assert alice.post(f"{at}/merge", json={"others": [other]}).status_code == 200, name
        assert alice.get(f"/api/v1/records/{name}/{other}").status_code == 410
