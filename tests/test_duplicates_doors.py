"""Duplicates over HTTP and in the desk; how values are compared."""

from __future__ import annotations

import pytest

from relatum.core import catalog, records
from relatum.plugins.duplicates import comparing, rules

from .desk import FRAGMENT
from .duplicating import ADA, BLOCK, ada, fill, found, person, run
from .instances import prepared
from .plugged import client, served

#: The preset of the instance.
PRESET = "sales"


@prepared
def crm(instance):
    """Return an instance with contacts, sales, duplicates, and Ada."""
    fill(instance)


# -- over HTTP, and in the desk -------------------------------------------------------------
@pytest.fixture
def equipped(crm):
    """Return the instance that a browser is signed in to."""
    return crm


def test_the_api_says_what_is_asked_and_takes_the_answer(crm, refused):
    with served(crm) as application:
        api = client(application, crm.token())
        body = refused(api.post("/api/v1/records/contact", json=ADA), 409, "confirm_needed")
        [problem] = body["errors"]
        assert problem["params"]["records"][0]["label"] == "Ada Lovelace"
        answer = api.post("/api/v1/records/contact?_accept=duplicates", json=ADA)
        assert answer.status_code == 201
        rows = {"records": [ADA, {"name": {"last": "King"}}]}
        answer = api.post("/api/v1/records/contact/bulk?_partial=1", json=rows)
        assert [each["status"] for each in answer.json["results"]] == ["refused", "created"]


@pytest.mark.parametrize("accept", ["", "duplicates,", "Duplicates", "a b"])
def test_the_api_refuses_an_answer_that_names_no_key(crm, refused, accept):
    with served(crm) as application:
        sent = client(application, crm.token()).post(
            f"/api/v1/records/contact?_accept={accept}", json=ADA
        )
        refused(sent, 400, "bad_parameter")


def test_the_api_finds_lists_and_dismisses(crm):
    [twin] = crm.write(records.create, "contact", [ADA], accept={"duplicates"})
    with served(crm) as application:
        api = client(application, crm.token())
        asked_for = {"type": "contact", "records": [{"email": ADA["email"]}, {"phone": "x"}]}
        found = api.post("/api/x/duplicates/find", json=asked_for).json["matches"]
        assert [len(some) for some in found] == [2, 0]
        assert api.post("/api/x/duplicates/search", json={"type": "contact"}).status_code == 202
        run(crm)
        [pair] = api.get("/api/x/duplicates/pairs?type=contact").json["pairs"]
        assert (pair["other"], pair["labels"]) == (twin.id, ["Ada Lovelace", "Ada Lovelace"])
        two = {"one": pair["one"], "other": pair["other"]}
        assert api.post("/api/x/duplicates/dismiss", json=two).status_code == 204
        assert api.get("/api/x/duplicates/pairs?type=contact").json == {"pairs": [], "next": None}
        wrong = api.post("/api/x/duplicates/dismiss", json={"one": 1})
        assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "other")


def test_who_does_not_see_a_record_can_neither_dismiss_it_nor_list_its_pairs(crm):
    crm.write(records.create, "contact", [ADA], accept={"duplicates"})
    with served(crm) as application:
        api = client(application, crm.token(person(crm, "Charlie")))
        two = {"one": ada(crm), "other": person(crm, "Charlie").user_id}
        assert api.post("/api/x/duplicates/dismiss", json=two).status_code == 404
        assert api.get("/api/x/duplicates/pairs?type=contact").json["pairs"] == []


def test_the_form_asks_names_the_other_record_and_saves_anyway(desk, crm):
    form = desk.form("/records/contact/new") | {
        "name.first": "Ada", "name.last": "Lovelace", "email": ADA["email"],
    }  # fmt: skip
    page = desk.post("/records/contact/new", data=form)
    assert page.status_code == 422
    assert f'href="/records/contact/{ada(crm)}"' in page.text
    assert 'name="_accept" value="duplicates"' in page.text
    assert "send it again" not in page.text
    saved = desk.post("/records/contact/new", data={**form, "_accept": "duplicates"})
    assert saved.status_code == 303


def test_a_rule_that_refuses_offers_no_button(desk, crm):
    crm.create("duplicate_rule", BLOCK)
    form = desk.form("/records/contact/new") | {"name.last": "King", "email": ADA["email"]}
    page = desk.post("/records/contact/new", data=form)
    assert f'href="/records/contact/{ada(crm)}"' in page.text
    assert 'name="_accept"' not in page.text


