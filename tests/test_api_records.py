"""Records over HTTP: one and many, versions, repetition, history, lists and groups."""

from __future__ import annotations

import threading

import pytest

from .instances import prepared

DEAL = (
    {"name": "code", "kind": "text", "unique": True, "required": True},
    {"name": "amount", "kind": "money"},
    {"name": "stage", "kind": "choice", "options": [{"value": "open"}, {"value": "won"}]},
    {"name": "closed", "kind": "date"},
)
DEALS = "/api/v1/records/x_deal"


@prepared
def kinds(instance):
    instance.make_type("x_deal", *DEAL, title="code")


@pytest.fixture
def alice(kinds):
    """Alice's client of an instance with deals."""
    return kinds.client(kinds.alice)


@pytest.fixture
def deal(alice):
    """The address of a deal."""
    return alice.post(DEALS, json={"code": "A", "amount": "10"}).headers["Location"]


# -- one ------------------------------------------------------------------------------------
def test_a_new_record_says_where_it_is_and_which_version(alice):
    made = alice.post(DEALS, json={"code": "A", "amount": 12.5})
    assert made.status_code == 201
    assert made.headers["Location"] == f"{DEALS}/{made.get_json()['id']}"
    assert made.headers["ETag"] == '"1"'
    read = alice.get(made.headers["Location"])
    assert read.get_json() == made.get_json()
    assert read.get_json()["amount"] == "12.50"
    assert read.headers["ETag"] == '"1"'


def test_a_record_that_is_known_already_is_not_sent_again(alice, deal):
    for known in ('"1"', 'W/"1"', '"7", "1"', "*"):
        answer = alice.get(deal, headers={"If-None-Match": known})
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"1"')
        assert "Content-Type" not in answer.headers
    assert alice.get(deal, headers={"If-None-Match": '"2"'}).status_code == 200


