"""Forms without scripts: every field type, what is wrong with it, and one record for one form."""

from __future__ import annotations

import re
from typing import Any

from relatum.core import records

from .desk import EMAIL, FRAGMENT, Browser, fields_of
from .instances import PASSWORD, prepared

FIELDS: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True, "help": "What it is called."},
    {
        "name": "state", "kind": "choice", "default": "new",
        "options": [{"value": "new", "label": "New"}, {"value": "old", "label": "Old"}],
    },
    {
        "name": "reason", "kind": "choice", "settings": {"controlled_by": "state"},
        "options": [
            {"value": "broken", "label": "Broken", "when": ["old"]},
            {"value": "fresh", "label": "Fresh", "when": ["new"]},
            {"value": "other", "label": "Other"},
        ],
    },
    {"name": "price", "kind": "money"},
    {"name": "weight", "kind": "decimal", "settings": {"scale": 3}},
    {"name": "at", "kind": "datetime"},
    {"name": "since", "kind": "date", "default": "today"},
    {"name": "secret", "kind": "encrypted"},
    {"name": "labels", "kind": "tags"},
    {"name": "stars", "kind": "rating"},
    {"name": "place", "kind": "address"},
    {"name": "number", "kind": "auto_number", "settings": {"mask": "A-{number:4}"}},
]  # fmt: skip
LINK = {"name": "about", "kind": "reference", "settings": {"targets": ["x_asset", "team"]}}
MAKER = {"name": "maker", "kind": "lookup", "settings": {"target": "x_maker"}}
NEW = "/records/x_asset/new"


#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    """An instance with assets and their makers."""
    person = {"name": "person", "kind": "person_name", "required": True}
    instance.make_type("x_maker", person, label="Maker", plural="Makers", title="person")
    instance.make_type("x_asset", *FIELDS, label="Asset", plural="Assets")
    instance.apply(*({"op": "add_field", "type": "x_asset", **each} for each in (LINK, MAKER)))


def made(desk, **values):
    """Make an asset and return its id."""
    [id_] = desk.instance.create("x_asset", {"name": "Pump", **values})
    return id_


def edit(id_):
    """Return the address of the form of an asset."""
    return f"/records/x_asset/{id_}/edit"


def saved(desk, id_, **changes):
    """Send the form of an asset with changes and return what is stored then."""
    answer = desk.post(edit(id_), data={**desk.form(edit(id_)), **changes})
    assert answer.status_code == 303, re.findall(r'class="error"[^>]*>([^<]*)', answer.text)
    return desk.instance.get("x_asset", id_)


# -- field types ----------------------------------------------------------------------------------
def test_a_new_form_begins_with_the_defaults_computed_ones_too(desk):
    form = desk.form(NEW)
    assert (form["state"], bool(form["since"]), form["owner~text"]) == ("new", True, "Alice")


def test_a_default_that_somebody_takes_away_stays_away(desk):
    answer = desk.post(NEW, data={**desk.form(NEW), "name": "Pump", "state": "", "since": ""})
    record = desk.instance.get("x_asset", int(answer.location.rsplit("/", 1)[1]))
    assert (record["state"], record["since"]) == (None, None)


def test_an_instant_that_nobody_touched_keeps_its_seconds(desk):
    id_ = made(desk, at="2026-10-25T00:30:15.123456Z")
    before = desk.instance.get("x_asset", id_)["at"]
    assert saved(desk, id_, name="Other")["at"] == before
    assert str(saved(desk, id_, at="2026-01-31T10:00")["at"].second) == "0"


def test_a_secret_is_never_sent_to_a_form_and_stays_if_nothing_is_typed(desk):
    id_ = made(desk, secret="DE02 1203")
    for address in (edit(id_), f"/records/x_asset/{id_}", "/records/x_asset?_fields=name,secret"):
        assert "DE02 1203" not in desk.get(address).text, address
    assert saved(desk, id_, name="Other")["secret"] == "DE02 1203"
    assert saved(desk, id_, secret="NL91")["secret"] == "NL91"
    assert saved(desk, id_, **{"secret~empty": "1"})["secret"] is None


