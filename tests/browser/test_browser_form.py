"""Forms: a field of every field type, lookups, refusals, by mouse and by keyboard."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from playwright.sync_api import Locator, Page, expect

from relatum.core.testing.instances import Instance

from . import stock
from .driving import PHONE, Site, Watch, Windows, clean, fits

NEW = "/records/x_asset/new"
#: What a person types into the one input of a field of each kind, and what is stored then.
TYPED: dict[str, tuple[str, Any]] = {
    "text": ("Typed", "Typed"),
    "long_text": ("one\ntwo", "one\ntwo"),
    "rich_text": ("Hi", "Hi"),
    "integer": ("42", 42),
    "decimal": ("1.25", "1.25"),
    "money": ("12.5", "12.50"),
    "percent": ("7.5", "7.50"),
    "rating": ("4", 4),
    "duration": ("1:30", 5400),
    "date": ("2026-02-03", "2026-02-03"),
    "time": ("10:15", "10:15:00"),
    "email": ("ada@example.org", "ada@example.org"),
    "phone": ("+49 30 123456", "+4930123456"),
    "url": ("https://example.org/a", "https://example.org/a"),
    "colour": ("#123456", "#123456"),
    "tags": ("blue; red", ["blue", "red"]),
    "json": ('{"a": 1}', {"a": 1}),
    "encrypted": ("secret", "secret"),
}


def prepare(instance: Instance) -> int:
    """Make assets, and a type with a field of every field type; its record is `site.made`."""
    stock.assets(instance)
    stock.many(instance, 20)
    return stock.everything(instance)


def heading(page: Page) -> Locator:
    """Return the heading of the page."""
    return page.get_by_role("heading", level=1)


def whole(page: Page) -> None:
    """Open a new record with a field of every field type, and what the form has folded away."""
    page.goto("/records/x_all/new")
    for more in page.locator("details.more > summary").all():
        more.click()


# -- making, changing -------------------------------------------------------------------------
def test_a_record_is_made_with_the_keyboard_alone(page: Page, site: Site):
    page.goto("/records/x_asset")
    page.keyboard.press("c")
    page.get_by_label("Name").focus()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("I")
    page.keyboard.press("Tab")
    page.keyboard.type("1250.75")
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("By keyboard")
    expect(page.locator(".toast")).to_contain_text("Asset is made")
    [row] = site.instance.sql("SELECT state FROM x_asset WHERE name = 'By keyboard'")
    assert row.state == "used"


def test_undo_in_the_toast_takes_a_new_record_back(page: Page):
    page.goto(NEW)
    page.get_by_label("Name").fill("Not for long")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(heading(page)).to_have_text("Not for long")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("This record is in the trash.")).to_be_visible()


def test_a_refusal_stands_at_its_field_and_what_was_typed_stays(page: Page, watch: Watch):
    watch.expect("422 POST /records/x_asset/new")
    page.goto(NEW)
    page.get_by_label("Name").fill("Dear")
    page.get_by_label("Price").fill("a lot")
    page.get_by_role("button", name="Save", exact=True).click()
    field = page.get_by_label("Price")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(r"\w"))
    expect(page.get_by_label("Name")).to_have_value("Dear")
    expect(page.get_by_label("Price")).to_have_value("a lot")
    clean(page)


def wire(value: Any) -> Any:
    """Return a value as the API sends it."""
    return orjson.loads(orjson.dumps(value))


def enter(page: Page, kind: str, typed: str) -> None:
    """Type a value into the control of a field of a kind."""
    if kind == "rich_text":
        page.locator("[contenteditable]").click()
        page.keyboard.type(typed)
    elif kind == "rating":
        page.locator(f"[name=a_rating][value='{typed}']").check(force=True)
    elif kind == "tags":
        page.locator("ui-tags").get_by_role("combobox").fill(typed)
        page.keyboard.press("Enter")
    else:
        page.locator(f"[name=a_{kind}]:not([type=hidden])").last.fill(typed)


@pytest.mark.parametrize("kind", TYPED)
def test_what_is_typed_into_a_field_of_every_kind_is_stored(page: Page, site: Site, kind: str):
    typed, stored = TYPED[kind]
    whole(page)
    page.get_by_label("Name", exact=True).fill(f"Kind {kind}")
    enter(page, kind, typed)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(heading(page)).to_have_text(f"Kind {kind}")
    id_ = int(page.url.split("?")[0].rsplit("/", 1)[1])
    assert wire(site.instance.get("x_all", id_)[f"a_{kind}"]) == stored


def test_choices_are_made_by_keyboard(page: Page, site: Site):
    whole(page)
    page.get_by_label("Name", exact=True).fill("Chosen")
    page.locator("select[name=a_choice]").press("O")
    page.get_by_role("checkbox", name="Open").press("Space")
    page.locator("[name=a_boolean][type=checkbox]").press("Space")
    page.locator("[name='a_address.city']").fill("Bonn")
    page.locator("[name='a_person_name.last']").fill("Lovelace")
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(heading(page)).to_have_text("Chosen")
    record = site.instance.get("x_all", int(page.url.split("?")[0].rsplit("/", 1)[1]))
    assert (record["a_choice"], record["a_multi_choice"]) == ("open", ["open"])
    assert record["a_boolean"] is True
    assert record["a_address"]["city"] == "Bonn"
    assert record["a_person_name"]["last"] == "Lovelace"


def test_a_form_that_is_saved_as_it_is_changes_nothing(page: Page, site: Site):
    before = site.instance.get("x_all", site.made)
    page.goto(f"/records/x_all/{site.made}/edit")
    clean(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"/records/x_all/\d+(\?.*)?$"))
    assert site.instance.get("x_all", site.made) == before


# -- lookups ----------------------------------------------------------------------------------
def test_a_lookup_finds_a_record_while_somebody_types(page: Page, site: Site):
    page.goto(NEW)
    page.get_by_label("Name").fill("A part")
    lookup = page.get_by_role("combobox", name="Part of")
    lookup.press_sequentially("set 01")
    option = page.get_by_role("option", name="Asset 012")
    expect(option).to_be_visible()
    clean(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(lookup).to_have_value("Asset 012")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(heading(page)).to_have_text("A part")
    [row] = site.instance.sql(
        "SELECT p.name FROM x_asset a JOIN x_asset p ON p.id = a.parent WHERE a.name = 'A part'"
    )
    assert row.name == "Asset 012"


def test_escape_closes_a_lookup_and_the_mouse_picks(page: Page):
    page.goto(NEW)
    lookup = page.get_by_role("combobox", name="Part of")
    lookup.press_sequentially("set 003")
    expect(page.get_by_role("option", name="Asset 003")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option", name="Asset 003")).to_be_hidden()
    expect(lookup).to_be_focused()
    lookup.press("ArrowDown")
    page.get_by_role("option", name="Asset 003").click()
    expect(lookup).to_have_value("Asset 003")


def test_what_a_lookup_does_not_find_is_refused_with_the_text_kept(page: Page, watch: Watch):
    watch.expect("422 POST /records/x_asset/new")
    page.goto(NEW)
    page.get_by_label("Name").fill("Lost part")
    page.get_by_role("combobox", name="Part of").fill("no such asset")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("combobox", name="Part of")).to_have_value("no such asset")
    expect(page.get_by_role("combobox", name="Part of")).to_have_attribute("aria-invalid", "true")
    clean(page)


# -- two people, small windows ----------------------------------------------------------------
def test_a_form_does_not_overwrite_what_somebody_else_saved_meanwhile(
    window: Windows, site: Site, watch: Watch
):
    watch.expect("4(09|12|22) POST")
    [id_] = site.instance.create("x_asset", {"name": "Shared", "serial": "before"})
    first, second = window(), window()
    for page in (first, second):
        page.goto(f"/records/x_asset/{id_}/edit")
    for page, serial in ((first, "first"), (second, "second")):
        page.get_by_label("Serial number").fill(serial)
        page.get_by_role("button", name="Save", exact=True).click()
        if page is first:
            expect(heading(page)).to_have_text("Shared")
    dialog = second.get_by_role("dialog", name="Somebody else changed the same")
    expect(dialog).to_be_visible()
    assert site.instance.get("x_asset", id_)["serial"] == "first"
    clean(second)
    dialog.get_by_role("radio", name="Mine").check()
    dialog.get_by_role("button", name="Save what I chose").click()
    expect(heading(second)).to_have_text("Shared")
    assert site.instance.get("x_asset", id_)["serial"] == "second"


@pytest.mark.parametrize("address", [NEW, "/records/x_all/new"])
@pytest.mark.parametrize("size", [PHONE, (320, 640)])
def test_a_phone_shows_a_form_without_scrolling_sideways(
    window: Windows, size: tuple[int, int], address: str
):
    page = window(size=size)
    page.goto(address)
    fits(page)
    clean(page)
