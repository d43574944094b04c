"""Moves on the board that an option refuses for want of values, and boards of one pipeline."""

from __future__ import annotations

import re
from typing import Any

from relatum.core import auth, records, roles

from .designing import form_of, publish, sent
from .desk import FRAGMENT, Browser, fields_of
from .instances import PASSWORD, prepared

PRESET = "desk"
WAY = {
    "name": "way", "kind": "choice", "default": "new", "label": "Way",
    "options": [
        {"value": "new", "label": "New business"}, {"value": "renewal", "label": "Renewals"},
    ],
}  # fmt: skip
STAGES: list[dict[str, Any]] = [
    {"value": "open", "label": "Open", "when": ["new"], "sets": {"chance": 10}},
    {
        "value": "offered", "label": "Offered", "when": ["new"], "needs": ["amount", "day"],
        "sets": {"chance": 50},
    },
    {"value": "due", "label": "Due", "when": ["renewal"]},
    {"value": "won", "label": "Won"},
]  # fmt: skip
STAGE = {
    "name": "stage", "kind": "choice", "label": "Stage", "options": STAGES,
    "settings": {"controlled_by": "way"},
}  # fmt: skip
PLACE = "/records/x_deal/board"


@prepared
def equipped(instance):
    """An instance with deals, whose stages need values."""
    instance.make_type(
        "x_deal", {"name": "name", "kind": "text", "required": True}, STAGE, WAY,
        {"name": "amount", "kind": "money", "label": "Amount"},
        {"name": "day", "kind": "date", "label": "Closing day"},
        {"name": "chance", "kind": "percent", "label": "Chance"}, label="Deal", plural="Deals",
    )  # fmt: skip


def made(desk, **values):
    [id_] = desk.instance.create("x_deal", {"name": "Pump", "stage": "open", **values})
    return id_


def move(desk, id_, stage="offered"):
    data = {"id": str(id_), "stage": stage, "was": "open"}
    return desk.post(f"{PLACE}/move?_by=stage", data=data)


def stored(desk, id_):
    found = desk.instance.get("x_deal", id_)
    return found["stage"], found["amount"], str(found["day"] or ""), found["chance"]


def test_a_refused_move_says_where_what_is_missing_is_asked_for(desk):
    id_ = made(desk, amount="5")
    refused = move(desk, id_)
    assert refused.status_code == 422
    page = desk.get(refused.headers["X-Fix"], headers=FRAGMENT).text
    assert "Pump: Offered needs more" in page
    assert 'name="day"' in page and 'name="amount"' not in page


def test_what_is_missing_is_saved_with_the_move_in_one_change_that_undo_takes_back(desk):
    id_ = made(desk)
    address = move(desk, id_).headers["X-Fix"]
    form = fields_of(desk.get(address, headers=FRAGMENT).text)
    given = {**form, "amount": "1200", "day": "2026-05-01"}
    saved = desk.post(address, data=given, headers=FRAGMENT)
    assert (saved.status_code, "ui:moved" in saved.headers["HX-Trigger"]) == (204, True)
    assert stored(desk, id_) == ("offered", "1200.00", "2026-05-01", "50.00")
    [undo] = re.findall(r"/changes/\d+/undo", saved.headers["HX-Trigger"])
    desk.post(undo)
    assert stored(desk, id_) == ("open", None, "", "10.00")


def test_the_form_says_what_is_still_missing_and_keeps_what_was_typed(desk):
    id_ = made(desk)
    address = move(desk, id_).headers["X-Fix"]
    again = desk.post(address, data={"amount": "77", "day": ""}, headers=FRAGMENT)
    assert again.status_code == 422
    assert 'value="77"' in again.text and "needs a value for" in again.text
    assert stored(desk, id_)[:2] == ("open", None)


def test_without_scripts_it_is_a_page_that_leads_back_to_the_board(desk):
    id_ = made(desk)
    address = move(desk, id_).headers["X-Fix"]
    assert "<h1" in desk.get(address).text
    saved = desk.post(address, data={"amount": "7", "day": "2026-05-01"})
    assert saved.location == f"{PLACE}?_by=stage"
    assert stored(desk, id_)[0] == "offered"


def test_somebody_elses_change_in_between_is_not_overwritten(desk):
    id_ = made(desk)
    address = move(desk, id_).headers["X-Fix"]
    form = fields_of(desk.get(address, headers=FRAGMENT).text)
    desk.instance.write(records.update, "x_deal", [{"id": id_, "amount": "9"}])
    given = {**form, "amount": "1200", "day": "2026-05-01"}
    assert desk.post(address, data=given, headers=FRAGMENT).status_code == 422
    assert stored(desk, id_)[:2] == ("open", "9.00")


