"""The data model over HTTP: describe, plan, apply, and one change at a time by its address."""

from __future__ import annotations

from typing import Any

import pytest

TYPES = "/api/v1/entity-types"
EVERY_FIELD: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True, "sortable": True},
    {"name": "code", "kind": "text", "unique": True, "settings": {"pattern": "[A-Z]+"}},
    {"name": "story", "kind": "long_text"},
    {"name": "size", "kind": "integer", "settings": {"min": 0}},
    {"name": "weight", "kind": "decimal", "settings": {"scale": 3}},
    {"name": "price", "kind": "money"},
    {"name": "paid", "kind": "boolean"},
    {"name": "known", "kind": "boolean", "settings": {"tri_state": True}},
    {"name": "day", "kind": "date", "default": "today"},
    {"name": "moment", "kind": "datetime"},
    {"name": "stage", "kind": "choice", "options": [{"value": "open"}, {"value": "won"}]},
    {"name": "mail", "kind": "email"},
    {"name": "opens", "kind": "time"},
    {"name": "took", "kind": "duration", "settings": {"max": 86400}},
    {"name": "stars", "kind": "rating"},
    {"name": "chance", "kind": "percent", "settings": {"min": "0", "max": "100"}},
    {"name": "hue", "kind": "colour"},
    {"name": "site", "kind": "url"},
    {"name": "phone", "kind": "phone", "settings": {"region": "US"}},
    {"name": "about", "kind": "rich_text"},
    {"name": "extra", "kind": "json"},
    {"name": "contact", "kind": "person_name"},
    {"name": "home", "kind": "address", "settings": {"indexed_members": ["city"]}},
    {"name": "place", "kind": "geo"},
    {"name": "parent", "kind": "lookup", "settings": {"target": "x_asset"}},
    {"name": "keeper", "kind": "user", "default": "me"},
]  # fmt: skip
ASSET = {"name": "x_asset", "label": "Asset", "icon": "box", "hue": 200, "fields": EVERY_FIELD}
VALUES = {
    "name": "Äpfel", "code": "A", "story": "one\ntwo", "size": 3, "weight": "1.250",
    "price": "12.50", "paid": True, "known": False, "day": "2026-01-31",
    "moment": "2026-01-31T08:30:00Z", "stage": "won", "mail": "a@example.org",
    "opens": "09:30:00", "took": 5400, "stars": 4, "chance": "12.50", "hue": "#2f6fed",
    "site": "https://example.org/", "phone": "+14155552671", "about": "<p>Hi</p>",
    "extra": {"plan": ["free"]}, "place": {"lat": 52.52, "lng": -0.1},
    "contact": {
        "salutation": None, "first": "Ada", "middle": None, "last": "Byron", "suffix": "II",
    },
    "home": {
        "street": None, "city": "Rome", "region": None, "postal_code": "00118", "country": "IT",
    },
}  # fmt: skip


@pytest.fixture
def alice(instance):
    return instance.client(instance.alice)


@pytest.fixture
def asset(alice):
    """The address of a type with every field type."""
    made = alice.post(TYPES, json=ASSET)
    assert made.status_code == 201, made.text
    return made.headers["Location"]


# -- the whole way --------------------------------------------------------------------------
def test_a_type_with_every_field_type_holds_records(alice, asset, instance):
    first = alice.post("/api/v1/records/x_asset", json=VALUES)
    assert first.status_code == 201, first.text
    assert VALUES.items() <= first.get_json().items()
    assert first.get_json()["keeper"] == instance.alice.user_id
    child = {"name": "Kern", "parent": first.get_json()["id"]}
    second = alice.post("/api/v1/records/x_asset", json=child)
    assert child.items() <= second.get_json().items()

    added = alice.post(f"{asset}/fields", json={"name": "colour", "kind": "text"})
    assert added.status_code == 201
    painted = alice.patch(second.headers["Location"], json={"colour": "red"})
    assert painted.get_json()["colour"] == "red"

    listed = alice.get("/api/v1/records/x_asset?colour=red&_fields=name,parent.name").get_json()
    assert listed["records"] == [
        {"id": second.get_json()["id"], "name": "Kern", "parent.name": "Äpfel"}
    ]


def test_a_type_is_described_with_fields_and_operators(alice, asset):
    described = alice.get(asset).get_json()
    assert [f["kind"] for f in described["fields"] if f["owner"] == "local"] == [
        field["kind"] for field in EVERY_FIELD
    ]
    stage = next(f for f in described["fields"] if f["name"] == "stage")
    assert [option["value"] for option in stage["options"]] == ["open", "won"]
    assert "category" in {operator["name"] for operator in stage["operators"]}
    listed = alice.get(TYPES).get_json()["types"]
    assert described in listed
    assert {"user", "team"} <= {found["name"] for found in listed}


