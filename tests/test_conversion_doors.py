"""The doors of conversion: the API, the mapping, the commands and the pages without scripts."""

from __future__ import annotations

import re

import pytest

from relatum.core import plugin_host, records, roles
from relatum.plugins.sales import convert
from relatum.plugins.sales.converting import mapping, origins

from .desk import at_desk
from .instances import prepared
from .plugged import client, served
from .test_conversion import LEAD, code_of, count
from .test_conversion_rights import ALL, let

#: The preset of the instance.
PRESET = "all"


@prepared
def crm(instance):
    """Return the id of a lead, and of a company that it may be."""
    [lead] = instance.create("lead", LEAD)
    [account] = instance.create("account", {"name": "Averill Ales Ltd"})
    return {"lead": lead, "account": account}


@pytest.fixture
def lead(crm):
    """Return the id of the lead."""
    return crm["lead"]


@pytest.fixture
def account(crm):
    """Return the id of the company."""
    return crm["account"]


def sets(instance, *lines):
    """Keep lines of the administrator."""
    with instance.app.app_context():
        return instance.turn(lambda own, actor: mapping.keep(own, actor=actor), list(lines))


def made(instance, lead, **choices):
    """Convert a lead with new records and return what became of it."""
    return instance.write(convert, lead, {"matches": "new", **choices})


@pytest.fixture
def call(instance):
    """Give a way to get a client of the whole application for somebody, alice by default."""
    with served(instance) as application:
        yield lambda actor=None: client(application, instance.token(actor))


# -- the API --------------------------------------------------------------------------------------
def test_a_lead_is_looked_at_and_converted_through_the_api(instance, lead, account, call):
    alice = call()
    at = f"/api/x/sales/leads/{lead}/convert"
    found = alice.get(at).get_json()
    assert [m["id"] for m in found["account"]["matches"]] == [account]
    assert found["opportunity"]["values"]["amount"] == "52500.00"
    refused = alice.post(at, json={})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "sales_lead_matches")
    tried = alice.post(f"{at}?_dry_run=1", json={"account": account}).get_json()
    assert (tried["account"]["id"], tried["error"]) == (account, None)
    assert count(instance, "opportunity") == 0
    done = alice.post(at, json={"account": account}, headers={"If-Match": '"1"'})
    answer = done.get_json()
    assert (done.status_code, answer["account"], answer["made"]) == (
        200, account, ["contact", "opportunity"],
    )  # fmt: skip
    again = alice.post(at, json={})
    assert (again.status_code, again.get_json()["code"]) == (409, "sales_lead_converted")
    undone = alice.post(f"/api/v1/changes/{answer['change_set']}/undo")
    assert undone.status_code == 200
    assert instance.get("lead", lead)["status"] == "new"


def test_many_leads_are_converted_through_the_api_with_a_result_each(instance, lead, call):
    [other] = instance.create("lead", {"subject": "Nothing"})
    alice = call()
    sent = {"ids": [lead, other, 999_999], "matches": "link", "partial": True}
    results = alice.post("/api/x/sales/leads/convert", json=sent).get_json()["results"]
    assert [r["status"] for r in results] == ["converted", "refused", "refused"]
    assert [r["error"] and r["error"]["code"] for r in results] == [
        None, "sales_nothing_made", "record_unknown",
    ]  # fmt: skip
    for ids in (None, [], ["1"], 7, [0], [True]):
        answer = alice.post("/api/x/sales/leads/convert", json={"ids": ids})
        assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_parameter"), ids


def test_the_api_disqualifies_and_says_why_not(instance, lead, call):
    alice = call()
    at = f"/api/x/sales/leads/{lead}/disqualify"
    assert alice.post(at, json={"status": "won"}).get_json()["code"] == "sales_choice_invalid"
    assert alice.post(at, json={"status": "lost"}).status_code == 200
    assert instance.get("lead", lead)["status"] == "lost"


def test_who_lacks_the_permission_or_does_not_see_the_lead_gets_nothing(instance, lead, call):
    bob = let(instance, lead={**ALL, "read": "own"})
    asked = call(bob)
    at = f"/api/x/sales/leads/{lead}/convert"
    assert asked.get(at).status_code == asked.post(at, json={}).status_code == 403
    instance.write(roles.save, "seller", {"permissions": ["sales.convert"]})
    assert asked.get(at).status_code == asked.post(at, json={}).status_code == 404
    assert asked.get("/api/x/sales/mapping").status_code == 403
    assert asked.put("/api/x/sales/mapping", json={"own": []}).status_code == 403


