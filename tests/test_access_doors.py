"""Roles, shares and explanations over HTTP; what people without a right meet at each door."""

from __future__ import annotations

import io
from typing import Any

import pytest

from relatum.core import help as manual
from relatum.core import records, roles, uploads
from relatum.core.errors import RelatumError

from . import access_page
from .instances import prepared
from .officing import Office, actor, build, give

LINE = {"read": "all", "update": "own", "create": "all", "delete": "own"}
ALL = {"read": True, "update": True, "create": True}
#: A filter of a field that there is not.
WRONG = {"filter": {"field": "nme", "value": 1}}


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


def api(instance: Any, office: Office, person: str | None = None) -> Any:
    return instance.client(instance.alice if person is None else actor(instance, office, person))


# -- roles -----------------------------------------------------------------------------------
def test_a_role_is_made_changed_read_and_dropped(instance, office):
    client = api(instance, office)
    made = client.put("/api/v1/roles/support", json={"label": "Help", "all_types": {"read": "all"}})
    assert made.status_code == 200
    assert made.json["owner"] == "local"
    changed = client.put("/api/v1/roles/support", json={"types": {"x_deal": {"read": "own"}}})
    assert changed.json["all_types"] == {"read": "all"}
    assert changed.json["types"] == {"x_deal": {"read": "own"}}
    assert client.get("/api/v1/roles/support").json == changed.json
    assert "support" in [role["name"] for role in client.get("/api/v1/roles").json["roles"]]
    assert client.delete("/api/v1/roles/support").status_code == 204
    assert client.get("/api/v1/roles/support").json["code"] == "role_unknown"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"all_types": {"reed": "all"}}, "definition_invalid"),
        ({"all_types": {"read": "mine"}}, "definition_invalid"),
        ({"all_types": {"read": {"filter": {}}}}, "definition_invalid"),
        ({"types": {"x_deal": {"create": "own"}}}, "definition_invalid"),
        ({"types": {"x_nothing": {"read": "all"}}}, "type_unknown"),
        ({"types": {"x_deal": {"read": WRONG}}}, "field_unknown"),
        ({"types": {"x_deal": {"read": {"filter": 7}}}}, "bad_filter"),
        ({"fields": {"x_deal.nme": ALL}}, "field_unknown"),
        ({"fields": {"x_deal.owner": {"read": False, "update": False, "create": False}}},
         "definition_invalid"),
        ({"fields": {"x_deal.name": {"read": False, "update": True, "create": False}}},
         "definition_invalid"),
        ({"permissions": ["everything"]}, "definition_invalid"),
        ({"admin": True}, "invalid"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_role_is_said_and_nothing_is_kept(instance, office, given, code):
    client = api(instance, office)
    refused = client.put("/api/v1/roles/support", json=given)
    assert 400 <= refused.status_code < 500
    assert refused.json["code"] == code
    assert client.get("/api/v1/roles/support").status_code == 404


def test_a_role_that_is_held_is_not_dropped(instance, office):
    client = api(instance, office)
    nora = office.people["nora"]
    assert client.put(f"/api/v1/users/{nora}/roles", json={"roles": ["member"]}).json == {
        "roles": ["member"]
    }
    assert client.delete("/api/v1/roles/member").json["code"] == "role_held"
    north = office.teams["North"]
    at = f"/api/v1/teams/{north}/roles"
    assert client.put(at, json={"roles": ["membr"]}).status_code == 404
    assert client.put(at, json={"roles": ["manager"]}).status_code == 200
    assert client.get(at).json == {"roles": ["manager"]}


def test_only_administrators_touch_roles_and_everybody_reads_his_own(instance, office):
    instance.write(roles.hold, "user", office.people["nora"], ["manager"])
    client = api(instance, office, "nora")
    nora, sam = office.people["nora"], office.people["sam"]
    assert client.get(f"/api/v1/users/{nora}/roles").json == {"roles": ["manager"]}
    refused = [
        client.get("/api/v1/roles"),
        client.put("/api/v1/roles/mine", json={}),
        client.delete("/api/v1/roles/member"),
        client.get(f"/api/v1/users/{sam}/roles"),
        client.put(f"/api/v1/users/{nora}/roles", json={"roles": ["manager"]}),
        client.put(f"/api/v1/teams/{office.teams['North']}/roles", json={"roles": []}),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)


# -- shares and reasons ----------------------------------------------------------------------
def test_a_record_is_shared_listed_and_taken_back(instance, office):
    give(instance, office, "sam", {"read": "own"})
    owner, sam = api(instance, office), api(instance, office, "sam")
    deal = office.deals["nora large"]
    at = f"/api/v1/records/x_deal/{deal}"
    assert sam.get(at).status_code == 404
    made = owner.post(f"{at}/shares", json={"user": office.people["sam"]})
    assert made.status_code == 201
    assert made.json["label"] == "sam"
    assert sam.get(at).status_code == 200
    assert sam.get(f"{at}/shares").json["shares"] == [made.json]
    assert sam.delete(f"/api/v1/shares/{made.json['id']}").status_code == 403
    assert owner.delete(f"/api/v1/shares/{made.json['id']}").status_code == 204
    assert sam.get(at).status_code == 404
    assert owner.post(f"{at}/shares", json={}).status_code == 422


def test_an_explanation_names_every_role_and_its_reason(instance, office):
    give(instance, office, "sam", {"read": "all", "update": "own"})
    deal = office.deals["nora large"]
    at = f"/api/v1/records/x_deal/{deal}/access"
    told = api(instance, office, "sam").get(f"{at}?action=update").json
    assert told["allowed"] is False
    [reason] = told["reasons"]
    assert reason["role"] == "sam_0"
    assert "none of them" in reason["reason"]
    instance.write(roles.share, "x_deal", deal, user=office.people["sam"], update=True)
    told = api(instance, office).get(f"{at}?action=update&user={office.people['sam']}").json
    assert told["allowed"] is True
    assert "shared" in told["reasons"][-1]["reason"]
    criteria = {"filter": {"field": "secret", "op": "empty", "value": False}}
    hidden = {"read": False, "update": False, "create": False}
    give(instance, office, "sam", {"read": criteria}, fields={"x_deal.secret": hidden})
    told = api(instance, office, "sam").get(at)
    assert "records that meet a filter" in told.text
    assert "secret" not in told.text
    frank = api(instance, office).get(f"{at}?user={office.people['sam']}")
    assert frank.json["hidden"] == ["secret"]
    assert "empty" in frank.text
    others = api(instance, office, "sam").get(f"{at}?user={office.people['nora']}")
    assert others.status_code == 403


# -- what others meet ------------------------------------------------------------------------
def test_the_description_of_the_api_holds_what_the_reader_sees(instance, office):
    hidden = {"read": False, "update": False, "create": False}
    give(instance, office, "nora", LINE, fields={"x_deal.secret": hidden})
    described = api(instance, office, "nora").get("/api/v1/openapi.json").json
    schemas = described["components"]["schemas"]
    told = {name: made for name, made in schemas.items() if "deal" in name.lower()}
    assert "amount" in str(told)
    assert "secret" not in str(told)
    [types] = [api(instance, office, "nora").get("/api/v1/entity-types").json["types"]]
    deal = next(each for each in types if each["name"] == "x_deal")
    assert "secret" not in str(deal)
    nobody = api(instance, office, "nobody")
    assert nobody.get("/api/v1/entity-types").status_code == 403
    assert "x_deal" not in nobody.get("/api/v1/openapi.json").text


def test_changes_of_hidden_records_take_no_room_in_a_page_of_the_feed(instance, office):
    give(instance, office, "nora", {"read": "own"})
    client = api(instance, office, "nora")
    mine, theirs = office.deals["nora large"], office.deals["sam large"]
    since = client.get("/api/v1/changes?since=now").json["next"]
    for id_, amount in ((theirs, 1), (mine, 2), (theirs, 3), (mine, 4), (theirs, 5), (theirs, 6)):
        instance.write(records.update, "x_deal", [{"id": id_, "amount": amount}])
    pages = []
    for _ in range(2):
        page = client.get(f"/api/v1/changes?since={since}&_limit=1").json
        since = page["next"]
        pages.append(([each["changes"]["amount"][1] for each in page["changes"]], page["more"]))
    assert pages == [([2], True), ([4], False)]


@pytest.mark.parametrize(
    "more",
    [[{}], [{"secret": "x"}], [{"amount": "many"}], [{"version": 9}], [{}, {"amount": 1}]],
    ids=["plain", "unknown field", "wrong value", "other version", "twice"],
)
def test_a_hidden_record_is_refused_as_one_that_is_not_there(instance, office, more):
    hidden = {"read": False, "update": False, "create": False}
    give(instance, office, "nora", LINE | {"read": "own"}, fields={"x_deal.secret": hidden})
    client = api(instance, office, "nora")
    answers = []
    for id_ in (office.deals["sam large"], 999_999):
        rows = [{"id": id_, **each} for each in more]
        at = "/api/v1/records/x_deal/bulk?_partial=1"
        told = client.patch(at, json={"records": rows}).text
        answers.append(told.replace(str(id_), "N"))
    assert "record_unknown" in answers[0]
    assert answers[0] == answers[1]


def test_what_holds_on_to_a_record_is_counted_as_far_as_one_sees_it(instance, office):
    firm = {"name": "Acme", "owner": office.people["nora"]}
    [acme] = instance.create("x_firm", firm)
    mine, theirs = office.deals["nora large"], office.deals["sam large"]
    for id_ in (mine, theirs):
        instance.write(records.update, "x_deal", [{"id": id_, "firm": acme}])
    give(instance, office, "nora", {"read": "own"})
    at = f"/api/v1/records/x_firm/{acme}/deletion"
    told = api(instance, office).get(at).text
    assert "2 x_deal point" in told
    assert "among" not in told
    instance.write(roles.save, "cleaner", {"types": {"x_firm": {"read": "all", "delete": "all"}}})
    instance.write(roles.hold, "user", office.people["nora"], ["nora_0", "cleaner"])
    told = api(instance, office, "nora").get(at).text
    assert f"1 x_deal point to this record through 'firm' (for example {mine})" in told
    assert "among" not in told


def test_whoever_may_import_sends_a_file_and_nobody_else(instance, office):
    for person, line, status in (("nora", {"import": "all"}, None), ("sam", {}, "forbidden")):
        give(instance, office, person, {"read": "own", **line})
        who = actor(instance, office, person)
        with instance.app.app_context():
            try:
                uploads.keep("a.csv", io.BytesIO(b"name"), actor=who)
                refused = None
            except RelatumError as error:
                refused = error.code
        assert refused == status


def test_a_refused_write_leaves_nothing_written(instance, office):
    give(instance, office, "nora", LINE)
    client = api(instance, office, "nora")
    mine, theirs = office.deals["nora large"], office.deals["sam large"]
    rows = [{"id": mine, "amount": 1}, {"id": theirs, "amount": 1}]
    refused = client.patch("/api/v1/records/x_deal/bulk", json={"records": rows})
    assert refused.status_code in (403, 422)
    amounts = instance.sql(f"SELECT amount FROM x_deal WHERE id IN ({mine}, {theirs})")
    assert {row.amount for row in amounts} == {900}
    at = f"/api/v1/records/x_deal/{theirs}"
    assert client.patch(at, json={"amount": 1}).json["code"] == "record_forbidden"
    assert client.delete(at).json["code"] == "record_forbidden"


def test_the_tables_of_the_page_on_rights_are_what_the_reference_decides():
    assert manual.text("access") == access_page.page()