def test_only_administrators_see_and_change_the_data_model(instance, asset, refused):
    bob = instance.client(instance.bob)
    for answer in (
        bob.get(TYPES),
        bob.get(asset),
        bob.get(f"{TYPES}/export"),
        bob.post(TYPES, json={"name": "x_mine"}),
        bob.post(f"{TYPES}/plan", json={"changes": [{"op": "trash_type", "type": "x_asset"}]}),
        bob.delete(asset),
    ):
        refused(answer, 403, "forbidden")


# -- one change -----------------------------------------------------------------------------
def test_a_change_answers_with_its_plan_and_the_type(alice, asset):
    answer = alice.patch(asset, json={"label": "Thing"}).get_json()
    assert answer["applied"]
    assert answer["steps"][0]["op"] == "change_type"
    assert answer["type"]["label"] == "Thing"
    assert alice.get(asset).get_json() == answer["type"]


@pytest.mark.parametrize(
    ("method", "rest", "sent"),
    [
        ("PATCH", "", {"label": "Thing"}),
        ("DELETE", "", None),
        ("POST", "/fields", {"name": "colour", "kind": "text"}),
        ("PATCH", "/fields/size", {"label": "Size"}),
        ("DELETE", "/fields/size", None),
    ],
)
def test_a_change_that_is_only_planned_changes_nothing(alice, asset, method, rest, sent):
    before = alice.get(asset).get_json()
    answer = alice.open(f"{asset}{rest}?_plan=1", method=method, json=sent)
    assert answer.status_code == 200
    assert (answer.get_json()["applied"], answer.get_json()["type"]) == (False, before)
    assert alice.get(asset).get_json() == before


def test_a_type_that_is_only_planned_is_not_there(alice, refused):
    answer = alice.post(f"{TYPES}?_plan=1", json=ASSET)
    assert (answer.status_code, answer.get_json()["type"]) == (200, None)
    assert any("CREATE TABLE x_asset" in sql for sql in answer.get_json()["steps"][0]["sql"])
    refused(alice.get(f"{TYPES}/x_asset"), 404, "type_unknown")


def test_a_field_goes_to_the_trash_and_comes_back(alice, asset):
    trashed = alice.delete(f"{asset}/fields/size").get_json()["type"]
    assert trashed["trashed_fields"] == ["size"]
    restored = alice.post(f"{asset}/fields/size/restore").get_json()["type"]
    assert restored["trashed_fields"] == []


def test_a_type_goes_to_the_trash_and_comes_back(alice, asset, refused):
    answer = alice.delete(asset)
    assert answer.get_json()["type"] is None
    refused(alice.get(asset), 404, "type_unknown")
    assert [t["name"] for t in alice.get(f"{TYPES}?_trashed=1").get_json()["types"]] == ["x_asset"]
    assert alice.get(f"{asset}?_trashed=1").get_json()["trashed"]
    assert not alice.post(f"{asset}/restore").get_json()["type"]["trashed"]


def test_the_trash_says_when_a_name_is_not_in_it(alice, refused):
    body = refused(alice.get(f"{TYPES}/x_asset?_trashed=1"), 404, "type_unknown")
    assert "trash" in body["detail"]


def test_existing_records_need_an_answer(alice, asset, refused):
    alice.post("/api/v1/records/x_asset", json={"name": "A"})
    field = {"name": "colour", "kind": "text", "required": True}
    body = refused(alice.post(f"{asset}/fields", json=field), 409, "plan_blocked")
    assert body["errors"][0]["code"] == "existing_required"
    planned = alice.post(f"{asset}/fields?_plan=1", json=field).get_json()
    assert planned["blocked"]
    assert planned["steps"][0]["question"]["field"] == "colour"
    answered = alice.post(f"{asset}/fields", json=field | {"existing": {"fill": "red"}})
    assert answered.status_code == 201
    assert alice.get("/api/v1/records/x_asset?colour=red").get_json()["records"]


# -- many changes ---------------------------------------------------------------------------
CHANGES: list[dict[str, Any]] = [
    {"op": "create_type", "name": "x_a", "fields": [{"name": "name", "kind": "text"}]},
    {"op": "add_field", "type": "x_a", "name": "keeper", "kind": "user"},
]  # fmt: skip


