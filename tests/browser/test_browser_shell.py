"""What is around every page: palette, menus, help, errors, themes, and the keys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from . import stock
from .driving import PHONE, Watch, Windows, clean, fits, scripted


def prepare(instance: Instance) -> None:
    """Make a few assets."""
    stock.assets(instance)
    stock.many(instance, 12)


@pytest.fixture
def home(page: Page) -> Page:
    """Return the first page."""
    page.goto("/")
    return page


# -- the palette ------------------------------------------------------------------------------
def test_the_palette_finds_a_record_and_opens_it_with_the_keyboard_alone(home: Page):
    home.keyboard.press("Control+k")
    expect(home.get_by_role("combobox", name="Search records")).to_be_focused()
    clean(home)
    home.keyboard.type("set 007")
    option = home.get_by_role("option", name="Asset 007")
    expect(option).to_have_attribute("aria-selected", "true")
    clean(home)
    home.keyboard.press("Enter")
    expect(home.get_by_role("heading", level=1)).to_have_text("Asset 007")


def test_the_palette_goes_to_pages_and_begins_records(home: Page):
    home.keyboard.press("Control+k")
    home.keyboard.type("hel")
    home.keyboard.press("Enter")
    expect(home).to_have_url(re.compile("/help/"))
    home.keyboard.press("Control+k")
    palette = home.get_by_role("dialog", name="Search and commands")
    palette.get_by_role("group", name="Create").get_by_role("option", name="Asset").click()
    expect(home).to_have_url(re.compile("/records/x_asset/new"))


def test_arrows_move_in_the_palette_and_escape_gives_the_focus_back(home: Page):
    opener = home.get_by_role("button", name="Search").first
    opener.press("Enter")
    palette = home.get_by_role("dialog", name="Search and commands")
    first = palette.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    home.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "false")
    home.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(opener).to_be_focused()


# -- menus, themes ----------------------------------------------------------------------------
def test_the_menu_of_the_name_is_used_by_keyboard(home: Page):
    opener = home.get_by_role("button", name="Alice")
    opener.press("Enter")
    expect(home.get_by_role("menuitem", name="Account")).to_be_focused()
    clean(home)
    home.keyboard.press("ArrowDown")
    expect(home.get_by_role("menuitem", name="Help", exact=True)).to_be_focused()
    home.keyboard.press("Escape")
    expect(opener).to_be_focused()
    opener.press("Enter")
    home.keyboard.press("h")
    home.keyboard.press("Enter")
    expect(home).to_have_url(re.compile("/help/"))


def test_a_theme_that_was_chosen_stays(home: Page):
    home.get_by_role("button", name="Switch light and dark").click()
    expect(home.locator("html")).to_have_attribute("data-theme", "dark")
    home.reload()
    expect(home.locator("html")).to_have_attribute("data-theme", "dark")
    dark = scripted(home, "getComputedStyle(document.body).backgroundColor")
    home.get_by_role("button", name="Switch light and dark").click()
    assert scripted(home, "getComputedStyle(document.body).backgroundColor") != dark


def test_without_a_choice_the_theme_is_the_system_s(window: Windows):
    seen = set()
    for scheme in ("light", "dark"):
        page = window(color_scheme=scheme)
        page.goto("/")
        seen.add(scripted(page, "getComputedStyle(document.body).backgroundColor"))
        clean(page)
    assert len(seen) == 2


def test_nothing_moves_for_who_wants_that(window: Windows):
    page = window(reduced_motion="reduce")
    page.goto("/records/x_asset")
    moving = """[...document.querySelectorAll('*')].filter(e => {
        const s = getComputedStyle(e);
        return [s.transitionDuration, s.animationDuration].some(
            d => d.split(', ').some(t => parseFloat(t) > 0.01));
    }).map(e => e.className || e.tagName).slice(0, 5)"""
    assert scripted(page, moving) == []


@pytest.mark.parametrize(
    "wanted", [{"forced_colors": "active"}, {"contrast": "more"}], ids=["forced", "contrast"]
)
def test_the_pages_are_clean_in_high_contrast(window: Windows, wanted: dict[str, Any]):
    page = window(**wanted)
    page.goto("/records/x_asset")
    clean(page)


# -- help, errors -----------------------------------------------------------------------------
def test_a_help_page_is_read(home: Page):
    home.goto("/help/")
    clean(home)
    home.get_by_role("link", name="Errors").first.click()
    expect(home.get_by_role("heading", level=1)).to_be_visible()
    clean(home)


def test_a_page_that_does_not_exist_says_so(page: Page, watch: Watch):
    watch.expect("404 GET /nowhere")
    page.goto("/nowhere")
    expect(page.get_by_role("link", name="To the first page")).to_be_visible()
    clean(page)


def test_a_lost_network_is_told_and_nothing_is_lost(page: Page, watch: Watch):
    watch.expect("ERR_INTERNET_DISCONNECTED", "htmx:error: Failed to fetch")
    page.goto("/records/x_asset")
    page.context.set_offline(True)
    banner = page.get_by_text("You are offline. Nothing is saved")
    expect(banner).to_be_visible()
    page.get_by_role("columnheader", name="Price").get_by_role("link").click()
    expect(page.get_by_role("alert").first).to_contain_text("offline")
    page.context.set_offline(False)
    expect(banner).to_be_hidden()
    page.get_by_role("columnheader", name="Price").get_by_role("link").click()
    expect(page).to_have_url(re.compile("_sort=price"))


# -- ways through the page --------------------------------------------------------------------
def test_the_first_tab_skips_to_the_content(home: Page):
    home.keyboard.press("Tab")
    skip = home.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    home.keyboard.press("Enter")
    expect(home.locator("#main")).to_be_focused()


@pytest.mark.parametrize("size", [PHONE, (320, 640)])
def test_a_phone_has_the_menu_behind_more(window: Windows, size: tuple[int, int]):
    page = window(size=size)
    page.goto("/records/x_asset")
    more = page.get_by_role("button", name="More", exact=True)
    more.click()
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    clean(page)
    fits(page)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Assets").click()
    expect(page).to_have_url(re.compile("/records/x_asset"))
