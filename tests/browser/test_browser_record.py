"""The page of a record: changed in place, with what points to it, its history, trash and back."""

from __future__ import annotations

import re
from itertools import count

import pytest
from playwright.sync_api import Locator, Page, expect

from relatum.core.testing.instances import Instance

from . import stock
from .driving import PHONE, Site, Watch, Windows, clean, fits, settle

_number = count(1)


def prepare(instance: Instance) -> None:
    """Make the type of assets."""
    stock.assets(instance)


@pytest.fixture
def id_(site: Site) -> int:
    """Return the id of a new asset."""
    row = {"name": f"Engine {next(_number)}", "state": "new", "price": 12}
    [made] = site.instance.create("x_asset", row)
    return made


@pytest.fixture
def opened(page: Page, id_: int) -> Page:
    """Return the page of that asset."""
    page.goto(f"/records/x_asset/{id_}")
    return page


def cell(page: Page, field: str) -> Locator:
    """Return what edits a field of the record."""
    return page.locator(f"main .cell[data-col={field}]")


def named(page: Page) -> str:
    """Return what the record is called."""
    return page.get_by_role("heading", level=1).inner_text()


# -- in place ---------------------------------------------------------------------------------
def test_a_field_is_changed_by_mouse_and_the_history_tells_it(opened: Page):
    cell(opened, "price").click()
    opened.keyboard.press("Control+a")
    opened.keyboard.type("250")
    opened.keyboard.press("Enter")
    expect(cell(opened, "price")).to_contain_text("€250")
    expect(cell(opened, "price")).to_be_focused()
    opened.reload()
    history = opened.get_by_role("list").filter(has_text="changed it")
    expect(history).to_contain_text("€12")
    expect(history).to_contain_text("€250")
    clean(opened)


def test_a_field_is_changed_by_keyboard_and_escape_leaves_it(opened: Page):
    cell(opened, "serial").focus()
    opened.keyboard.press("Enter")
    opened.keyboard.type("never")
    opened.keyboard.press("Escape")
    expect(cell(opened, "serial")).to_be_focused()
    expect(cell(opened, "serial")).not_to_contain_text("never")
    opened.keyboard.press("Enter")
    opened.keyboard.type(f"K-{named(opened)}")
    opened.keyboard.press("Enter")
    expect(cell(opened, "serial")).to_contain_text(f"K-{named(opened)}")


def test_a_value_that_is_taken_is_refused_in_place(opened: Page, site: Site, watch: Watch):
    watch.expect("422 PATCH /records/x_asset/[0-9]+/cell/serial")
    site.instance.create("x_asset", {"name": "Taken", "serial": f"T {named(opened)}"})
    cell(opened, "serial").click()
    opened.keyboard.type(f"T {named(opened)}")
    opened.keyboard.press("Enter")
    expect(opened.locator(".ef [role=alert]")).to_be_visible()
    clean(opened)


def test_leaving_an_editor_saves(opened: Page):
    cell(opened, "serial").click()
    opened.keyboard.type(f"B-{named(opened)}")
    opened.get_by_role("heading", name="History").click()
    expect(cell(opened, "serial")).to_contain_text(f"B-{named(opened)}")


def test_undo_in_the_toast_takes_a_change_back(opened: Page):
    cell(opened, "state").click()
    opened.locator(".ef select").select_option("used")
    expect(cell(opened, "state")).to_contain_text("In use")
    opened.locator(".toast").get_by_role("button", name="Undo").click()
    expect(cell(opened, "state")).to_contain_text("New")


# -- related ----------------------------------------------------------------------------------
def test_what_points_to_a_record_is_listed_and_opened(opened: Page, site: Site, id_: int):
    name = named(opened)
    site.instance.create("x_asset", {"name": f"{name} part", "parent": id_})
    opened.reload()
    parts = opened.get_by_role("region", name=re.compile("Parts", re.IGNORECASE)).first
    parts.get_by_role("link", name=f"{name} part").click()
    expect(opened.get_by_role("heading", level=1)).to_have_text(f"{name} part")
    opened.get_by_role("link", name=name, exact=True).last.click()
    expect(opened.get_by_role("heading", level=1)).to_have_text(name)


def test_a_record_is_linked_from_the_other_side_and_unlinked(opened: Page, site: Site, id_: int):
    name = f"Loose part of {named(opened)}"
    site.instance.create("x_asset", {"name": name})
    opened.get_by_role("link", name="Link Asset", exact=False).first.press("Enter")
    dialog = opened.get_by_role("dialog", name="Link Asset")
    lookup = dialog.get_by_role("combobox")
    lookup.press_sequentially(name)
    expect(dialog.get_by_role("option", name=name, exact=True)).to_be_visible()
    clean(opened)
    opened.keyboard.press("Enter")
    expect(lookup).to_have_value(name)
    dialog.get_by_role("button", name="Link").click()
    parts = opened.get_by_role("region", name=re.compile("Parts", re.IGNORECASE)).first
    expect(parts.get_by_role("link", name=name)).to_be_visible()
    expect(opened.locator(".toast").last.get_by_role("button", name="Undo")).to_be_visible()
    clean(opened)
    parts.get_by_role("button", name=f"Unlink {name}").press("Enter")
    expect(opened.get_by_role("main").get_by_role("link", name=name)).to_have_count(0)