def test_a_plan_is_applied_as_it_was_looked_at(alice):
    plan = alice.post(f"{TYPES}/plan", json={"changes": CHANGES}).get_json()
    assert (plan["applied"], plan["types"]) == (False, [])
    sent = {"changes": CHANGES, "plan": plan["plan"]}
    applied = alice.post(f"{TYPES}/apply", json=sent).get_json()
    assert applied["steps"] == plan["steps"]
    assert [t["name"] for t in applied["types"]] == ["x_a"]


def test_a_plan_that_means_something_else_by_now_is_refused(alice, instance, refused):
    plan = alice.post(f"{TYPES}/plan", json={"changes": CHANGES}).get_json()
    instance.make_type("x_b")
    sent = {"changes": CHANGES, "plan": plan["plan"]}
    refused(alice.post(f"{TYPES}/apply", json=sent), 409, "plan_stale")
    refused(alice.get(f"{TYPES}/x_a"), 404, "type_unknown")


def test_changes_are_applied_all_or_none(alice, refused):
    sent = {"changes": [*CHANGES, {"op": "trash_type", "type": "x_c"}]}
    refused(alice.post(f"{TYPES}/apply", json=sent), 404, "type_unknown")
    refused(alice.get(f"{TYPES}/x_a"), 404, "type_unknown")


def test_the_export_holds_what_was_made_here(alice, asset):
    exported = alice.get(f"{TYPES}/export").get_json()
    assert [t["name"] for t in exported["types"]] == ["x_asset"]
    assert [f["name"] for f in exported["types"][0]["fields"]] == [f["name"] for f in EVERY_FIELD]


# -- bad input ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sent", "status", "code", "named"),
    [
        ({}, 422, "invalid", "name"),
        ({"name": "asset"}, 422, "name_prefix", "asset"),
        ({"name": "x_A"}, 422, "name_invalid", "x_A"),
        ({"name": "x_" + "a" * 40}, 422, "name_invalid", "x_aaa"),
        ({"name": "user"}, 422, "name_prefix", "user"),
        ({"name": "x_a", "op": "trash_type"}, 422, "invalid", "op"),
        ({"name": "x_a", "labl": "A"}, 422, "invalid", "labl"),
        ({"name": "x_a", "hue": 400}, 422, "invalid", "hue"),
        ({"name": "x_a", "fields": [{"name": "id", "kind": "text"}]}, 422, "name_reserved", "id"),
        ({"name": "x_a", "fields": [{"name": "a", "kind": "txt"}]}, 422, "kind_unknown", "text"),
        ({"name": "x_a", "fields": [{"name": "a"}]}, 422, "invalid", "fields.0.kind"),
        ({"name": "x_a", "label": "a\u0000b"}, 400, "bad_json", "U+0000"),
        ({"name": "x_a", "title": "nam"}, 404, "field_unknown", "nam"),
    ],
)
def test_a_type_without_sense_is_refused_and_leaves_nothing(
    alice, refused, sent, status, code, named
):
    body = refused(alice.post(TYPES, json=sent), status, code)
    assert named in str(body)
    assert {t["name"] for t in alice.get(TYPES).get_json()["types"]} == {"user", "team"}


def test_a_name_that_is_taken_is_refused(alice, asset, refused):
    refused(alice.post(TYPES, json=ASSET), 409, "name_taken")
    field = {"name": "size", "kind": "integer"}
    refused(alice.post(f"{asset}/fields", json=field), 409, "name_taken")


def test_what_the_system_owns_is_not_changed(alice, refused):
    refused(alice.delete(f"{TYPES}/user"), 422, "not_yours")
    refused(alice.patch(f"{TYPES}/user/fields/owner", json={"label": "X"}), 422, "not_yours")


def test_an_unknown_field_names_the_nearest(alice, asset, refused):
    body = refused(alice.patch(f"{asset}/fields/siz", json={}), 404, "field_unknown")
    assert "size" in body["detail"]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({}, 422, "invalid"),
        ({"changes": []}, 422, "invalid"),
        ({"changes": ["x"]}, 422, "invalid"),
        ({"changes": [{}]}, 422, "operation_unknown"),
        ({"changes": [{"op": "drop_table"}]}, 422, "operation_unknown"),
        ({"changes": [{"op": "trash_type"}]}, 422, "definition_invalid"),
        ({"changes": [{"op": "trash_type", "type": "x_a"}], "plan": 1}, 422, "invalid"),
    ],
)
def test_changes_without_sense_are_refused(alice, refused, sent, status, code):
    refused(alice.post(f"{TYPES}/apply", json=sent), status, code)


def test_a_verb_is_no_type(alice, refused):
    for verb in ("plan", "apply"):
        answer = alice.get(f"{TYPES}/{verb}")
        refused(answer, 405, "method_unknown")
        assert answer.headers["Allow"] == "POST"
