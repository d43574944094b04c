"""Lines of a record in forms: added, removed, put in order, and saved with their record."""

from __future__ import annotations

import re
from typing import Any

import pytest

from relatum.core import records

from .desk import FRAGMENT, fields_of
from .instances import prepared

LINE: list[dict[str, Any]] = [
    {
        "name": "order", "kind": "lookup", "required": True,
        "settings": {"target": "x_order", "part": True, "inverse": "lines"},
    },
    {"name": "position", "kind": "integer"},
    {"name": "item", "kind": "text", "required": True},
    {"name": "quantity", "kind": "decimal", "default": "1", "settings": {"scale": 3}},
    {"name": "product", "kind": "lookup", "settings": {"target": "x_order"}},
]  # fmt: skip
#: A type of lines with what no table has room for.
PLACE: list[dict[str, Any]] = [
    {
        "name": "order", "kind": "lookup", "required": True,
        "settings": {"target": "x_order", "part": True, "inverse": "places"},
    },
    {"name": "where", "kind": "address"},
    {"name": "days", "kind": "multi_choice", "options": [{"value": "mon"}, {"value": "tue"}]},
    {"name": "fee", "kind": "money"},
    {"name": "locked", "kind": "boolean"},
]  # fmt: skip


#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    """An instance with orders, which have lines and places."""
    instance.make_type("x_order", {"name": "name", "kind": "text", "required": True}, label="Order")
    instance.make_type("x_line", LINE[2], label="Line", plural="Lines")
    instance.make_type("x_place", PLACE[3], label="Place", plural="Places")
    links = [{"op": "add_field", "type": "x_line", **each} for each in (*LINE[:2], *LINE[3:])]
    links += [
        {"op": "add_field", "type": "x_place", **each} for each in PLACE if each["name"] != "fee"
    ]
    instance.apply(*links)


@pytest.fixture
def order(desk):
    """Return the id of an order with two lines."""
    lines = [{"item": "Pump", "quantity": "2"}, {"item": "Hose", "quantity": "3.5"}]
    [id_] = desk.instance.create("x_order", {"name": "First", "lines": lines})
    return id_


def lines_of(desk, order):
    """Return item and quantity of the lines of an order, in their order."""
    rows = desk.instance.sql(
        "SELECT x_line.item, x_line.id FROM x_line WHERE trashed_at IS NULL ORDER BY position"
    )
    found = {id_: desk.instance.get("x_line", id_) for _, id_ in rows}
    return [(each["item"], each["quantity"]) for each in found.values() if each["order"] == order]


def edit(order):
    """Return the address of the form of an order."""
    return f"/records/x_order/{order}/edit"


def alone(order):
    """Return the address of the form of its lines."""
    return f"/records/x_order/{order}/lines/lines"


# -- in the form of the record --------------------------------------------------------------------
def test_a_record_is_made_with_its_lines_and_blank_ones_are_none(desk):
    form = desk.form("/records/x_order/new")
    assert form["lines.0.quantity"] == "1"
    form |= {"name": "New", "lines.0.item": "Pump", "lines.1.item": "", "lines.2.item": "Hose"}
    form |= {"lines.1.quantity": "1", "lines.2.quantity": "4"}
    made = desk.post("/records/x_order/new", data=form)
    assert made.status_code == 303
    assert lines_of(desk, int(made.location.rsplit("/", 1)[1])) == [
        ("Pump", "1.000"),
        ("Hose", "4.000"),
    ]


def test_a_new_record_whose_line_nobody_touched_has_none(desk):
    form = desk.form("/records/x_order/new")
    made = desk.post("/records/x_order/new", data={**form, "name": "Bare"})
    assert (made.status_code, desk.instance.sql("SELECT count(*) FROM x_line")) == (303, [(0,)])


def test_lines_are_changed_removed_and_added_in_one_save_that_is_taken_back_at_once(desk, order):
    form = desk.form(edit(order))
    for name in [name for name in form if name.startswith("lines.0.")]:
        del form[name]
    form |= {"name": "Renamed", "lines.1.quantity": "7", "lines.9.item": "Valve"}
    saved = desk.post(edit(order), data=form)
    assert lines_of(desk, order) == [("Hose", "7.000"), ("Valve", "1.000")]
    [undo] = re.findall(r'data-undo="([^"]*)"', desk.get(saved.location).text)
    desk.post(undo)
    assert lines_of(desk, order) == [("Pump", "2.000"), ("Hose", "3.500")]
    assert desk.instance.get("x_order", order)["name"] == "First"


