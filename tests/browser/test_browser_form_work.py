"""Working in a form: lines, what is made on the way, and what is kept when something goes wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from ..desk import EMAIL
from ..instances import PASSWORD
from .driving import PHONE, Site, Watch, Windows, clean, fits, without_forms_script

ORDER = "/records/x_order"
LINE: list[dict[str, Any]] = [
    {
        "name": "order", "kind": "lookup", "required": True,
        "settings": {"target": "x_order", "part": True, "inverse": "lines"},
    },
    {"name": "position", "kind": "integer", "label": "Position"},
    {"name": "quantity", "kind": "decimal", "label": "Quantity", "default": "1"},
]  # fmt: skip


def prepare(instance: Instance) -> None:
    """Make orders with lines, and the buyers that they point to."""
    name = {"name": "name", "kind": "text", "label": "Name", "required": True, "sortable": True}
    instance.make_type("x_buyer", name, label="Buyer", plural="Buyers")
    sizes = [{"value": "s", "when": ["old"], "label": "Small"}, {"value": "l", "label": "Large"}]
    instance.make_type(
        "x_order", name,
        {"name": "state", "kind": "choice", "label": "State",
         "options": [{"value": "new", "label": "New"}, {"value": "old", "label": "Old"}]},
        {"name": "size", "kind": "choice", "label": "Size", "options": sizes,
         "settings": {"controlled_by": "state"}},
        {"name": "pin", "kind": "encrypted", "label": "Pin"},
        label="Order", plural="Orders",
    )  # fmt: skip
    instance.make_type("x_line", {**name, "label": "Item"}, label="Line", plural="Lines")
    buyer = {"name": "buyer", "kind": "lookup", "label": "Buyer", "settings": {"target": "x_buyer"}}
    instance.apply(
        {"op": "add_field", "type": "x_order", **buyer},
        *({"op": "add_field", "type": "x_line", **each} for each in LINE),
    )


@pytest.fixture
def order(site: Site) -> int:
    """Return the id of an order with two lines."""
    lines = [{"name": "Pump", "quantity": "2"}, {"name": "Hose", "quantity": "3"}]
    [id_] = site.instance.create("x_order", {"name": "An order", "lines": lines})
    return id_


def items(site: Site, order: int) -> list[str]:
    """Return the items of an order, in their order."""
    rows = site.instance.sql(
        'SELECT name FROM x_line WHERE "order" = :id AND trashed_at IS NULL ORDER BY position',
        id=order,
    )
    return [row.name for row in rows]


def save(page: Page) -> None:
    """Press the button that saves."""
    page.get_by_role("button", name="Save", exact=True).click()


def saved(page: Page, order: int) -> None:
    """Wait until the form has led to the record."""
    page.wait_for_url(re.compile(rf"{ORDER}/{order}$"))


# -- lines ----------------------------------------------------------------------------------------
def test_lines_are_added_moved_and_removed_by_keyboard_and_saved_with_the_record(
    page: Page, site: Site, order: int
):
    page.goto(f"{ORDER}/{order}/edit")
    expect(page.locator("[data-total=quantity]")).to_have_text("5")
    page.get_by_role("button", name=re.compile("Add a line")).press("Enter")
    page.keyboard.type("Valve")
    page.keyboard.press("Alt+ArrowUp")
    page.locator("[name='lines.2.quantity']").fill("2.5")
    expect(page.locator("[data-total=quantity]")).to_have_text("7.5")
    clean(page)
    page.get_by_role("button", name="Remove line 1").press("Enter")
    expect(page.get_by_role("button", name="Remove line 1")).to_be_focused()
    save(page)
    saved(page, order)
    assert items(site, order) == ["Valve", "Hose"]
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".lines-card tbody tr")).to_have_text(
        [re.compile("Pump"), re.compile("Hose")]
    )


def test_a_line_is_dragged_to_another_place(page: Page, site: Site, order: int):
    page.goto(f"{ORDER}/{order}/lines/lines")
    handle = page.locator(".lines-b .grip").first
    expect(handle).to_be_visible()  # by the script of the lines, which may come after the page
    grip = handle.bounding_box()
    last = page.locator(".lines-b > .line").last.bounding_box()
    assert grip is not None
    assert last is not None
    page.mouse.move(grip["x"] + 5, grip["y"] + 5)
    page.mouse.down()
    page.mouse.move(grip["x"] + 5, grip["y"] + 25, steps=4)
    page.mouse.move(grip["x"] + 5, last["y"] + last["height"] - 2, steps=8)
    page.mouse.up()
    expect(page.locator(".lines-b > .line").first).to_have_attribute("data-number", "1")
    save(page)
    saved(page, order)
    assert items(site, order) == ["Hose", "Pump"]


def test_lines_are_edited_on_the_page_of_their_record(
    page: Page, site: Site, watch: Watch, order: int
):
    watch.expect("422 POST /records/x_order/")
    page.goto(f"{ORDER}/{order}")
    page.get_by_role("link", name="Edit lines").click()
    page.locator("[name='lines.0.name']").fill("")
    save(page)
    expect(page.locator("[name='lines.0.name']")).to_be_focused()
    expect(page.get_by_role("link", name="Lines, line 1: Item")).to_be_visible()
    clean(page)
    page.locator("[name='lines.0.name']").fill("Big pump")
    save(page)
    expect(page.locator(".lines-card tbody tr").first).to_contain_text("Big pump")
    assert items(site, order) == ["Big pump", "Hose"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, (320, 640)])
def test_lines_fit_a_phone(window: Windows, order: int, size: tuple[int, int], theme: str):
    page = window(size=size, theme=theme)
    page.goto(f"{ORDER}/{order}/edit")
    fits(page)
    clean(page)


# -- on the way -----------------------------------------------------------------------------------
def test_what_a_lookup_does_not_find_is_made_and_chosen(page: Page, site: Site, order: int):
    page.goto(f"{ORDER}/{order}/edit")
    lookup = page.get_by_role("combobox", name="Buyer")
    lookup.press_sequentially("Nobody yet")
    expect(page.get_by_role("option", name="Create “Nobody yet”")).to_be_visible()
    lookup.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_have_value("Nobody yet")
    clean(page)
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_be_hidden()
    expect(lookup).to_have_value("Nobody yet")
    expect(lookup).to_be_focused()
    save(page)
    saved(page, order)
    [row] = site.instance.sql("SELECT id FROM x_buyer WHERE name = 'Nobody yet'")
    assert site.instance.get("x_order", order)["buyer"] == row.id


def test_options_are_offered_that_go_with_what_is_chosen(page: Page, order: int):
    page.goto(f"{ORDER}/{order}/edit")
    size = page.get_by_label("Size")
    expect(size.locator("option:not([hidden])")).to_have_text(["None", "Large"])
    page.get_by_label("State").select_option("old")
    expect(size.locator("option:not([hidden])")).to_have_text(["None", "Small", "Large"])
    size.select_option("s")
    page.get_by_label("State").select_option("new")
    expect(size).to_have_value("")


# -- what is kept ---------------------------------------------------------------------------------
def test_what_was_typed_is_offered_again_after_a_crash_and_no_secret_is_kept(
    page: Page, site: Site, order: int
):
    page.goto(f"{ORDER}/{order}/edit")
    page.get_by_label("Name").fill("Half written")
    page.get_by_label("Pin").fill("4711")
    page.get_by_role("button", name=re.compile("Add a line")).click()
    page.keyboard.type("Valve")
    page.wait_for_timeout(700)
    other = page.context.new_page()
    page.close()
    other.goto(f"{ORDER}/{order}/edit")
    clean(other)
    kept = other.evaluate("() => JSON.stringify(localStorage)")
    assert ("Half written" in kept, "4711" in kept) == (True, False)
    other.get_by_role("button", name="Restore").click()
    expect(other.get_by_label("Name")).to_have_value("Half written")
    expect(other.locator("[name='lines.2.name']")).to_have_value("Valve")
    save(other)
    saved(other, order)
    assert items(site, order) == ["Pump", "Hose", "Valve"]
    assert other.evaluate("() => localStorage.length") == 0


def test_a_draft_that_is_discarded_is_gone(page: Page, order: int):
    page.goto(f"{ORDER}/{order}/edit")
    page.get_by_label("Name").fill("Half written")
    page.wait_for_timeout(700)
    page.get_by_role("link", name="Cancel").click()
    clean(page)
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    saved(page, order)
    page.goto(f"{ORDER}/{order}/edit")
    expect(page.get_by_role("button", name="Restore")).to_be_hidden()


def test_what_is_typed_before_the_scripts_of_forms_have_come_is_asked_about(page: Page, order: int):
    with without_forms_script(page):
        page.goto(f"{ORDER}/{order}/edit")
        page.get_by_label("Name").fill("On a slow line")
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Discard")).to_be_visible()


def test_a_lost_network_keeps_the_form_and_says_so(
    page: Page, site: Site, watch: Watch, order: int
):
    watch.expect("failed: POST", "console error: htmx")
    page.goto(f"{ORDER}/{order}/edit")
    page.get_by_label("Name").fill("On the train")
    page.context.set_offline(True)
    save(page)
    expect(page.get_by_text("Not saved. What you typed is kept")).to_be_visible()
    clean(page)
    page.context.set_offline(False)
    save(page)
    saved(page, order)
    assert site.instance.get("x_order", order)["name"] == "On the train"


def test_whoever_was_signed_out_signs_in_within_the_form_and_it_is_saved(
    window: Windows, site: Site, watch: Watch, order: int
):
    watch.expect("401 POST /records/x_order/", "401 POST /sign-in")
    page = window()
    page.goto(f"{ORDER}/{order}/edit")
    page.get_by_label("Name").fill("Long work")
    page.context.clear_cookies(name="relatum_session")
    save(page)
    door = page.get_by_role("dialog", name="You were signed out")
    clean(page)
    door.get_by_label("E-mail address").fill(EMAIL)
    door.get_by_label("Password").fill("wrong")
    door.get_by_role("button", name="Sign in").click()
    expect(door.get_by_role("alert")).to_be_visible()
    door.get_by_label("Password").fill(PASSWORD)
    door.get_by_role("button", name="Sign in").click()
    saved(page, order)
    assert site.instance.get("x_order", order)["name"] == "Long work"


def test_pressing_twice_makes_one_record(page: Page, site: Site):
    page.goto(f"{ORDER}/new")
    page.get_by_label("Name").fill("Only once")
    page.get_by_role("button", name="Save", exact=True).dblclick()
    page.wait_for_url(re.compile(rf"{ORDER}/\d+$"))
    assert len(site.instance.sql("SELECT id FROM x_order WHERE name = 'Only once'")) == 1


def test_a_secret_is_revealed_in_place(page: Page, site: Site):
    [id_] = site.instance.create("x_order", {"name": "Hidden", "pin": "4711"})
    page.goto(f"{ORDER}/{id_}")
    expect(page.get_by_text("4711")).to_have_count(0)
    page.get_by_role("link", name=re.compile("Reveal")).click()
    expect(page.get_by_text("4711")).to_be_visible()
    clean(page)