def test_a_secret_is_revealed_on_purpose(desk):
    id_ = made(desk, secret="DE02 1203")
    address = f"/records/x_asset/{id_}/secret/secret"
    assert address in desk.get(f"/records/x_asset/{id_}").text
    for headers in ({}, FRAGMENT):
        assert "DE02 1203" in desk.get(address, headers=headers).text
    name = desk.get(f"/records/x_asset/{id_}/secret/name")
    assert "Pump" in name.text


def test_numbers_are_written_and_read_by_the_customs_of_the_reader(desk):
    id_ = made(desk, price="1234.50", weight="2.500")
    form = desk.form(edit(id_))
    assert (form["price"], form["weight"]) == ("1234.50", "2.5")
    assert saved(desk, id_, price="12,345.60")["price"] == "12345.60"
    desk.set_cookie("language", "de")
    assert desk.form(edit(id_))["price"] == "12345,60"
    for typed, stored in (("1.234,56", "1234.56"), ("12,5", "12.50"), ("12.5", "12.50")):
        assert saved(desk, id_, price=typed)["price"] == stored
    assert saved(desk, id_, name="As it was")["price"] == "12.50"


def test_a_number_that_could_be_two_is_refused(desk):
    page = desk.post(edit(made(desk)), data={"name": "Pump", "price": "12,34.5"})
    assert (page.status_code, 'value="12,34.5"' in page.text) == (422, True)


def test_a_number_that_the_kernel_gives_is_shown_and_not_asked_for(desk):
    page = desk.get(edit(made(desk))).text
    assert ("A-0001" in page, 'name="number"' in page) == (True, False)
    assert "Given when it is saved" in desk.get(NEW).text


def test_a_link_to_any_of_several_types_is_found_by_type_and_title(desk):
    [team] = desk.instance.create("team", {"name": "North"})
    id_ = made(desk)
    page = desk.get(edit(id_)).text
    assert '<option value="team">Team</option>' in page
    stored = saved(desk, id_, **{"about~type": "team", "about~text": "north"})
    assert stored["about"] == team
    assert (desk.form(edit(id_))["about~type"], saved(desk, id_)["about"]) == ("team", team)


def test_a_country_is_written_out_and_read_in_any_of_the_languages(desk):
    id_ = made(desk, place={"city": "Bonn", "country": "DE"})
    assert desk.form(edit(id_))["place.country"] == "Germany"
    assert saved(desk, id_, **{"place.country": "Österreich"})["place"]["country"] == "AT"


def test_the_server_decides_which_options_go_together(desk):
    page = desk.post(edit(made(desk)), data={"name": "A", "state": "new", "reason": "broken"})
    assert (page.status_code, 'id="f-reason-e"' in page.text) == (422, True)


def test_in_place_only_options_are_offered_that_go_with_what_is_stored(desk):
    id_ = made(desk, state="old")
    page = desk.get(f"/records/x_asset/{id_}/cell/reason/edit", headers=FRAGMENT).text
    assert re.findall(r'<option value="(\w+)"', page) == ["broken", "other"]


def test_an_option_that_is_retired_is_offered_only_where_it_is_stored(desk):
    id_ = made(desk, state="old")
    options = [{"value": "new"}, {"value": "old", "retired": True}]
    change = {"op": "change_field", "type": "x_asset", "field": "state", "options": options}
    desk.instance.apply(change)
    assert 'value="old"' not in desk.get(NEW).text
    assert saved(desk, id_, name="Other")["state"] == "old"


# -- what is wrong --------------------------------------------------------------------------------
def test_everything_that_is_wrong_is_said_at_once_and_leads_to_its_field(desk):
    data = {"name": "", "price": "dear", "place.country": "Atlantis"}
    page = desk.post(NEW, data={**desk.form(NEW), **data}).text
    for name in ("name", "price", "place"):
        assert f'href="#f-{name}"' in page, name
        assert f'id="f-{name}"' in page, name
    assert 'aria-describedby="f-name-e f-name-h"' in page


