"""The description of the API is valid, whole and true, and tells a stranger no name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from relatum.core.api.operations import OPERATIONS, PREFIX

from .instances import prepared

THING = (
    {"name": "name", "kind": "text", "required": True, "settings": {"max_length": 20}},
    {"name": "size", "kind": "integer", "settings": {"min": 1}, "help": "In metres."},
    {"name": "price", "kind": "money"},
    {
        "name": "stage",
        "kind": "choice",
        "required": True,
        "default": "open",
        "options": [{"value": "open"}, {"value": "old", "retired": True}],
    },
    {"name": "above", "kind": "lookup", "settings": {"target": "x_thing"}},
)
DESCRIPTION = f"{PREFIX}/openapi.json"


@prepared
def things(instance):
    instance.make_type("x_thing", *THING)


@pytest.fixture
def anybody(things):
    return things.client()


@pytest.fixture
def alice(instance, anybody):
    return instance.client(instance.alice)


@pytest.fixture
def generic(anybody):
    """What a stranger reads."""
    return anybody.get(DESCRIPTION).get_json()


@pytest.fixture
def own(alice):
    """What alice reads."""
    return alice.get(DESCRIPTION).get_json()


def validator(document: dict[str, Any], name: str) -> Draft202012Validator:
    resource = DRAFT202012.create_resource(document)
    registry: Registry[Any] = Registry().with_resource("urn:api", resource)
    return Draft202012Validator({"$ref": f"urn:api#/components/schemas/{name}"}, registry=registry)


def errors(document: dict[str, Any], name: str, value: Any) -> list[str]:
    return [error.message for error in validator(document, name).iter_errors(value)]


# -- valid and whole ------------------------------------------------------------------------
def test_it_is_valid_for_everybody(generic, own):
    for document in (generic, own):
        assert document["openapi"] == "3.1.0"
        OpenAPIV31SpecValidator(document).validate()


def test_every_route_is_in_it_and_nothing_else(instance, generic):
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in instance.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(PREFIX)
    }
    described = {
        (method.upper(), path) for path, methods in generic["paths"].items() for method in methods
    }
    assert described == routes


def test_every_operation_has_a_name_and_a_sentence_of_its_own(own):
    found = [o for methods in own["paths"].values() for o in methods.values()]
    names = [operation["operationId"] for operation in found]
    assert len(set(names)) == len(names)
    assert all(operation["summary"].endswith(".") for operation in found)


def test_every_problem_is_described_as_one(own):
    for methods in own["paths"].values():
        for operation in methods.values():
            for status, reply in operation["responses"].items():
                if status >= "400":
                    schema = reply["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}


def test_what_is_public_says_so(generic):
    public = {
        operation["operationId"]
        for methods in generic["paths"].values()
        for operation in methods.values()
        if {} in operation["security"]
    }
    assert public == {
        "start_session", "finish_session", "forgot_password", "set_new_password", "read_health",
        "read_description",
    }  # fmt: skip
    assert public == {operation.name for operation in OPERATIONS if operation.public}


def test_a_write_with_a_cookie_needs_the_csrf_token(generic):
    paths = generic["paths"]
    assert paths[f"{PREFIX}/session"]["delete"]["security"] == [
        {"bearer": []},
        {"session": [], "csrf": []},
    ]
    assert paths[f"{PREFIX}/session"]["get"]["security"] == [{"bearer": []}, {"session": []}]


# -- who reads what -------------------------------------------------------------------------
def test_a_stranger_reads_no_name_of_a_type(anybody, instance):
    for client in (anybody, instance.client(instance.bob)):
        text = client.get(DESCRIPTION).text
        assert "x_thing" not in text
        assert "/records/{type}" in text


def test_whoever_may_read_gets_each_type_with_its_fields(own):
    assert f"{PREFIX}/records/x_thing/{{id}}" in own["paths"]
    assert f"{PREFIX}/records/{{type}}" not in own["paths"]
    create = own["components"]["schemas"]["x_thing.RecordCreate"]
    assert create["required"] == ["name"]
    assert create["properties"]["name"] == {"type": "string", "maxLength": 20, "title": "Name"}
    size = create["properties"]["size"]
    assert (size["type"], size["minimum"]) == (["integer", "null"], 1)
    assert size["description"] == "In metres."
    assert create["properties"]["stage"]["enum"] == ["open"]
    assert "version" not in create["properties"]
    shown = own["components"]["schemas"]["x_thing.Record"]["properties"]
    assert shown["version"]["readOnly"]
    assert shown["above"]["x-entity-type"] == "x_thing"
    assert set(shown["stage"]["enum"]) == {"open", "old", None}


def test_it_follows_the_data_model_at_once(alice, own):
    tag = alice.get(DESCRIPTION).headers["ETag"]
    assert alice.get(DESCRIPTION, headers={"If-None-Match": tag}).status_code == 304
    field = {"name": "colour", "kind": "text"}
    alice.post(f"{PREFIX}/entity-types/x_thing/fields", json=field)
    answer = alice.get(DESCRIPTION, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    schemas = answer.get_json()["components"]["schemas"]
    assert "colour" in schemas["x_thing.Record"]["properties"]


def test_a_shared_cache_never_serves_it_to_another(anybody):
    headers = anybody.get(DESCRIPTION).headers
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Vary"] == "Authorization, Cookie"


# -- true -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "sent",
    [
        {"name": "A"},
        {"name": "A", "size": 1, "price": "1.50", "stage": "open", "above": None, "owner": None},
    ],
)
def test_what_it_allows_is_taken(alice, own, sent):
    assert errors(own, "x_thing.RecordCreate", sent) == []
    assert alice.post(f"{PREFIX}/records/x_thing", json=sent).status_code == 201


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"name": None},
        {"name": "A" * 21},
        {"name": "A", "size": 0},
        {"name": "A", "size": "1"},
        {"name": "A", "stage": "old"},
        {"name": "A", "stage": None},
        {"name": "A", "above": "x"},
        {"name": "A", "version": 1},
        {"name": "A", "colour": "red"},
    ],
)
def test_what_it_forbids_is_refused(alice, own, sent):
    assert errors(own, "x_thing.RecordCreate", sent)
    assert alice.post(f"{PREFIX}/records/x_thing", json=sent).status_code == 422


def test_every_answer_is_as_described(alice, instance, own):
    things = f"{PREFIX}/records/x_thing"
    first = alice.post(things, json={"name": "A", "price": "1"})
    number = first.get_json()["id"]
    alice.post(things, json={"name": "B", "above": number})
    made = f"{PREFIX}/changes/{first.headers['Relatum-Change']}"
    change = {"changes": [{"op": "trash_field", "type": "x_thing", "field": "size"}]}
    field = {"name": "colour", "kind": "text", "required": True}
    user = f"{PREFIX}/users/{instance.alice.user_id}"
    password = {"email": "alice@example.org", "password": "correct horse battery"}
    types = f"{PREFIX}/entity-types"
    for name, answer in (
        ("x_thing.Record", first),
        ("x_thing.RecordPage", alice.get(f"{things}?_count=1&_limit=1")),
        ("x_thing.RecordPage", alice.get(f"{things}?_fields=above.name")),
        ("Groups", alice.get(f"{things}/aggregate?_group=above,stage&_select=count,avg(size)")),
        ("History", alice.get(f"{things}/{number}/history?_limit=1")),
        ("ChangeSet", alice.get(f"{made}?_limit=1")),
        ("Undo", alice.post(f"{made}/undo?_plan=1")),
        ("Undo", alice.post(f"{PREFIX}/changes/1/undo?_plan=1")),
        ("BulkResult", alice.post(f"{things}/bulk?_partial=1", json={"records": [{}]})),
        ("EntityTypes", alice.get(types)),
        ("EntityType", alice.get(f"{types}/x_thing")),
        ("Export", alice.get(f"{types}/export")),
        ("PlanAnswer", alice.post(f"{types}/plan", json=change)),
        ("ChangedType", alice.post(f"{types}/x_thing/fields?_plan=1", json=field)),
        ("Session", alice.get(f"{PREFIX}/session")),
        ("Session", instance.client().post(f"{PREFIX}/session", json=password)),
        ("Tokens", alice.get(f"{PREFIX}/tokens")),
        ("NewToken", alice.post(f"{user}/tokens", json={"name": "x"})),
        ("Link", alice.post(f"{user}/link")),
        ("Health", alice.get(f"{PREFIX}/health")),
        ("Description", alice.get(DESCRIPTION)),
        ("Problem", alice.post(things, json={"name": None})),
    ):
        assert errors(own, name, answer.get_json()) == [], name


def test_no_answer_holds_more_than_is_described(alice, own):
    schemas = own["components"]["schemas"]
    planned = alice.post(f"{PREFIX}/changes/1/undo?_plan=1").get_json()
    assert set(planned) == set(schemas["Undo"]["properties"])
    assert set(planned["records"][0]) == set(schemas["RecordUndo"]["properties"])
    for name, path in (
        ("ChangeSet", f"{PREFIX}/changes/1"),
        ("EntityType", f"{PREFIX}/entity-types/x_thing"),
        ("Tokens", f"{PREFIX}/tokens"),
        ("Session", f"{PREFIX}/session"),
        ("x_thing.RecordPage", f"{PREFIX}/records/x_thing"),
    ):
        assert set(alice.get(path).get_json()) == set(schemas[name]["properties"]), name


def test_a_value_that_broke_no_rule_when_it_was_written_is_still_described(alice, own, instance):
    things = f"{PREFIX}/records/x_thing"
    made = alice.post(things, json={"name": "A" * 20, "size": 1}).headers["Location"]
    stricter = {"settings": {"min": 5}, "existing": "keep"}
    alice.patch(f"{PREFIX}/entity-types/x_thing/fields/size", json=stricter)
    document = alice.get(DESCRIPTION).get_json()
    assert errors(document, "x_thing.Record", alice.get(made).get_json()) == []


def test_lines_are_described_by_their_type_and_filters_may_ask_for_them(instance):
    link = {"target": "x_order", "part": True, "inverse": "lines"}
    instance.make_type("x_order", {"name": "name", "kind": "text"})
    instance.make_type(
        "x_line",
        {"name": "product", "kind": "text", "required": True},
        {"name": "order", "kind": "lookup", "required": True, "settings": link},
        {"name": "above", "kind": "lookup", "required": True,
         "settings": {"target": "x_line", "part": True, "inverse": "below"}},
        title="product",
    )  # fmt: skip
    described = instance.client(instance.alice).get(DESCRIPTION).get_json()
    schemas = described["components"]["schemas"]
    for body in ("RecordCreate", "RecordUpdate"):
        lines = schemas[f"x_order.{body}"]["properties"]["lines"]
        assert lines["items"] == {"$ref": "#/components/schemas/x_line.RecordPart"}
    row = schemas["x_line.RecordPart"]["properties"]
    assert {"id", "version", "product", "below"} <= set(row)
    assert row["below"]["items"] == {"$ref": "#/components/schemas/x_line.RecordPart"}
    assert {"$ref": "#/components/schemas/FilterHas"} in schemas["Filter"]["oneOf"]
