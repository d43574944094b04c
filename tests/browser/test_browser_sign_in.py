"""Signing in: by form, by one-time link, with the keyboard alone, without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from ..instances import PASSWORD
from .driving import DESKTOP, PHONE, Site, Watch, Windows, clean, fits

EMAIL = "alice@example.org"


def fill(page: Page, password: str = PASSWORD) -> None:
    """Fill in the form, with the keyboard."""
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("scripts", [True, False])
def test_alice_signs_in_with_the_keyboard_and_comes_to_the_page_that_she_wanted(
    window: Windows, *, scripts: bool
):
    page = window(None, java_script_enabled=scripts)
    page.goto("/account")
    page.wait_for_url("**/sign-in?next=*")
    fill(page)
    page.wait_for_url("**/account")
    expect(page.get_by_role("heading", name="Account")).to_be_visible()


def test_a_wrong_password_is_told_and_the_address_stays(window: Windows, watch: Watch):
    watch.expect("401 POST /sign-in")
    page = window(None)
    page.goto("/sign-in")
    fill(page, "wrong horse battery")
    expect(page.get_by_role("alert").filter(has_text="password")).to_be_visible()
    expect(page.get_by_label("E-mail address")).to_have_value(EMAIL)
    clean(page)


def test_a_one_time_link_signs_in_once(window: Windows, site: Site, watch: Watch):
    page = window(None)
    address = site.link("alice")
    page.goto(address)
    clean(page)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Alice")).to_be_visible()
    watch.expect("401 POST /sign-in/")
    page.goto(address)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").filter(has_text="link")).to_be_visible()
    expect(page.get_by_label("E-mail address")).to_be_visible()
    clean(page)


def test_who_may_not_use_the_desk_is_told_so(window: Windows, site: Site, watch: Watch):
    watch.expect("403 GET /")
    page = window(None)
    page.goto(site.link("bob"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Not allowed")).to_be_attached()
    clean(page)


def test_alice_signs_out_from_the_menu_of_her_name(window: Windows, site: Site):
    page = window(None)
    page.goto(site.link("alice"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Alice").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto("/account")
    page.wait_for_url("**/sign-in?next=*")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE, (320, 640)])
def test_the_form_is_clean_at_every_size_and_in_both_themes(
    window: Windows, size: tuple[int, int], theme: str
):
    page = window(None, size=size, theme=theme)
    page.goto("/sign-in")
    fits(page)
    clean(page)