def test_what_is_wrong_with_no_field_stands_above(desk):
    id_ = made(desk)
    form = desk.form(edit(id_))
    desk.instance.write(records.update, "x_asset", [{"id": id_, "name": "Theirs"}])
    page = desk.post(edit(id_), data={**form, "name": "Mine"})
    assert page.status_code in (409, 422)
    assert desk.instance.get("x_asset", id_)["name"] == "Theirs"


def test_a_part_of_a_page_gets_the_form_alone_and_then_the_way_to_the_record(desk):
    wrong = desk.post(NEW, data={"name": ""}, headers=FRAGMENT)
    assert (wrong.status_code, "<html" in wrong.text, "<form" in wrong.text) == (422, False, True)
    right = desk.post(NEW, data={"name": "Pump"}, headers=FRAGMENT)
    assert (right.status_code, right.headers["HX-Redirect"][:17]) == (204, "/records/x_asset/")
    assert "Asset is made" in desk.get(right.headers["HX-Redirect"]).text


def test_a_draft_is_drawn_as_it_was_typed_and_nothing_is_saved(desk):
    id_ = made(desk)
    data = {**desk.form(edit(id_)), "name": "Typed", "price": "dear", "_act": "restore"}
    page = desk.post(edit(id_), data=data, headers=FRAGMENT)
    assert (page.status_code, 'value="Typed"' in page.text, 'value="dear"' in page.text) == (
        200, True, True,
    )  # fmt: skip
    assert desk.instance.get("x_asset", id_)["name"] == "Pump"


