"""A list in a browser: filter form, orders, columns, views, selection, by mouse and by keyboard."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from .driving import (
    LOOKS,
    Watch,
    Windows,
    clean,
    fits,
    panel,
    settle,
)

PUMP: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True, "sortable": True},
    {
        "name": "state", "kind": "choice",
        "options": [{"value": "new", "label": "New"}, {"value": "old", "label": "Old"}],
    },
    {"name": "price", "kind": "money"},
    {"name": "bought", "kind": "date"},
    {"name": "plant", "kind": "lookup", "settings": {"target": "x_plant", "inverse": "pumps"}},
]  # fmt: skip


def prepare(instance: Instance) -> None:
    """Make plants and 60 pumps."""
    instance.make_type("x_plant", {"name": "name", "kind": "text"}, label="Plant", plural="Plants")
    instance.make_type("x_pump", *PUMP, label="Pump", plural="Pumps")
    north, south = instance.create("x_plant", {"name": "North"}, {"name": "South"})
    rows = [
        {
            "name": f"Pump {n:02}", "state": "old" if n % 3 else "new", "price": str(n),
            "plant": north if n % 2 else south, "bought": "2026-01-15",
        }
        for n in range(60)
    ]  # fmt: skip
    instance.create("x_pump", *rows, {"name": "W" * 200, "state": "new"})


def names(page: Page) -> list[str]:
    return page.locator("tbody .name span:last-child").all_inner_texts()


def test_a_filter_is_built_with_a_group_shown_as_a_chip_and_goes_back(page: Page):
    page.goto("/records/x_pump?_sort=name")
    form = panel(page, "Filter")
    expect(form.get_by_label("Field", exact=True)).to_be_focused()
    form.get_by_label("Field", exact=True).select_option("price")
    form.get_by_label("Comparison").select_option("lt")
    form.get_by_label("Value").fill("9")
    form.get_by_role("button", name="Group", exact=True).click()
    expect(form.get_by_role("group", name="Group of conditions")).to_have_count(2)
    inner = form.get_by_role("group", name="Group of conditions").last
    inner.get_by_label("Field", exact=True).select_option("state")
    inner.get_by_label("Value").select_option("new")
    inner.get_by_role("button", name="Condition", exact=True).click()
    expect(inner.get_by_label("Field", exact=True)).to_have_count(2)
    inner.get_by_label("Field", exact=True).last.select_option("plant")
    expect(inner.get_by_role("combobox", name="Record")).to_be_visible()
    settle(page)
    inner.get_by_role("combobox", name="Record").fill("sou")
    inner.get_by_role("option", name="South").click()
    clean(page)
    form.get_by_role("button", name="Apply").last.click()
    chip = page.get_by_role("link", name="State is New or Plant is South", exact=True)
    expect(chip).to_be_visible()
    expect(form).to_be_hidden()
    assert names(page) == [f"Pump {n:02}" for n in (0, 2, 3, 4, 6, 8)]
    clean(page)
    page.reload()
    assert len(names(page)) == 6
    page.get_by_role("link", name="Remove the filter State is").click()
    expect(page.locator("tbody tr")).to_have_count(9)
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(6)
    chip.click()
    expect(form.get_by_label("How many must hold").last).to_be_focused()
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()


def test_a_row_without_a_value_is_told_in_the_form(page: Page, watch: Watch):
    page.goto("/records/x_pump?_sort=name")
    form = panel(page, "Filter")
    form.get_by_label("Field", exact=True).select_option("price")
    form.get_by_label("Value").fill("dear")
    watch.expect("422 GET /records/x_pump/filter")
    form.get_by_role("button", name="Apply").last.click()
    expect(form.get_by_role("alert")).to_be_visible()
    expect(form.get_by_label("Value")).to_have_value("dear")
    clean(page)


def test_headings_sort_by_several_with_shift(page: Page):
    page.goto("/records/x_pump?price__lt=9")
    page.get_by_role("link", name="State", exact=True).click()
    page.wait_for_url("**_sort=state")
    page.get_by_role("link", name="Price", exact=True).click(modifiers=["Shift"])
    page.wait_for_url("**_sort=state%2Cprice")
    expect(page.locator("th[aria-sort]")).to_have_count(1)
    page.get_by_role("link", name="Price 2").click(modifiers=["Shift"])
    page.wait_for_url("**_sort=state%2C-price")
    assert names(page)[:2] == ["Pump 06", "Pump 03"]
    form = panel(page, "Sort")
    form.get_by_role("button", name="Remove").first.click()
    expect(form.get_by_label("Field")).to_have_count(1)
    clean(page)
    form.get_by_role("button", name="Apply").last.click()
    page.wait_for_url("**_sort=-price")
    assert names(page)[0] == "Pump 08"


def test_columns_are_ticked_found_and_moved_by_keyboard(page: Page):
    page.goto("/records/x_pump?_fields=name,state,price")
    form = panel(page, "Columns")
    form.get_by_role("searchbox").fill("bou")
    form.get_by_label("Bought").check()
    page.wait_for_url("**bought")
    form.get_by_role("button", name="Move Price by arrow keys").focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_url("**_fields=name%2Cprice%2Cstate%2Cbought")
    form.get_by_role("button", name="State up").click()
    page.wait_for_url("**_fields=name%2Cstate%2Cprice%2Cbought")
    form.get_by_label("Link").select_option("plant")
    form.get_by_label("Field of it").select_option("name")
    clean(page)
    form.get_by_role("button", name="Add").click()
    expect(page.get_by_role("columnheader", name="Plant › Name")).to_be_visible()


def test_views_are_saved_changed_reset_pinned_and_deleted(page: Page):
    page.goto("/records/x_pump?state=new")
    form = panel(page, "Views")
    form.get_by_label("Name of the view", exact=True).fill("New ones")
    clean(page)
    form.get_by_role("button", name="Save").click()
    page.wait_for_url("**_view=my_new_ones")
    tab = page.get_by_role("link", name="New ones")
    expect(tab).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="Price", exact=True).click()
    expect(page.get_by_text("changed", exact=True)).to_be_visible()
    clean(page)
    page.get_by_role("link", name="Reset").click()
    expect(page.get_by_text("changed", exact=True)).to_be_hidden()
    page.get_by_role("link", name="Price", exact=True).click()
    page.get_by_role("button", name="Save New ones").click()
    expect(page.get_by_text("The view New ones is saved")).to_be_visible()
    panel(page, "Views").get_by_role("button", name="Pin New ones").click()
    expect(page.locator(".lv-tabs a").first).to_contain_text("New ones")
    panel(page, "Views").get_by_role("button", name="Delete the view New ones").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("The view is deleted")).to_be_visible()
    expect(page.get_by_role("link", name="New ones")).to_have_count(0)


def test_records_are_selected_by_keys_trashed_and_brought_back(page: Page):
    page.goto("/records/x_pump?_sort=-name&price__gt=50")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.get_by_text("3 selected", exact=True)).to_be_visible()
    clean(page)
    page.get_by_role("button", name="Move to the trash").click()
    dialog = page.get_by_role("dialog", name="Delete 3 Pumps?")
    expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    clean(page)
    dialog.get_by_role("button", name="Move to the trash").click()
    expect(page.locator("tbody tr")).to_have_count(6)
    expect(page.get_by_role("link", name="Pump 55").first).to_be_focused()
    assert names(page) == [f"Pump {n}" for n in (59, 55, 54, 53, 52, 51)]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tbody tr")).to_have_count(9)


def test_shift_selects_up_to_a_row_and_escape_clears(page: Page):
    page.goto("/records/x_pump?_sort=name&price__lt=9")
    boxes = page.locator("[data-row]")
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator("[data-row]:checked")).to_have_count(4)
    page.get_by_label("Select all on this page").check()
    expect(page.locator("[data-row]:checked")).to_have_count(9)
    page.keyboard.press("Escape")
    expect(page.locator("[data-row]:checked")).to_have_count(0)
    expect(page.locator(".bulk")).to_be_hidden()


def test_cells_are_walked_and_changed_by_keyboard(page: Page, watch: Watch):
    page.goto("/records/x_pump?_sort=name&price__lt=9&_fields=name,price,bought")
    page.keyboard.press("j")
    for key in ("ArrowDown", "ArrowRight", "F2"):
        page.keyboard.press(key)
    editor = page.get_by_role("textbox", name="Price")
    expect(editor).to_have_value("1.00")
    watch.expect("422 PATCH /records/x_pump/")
    editor.fill("dear")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="number")).to_be_visible()
    clean(page)
    page.get_by_role("textbox", name="Price").fill("7.50")
    page.keyboard.press("Enter")
    cell = page.locator("tbody tr").nth(1).get_by_role("button", name=re.compile("Price"))
    expect(cell).to_contain_text("8")
    expect(cell).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(cell).to_be_focused()


@pytest.mark.parametrize(("size", "theme"), [*LOOKS, ((320, 640), "light")])
def test_every_state_of_a_list_fits_and_is_accessible_in_both_themes(
    window: Windows, size: tuple[int, int], theme: str
):
    page = window(size=size, theme=theme)
    for words in ("", "?_sort=-price,name&state=new", "?state=new&price__gt=9999", "?_trashed=1"):
        page.goto(f"/records/x_pump{words}")
        fits(page)
        clean(page)
    for name in ("filter?_do=has:0", "filter?state=new&_do=group:0", "sort", "columns", "views"):
        page.goto(f"/records/x_pump/{name}")
        fits(page)
        clean(page)
    page.goto("/records/x_pump")
    for name in ("Filter", "Sort", "Columns", "Views"):
        expect(panel(page, name).locator("select, input").first).to_be_attached()
        clean(page)
        fits(page)
        page.keyboard.press("Escape")


def test_a_list_is_filtered_sorted_and_cleared_without_scripts(window: Windows):
    page = window(java_script_enabled=False)
    page.goto("/records/x_pump?_sort=name")
    page.get_by_role("link", name="Filter", exact=True).click()
    page.get_by_label("Field", exact=True).select_option("state")
    page.get_by_role("button", name="Draw anew").click()
    page.get_by_label("Value").select_option("new")
    page.get_by_role("button", name="Apply").last.click()
    page.wait_for_url("**state=new")
    assert len(names(page)) == 21
    page.get_by_role("link", name=re.compile("^Remove the filter")).click()
    assert len(names(page)) == 50
    page.locator("#lv tbody").get_by_label("Select Pump 00").check()
    expect(page.get_by_role("button", name="Move to the trash")).to_be_visible()
