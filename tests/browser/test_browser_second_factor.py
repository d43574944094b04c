"""The code that follows the password, with scripts and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyotp
import pytest
from playwright.sync_api import expect

from relatum.core.auth import second_factor

from .driving import Site, Watch, Windows, fits
from .test_browser_sign_in import fill


@contextmanager
def with_codes(site: Site) -> Iterator[list[str]]:
    """Give recovery codes of alice's, whose second factor is on and whose sessions are over."""
    alice = site.instance.alice.user_id
    assert alice is not None
    made = site.instance.write(second_factor.set_up)
    try:
        yield site.instance.write(second_factor.confirm, pyotp.TOTP(made.secret).now())
    finally:
        site.instance.write(second_factor.switch_off, alice)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_code_follows_the_password_and_leads_to_the_page_that_was_wanted(
    window: Windows, site: Site, watch: Watch, *, scripts: bool
):
    watch.expect("401 POST /sign-in/code")
    page = window(None, java_script_enabled=scripts)
    with with_codes(site) as codes:
        page.goto("/account")
        fill(page)
        expect(page.get_by_label("Code of your app")).to_be_focused()
        fits(page)
        page.keyboard.type("123")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="code")).to_be_visible()
        expect(page.get_by_label("Code of your app")).to_be_focused()
        page.keyboard.type(codes[0])
        page.keyboard.press("Enter")
        page.wait_for_url("**/account")