def test_a_change_gives_the_next_version(alice, deal):
    answer = alice.patch(deal, json={"stage": "won"}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert answer.get_json()["stage"] == "won"


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_an_old_version_is_not_written_over(alice, deal, refused, method):
    alice.patch(deal, json={"stage": "won"})
    old = {"If-Match": '"1"'}
    answer = getattr(alice, method)(deal, json={"stage": "open"}, headers=old)
    body = refused(answer, 412, "version_mismatch")
    assert "at version 2, not 1" in body["detail"]
    assert alice.get(deal).get_json()["stage"] == "won"


def test_the_version_may_stand_in_the_body(alice, deal, refused):
    refused(alice.patch(deal, json={"version": 7, "stage": "won"}), 412, "version_mismatch")


@pytest.mark.parametrize("header", ["1", 'W/"1"', '"a"', '"1", "2"', ""])
def test_an_unreadable_version_is_refused(alice, deal, refused, header):
    answer = alice.patch(deal, json={"stage": "won"}, headers={"If-Match": header})
    refused(answer, 400, "bad_parameter")


def test_the_body_may_not_name_another_record(alice, deal, refused):
    refused(alice.patch(deal, json={"id": 1, "stage": "won"}), 400, "bad_parameter")


def test_every_wrong_value_is_named(alice, refused):
    body = refused(alice.post(DEALS, json={"amount": "x", "stage": "lost"}), 422, "invalid")
    assert {(e["field"], e["code"]) for e in body["errors"]} == {
        ("amount", "not_decimal"),
        ("stage", "option_unknown"),
        ("code", "required"),
    }


def test_a_duplicate_names_the_other_record(alice, deal, refused):
    body = refused(alice.post(DEALS, json={"code": "a"}), 409, "duplicate")
    assert body["errors"][0]["params"]["id"] == int(deal.rpartition("/")[2])


@pytest.mark.parametrize("number", [1, 99999, 2**53 - 1])
@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_a_record_that_is_not_there_is_unknown(alice, refused, method, number):
    refused(getattr(alice, method)(f"{DEALS}/{number}", json={}), 404, "record_unknown")


@pytest.mark.parametrize("number", ["0", "-1", "01", "1.0", "x", str(2**53), "9" * 400])
def test_what_is_no_id_is_no_address(alice, refused, number):
    refused(alice.get(f"{DEALS}/{number}"), 404, "not_found")
    refused(alice.patch(f"{DEALS}/{number}", json={}), 404, "not_found")


def test_an_unknown_type_names_the_nearest(alice, refused):
    body = refused(alice.get("/api/v1/records/x_dael"), 404, "type_unknown")
    assert "x_deal" in body["detail"]


def test_upsert_creates_and_then_changes(alice, refused):
    first = alice.put(f"{DEALS}?_key=code", json={"code": "B", "amount": 1})
    assert first.status_code == 201
    second = alice.put(f"{DEALS}?_key=code", json={"code": "b", "amount": 2})
    assert second.status_code == 200
    assert second.get_json()["id"] == first.get_json()["id"]
    refused(alice.put(DEALS, json={"code": "B"}), 400, "bad_parameter")
    refused(alice.put(f"{DEALS}?_key=amount", json={"code": "B"}), 404, "key_unknown")


def test_a_deleted_record_comes_back_from_the_trash(alice, deal, refused):
    assert alice.delete(deal).status_code == 204
    refused(alice.get(deal), 404, "record_unknown")
    assert alice.get(f"{deal}?_trashed=1").status_code == 200
    answer = alice.post(f"{deal}/restore")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"3"')


def test_the_history_says_what_happened_newest_first(alice, deal):
    alice.patch(deal, json={"amount": 11})
    alice.delete(deal)
    page = alice.get(f"{deal}/history?_limit=2").get_json()
    assert [change["op"] for change in page["changes"]] == ["delete", "update"]
    assert page["changes"][1]["changes"] == {"amount": ["10.00", "11.00"]}
    rest = alice.get(f"{deal}/history?_before={page['next']}").get_json()
    assert [change["op"] for change in rest["changes"]] == ["create"]
    assert rest["next"] is None


# -- many -----------------------------------------------------------------------------------
def bulk(alice, method, rows, rest="", **headers):
    return alice.open(f"{DEALS}/bulk{rest}", method=method, json={"records": rows}, headers=headers)


def test_a_batch_is_written_whole_or_not_at_all(alice, refused):
    body = refused(bulk(alice, "POST", [{"code": "A"}, {"code": None}]), 422, "invalid")
    assert [(e["row"], e["field"]) for e in body["errors"]] == [(1, "code")]
    assert alice.get(DEALS).get_json()["records"] == []
    answer = bulk(alice, "POST", [{"code": "A"}, {"code": "B"}])
    assert [r["status"] for r in answer.get_json()["results"]] == ["created", "created"]


def test_a_partial_batch_writes_the_sound_rows(alice, deal):
    answer = bulk(alice, "POST", [{"code": "a"}, {"code": "B"}], "?_partial=1")
    assert answer.status_code == 200
    refused, created = answer.get_json()["results"]
    assert (refused["status"], refused["errors"][0]["code"]) == ("refused", "duplicate")
    assert (created["status"], created["row"]) == ("created", 1)


def test_many_are_changed_merged_deleted_and_restored(alice):
    made = bulk(alice, "POST", [{"code": "A"}, {"code": "B"}]).get_json()["results"]
    ids = [{"id": row["id"]} for row in made]
    changed = bulk(alice, "PATCH", [{**row, "version": 1, "stage": "won"} for row in ids])
    merged = bulk(alice, "PUT", [{"code": "a", "amount": 1}, {"code": "C"}], "?_key=code")
    deleted = bulk(alice, "DELETE", ids)
    restored = bulk(alice, "POST", ids, "/restore")
    for answer, statuses in (
        (changed, ["updated", "updated"]),
        (merged, ["updated", "created"]),
        (deleted, ["deleted", "deleted"]),
        (restored, ["restored", "restored"]),
    ):
        assert [row["status"] for row in answer.get_json()["results"]] == statuses


@pytest.mark.parametrize("sent", [{}, {"records": []}, {"records": {}}, {"records": [{}], "x": 1}])
def test_a_batch_without_records_is_refused(alice, refused, sent):
    refused(alice.post(f"{DEALS}/bulk", json=sent), 400, "bad_body")


def test_a_row_that_is_no_record_is_named(alice, refused):
    body = refused(bulk(alice, "POST", [{"code": "A"}, 7]), 422, "invalid")
    assert body["errors"][0]["row"] == 1


@pytest.mark.parametrize("value", ["2", "yes", ""])
def test_a_flag_is_1_or_0(alice, refused, value):
    refused(bulk(alice, "POST", [{"code": "A"}], f"?_partial={value}"), 400, "bad_parameter")


# -- repetition -----------------------------------------------------------------------------
KEY = {"Idempotency-Key": "one"}


def test_a_repeated_request_is_carried_out_once(alice):
    first = alice.post(DEALS, json={"code": "A"}, headers=KEY)
    again = alice.post(DEALS, json={"code": "A"}, headers=KEY)
    assert again.status_code == first.status_code == 201
    assert again.data == first.data
    for name in ("Location", "ETag"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(alice.get(DEALS).get_json()["records"]) == 1


def test_a_key_belongs_to_one_request(alice, refused):
    alice.post(DEALS, json={"code": "A"}, headers=KEY)
    other = alice.post(DEALS, json={"code": "B"}, headers=KEY)
    refused(other, 409, "idempotency_mismatch")


def test_a_refused_request_leaves_its_key_free(alice, refused):
    refused(alice.post(DEALS, json={}, headers=KEY), 422, "invalid")
    assert alice.post(DEALS, json={"code": "A"}, headers=KEY).status_code == 201


def test_a_secret_is_not_kept_for_a_repetition(alice, instance, refused):
    address = f"/api/v1/users/{instance.alice.user_id}/tokens"
    assert alice.post(address, json={"name": "x"}, headers=KEY).status_code == 201
    refused(alice.post(address, json={"name": "x"}, headers=KEY), 409, "idempotency_secret")


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_without_sense_is_refused(alice, refused, key):
    answer = alice.post(DEALS, json={"code": "A"}, headers={"Idempotency-Key": key})
    refused(answer, 400, "bad_parameter")


def test_of_two_at_once_with_one_key_one_writes(alice, instance):
    answers = []

    def send():
        client = instance.app.test_client()
        client.environ_base.update(alice.environ_base)
        answers.append(client.post(DEALS, json={"code": "A"}, headers=KEY))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.data for answer in answers if answer.status_code == 201}) == 1
    assert len(alice.get(DEALS).get_json()["records"]) == 1