def test_a_move_that_lacks_a_hidden_value_can_not_be_fixed_on_the_board(desk):
    id_ = made(desk, amount="5")
    assert move(desk, id_).headers.get("X-Fix")
    hidden = {"x_deal.day": {"read": False, "update": False, "create": False}}
    role = {
        "types": {"x_deal": {"read": "all", "update": "all"}}, "fields": hidden,
        "permissions": ["desk.use"],
    }  # fmt: skip
    instance = desk.instance
    [nora] = instance.create("user", {"name": "Nora", "email": "nora@example.org"})
    instance.write(roles.save, "half", role)
    instance.write(roles.hold, "user", nora, ["half"])
    instance.write(auth.set_password, nora, auth.hash_password(PASSWORD))
    other = Browser(desk.application)
    assert other.sign_in(email="nora@example.org").status_code == 303
    refused = move(other, id_)
    assert (refused.status_code, refused.headers.get("X-Fix")) == (422, None)
    assert "day" not in refused.text


def test_a_board_has_the_columns_of_one_way_and_its_records(desk):
    made(desk)
    made(desk, way="renewal", stage="due", amount="30")
    made(desk, way="renewal", stage="won", amount="12")

    def columns(address):
        page = desk.get(address).text
        return re.findall(r'data-stage="(\w+)".*?count num">(\d+)<', page, re.DOTALL)

    assert columns(f"{PLACE}?_by=stage") == [("open", "1"), ("offered", "0"), ("won", "0")]
    assert columns(f"{PLACE}?_by=stage&_of=renewal") == [("due", "1"), ("won", "1")]
    assert len(columns(f"{PLACE}?_by=stage&_of=*")) == 4
    page = desk.get(f"{PLACE}?_by=stage&_of=renewal").text
    assert "_of=new" in page and ">New business</a>" in page
    assert desk.get(f"{PLACE}?_by=stage&_of=nowhere").status_code == 400


def test_the_sums_after_a_move_are_those_of_the_way_that_is_shown(desk):
    id_ = made(desk, amount="5", day="2026-05-01")
    made(desk, way="renewal", stage="won", amount="12")
    data = {"id": str(id_), "stage": "won"}
    sums = desk.post(f"{PLACE}/move?_by=stage&_of=new", data=data).json["sums"]
    assert sums["won"] == "€5"


def test_a_form_marks_what_the_chosen_option_needs(desk):
    id_ = made(desk, stage="offered", amount="5", day="2026-05-01")
    for address, hidden in (("/records/x_deal/new", 2), (f"/records/x_deal/{id_}/edit", 0)):
        page = desk.get(address).text
        assert page.count("data-mark") == 2
        assert page.count("data-mark hidden") == hidden
        assert 'data-needs="amount day"' in page


def test_a_form_that_changes_the_option_lets_it_set_what_nobody_touched(desk):
    id_ = made(desk, amount="5", day="2026-05-01")
    address = f"/records/x_deal/{id_}/edit"
    desk.post(address, data={**desk.form(address), "stage": "offered"})
    assert stored(desk, id_)[3] == "50.00"
    desk.post(address, data={**desk.form(address), "stage": "open", "chance": "33"})
    assert stored(desk, id_)[3] == "33.00"


# -- the designer ---------------------------------------------------------------------------
def test_the_designer_says_what_an_option_needs_and_sets(desk):
    page = desk.get("/model/x_deal?field=stage").text
    assert 'name="o.v.offered.needs" value="day" checked' in page
    form = form_of(desk, "stage") | {
        "o.v.won.entails": "1", "o.v.won.needs": "amount", "o.v.won.set": ["chance", "day", ""],
        "o.v.won.to": ["100", "today", ""],
        "o.v.open.set": ["chance", ""], "o.v.open.to": ["10", ""],
        "o.v.offered.set": ["chance", ""], "o.v.offered.to": ["50", ""],
    }  # fmt: skip
    sent(desk, "/model/x_deal/fields/stage", **form)
    publish(desk)
    options = {o.value: o for o in desk.instance.catalog.type("x_deal").field("stage").options}
    assert options["won"].needs == ("amount",)
    assert dict(options["won"].sets) == {"chance": "100.00", "day": "today"}
    assert options["offered"].needs == ("amount", "day")
    assert dict(options["offered"].sets) == {"chance": 50}


def test_the_designer_says_which_value_can_not_be_set(desk):
    form = form_of(desk, "stage") | {"o.v.won.set": ["chance"], "o.v.won.to": ["lots"]}
    answer = desk.post("/model/x_deal/fields/stage", data=form)
    assert answer.status_code == 422
    assert "can&#39;t set Chance" in answer.text
