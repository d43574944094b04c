"""The sales person's five minutes: from a card that can't move to a view of one's own."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Locator, Page, expect

from relatum.core.testing.instances import Instance

from ..plugged import enable
from .driving import PHONE, Site, Watch, Windows, clean, fits, panel

#: Seconds that all of it may take.
PUBLISHED = 300


def prepare(instance: Instance) -> None:
    """Bring selling and what happens around it, with a company."""
    for name in ("contacts", "notifications", "activities", "products", "duplicates", "sales"):
        enable(instance, name)
    instance.create("account", {"name": "Averill Ales"})


@pytest.mark.parametrize("size", [(1440, 900), PHONE], ids=["desktop", "phone"])
def test_the_five_minutes_of_a_sales_person(
    site: Site, window: Windows, watch: Watch, size: tuple[int, int]
):
    began = time.monotonic()
    watch.expect("422 POST /records/opportunity/board/move")
    name = f"Line {size[0]}"
    account = site.instance.sql("SELECT id FROM account")[0].id
    [deal] = site.instance.create("opportunity", {"name": name, "account": account})
    page = window(size=size)
    move_what_lacks_something(page, name, deal, site)
    log_a_call(page, deal)
    keep_a_view(page, f"Proposals {size[0]}", name)
    assert time.monotonic() - began < PUBLISHED


def stage_of(site: Site, deal: int) -> tuple[str, str | None]:
    """Return the stage of a deal, and what it is worth."""
    found = site.instance.get("opportunity", deal)
    return found["stage"], found["amount"]


def to_propose(page: Page, card: Locator) -> None:
    """Move a card, and fill in what the stage asks for in the place where that is refused."""
    card.get_by_role("button", name="Move").click()
    page.get_by_role("menuitem", name="Propose").click()
    dialog = page.locator("dialog.short-d")
    expect(dialog).to_be_visible()
    fits(page)
    dialog.get_by_label("Amount").fill("12000")
    dialog.get_by_label("Close date").fill("2027-05-01")
    dialog.get_by_role("button", name="Save as Propose").click()
    expect(dialog).to_have_count(0)
    expect(card.locator("xpath=ancestor::section")).to_have_attribute("data-stage", "propose")


def move_what_lacks_something(page: Page, name: str, deal: int, site: Site) -> None:
    """A proposal needs an amount and a day: they are filled in on the board, and taken back."""
    page.goto("/records/opportunity/board")
    card = page.get_by_role("listitem", name=name, exact=True)
    to_propose(page, card)
    page.get_by_role("button", name="Undo").click()
    expect(card.locator("xpath=ancestor::section")).to_have_attribute("data-stage", "qualify")
    assert stage_of(site, deal) == ("qualify", None)
    to_propose(page, card)
    assert stage_of(site, deal) == ("propose", "12000.00")
    clean(page)


def log_a_call(page: Page, deal: int) -> None:
    """A call is logged with the next step, which is a task from then on."""
    page.goto(f"/records/opportunity/{deal}")
    page.get_by_text("Write a note, log a call, plan a task or a meeting").click()
    page.get_by_role("radio", name="Log call").check(force=True)
    page.get_by_label("Subject").fill("Asked for the price")
    page.get_by_label("Next step").last.fill("Send the price list")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("The call is logged").first).to_be_visible()
    expect(page.locator(".act-coming")).to_contain_text("Send the price list")
    fits(page)
    clean(page)


def keep_a_view(page: Page, called: str, name: str) -> None:
    """What is proposed is filtered and kept as a view."""
    page.goto("/records/opportunity?_sort=name")
    form = panel(page, "Filter")
    form.get_by_label("Field", exact=True).select_option("stage")
    form.get_by_label("Value").select_option("propose")
    form.get_by_role("button", name="Apply").last.click()
    expect(page.get_by_role("link", name="Stage is Propose", exact=True)).to_be_visible()
    form = panel(page, "Views")
    form.get_by_label("Name of the view", exact=True).fill(called)
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name=called)).to_have_attribute("aria-current", "page")
    expect(page.get_by_text(name).first).to_be_attached()
    fits(page)
    clean(page)