def test_the_next_and_the_previous_record_of_a_list_are_one_key_away(page: Page, site: Site):
    for n in range(3):
        site.instance.create("x_asset", {"name": f"Row {n}", "price": 1000 + n})
    page.goto("/records/x_asset?price__gt=999&_sort=price")
    page.get_by_role("link", name="Row 0").first.click()
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text("Row 0")
    for key, name in (("j", "Row 1"), ("j", "Row 2"), ("k", "Row 1")):
        settle(page)  # the script of a page hears keys once it has loaded
        page.keyboard.press(key)
        expect(title).to_have_text(name)
    page.get_by_role("link", name="Next record").click()
    expect(title).to_have_text("Row 2")
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").first.click()
    expect(page.locator("#lv tbody tr")).to_have_count(3)


# -- the trash --------------------------------------------------------------------------------
def test_a_record_goes_to_the_trash_by_keyboard_and_comes_back(opened: Page):
    name = named(opened)
    opened.get_by_role("button", name="More actions").press("Enter")
    clean(opened)
    opened.keyboard.press("End")
    expect(opened.get_by_role("menuitem", name="Delete")).to_be_focused()
    opened.keyboard.press("Enter")
    expect(opened.get_by_role("heading", level=1)).to_contain_text(f"Delete {name}")
    clean(opened)
    opened.get_by_role("button", name="Delete").press("Enter")
    expect(opened.locator(".toast")).to_contain_text(f"{name} is in the trash")
    opened.goto("/records/x_asset?_trashed=1")
    opened.get_by_role("link", name=name, exact=True).first.click()
    expect(opened.get_by_text("This record is in the trash.")).to_be_visible()
    clean(opened)
    opened.get_by_role("button", name="Restore").click()
    expect(opened.get_by_text("This record is in the trash.")).to_have_count(0)
    expect(opened.get_by_role("heading", level=1)).to_have_text(name)


def test_undo_in_the_toast_takes_a_record_out_of_the_trash(opened: Page, id_: int):
    name = named(opened)
    opened.goto(f"/records/x_asset/{id_}/delete")
    opened.get_by_role("button", name="Delete").click()
    opened.locator(".toast").get_by_role("button", name="Undo").click()
    expect(opened.get_by_role("link", name=name, exact=True).first).to_be_attached()


def test_a_record_that_does_not_exist_is_told_with_the_way_back(page: Page, watch: Watch):
    watch.expect("404 GET /records/x_asset/999999")
    page.goto("/records/x_asset/999999")
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    clean(page)
    page.get_by_role("link", name="To the first page").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


# -- two people, small windows ----------------------------------------------------------------
def test_two_browsers_that_change_other_fields_both_win(window: Windows, id_: int, site: Site):
    first, second = window(), window()
    for page in (first, second):
        page.goto(f"/records/x_asset/{id_}")
    for page, field, text in ((first, "serial", f"one {id_}"), (second, "mail", "two@example.org")):
        cell(page, field).click()
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        expect(cell(page, field)).to_contain_text(text)
    record = site.instance.get("x_asset", id_)
    assert (record["serial"], record["mail"]) == (f"one {id_}", "two@example.org")


def at_once(first: Page, second: Page, id_: int) -> None:
    """Open a record in two windows; change a field in the first, then in the second."""
    for page in (first, second):
        page.goto(f"/records/x_asset/{id_}")
    for page, text in ((first, f"first {id_}"), (second, f"second {id_}")):
        cell(page, "serial").click()
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        if page is first:
            expect(cell(page, "serial")).to_contain_text(text)


@pytest.mark.parametrize(("choice", "kept"), [("Mine", "second"), ("Stored", "first")])
def test_two_browsers_that_change_one_field_never_lose_an_edit(
    window: Windows, watch: Watch, id_: int, site: Site, choice: str, kept: str
):
    watch.expect("409 PATCH /records/x_asset")
    first, second = window(), window()
    at_once(first, second, id_)
    dialog = second.get_by_role("dialog", name="Somebody else changed the same")
    expect(dialog).to_contain_text(f"first {id_}")
    clean(second)
    assert site.instance.get("x_asset", id_)["serial"] == f"first {id_}"
    dialog.get_by_role("radio", name=choice).press("Space")
    dialog.get_by_role("button", name="Save what I chose").press("Enter")
    expect(dialog).to_be_hidden()
    expect(cell(second, "serial")).to_contain_text(f"{kept} {id_}")
    assert site.instance.get("x_asset", id_)["serial"] == f"{kept} {id_}"


def test_a_conflict_that_is_put_off_leaves_what_is_stored(
    window: Windows, watch: Watch, id_: int, site: Site
):
    watch.expect("409 PATCH /records/x_asset")
    first, second = window(), window()
    at_once(first, second, id_)
    dialog = second.get_by_role("dialog", name="Somebody else changed the same")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    expect(cell(second, "serial")).to_contain_text(f"first {id_}")


@pytest.mark.parametrize("size", [PHONE, (320, 640)])
def test_a_phone_shows_a_record_without_scrolling_sideways(
    window: Windows, id_: int, size: tuple[int, int]
):
    page = window(size=size)
    page.goto(f"/records/x_asset/{id_}")
    fits(page)
    clean(page)
