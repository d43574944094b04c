"""Every page of bundled types and of the desk: accessible and in its window, in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from relatum.core import mail
from relatum.core.testing import Make
from relatum.core.testing.instances import Instance

from ..parcels import waits
from .driving import LOOKS, Site, Windows, clean, clean_in_both_themes, fits, scripted

PRESET = "all"
_TYPES = ("account", "contact", "opportunity", "product", "price_list", "lead")
_PLAIN = (
    "/", "/account", "/plugins", "/plugins/sales", "/plugins/sales/disable", "/about", "/keys",
    "/plugins/parcel", "/plugins/parcel/settings",
    "/help/", "/help/desk", "/help/errors", "/records/user", "/model", "/model/opportunity",
    "/mail", "/mail/1", "/users/1/link", "/records/user/1", "/records/user/1/roles",
    "/roles", "/roles/member", "/roles/_new", "/roles/member/drop", "/audit", "/model/generations",
    "/changes", "/records/contact/bulk?what=set:job_title", "/records/contact/bulk?what=delete",
)  # fmt: skip


def prepare(instance: Instance) -> dict[str, int]:
    """Make a mail, a record with a value in every field of some types, and one in the trash.

    And a plugin that waits for its settings.
    """
    waits(instance)
    words = mail.Words("Hello", "https://example.org\n", "<p>x</p>")
    instance.write(mail.send, "ada@example.org", words)
    make = Make(instance)
    made = {}
    for name in _TYPES:
        [made[name]] = instance.create(name, make.row(name, full=True))
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


@pytest.mark.parametrize(("size", "theme"), LOOKS, ids=["large", "phone"])
def test_every_page_is_accessible_in_both_themes_and_stays_in_its_window(
    window: Windows, site: Site, size: tuple[int, int], theme: str
):
    page = window(size=size, theme=theme)
    for address in addresses(site):
        page.goto(address)
        fits(page)
        clean(page)


def test_a_colour_that_is_too_faint_in_the_other_theme_alone_is_found(window: Windows):
    page = window(theme="light")
    page.goto("/about")
    scripted(
        page,
        "Object.assign(document.querySelector('main').appendChild(document.createElement('p')), "
        "{textContent: 'Faint'}).style.color = 'light-dark(#000, #111)'",
    )
    clean(page)
    with pytest.raises(AssertionError, match="color-contrast"):
        clean_in_both_themes(page)


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
