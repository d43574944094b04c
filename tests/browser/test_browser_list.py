"""The list of a type: the address is its state, and keys do what the mouse does."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from relatum.core.testing.instances import Instance

from . import stock
from .driving import PHONE, Site, Watch, Windows, clean, fits, settle

LIST = "/records/x_asset"


def prepare(instance: Instance) -> list[int]:
    """Make 120 assets."""
    stock.assets(instance)
    return stock.many(instance)


@pytest.fixture
def listed(page: Page) -> Page:
    """Return the page of the list."""
    page.goto(LIST)
    return page


def rows(page: Page) -> Locator:
    """Return the rows of the list."""
    return page.locator("#lv tbody tr")


def cell(page: Page, row: int, field: str) -> Locator:
    """Return the cell that can be edited of a field, in the row of that number."""
    return rows(page).nth(row).locator(f".cell[data-col={field}]")


def head(page: Page, name: str) -> Locator:
    """Return the head of a column."""
    return page.get_by_role("columnheader", name=name)


# -- sorting, narrowing, paging ---------------------------------------------------------------
def test_a_click_on_a_head_sorts_and_back_undoes_it(listed: Page):
    head(listed, "Price").get_by_role("link").click()
    expect(head(listed, "Price")).to_have_attribute("aria-sort", "ascending")
    expect(listed).to_have_url(re.compile("_sort=price"))
    head(listed, "Price").get_by_role("link").click()
    expect(head(listed, "Price")).to_have_attribute("aria-sort", "descending")
    expect(rows(listed).first).to_contain_text("Asset 119")
    listed.go_back()
    expect(rows(listed).first).to_contain_text("Asset 000")
    listed.go_back()
    expect(head(listed, "Price")).not_to_have_attribute("aria-sort", re.compile("."))


def test_back_pressed_before_the_scripts_have_come_shows_the_page_of_the_address(listed: Page):
    for _ in range(2):
        order = head(listed, "Price").get_attribute("aria-sort")
        head(listed, "Price").get_by_role("link").click()
        expect(head(listed, "Price")).not_to_have_attribute("aria-sort", order or "none")
        expect(head(listed, "Price")).to_have_attribute("aria-sort", re.compile("."))

    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    listed.route("**/app*.js", hold, times=1)
    listed.go_back(wait_until="commit")
    expect(rows(listed).first).to_contain_text("Asset 000")
    listed.go_back(wait_until="commit")
    expect(listed).to_have_url(re.compile("x_asset$"))
    held[0].continue_()
    expect(head(listed, "Price")).not_to_have_attribute("aria-sort", re.compile("."))


def test_a_list_is_found_again_by_its_address(listed: Page):
    head(listed, "Price").get_by_role("link").click()
    expect(listed).to_have_url(re.compile("_sort=price"))
    listed.reload()
    expect(head(listed, "Price")).to_have_attribute("aria-sort", "ascending")


def test_the_slash_leads_to_the_search_which_keeps_focus_and_text(listed: Page):
    listed.keyboard.press("/")
    listed.keyboard.type("set 11")
    expect(rows(listed)).to_have_count(10)
    search = listed.get_by_role("searchbox")
    expect(search).to_be_focused()
    expect(search).to_have_value("set 11")
    expect(listed).to_have_url(re.compile("_search="))
    clean(listed)


def test_nothing_found_says_so_and_offers_the_way_out(listed: Page):
    listed.get_by_role("searchbox").fill("no such thing")
    expect(rows(listed)).to_have_count(0)
    clean(listed)
    listed.get_by_role("link", name="Clear filters").click()
    expect(rows(listed)).not_to_have_count(0)


def test_a_filter_of_the_address_is_a_chip_that_can_be_taken_away(page: Page):
    page.goto(f"{LIST}?state=new")
    expect(page.locator(".chip")).to_contain_text("State")
    expect(page.locator(".lv-f")).to_contain_text("40 Assets")
    page.get_by_role("link", name="Remove the filter State").click()
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator(".lv-f")).to_contain_text("120 Assets")


def test_pages_are_turned_forth_and_back(listed: Page):
    expect(rows(listed).first).to_contain_text("Asset 000")
    listed.get_by_role("link", name="Next page").click()
    expect(rows(listed).first).to_contain_text("Asset 050")
    listed.get_by_role("link", name="Previous page").click()
    expect(rows(listed).first).to_contain_text("Asset 000")


# -- changing in place ------------------------------------------------------------------------
def test_a_cell_is_edited_by_mouse_and_the_focus_comes_back(listed: Page, site: Site):
    edited = cell(listed, 3, "serial")
    edited.click()
    clean(listed)
    listed.keyboard.press("Control+a")
    listed.keyboard.type("Edited by mouse")
    listed.keyboard.press("Enter")
    expect(edited).to_contain_text("Edited by mouse")
    expect(edited).to_be_focused()
    expect(listed.locator(".toast")).to_contain_text("Serial number is saved")


def test_arrows_move_between_cells_and_escape_leaves_one_as_it_was(listed: Page):
    cell(listed, 5, "serial").focus()
    listed.keyboard.press("ArrowUp")
    expect(cell(listed, 4, "serial")).to_be_focused()
    listed.keyboard.press("ArrowLeft")
    expect(cell(listed, 4, "price")).to_be_focused()
    listed.keyboard.press("F2")
    listed.keyboard.press("Control+a")
    listed.keyboard.type("77")
    listed.keyboard.press("Escape")
    expect(cell(listed, 4, "price")).to_be_focused()
    expect(cell(listed, 4, "price")).to_contain_text("€4")


def test_a_value_that_is_refused_says_why_in_place(listed: Page, watch: Watch):
    watch.expect("422 PATCH /records/x_asset/[0-9]+/cell/mail")
    cell(listed, 6, "mail").click()
    listed.keyboard.type("broken")
    listed.keyboard.press("Enter")
    error = rows(listed).nth(6).get_by_role("alert")
    expect(error).to_contain_text("e-mail")
    clean(listed)
    listed.keyboard.press("Escape")
    expect(error).to_have_count(0)


def test_a_choice_is_saved_as_soon_as_it_is_made(listed: Page, site: Site):
    cell(listed, 7, "state").click()
    listed.locator(".ef select").select_option("gone")
    expect(cell(listed, 7, "state")).to_contain_text("Gone")


def test_undo_in_the_toast_takes_back_what_was_saved(listed: Page):
    cell(listed, 8, "price").click()
    listed.keyboard.press("Control+a")
    listed.keyboard.type("4321")
    listed.keyboard.press("Enter")
    expect(cell(listed, 8, "price")).to_contain_text("4,321")
    listed.get_by_role("button", name="Undo").click()
    expect(cell(listed, 8, "price")).to_contain_text("€8")


# -- what opens -------------------------------------------------------------------------------
def test_columns_are_chosen_while_the_chooser_stays_open(listed: Page):
    listed.locator("#o-m-cols").click()
    chooser = listed.locator("#m-cols")
    chooser.get_by_label("Note", exact=True).check()
    expect(head(listed, "Note")).to_be_visible()
    expect(chooser).to_be_visible()
    clean(listed)
    chooser.get_by_label("Price", exact=True).uncheck()
    expect(head(listed, "Price")).to_have_count(0)
    listed.keyboard.press("Escape")
    expect(chooser).to_be_hidden()
    expect(listed).to_have_url(re.compile("_fields="))


def test_columns_are_put_in_order_by_keyboard(listed: Page):
    listed.locator("#o-m-cols").press("Enter")
    grip = listed.get_by_role("button", name="Move Price by arrow keys")
    grip.press("ArrowUp")
    expect(listed.locator("#lv thead th").nth(2)).to_contain_text("Price")


def test_several_columns_sort_and_a_panel_says_so(listed: Page):
    head(listed, "State").get_by_role("link").click()
    expect(head(listed, "State")).to_have_attribute("aria-sort", "ascending")
    head(listed, "Price").get_by_role("link").click(modifiers=["Shift"])
    expect(listed).to_have_url(re.compile("_sort=state(,|%2C)price"))
    expect(listed.locator("#o-m-sort")).to_contain_text("State")
    listed.locator("#o-m-sort").click()
    expect(listed.locator("#m-sort")).to_contain_text("Price")
    clean(listed)


# -- filters, views, selection ----------------------------------------------------------------
def test_a_filter_is_built_by_keyboard_and_shown_as_a_chip(listed: Page):
    listed.keyboard.press("f")
    panel = listed.locator("#m-filter")
    field = panel.get_by_label("Field", exact=True)
    expect(field).to_be_focused()
    field.select_option("state")
    expect(panel.get_by_label("Comparison")).to_be_visible()
    clean(listed)
    panel.get_by_label("Value").select_option("used")
    panel.get_by_role("button", name="Apply").last.press("Enter")
    expect(listed.locator(".chip")).to_contain_text("In use")
    expect(listed.locator(".lv-f")).to_contain_text(re.compile("(39|40) Assets"))
    listed.go_back()
    expect(listed.locator(".chip")).to_have_count(0)


def test_what_is_typed_while_a_filter_is_drawn_anew_is_not_lost(listed: Page):
    listed.keyboard.press("f")
    panel = listed.locator("#m-filter")
    panel.get_by_label("Field", exact=True).select_option("serial")
    expect(panel.get_by_label("Value")).to_be_visible()
    held: list[Route] = []
    listed.route("**/filter?*", lambda route: held.append(route))  # noqa: PLW0108  # it is kept
    panel.get_by_label("Comparison").select_option("starts")
    panel.get_by_label("Value").press_sequentially("S11")
    with listed.expect_response("**/filter?*"):
        held[0].continue_()
    settle(listed)
    expect(panel.get_by_label("Comparison")).to_have_value("starts")
    expect(panel.get_by_label("Value")).to_have_value("S11")
    expect(panel.get_by_label("Value")).to_be_focused()


def test_either_of_two_conditions_is_asked_for(listed: Page):
    listed.locator("#o-m-filter").click()
    panel = listed.locator("#m-filter")
    panel.get_by_label("How many must hold").select_option("any")
    for place, (name, value) in enumerate((("serial", "S001"), ("serial", "S002"))):
        if place:
            panel.get_by_role("button", name="Condition", exact=True).click()
        panel.get_by_label("Field", exact=True).nth(place).select_option(name)
        panel.get_by_label("Value").nth(place).fill(value)
    panel.get_by_role("button", name="Apply").last.click()
    expect(rows(listed)).to_have_count(2)
    expect(listed.locator(".chip")).to_contain_text("or")
    clean(listed)


def test_a_list_is_kept_as_a_view_and_thrown_away(page: Page):
    page.goto(f"{LIST}?state=new&_sort=-price")
    page.locator("#o-m-view").click()
    page.get_by_role("textbox", name="Name of the view").fill("Dear new ones")
    clean(page)
    page.keyboard.press("Enter")
    tab = page.get_by_role("link", name="Dear new ones").first
    expect(tab).to_have_attribute("aria-current", "page")
    page.goto(LIST)
    page.get_by_role("link", name="Dear new ones").first.click()
    expect(rows(page).first).to_contain_text("Asset 117")
    page.locator("#o-m-view").click()
    page.get_by_role("button", name="Delete the view Dear new ones").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("link", name="Dear new ones")).to_have_count(0)


def test_rows_are_selected_trashed_and_brought_back_by_undo(page: Page, site: Site):
    names = [f"Chosen {n}" for n in range(5)]
    site.instance.create("x_asset", *({"name": name} for name in names))
    page.goto(f"{LIST}?_search=Chosen")
    expect(rows(page)).to_have_count(5)
    boxes = page.locator("[data-row]")
    boxes.nth(0).click()
    boxes.nth(3).click(modifiers=["Shift"])
    bulk = page.get_by_role("toolbar", name="Actions on the selection")
    expect(bulk).to_contain_text("4 selected")
    clean(page)
    bulk.get_by_role("button", name="Move to the trash").click()
    dialog = page.locator("#ask")
    expect(dialog).to_be_visible()
    clean(page)
    dialog.locator(".btn-danger").click()
    expect(rows(page)).to_have_count(1)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(5)


def test_cards_are_selected_on_a_phone(window: Windows, site: Site):
    names = [f"Handy {n}" for n in range(3)]
    site.instance.create("x_asset", *({"name": name} for name in names))
    page = window(size=PHONE)
    page.goto(f"{LIST}?_search=Handy")
    for name in names[:2]:
        page.get_by_role("checkbox", name=f"Select {name}").check()
    bulk = page.get_by_role("toolbar", name="Actions on the selection")
    expect(bulk).to_contain_text("2 selected")
    clean(page)
    fits(page)
    bulk.get_by_role("button", name="Move to the trash").click()
    page.locator("#ask .btn-danger").click()
    expect(page.locator(".cards-m li")).to_have_count(1)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".cards-m li")).to_have_count(3)


def test_x_selects_the_row_and_the_selection_can_be_cleared(listed: Page):
    listed.keyboard.press("j")
    listed.keyboard.press("x")
    expect(listed.locator("tr.sel")).to_have_count(1)
    listed.get_by_role("button", name="Clear the selection").press("Enter")
    expect(listed.locator("tr.sel")).to_have_count(0)


def test_a_record_is_looked_at_beside_the_list(listed: Page):
    rows(listed).nth(2).hover()
    rows(listed).nth(2).get_by_role("button", name="Preview").click()
    drawer = listed.get_by_role("dialog", name="Preview")
    expect(drawer).to_contain_text("Asset 002")
    clean(listed)
    listed.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(rows(listed).nth(2).get_by_role("button", name="Preview")).to_be_focused()


def test_a_row_is_opened_with_the_keyboard_and_back_leads_to_the_list(listed: Page):
    listed.keyboard.press("j")
    listed.keyboard.press("j")
    listed.keyboard.press("Enter")
    expect(listed.get_by_role("heading", level=1)).to_have_text("Asset 001")
    listed.go_back()
    expect(rows(listed)).to_have_count(50)


def test_c_begins_a_new_record(listed: Page):
    listed.keyboard.press("c")
    expect(listed.get_by_role("heading", level=1)).to_have_text("New Asset")


# -- the phone --------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [PHONE, (320, 640)])
def test_a_phone_shows_cards_and_never_scrolls_sideways(window: Windows, size: tuple[int, int]):
    page = window(size=size)
    page.goto(LIST)
    card = page.locator(".cards-m").get_by_role("link", name="Asset 010")
    expect(card).to_be_visible()
    expect(page.locator("#lv table")).to_be_hidden()
    fits(page)
    clean(page)
    card.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Asset 010")
    fits(page)