# -- lists and groups -----------------------------------------------------------------------
@pytest.fixture
def deals(alice):
    """Alice's client of an instance with five deals."""
    rows = [
        {"code": f"D{n}", "amount": n * 10, "stage": "won" if n > 3 else "open",
         "closed": f"2026-0{n}-15"}
        for n in range(1, 6)
    ]  # fmt: skip
    bulk(alice, "POST", rows)
    return alice


def codes(answer):
    return [record["code"] for record in answer.get_json()["records"]]


def test_a_list_is_filtered_sorted_and_cut_by_its_address(deals):
    answer = deals.get(f"{DEALS}?amount__gt=10&stage=open&_sort=-amount&_fields=code,amount")
    assert codes(answer) == ["D3", "D2"]
    assert set(answer.get_json()["records"][0]) == {"id", "code", "amount"}


def test_pages_lead_on_and_back(deals):
    first = deals.get(f"{DEALS}?_sort=code&_limit=2&_count=1")
    assert codes(first) == ["D1", "D2"]
    assert first.get_json()["count"] == {"value": 5, "exact": True}
    address, _, relation = first.headers["Link"].partition(">")
    assert relation == '; rel="next"'
    second = deals.get(address.removeprefix("<"))
    assert codes(second) == ["D3", "D4"]
    assert 'rel="prev"' in second.headers["Link"]
    back = deals.get(f"{DEALS}?_sort=code&_limit=2&_before={second.get_json()['previous']}")
    assert codes(back) == ["D1", "D2"]