def test_the_order_of_the_lines_is_that_of_the_form(desk, order):
    form = desk.form(edit(order))
    last = {name: value for name, value in form.items() if name.startswith("lines.1.")}
    desk.post(edit(order), data={**last, **{n: v for n, v in form.items() if n not in last}})
    assert [item for item, _ in lines_of(desk, order)] == ["Hose", "Pump"]


def test_a_form_as_it_is_changes_nothing(desk, order):
    before = desk.instance.get("x_order", order)
    desk.post(edit(order), data=desk.form(edit(order)))
    assert desk.instance.get("x_order", order) == before


def test_what_is_wrong_with_a_line_is_said_at_its_field_and_above_with_a_link(desk, order):
    form = desk.form(edit(order))
    page = desk.post(edit(order), data={**form, "lines.1.quantity": "many"})
    assert page.status_code == 422
    assert 'aria-describedby="f-lines-1-quantity-e"' in page.text
    assert 'href="#f-lines-1-quantity">Lines, line 2: Quantity</a>' in page.text
    assert 'value="many"' in page.text


def test_a_rule_of_the_kernel_is_said_at_the_line_that_the_form_counts(desk, order):
    form = desk.form(edit(order))
    # A blank line before it: the kernel knows it as the third, the form as number 8.
    form |= {"lines.5.id": "", "lines.5.item": "", "lines.8.id": "", "lines.8.version": ""}
    page = desk.post(edit(order), data={**form, "lines.8.item": "", "lines.8.quantity": "5"})
    assert (page.status_code, 'id="f-lines-8-item-e"' in page.text) == (422, True)
    assert lines_of(desk, order) == [("Pump", "2.000"), ("Hose", "3.500")]


def test_a_line_finds_a_record_by_its_title(desk, order):
    form = desk.form(edit(order))
    desk.post(edit(order), data={**form, "lines.0.product~text": "First"})
    [line] = desk.instance.sql("SELECT product FROM x_line WHERE item = 'Pump'")
    assert line.product == order


# -- without scripts ------------------------------------------------------------------------------
def drawn(page):
    """Return what the form of a page would send."""
    inside = page.text[page.text.index('<form class="') :]
    return fields_of(inside[: inside.index("</form>")])


def test_a_button_draws_the_form_with_more_lines_and_saves_nothing(desk, order):
    form = {**desk.form(edit(order)), "name": "Typed", "_act": "lines.add"}
    page = desk.post(edit(order), data=form)
    again = drawn(page)
    assert (page.status_code, again["name"], again["lines.4.quantity"]) == (200, "Typed", "1")
    assert desk.instance.get("x_order", order)["name"] == "First"
    desk.post(edit(order), data={**again, "lines.4.item": "Valve"})
    assert [item for item, _ in lines_of(desk, order)] == ["Pump", "Hose", "Valve"]


@pytest.mark.parametrize(
    ("act", "left"),
    [
        ("lines.remove.0", ["Hose"]), ("lines.up.1", ["Hose", "Pump"]),
        ("lines.down.0", ["Hose", "Pump"]), ("lines.up.0", ["Pump", "Hose"]),
        ("lines.remove.77", ["Pump", "Hose"]), ("nonsense", ["Pump", "Hose"]),
        ("lines.up.x", ["Pump", "Hose"]),
    ],
)  # fmt: skip
def test_buttons_remove_and_move_a_line(desk, order, act, left):
    form = drawn(desk.post(edit(order), data={**desk.form(edit(order)), "_act": act}))
    assert [item for item, _ in lines_of(desk, order)] == ["Pump", "Hose"]
    desk.post(edit(order), data=form)
    assert [item for item, _ in lines_of(desk, order)] == left


# -- alone ----------------------------------------------------------------------------------------
def test_the_page_of_a_record_shows_its_lines_with_sums_and_leads_to_their_form(desk, order):
    page = desk.get(f"/records/x_order/{order}").text
    card = page[
        page.index('id="lines-lines"') : page.index("</section>", page.index("lines-lines"))
    ]
    assert ("Pump" in card, "5.5" in card, alone(order) in card) == (True, True, True)
    assert "Position" not in card