# -- once -----------------------------------------------------------------------------------------
def test_a_form_that_is_sent_twice_makes_one_record(desk):
    form = {**desk.form(NEW), "name": "Pump"}
    first, second = (desk.post(NEW, data=form) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert second.location == first.location
    assert desk.instance.sql("SELECT count(*) FROM x_asset") == [(1,)]


def test_a_form_that_was_refused_is_sent_again_under_the_same_number(desk):
    form = desk.form(NEW)
    assert desk.post(NEW, data={**form, "name": ""}).status_code == 422
    assert desk.post(NEW, data={**form, "name": "Pump"}).status_code == 303


def test_a_form_out_of_the_history_with_other_values_asks_before_it_makes_another(desk):
    form = {**desk.form(NEW), "name": "Pump"}
    first = desk.post(NEW, data=form)
    page = desk.post(NEW, data={**form, "name": "Hose"})
    assert (page.status_code, f'href="{first.location}"' in page.text) == (422, True)
    inside = page.text[page.text.index('<form class="sheet') :]
    again = fields_of(inside[: inside.index("</form>")])
    assert desk.post(NEW, data=again).status_code == 303
    assert desk.instance.sql("SELECT count(*) FROM x_asset") == [(2,)]


# -- within a form --------------------------------------------------------------------------------
def test_a_lookup_offers_to_make_what_it_does_not_find(desk):
    page = desk.get("/lookup/x_maker?q=Ada+Lovelace&make=1").text
    assert 'data-make="/records/x_maker/short"' in page
    assert "data-make" not in desk.get("/lookup/x_maker?q=Ada").text
    assert "data-make" not in desk.get("/lookup/user?q=Ada&make=1").text


def test_the_short_form_asks_for_what_a_record_cant_be_without_and_says_what_it_made(desk):
    page = desk.get("/records/x_maker/short?q=Ada+Lovelace", headers=FRAGMENT).text
    form = fields_of(page)
    assert (form["person.first"], form["person.last"]) == ("Ada", "Lovelace")
    wrong = desk.post("/records/x_maker/short", data={"person.last": ""}, headers=FRAGMENT)
    assert (wrong.status_code, "A value is required" in wrong.text) == (422, True)
    right = desk.post("/records/x_maker/short", data=form, headers=FRAGMENT)
    assert right.status_code == 204
    assert '"ui:made": {"id"' in right.headers["HX-Trigger"].replace('":{', '": {')
    assert "Ada Lovelace" in right.headers["HX-Trigger"]
    assert desk.instance.sql("SELECT count(*) FROM x_maker") == [(1,)]


def test_tags_in_use_are_suggested(desk):
    made(desk, labels=["VIP", "Fair"])
    page = desk.get("/records/x_asset/suggest/labels?q=v").text
    assert ("VIP" in page, "Fair" in page) == (True, False)


# -- sessions -------------------------------------------------------------------------------------
def test_a_part_of_a_page_hears_that_nobody_is_signed_in(desk):
    stranger = Browser(desk.application)
    for answer in (
        stranger.post(NEW, data={"name": "Pump"}, headers=FRAGMENT),
        stranger.get("/lookup/x_asset?q=a", headers=FRAGMENT),
    ):
        assert (answer.status_code, "HX-Redirect" in answer.headers) == (401, False)


def test_who_signs_in_again_within_a_page_is_named(desk):
    stranger = Browser(desk.application)
    wrong = stranger.post("/sign-in", data={"email": EMAIL, "password": "x"}, headers=FRAGMENT)
    assert (wrong.status_code, "<html" in wrong.text) == (401, False)
    data = {"email": EMAIL, "password": PASSWORD}
    right = stranger.post("/sign-in", data=data, headers=FRAGMENT)
    alice = str(desk.instance.alice.user_id)
    assert (right.status_code, right.headers["Relatum-User"]) == (204, alice)
    assert f'data-user="{alice}"' in stranger.get(NEW).text


def test_a_form_sent_after_the_session_leads_back_to_it_by_the_sign_in_page(desk):
    stranger = Browser(desk.application)
    headers = {"Referer": f"http://localhost{NEW}?state=old"}
    answer = stranger.post(NEW, data={"name": "Pump"}, headers=headers)
    assert (answer.status_code, answer.location) == (
        303, "/sign-in?next=%2Frecords%2Fx_asset%2Fnew%3Fstate%3Dold",
    )  # fmt: skip
    foreign = stranger.post(NEW, data={}, headers={"Referer": "https://evil.example/x"})
    assert foreign.location == "/sign-in"


# -- layout ---------------------------------------------------------------------------------------
def asked(page):
    """Return the labels of a form's fields, in order."""
    return [name.strip() for name in re.findall(r'class="label"[^>]*>([^<]+)', page)]


def test_a_form_follows_the_layout_and_without_one_asks_first_for_what_it_needs(desk):
    desk.instance.make_type(
        "x_thing", {"name": "note", "kind": "text"}, {"name": "code", "kind": "text"},
        {"name": "name", "kind": "text", "required": True},
    )  # fmt: skip
    assert asked(desk.get("/records/x_thing/new").text)[:3] == ["Name", "Note", "Code"]
    layout = {"sections": [{"label": "Inside", "fields": ["code", "name"]}]}
    desk.instance.apply({"op": "change_type", "type": "x_thing", "layout": layout})
    page = desk.get("/records/x_thing/new").text
    assert asked(page)[:3] == ["Code", "Name", "Note"]
    assert re.findall(r'id="part-\d">([^<]*)', page) == ["Inside", "More", "Who it belongs to"]


def test_a_form_of_very_many_fields_folds_away_those_without_a_value(desk):
    many = [{"name": f"f{number}", "kind": "text"} for number in range(120)]
    desk.instance.make_type("x_wide", {"name": "name", "kind": "text", "required": True}, *many)
    [id_] = desk.instance.create("x_wide", {"name": "Wide", "f99": "There"})
    page = desk.get(f"/records/x_wide/{id_}/edit").text
    folded = page[page.index("<details") : page.index("</details>")]
    assert ('id="f-f99"' in folded, 'id="f-f99"' in page, 'id="f-f98"' in folded) == (
        False, True, True,
    )  # fmt: skip
    assert "Find a field" in page
    wrong = desk.post(f"/records/x_wide/{id_}/edit", data={"name": "", "f98": "Typed"}).text
    assert 'id="f-f98"' not in wrong[wrong.index("<details") : wrong.index("</details>")]