def test_labels_name_what_is_pointed_to(deals, instance):
    answer = deals.get(f"{DEALS}?_limit=1").get_json()
    assert answer["labels"][str(instance.alice.user_id)]["label"] == "Alice"


def test_address_and_json_ask_the_same(deals):
    by_json = deals.post(
        f"{DEALS}/query",
        json={
            "filter": {"or": [{"field": "code", "value": "D1"}, {"field": "amount", "op": "gte",
                                                                 "value": 50}]},
            "sort": ["-code"],
        },
    )  # fmt: skip
    by_address = deals.get(
        f'{DEALS}?_sort=-code&_filter={{"or":[{{"field":"code","value":"D1"}},'
        '{"field":"amount","op":"gte","value":50}]}'
    )
    assert codes(by_json) == codes(by_address) == ["D5", "D1"]


def test_the_trash_is_listed_apart(deals):
    record = deals.get(f"{DEALS}?code=D1").get_json()["records"][0]
    deals.delete(f"{DEALS}/{record['id']}")
    assert codes(deals.get(f"{DEALS}?_trashed=1")) == ["D1"]
    assert "D1" not in codes(deals.get(DEALS))


def test_groups_are_counted_and_summed(deals):
    answer = deals.get(f"{DEALS}/aggregate?_group=stage&_select=count,sum(amount)&_sort=stage")
    assert answer.get_json()["groups"] == [
        {"stage": "open", "count": 3, "sum(amount)": "60.00"},
        {"stage": "won", "count": 2, "sum(amount)": "90.00"},
    ]
    assert answer.get_json()["currencies"] == {"sum(amount)": "EUR"}
    counted = deals.get(f"{DEALS}/aggregate?_select=count(amount)").get_json()
    assert counted["currencies"] == {}
    same = {"group": ["stage"], "select": ["count", "sum(amount)"], "sort": ["stage"]}
    assert deals.post(f"{DEALS}/aggregate", json=same).get_json() == answer.get_json()


def test_groups_by_part_of_a_date_and_of_links_have_labels(deals, instance):
    answer = deals.get(f"{DEALS}/aggregate?_group=closed.quarter,owner&stage=open").get_json()
    assert [group["count"] for group in answer["groups"]] == [3]
    assert answer["labels"][str(instance.alice.user_id)]["label"] == "Alice"


@pytest.mark.parametrize(
    ("rest", "status", "code"),
    [
        ("?nam=x", 404, "field_unknown"),
        ("?code__likes=x", 400, "operator_unknown"),
        ("?amount=x", 400, "operand_invalid"),
        ("?code.name=x", 400, "path_invalid"),
        ("?_limit=0", 422, "page_limit"),
        ("?_limit=x", 400, "bad_parameter"),
        ("?_after=x", 400, "bad_cursor"),
        ("?_filter={", 400, "bad_parameter"),
        ("?_filter=[]", 400, "bad_filter"),
        ("?_group=stage", 400, "bad_parameter"),
        ("/aggregate?_after=x", 400, "bad_parameter"),
        ("/aggregate?_select=sum(code)", 400, "not_aggregable"),
        ("/aggregate?_tz=Mars", 400, "bad_parameter"),
    ],
)
def test_a_list_without_sense_is_refused(deals, refused, rest, status, code):
    refused(deals.get(f"{DEALS}{rest}"), status, code)