# -- the mapping ----------------------------------------------------------------------------------
def field(instance, type_name, name, kind="text", **more):
    """Add a custom field."""
    change = {"op": "add_field", "type": type_name, "name": name, "kind": kind, "label": name}
    instance.apply({**change, **more})


def test_custom_fields_of_the_same_name_and_kind_are_carried_by_themselves(instance, lead):
    for type_name in ("lead", "account", "opportunity"):
        field(instance, type_name, "x_region")
    field(instance, "contact", "x_region", "integer")
    instance.change("lead", lead, x_region="North")
    done = made(instance, lead)
    assert instance.get("account", done.ids["account"])["x_region"] == "North"
    assert instance.get("opportunity", done.ids["opportunity"])["x_region"] == "North"
    assert instance.get("contact", done.ids["contact"])["x_region"] is None


def test_lines_of_the_administrator_go_before_those_that_come_along(instance, lead):
    field(instance, "account", "x_size")
    field(instance, "lead", "x_size_class")
    sets(instance, "x_size_class = account.x_size", "website = account", "subject=account.name")
    instance.change("lead", lead, x_size_class="large")
    done = made(instance, lead)
    account = instance.get("account", done.ids["account"])
    assert (account["x_size"], account["website"]) == ("large", None)
    assert account["name"] == "Pumps for a brewery"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["website = account.x_gone"], "sales_map_field_unknown"),
        (["x_gone = account.name"], "sales_map_field_unknown"),
        (["status = account.name"], "sales_map_field_unknown"),
        (["company = account.owner"], "sales_map_field_unknown"),
        (["company = account.employees"], "sales_map_kinds_differ"),
        (["company = user.name"], "sales_map_line_invalid"),
        (["company"], "sales_map_line_invalid"),
        (["company = account.name", "subject = account.name"], "sales_map_target_twice"),
        (["company = account.name", "company = account.description"], "sales_map_kinds_differ"),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_the_reason(instance, crm, lines, code):
    assert code_of(sets, instance, *lines)[0] == code


def test_a_line_that_has_become_stale_is_told_and_hurts_nothing(instance, lead):
    field(instance, "account", "x_nick")
    sets(instance, "subject = account.x_nick")
    instance.apply({"op": "trash_field", "type": "account", "field": "x_nick"})
    done = made(instance, lead)
    assert [line for line, _ in done.stale] == ["subject = account.x_nick"]
    assert done.stale[0][1].code == "sales_map_field_unknown"
    assert instance.get("account", done.ids["account"])["name"] == "Averill Ales"


def test_a_value_that_does_not_fit_is_left_out(instance, lead):
    field(instance, "account", "x_source", "choice", options=[{"value": "other", "label": "Other"}])
    sets(instance, "source = account.x_source")
    done = made(instance, lead)
    assert ("account", "x_source", "does_not_fit") in done.left_out


def test_the_mapping_is_changed_through_the_api_by_administrators(crm, call):
    alice = call()
    sent = {"own": ["website = account"]}
    assert alice.put("/api/x/sales/mapping", json=sent).get_json()["changed"] is True
    found = call().get("/api/x/sales/mapping").get_json()
    own = [line for line in found["lines"] if line["origin"] == "own"]
    assert own == [
        {"source": "website", "type": "account", "target": None, "origin": "own"},
    ]  # fmt: skip
    wrong = alice.put("/api/x/sales/mapping", json={"own": ["website = account.phone"]})
    assert (wrong.status_code, wrong.get_json()["code"]) == (422, "sales_map_kinds_differ")
    assert alice.put("/api/x/sales/mapping", json={"own": 1}).status_code == 400


