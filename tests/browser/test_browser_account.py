"""One's own account, the sheet of shortcuts, plugins and the page about the program."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from ..instances import PASSWORD
from . import stock
from .driving import Site, Watch, Windows, clean

PRESET = "all"


def prepare(instance: Instance) -> None:
    """Make some assets beside the bundled types."""
    stock.assets(instance)
    stock.many(instance, 5)


@pytest.fixture
def account(window: Windows, site: Site) -> Page:
    """Return the page of the account, in a session of its own."""
    page = window(None)
    page.goto(site.link("alice"))
    page.get_by_role("button", name="Sign in").click()
    page.goto("/account")
    return page


def test_looks_and_language_are_chosen_and_stay(account: Page):
    account.get_by_label("Theme").select_option("dark")
    account.get_by_label("Density").select_option("compact")
    account.get_by_role("button", name="Save the looks").click()
    expect(account.locator("html")).to_have_attribute("data-theme", "dark")
    clean(account)
    account.get_by_label("Language").select_option("de")
    account.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(account.locator("html")).to_have_attribute("lang", "de")
    expect(account.get_by_role("heading", level=1)).to_have_text("Konto")
    account.goto("/records/x_asset")
    expect(account.get_by_role("link", name=re.compile("Asset anlegen|Neu"))).to_be_visible()
    clean(account)
    account.goto("/account")
    account.get_by_label("Sprache").select_option("en")
    account.get_by_role("button", name="Speichern", exact=True).click()
    expect(account.get_by_role("heading", level=1)).to_have_text("Account")
    account.get_by_label("Theme").select_option("")
    account.get_by_label("Density").select_option("")
    account.get_by_role("button", name="Save the looks").click()
    expect(account.locator("html")).not_to_have_attribute("data-theme", "dark")


def test_a_password_that_is_weak_is_refused_and_another_one_set(account: Page, watch: Watch):
    watch.expect("422 POST /account/password")
    account.get_by_label("New password").fill("short")
    account.get_by_role("button", name="Set the password").click()
    expect(account.get_by_role("alert").filter(has_text=re.compile("\\w"))).to_be_visible()
    clean(account)
    account.get_by_label("New password").fill(PASSWORD)
    account.get_by_role("button", name="Set the password").click()
    expect(account.get_by_role("alert").filter(has_text=re.compile("\\w"))).to_have_count(0)


def test_a_token_is_made_used_and_revoked(account: Page):
    account.get_by_label("What is it for?").fill("A script")
    account.get_by_role("button", name="Make a token").click()
    token = account.get_by_label("The token")
    expect(token).to_be_focused()
    clean(account)
    headers = {"Authorization": f"Bearer {token.input_value()}", "Cookie": ""}
    asked = "/api/v1/records/x_asset"
    assert account.request.get(asked, headers=headers).status == 200
    account.goto("/account")
    expect(account.get_by_label("The token")).to_have_count(0)
    account.get_by_role("row", name="A script").get_by_role("button", name="Revoke").click()
    expect(account.get_by_role("row", name="A script")).to_have_count(0)


def test_the_sheet_of_shortcuts_opens_by_its_key(page: Page):
    page.goto("/records/x_asset")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    clean(page)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()


def test_single_keys_can_be_switched_off(account: Page):
    account.get_by_label("Shortcuts of one key").select_option("off")
    account.get_by_role("button", name="Save the looks").click()
    account.goto("/records/x_asset")
    account.keyboard.press("c")
    account.keyboard.press("j")
    account.wait_for_timeout(300)
    expect(account).to_have_url(re.compile("/records/x_asset$"))
    account.keyboard.press("Control+k")
    expect(account.get_by_role("dialog", name="Search and commands")).to_be_visible()
    account.keyboard.press("Escape")
    account.goto("/account")
    account.get_by_label("Shortcuts of one key").select_option("")
    account.get_by_role("button", name="Save the looks").click()
    account.goto("/records/x_asset")
    account.keyboard.press("c")
    expect(account).to_have_url(re.compile("/records/x_asset/new"))


def test_a_plugin_says_what_it_will_do_before_it_is_enabled(page: Page):
    main = page.get_by_role("main")
    page.goto("/plugins/calling")
    clean(page)
    main.get_by_role("link", name="Disable", exact=True).press("Enter")
    expect(main).to_contain_text("Call lists")
    clean(page)
    main.get_by_role("button", name="Disable", exact=True).press("Enter")
    expect(page.locator(".toast, [role=status]").first).to_be_attached()
    page.goto("/plugins")
    expect(main.get_by_role("heading", name="Not enabled")).to_be_visible()
    clean(page)
    page.goto("/plugins/calling/enable")
    clean(page)
    main.get_by_role("button", name="Enable", exact=True).press("Enter")
    page.goto("/plugins/calling")
    expect(main.get_by_role("link", name="Disable", exact=True)).to_be_visible()


def test_the_help_is_searched(page: Page):
    page.goto("/help/")
    page.get_by_role("searchbox").first.fill("token")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main").get_by_role("link").first).to_be_visible()
    clean(page)
