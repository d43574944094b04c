"""The designer: changes of the data model are drafted, planned, looked at and published."""

from __future__ import annotations

import dataclasses
import re

from relatum.core import auth, db, entities, preferences
from relatum.core.api.gate import COOKIE
from relatum.plugins.desk.pages.model import draft as drafts

from .designing import deals, draft_of, form_of, publish, sent, steps
from .desk import Browser, at_desk, fields_of
from .instances import prepared

#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    """An instance with deals."""
    deals(instance)


# -- who may ------------------------------------------------------------------------------------
def test_an_administrator_finds_the_data_model_in_sidebar_and_palette(desk):
    page = desk.get("/records/x_deal").text
    assert re.search(r'<a href="/model"', page)
    assert 'data-href="/model"' in page


def test_strangers_are_asked_to_sign_in(desk):
    stranger = Browser(desk.application)
    assert stranger.get("/model").status_code == 303
    assert stranger.post("/model/publish").location == "/sign-in"


def test_nobody_but_administrators_sees_a_page_of_the_designer(desk):
    bob = Browser(desk.application)
    with desk.instance.app.app_context():
        session = db.transact(lambda: auth.sign_in(desk.instance.bob.user_id))
    bob.set_cookie(COOKIE, session.cookie)
    for address in ("/model", "/model/new", "/model/x_deal", "/model/plan"):
        assert bob.get(address).status_code == 403
    for address in ("/model/new", "/model/x_deal/fields", "/model/publish", "/model/discard"):
        assert bob.post(address).status_code == 403


# -- the draft ----------------------------------------------------------------------------------
def test_nothing_changes_before_it_is_published(desk):
    sent(desk, "/model/x_deal/fields", kind="date", label="Closed on")
    assert "closed_on" not in desk.instance.catalog.type("x_deal").fields
    assert "closed_on" in desk.get("/model/x_deal").text
    assert "closed_on" not in desk.get("/records/x_deal/new").text


def test_a_published_field_is_on_every_page_at_once(desk):
    sent(desk, "/model/x_deal/fields", kind="date", label="Closed on")
    assert publish(desk).location == "/model/x_deal"
    assert "Closed on" in desk.get("/records/x_deal/new").text
    assert draft_of(desk) == []


def test_a_new_type_is_in_the_sidebar_once_it_is_published(desk):
    made = sent(desk, "/model/new", label="Asset", plural="", first="Serial", hue="185", icon="cpu")
    assert made.location == "/model/x_asset"
    assert "Assets" not in desk.get("/").text
    publish(desk)
    found = desk.instance.catalog.type("x_asset")
    assert (found.plural, found.title, found.hue, found.icon) == ("Assets", "serial", 185, "cpu")
    assert 'href="/records/x_asset"' in desk.get("/records/x_deal").text


def test_the_draft_is_drawn_as_the_data_model_that_it_makes(desk):
    sent(desk, "/model/new", label="Asset", first="Name")
    sent(
        desk,
        "/model/x_asset/fields",
        kind="integer",
        label="Weight",
        name="kilos",
        **{"s.min~": "", "s.min": "1"},
    )
    page = desk.get("/model/x_asset").text
    assert ("kilos" in page, "Not published yet" in page) == (True, True)
    assert draft_of(desk)[1]["settings"] == {"min": 1}


def test_a_change_of_what_the_draft_has_already_is_worked_into_that(desk):
    sent(desk, "/model/x_deal/fields", kind="text", label="Note")
    sent(desk, "/model/x_deal/fields/note", label="Remark")
    sent(desk, "/model/x_deal/settings", label="Mandate", plural="Mandates", title="name")
    sent(desk, "/model/x_deal/settings", label="Brief", plural="Briefs", title="name")
    added, renamed = draft_of(desk)
    assert (added["op"], added["label"]) == ("add_field", "Remark")
    assert (renamed["op"], renamed["label"]) == ("change_type", "Brief")