# -- the desk -------------------------------------------------------------------------------------
def test_a_lead_is_converted_in_the_desk_without_scripts_and_undone(instance, lead, account):
    with at_desk(instance) as desk:
        at = f"/x/sales/leads/{lead}/convert"
        assert at in desk.get(f"/records/lead/{lead}").text
        page = desk.get(at).text
        for said in ("Averill Ales Ltd", "Make a new one", "52500", "jo@averill.example"):
            assert said in page, said
        data = {
            "version": "1", "use.account": str(account), "use.contact": "new",
            "use.opportunity": "new", "contact.name.first": "Jo", "contact.name.last": "Averill",
            "contact.email": "", "opportunity.name": "Brewery", "opportunity.amount": "1,500.50",
        }  # fmt: skip
        done = desk.post(at, data=data)
        assert done.status_code == 303, done.text
        deal = int(done.headers["Location"].rpartition("/")[2])
        found = instance.get("opportunity", deal)
        assert (found["name"], found["amount"], found["account"]) == (
            "Brewery", "1500.50", account,
        )  # fmt: skip
        assert instance.get("contact", found["contact"])["email"] is None
        page = desk.get(done.headers["Location"]).text
        assert ("The lead is converted" in page, "From the lead" in page) == (True, True)
        undo = re.search(r"/changes/[0-9]+/undo", page)
        assert undo is not None
        assert desk.get(at).text.count("converted already") == 1
        assert desk.post(undo[0]).status_code in (200, 303)
        assert instance.get("lead", lead)["status"] == "new"


def test_what_is_wrong_is_told_in_the_form_with_what_was_typed(instance, lead):
    with at_desk(instance) as desk:
        at = f"/x/sales/leads/{lead}/convert"
        data = {
            "version": "1", "use.account": "new", "use.contact": "new", "use.opportunity": "new",
            "account.name": "Typed Ltd", "contact.name.last": "", "contact.name.first": "Jo",
            "contact.email": "rubbish",
        }  # fmt: skip
        refused = desk.post(at, data=data)
        assert refused.status_code == 422
        assert ("Typed Ltd" in refused.text, "rubbish" in refused.text) == (True, True)
        assert 'aria-invalid="true"' in refused.text
        assert count(instance, "account") == 1
        data["use.account"] = "other"
        data["other.account~text"] = "Averill Ales Ltd"
        data |= {"contact.name.last": "A", "contact.email": ""}
        assert desk.post(at, data=data).status_code == 303


def test_a_lead_is_disqualified_in_the_desk(instance, lead):
    with at_desk(instance) as desk:
        done = desk.post(f"/x/sales/leads/{lead}/disqualify", data={"status": "cannot_contact"})
        assert done.status_code == 303
    assert instance.get("lead", lead)["status"] == "cannot_contact"


def test_the_mapping_is_changed_in_the_desk(instance, crm):
    with at_desk(instance) as desk:
        page = desk.get("/x/sales/mapping").text
        assert "Estimated amount" in page
        added = desk.post("/x/sales/mapping", data={"source": "website", "target": "account"})
        assert added.status_code == 303, added.text
        assert "Your own line" in desk.get("/x/sales/mapping").text
        wrong = {"source": "company", "target": "account.employees"}
        assert desk.post("/x/sales/mapping", data=wrong).status_code == 422
        desk.post("/x/sales/mapping", data={"drop": "website = account"})
        assert "Your own line" not in desk.get("/x/sales/mapping").text


def test_what_was_noted_at_a_lead_is_seen_from_its_deal(instance, lead):
    link = {"target": "lead", "inverse": "x_notes"}
    instance.make_type(
        "x_note", {"name": "text", "kind": "text"},
        {"name": "lead", "kind": "lookup", "settings": link}, title="text",
    )  # fmt: skip
    instance.create("x_note", {"text": "Called twice", "lead": lead})
    done = made(instance, lead)
    with at_desk(instance) as desk:
        assert "Called twice" in desk.get(f"/records/opportunity/{done.ids['opportunity']}").text


def test_activities_about_a_lead_are_seen_from_its_deal_and_stay_where_they_are(instance, lead):
    [note] = instance.create("note", {"text": "Met at the fair", "regarding": lead})
    done = made(instance, lead)
    assert instance.get("note", note)["regarding"] == lead
    with at_desk(instance) as desk:
        page = desk.get(f"/records/opportunity/{done.ids['opportunity']}").text
        assert "Met at the fair" in page[page.index("From the lead") :]


def test_hidden_leads_are_not_shown_on_their_deals(instance, lead):
    done = made(instance, lead)
    bob = let(instance, lead={"read": "own"})
    assert not instance.read(origins.visible, lead, actor=bob)
    assert instance.read(records.get, "opportunity", done.ids["opportunity"], actor=bob)


def test_without_the_desk_there_are_no_pages_and_the_api_serves(instance, lead, call):
    instance.turn(plugin_host.disable, "desk", cascade=True)
    alice = call()
    assert alice.get(f"/x/sales/leads/{lead}/convert").status_code == 404
    assert alice.get(f"/api/x/sales/leads/{lead}/convert").status_code == 200
