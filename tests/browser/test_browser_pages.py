"""Every page of bundled types and of the desk: accessible and in its window, in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from relatum.core import mail

from ..bundled import Samples
from ..instances import Instance
from .driving import DESKTOP, PHONE, Site, Windows, clean, fits, scripted

PRESET = "all"
_TYPES = ("account", "contact", "opportunity", "product", "price_list", "lead")
_PLAIN = (
    "/", "/account", "/plugins", "/plugins/sales", "/plugins/sales/disable", "/about", "/keys",
    "/help/", "/help/desk", "/help/errors", "/records/user", "/model", "/model/opportunity",
    "/mail", "/mail/1", "/users/1/link", "/records/user/1", "/records/user/1/roles",
    "/roles", "/roles/member", "/roles/_new", "/roles/member/drop", "/audit", "/model/generations",
    "/changes", "/records/contact/bulk?what=set:job_title", "/records/contact/bulk?what=delete",
)  # fmt: skip


def prepare(instance: Instance) -> dict[str, int]:
    """Make a mail, a record with a value in every field of some types, and one in the trash."""
    words = mail.Words("Hello", "https://example.org\n", "<p>x</p>")
    instance.write(mail.send, "ada@example.org", words)
    samples = Samples(instance)
    made = {}
    for name in _TYPES:
        [made[name]] = instance.create(name, samples.row(name, full=True))
    return made


def addresses(site: Site) -> list[str]:
    """Return the addresses of all pages that are looked at."""
    found = list(_PLAIN)
    for name, id_ in site.made.items():
        record = f"/records/{name}/{id_}"
        found += [f"/records/{name}", record, f"{record}/edit", f"{record}/delete"]
    found += [f"{record}/share", f"{record}/access", f"{record}/access?user=1&action=update"]
    found += [f"/records/contact/{site.made['contact']}/person", "/users/_invite"]
    for name in ("opportunity", "account"):
        found += [f"/records/{name}/board", f"/records/{name}/new", f"/records/{name}?_trashed=1"]
    found += ["/records/opportunity/calendar", "/records/opportunity/calendar?_as=week"]
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_every_page_is_accessible_and_stays_in_its_window(
    window: Windows, site: Site, size: tuple[int, int], theme: str
):
    page = window(size=size, theme=theme)
    for address in addresses(site):
        page.goto(address)
        fits(page)
        clean(page)


def test_no_page_scrolls_sideways_in_a_window_of_320_pixels(window: Windows, site: Site):
    page = window(size=(320, 640))
    for address in addresses(site):
        page.goto(address)
        fits(page)


def test_text_twice_as_large_still_fits(window: Windows, site: Site):
    page = window(size=(1280, 900))
    for address in addresses(site)[::2]:
        page.goto(address)
        scripted(page, "document.documentElement.style.fontSize = '200%'")
        fits(page)


@pytest.mark.parametrize(
    "address", ["/account", "/records/account", "/plugins", "/model", "/help/"]
)
def test_the_first_thing_that_tab_reaches_leads_past_the_navigation(page: Page, address: str):
    page.goto(address)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