def test_a_change_can_be_taken_out_and_what_builds_on_it_is_named(desk):
    sent(desk, "/model/new", label="Asset", first="Name")
    sent(
        desk, "/model/x_deal/fields", kind="lookup", label="Asset",
        **{"s.target~": "", "s.target": "x_asset"},
    )  # fmt: skip
    desk.post("/model/plan/1/remove")
    page = desk.get("/model/plan").text
    assert "No entity type &#39;x_asset&#39;" in page or "x_asset" in page
    assert "It no longer applies:" in page
    assert "disabled" in page[page.index('action="/model/publish"') :]
    assert publish(desk).status_code == 409
    desk.post("/model/plan/2/remove")
    assert draft_of(desk) == []


def test_a_draft_says_that_somebody_else_changed_the_data_model_and_is_worked_out_anew(desk):
    sent(desk, "/model/x_deal/fields", kind="date", label="Closed on")
    desk.instance.apply({"op": "change_type", "type": "x_deal", "label": "Bargain"})
    page = desk.get("/model/x_deal").text
    assert ("Bargain" in page, "closed_on" in page, "worked out anew" in page) == (True,) * 3
    desk.post("/model/renew")
    assert "worked out anew" not in desk.get("/model/x_deal").text
    assert publish(desk).status_code == 303


def test_what_no_longer_applies_after_somebody_elses_change_stays_in_the_draft(desk):
    sent(desk, "/model/x_deal/fields/price", label="Value")
    desk.instance.apply({"op": "trash_field", "type": "x_deal", "field": "price"})
    assert "1 change of the draft no longer applies." in desk.get("/model").text
    assert len(draft_of(desk)) == 1


def test_a_plan_that_was_not_the_one_looked_at_is_not_applied(desk):
    sent(desk, "/model/x_deal/fields", kind="date", label="Closed on")
    page = desk.get("/model/plan").text
    form = fields_of(page[page.index('action="/model/publish"') :])
    sent(desk, "/model/x_deal/fields", kind="date", label="Begun on")
    answer = desk.post("/model/publish", data=form)
    assert (answer.status_code, "have changed since this plan" in answer.text) == (409, True)
    assert "closed_on" not in desk.instance.catalog.type("x_deal").fields


def test_a_draft_is_discarded_as_a_whole(desk):
    sent(desk, "/model/x_deal/fields", kind="date", label="Closed on")
    assert desk.post("/model/discard").location == "/model"
    assert draft_of(desk) == []


def test_each_administrator_has_a_draft_of_his_own(desk):
    sent(desk, "/model/x_deal/fields", kind="date", label="Closed on")
    actor = desk.instance.bob
    assert desk.instance.read(preferences.get, drafts.NAME, actor=actor) is None


# -- the plan -----------------------------------------------------------------------------------
def test_the_plan_shows_steps_rows_risk_and_sql(desk):
    desk.instance.create("x_deal", {"name": "One", "price": "5"})
    sent(desk, "/model/x_deal/fields", kind="date", label="Closed on")
    sent(desk, "/model/x_deal/fields/price/trash")
    page = desk.get("/model/plan").text
    assert steps(desk) == ["Add date field Closed on", "Trash field Price"]
    assert ("ADD COLUMN closed_on" in page, "Rows: 1" in page) == (True, True)
    assert re.findall(r'class="tag dot"[^>]*>([a-z]+)<', page) == ["safe", "safe", "safe"]


def test_a_stricter_rule_asks_what_existing_records_get_and_takes_the_answer(desk):
    desk.instance.create("x_deal", {"name": "One"}, {"name": "Two", "stage": "won"})
    stage = form_of(desk, "stage")
    sent(desk, "/model/x_deal/fields/stage", **{**stage, "required": "true"})
    page = desk.get("/model/plan").text
    assert "Answer existing" in page or 'name="answer"' in page
    assert publish(desk).status_code == 409
    [number] = re.findall(r"/model/plan/(\d+)/0/answer", page)[:1]
    desk.post(f"/model/plan/{number}/0/answer", data={"answer": "fill", "fill": "new"})
    assert publish(desk).status_code == 303
    rows = desk.instance.sql("SELECT stage FROM x_deal ORDER BY id")
    assert [row[0] for row in rows] == ["new", "won"]