def test_one_field_is_changed_in_place_once_that_is_confirmed(desk, crm):
    [id_] = crm.create("contact", {"name": {"last": "King"}})
    address = f"/records/contact/{id_}/cell/email"
    page = desk.patch(address, data={"email": ADA["email"]}, headers=FRAGMENT)
    assert (page.status_code, 'name="_accept"' in page.text) == (422, True)
    sent = {"email": ADA["email"], "_accept": "duplicates"}
    assert desk.patch(address, data=sent, headers=FRAGMENT).status_code == 200
    assert crm.get("contact", id_)["email"] == ADA["email"]


def test_a_short_form_asks_as_well(desk, crm):
    crm.create("account", {"name": "Engine GmbH"})
    page = desk.post("/records/account/short", data={"name": "Engine AG"})
    assert 'name="_accept"' in page.text
    sent = {"name": "Engine AG", "_accept": "duplicates"}
    assert desk.post("/records/account/short", data=sent).status_code == 303
    assert len(found(crm, "account", name="Engine")) == 2


def test_the_page_of_a_record_shows_what_it_may_be(desk, crm):
    [twin] = crm.write(records.create, "contact", [ADA], accept={"duplicates"})
    page = desk.get(f"/records/contact/{twin.id}")
    assert f"/records/contact/{twin.id}/merge?with={ada(crm)}" in page.text
    sent = {"type": "contact", "one": twin.id, "other": ada(crm), "from": "record"}
    assert desk.post("/x/duplicates/dismiss", data=sent).status_code == 303
    assert "May be the same" not in desk.get(f"/records/contact/{twin.id}").text


def test_pairs_are_listed_and_a_shipped_rule_is_taken_over(desk, crm):
    crm.write(records.create, "contact", [ADA], accept={"duplicates"})
    assert desk.post("/x/duplicates/search", data={"type": "contact"}).status_code == 303
    run(crm)
    page = desk.get("/x/duplicates/?type=contact")
    assert page.text.count("Ada Lovelace") >= 2
    made = desk.post("/x/duplicates/rules", data={"type": "contact", "against": "contact"})
    assert made.location.startswith("/records/duplicate_rule/")
    again = desk.post("/x/duplicates/rules", data={"type": "contact", "against": "contact"})
    assert again.status_code == 404
    assert found(crm, email=ADA["email"])[0].score == 80
    assert "comes along" in desk.get("/x/duplicates/rules").text


# -- comparisons ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("comparison", "one", "other"),
    [
        ("email", "J.Doe+crm@googlemail.com", "jdoe@gmail.com"),
        ("phone", "+4930123456;ext=2", "+4930123456"),
        ("domain", "https://www.acme.example/about", "info@acme.example"),
        ("company", "Acme GmbH & Co. KG", "ACME"),
        ("company", "Müller S.A.R.L.", "mueller"),
        ("company", "Bright Robotics Inc", "Brihgt Robotics"),
        ("person", {"first": "Jörg", "last": "Maier"}, {"first": "Joerg", "last": "Meyer"}),
        ("person", {"first": "Ada", "last": "Lovelace"}, "Ada Lovelace"),
        ("person", {"first": "Kate", "last": "Smith"}, {"first": "Cate", "last": "Smyth"}),
        ("address", {"city": "Bonn", "street": "Platz 1"}, {"city": "bonn", "street": "Platz 1"}),
        ("similar", "Blue coffee machine", "blue cofee machine"),
        ("same", "AB-12", "ab 12"),
    ],
)  # fmt: skip
def test_values_that_mean_the_same_are_alike_and_share_a_key(comparison, one, other):
    known = comparing.COMPARISONS[comparison]
    assert known.likeness(one, other) >= 0.8
    assert set(known.keys(one)) & set(known.keys(other))


@pytest.mark.parametrize(
    ("comparison", "one", "other"),
    [
        ("email", "ada@engine.example", "ada@other.example"),
        ("domain", "ada@gmail.com", "bob@gmail.com"),
        ("company", "Acme 1 GmbH", "Acme 2 GmbH"),
        ("company", "Blue Foods", "Red Foods"),
        ("person", {"first": "Ada", "last": "King"}, {"first": "Ida", "last": "Lovelace"}),
        ("phone", "", ""),
    ],
)
def test_values_that_mean_something_else_are_not_alike(comparison, one, other):
    assert comparing.COMPARISONS[comparison].likeness(one, other) < 0.8


def test_every_shipped_rule_is_in_force_where_its_types_are(crm):
    with crm.reading():
        held = rules.in_force(catalog.current())
    assert {(rule.type, rule.against) for rule in held} == {
        ("contact", "contact"), ("account", "account"), ("lead", "lead"),
        ("lead", "contact"), ("lead", "account"),
    }  # fmt: skip