def test_the_lines_alone_are_saved_by_a_page(desk, order):
    form = drawn(desk.get(alone(order)))
    saved = desk.post(alone(order), data={**form, "lines.0.item": "Big pump"})
    assert (saved.status_code, saved.location) == (303, f"/records/x_order/{order}")
    assert [item for item, _ in lines_of(desk, order)] == ["Big pump", "Hose"]


def test_the_lines_alone_are_saved_in_place_and_the_answer_is_their_card(desk, order):
    form = drawn(desk.get(alone(order), headers=FRAGMENT))
    saved = desk.post(alone(order), data={**form, "lines.0.item": "Big pump"}, headers=FRAGMENT)
    assert (saved.status_code, "Big pump" in saved.text, "<form" in saved.text) == (
        200,
        True,
        False,
    )
    assert "undo" in saved.headers["HX-Trigger"]
    wrong = desk.post(alone(order), data={**form, "lines.0.item": ""}, headers=FRAGMENT)
    assert (wrong.status_code, "<html" in wrong.text) == (422, False)


def test_the_page_of_the_lines_leads_to_the_record_with_scripts_too(desk, order):
    form = drawn(desk.get(alone(order)))
    headers = {**FRAGMENT, "HX-Current-URL": f"http://localhost{alone(order)}"}
    saved = desk.post(alone(order), data={**form, "lines.0.item": "Big pump"}, headers=headers)
    assert saved.headers["HX-Redirect"] == f"/records/x_order/{order}"


def test_a_list_that_is_none_of_parts_has_no_form(desk, order):
    assert desk.get(f"/records/x_order/{order}/lines/nothing").status_code == 404


# -- two people -----------------------------------------------------------------------------------
def test_lines_that_somebody_else_has_changed_are_replaced_only_on_purpose(desk, order):
    form = drawn(desk.get(alone(order)))
    theirs = [{"item": "Theirs"}]
    desk.instance.write(records.update, "x_order", [{"id": order, "lines": theirs}])
    page = desk.post(alone(order), data={**form, "lines.0.item": "Mine"})
    assert (page.status_code, "Somebody else has changed these lines" in page.text) == (422, True)
    assert [item for item, _ in lines_of(desk, order)] == ["Theirs"]
    assert desk.post(alone(order), data=drawn(page)).status_code == 303
    assert [item for item, _ in lines_of(desk, order)] == ["Mine", "Hose"]


def test_a_form_drawn_anew_still_notices_what_somebody_else_has_changed(desk, order):
    form = drawn(desk.get(alone(order)))
    desk.instance.write(records.update, "x_order", [{"id": order, "lines": []}])
    again = drawn(desk.post(alone(order), data={**form, "_act": "lines.add"}))
    assert desk.post(alone(order), data=again).status_code == 422


# -- any field type -------------------------------------------------------------------------------
def test_lines_with_large_fields_are_cards_and_hold_every_value(desk):
    place = {
        "where": {"street": "A 1", "city": "Bonn", "country": "DE"}, "days": ["mon"],
        "fee": "5.00", "locked": True,
    }  # fmt: skip
    [id_] = desk.instance.create("x_order", {"name": "Far", "places": [place, {}]})
    page = desk.get(edit(id_)).text
    assert "lines-tall" in page
    before = desk.instance.sql("SELECT * FROM x_place ORDER BY id")
    desk.post(edit(id_), data=desk.form(edit(id_)))
    assert desk.instance.sql("SELECT * FROM x_place ORDER BY id") == before


def test_more_lines_than_the_kernel_gives_at_once_are_not_cut_off(desk):
    many = [{"item": f"Part {number}"} for number in range(201)]
    [id_] = desk.instance.create("x_order", {"name": "Long", "lines": many})
    page = desk.get(edit(id_))
    assert (page.status_code, "More than 200 lines" in page.text) == (200, True)
    desk.post(edit(id_), data={**desk.form(edit(id_)), "name": "Renamed"})
    assert desk.get(f"/records/x_order/{id_}").status_code == 200
    counted = desk.instance.sql("SELECT count(*) FROM x_line WHERE trashed_at IS NULL")
    assert (desk.instance.get("x_order", id_)["name"], counted) == ("Renamed", [(201,)])