def test_an_answer_that_does_not_fit_is_said_beside_the_question(desk):
    desk.instance.create("x_deal", {"name": "One"})
    price = form_of(desk, "price")
    sent(desk, "/model/x_deal/fields/price", **{**price, "required": "true"})
    answer = desk.post("/model/plan/1/0/answer", data={"answer": "clear"})
    assert (answer.status_code, "must be keep" in answer.text) == (422, True)


def test_an_answer_that_fills_too_many_rows_can_be_another_one(equipped):
    equipped.create("x_deal", *({"name": f"D{n}"} for n in range(3)))
    equipped.config = dataclasses.replace(equipped.config, fill_limit=2)
    with at_desk(equipped) as desk:
        price = form_of(desk, "price")
        sent(desk, "/model/x_deal/fields/price", **{**price, "required": "true"})
        desk.post("/model/plan/1/0/answer", data={"answer": "fill", "fill": "9"})
        assert "exceed fill_limit (2)" in desk.get("/model/plan").text
        desk.post("/model/plan/1/0/answer", data={"answer": "keep"})
        assert publish(desk).status_code == 303


def test_a_field_changes_its_type_and_the_plan_asks_about_values_that_do_not_fit(desk):
    desk.instance.create("x_deal", {"name": "One", "price": "12.50"}, {"name": "Two", "price": "?"})
    sent(desk, "/model/x_deal/fields/price/retype", kind="money")
    page = desk.get("/model/plan").text
    assert "1 existing records do not fit" in page
    desk.post("/model/plan/1/0/answer", data={"answer": "fill", "fill": "3"})
    assert publish(desk).status_code == 303
    assert desk.instance.catalog.type("x_deal").field("price").kind == "money"
    found = [
        desk.instance.get("x_deal", row[0])["price"]
        for row in desk.instance.sql("SELECT id FROM x_deal ORDER BY id")
    ]
    assert found == ["12.50", "3.00"]


def test_a_field_goes_back_to_its_former_type(desk):
    sent(desk, "/model/x_deal/fields/price/retype", kind="money")
    publish(desk)
    assert "Back to the former type" in desk.get("/model/x_deal?field=price").text
    sent(desk, "/model/x_deal/fields/price/revert")
    publish(desk)
    assert desk.instance.catalog.type("x_deal").field("price").kind == "text"


def test_what_is_gone_for_good_wants_a_word_first(desk):
    sent(desk, "/model/x_deal/fields/price/trash")
    publish(desk)
    sent(desk, "/model/x_deal/fields/price/purge")
    page = desk.get("/model/plan").text
    [plan] = re.findall(r'name="plan" value="(\w+)"', page)
    assert desk.post("/model/publish", data={"plan": plan}).status_code == 409
    assert desk.post("/model/publish", data={"plan": plan, "sure": "1"}).status_code == 303
    assert desk.instance.catalog.type("x_deal").in_trash == ()


def test_a_large_change_of_type_shows_how_far_it_is(desk):
    desk.instance.create("x_deal", *({"name": f"D{n}", "price": str(n)} for n in range(20)))
    with desk.instance.configured(fill_limit=5):
        desk.instance.apply(
            {"op": "retype_field", "type": "x_deal", "field": "price", "kind": "integer"}
        )
        assert "Waits to be converted" in desk.get("/model/x_deal").text
        with desk.instance.app.app_context():
            db.transact(lambda: entities.advance("x_deal", "price", 10))
        page = desk.get("/model/x_deal").text
        assert ('role="progressbar"' in page, "10 of 20 converted" in page) == (True, True)
        assert "every 2s" in desk.get("/model/x_deal/fields/price/progress").text
        sent(desk, "/model/x_deal/fields/price/cancel")
        publish(desk)
    assert "The change of type is done." in desk.get("/model/x_deal/fields/price/progress").text
