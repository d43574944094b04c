"""A type that is made in the designer is on every page at once; a label is changed on all."""

from __future__ import annotations

import re

import orjson
import pytest
from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from . import designing, stock
from .driving import Site, Watch, clean, settle


def prepare(instance: Instance) -> None:
    """Make a few assets."""
    stock.assets(instance)
    stock.many(instance, 5)


@pytest.fixture
def draftless(site: Site, page: Page) -> Page:
    """Return the page of the designer with nothing in the draft."""
    page.goto("/model/plan")
    discard = page.get_by_role("button", name="Discard the draft")
    if discard.count():
        discard.click()
    page.goto("/model")
    return page


def test_a_type_made_in_the_designer_is_used_on_every_page(draftless: Page, site: Site):
    page = draftless
    designing.begin(page, "Machine")
    clean(page)
    designing.add(page, "Choice", "Phase", "Planned", "Running", "Scrapped")
    designing.add(page, "Amount of money", "Cost")
    designing.add(page, "Date", "Due on")
    clean(page)
    designing.publish(page)
    # form
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Machines").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Machines")
    settle(page)  # the script of a page hears keys once it has loaded
    page.keyboard.press("c")
    page.get_by_label("Name").fill("Lathe")
    page.get_by_label("Phase").select_option("Planned")
    page.get_by_label("Cost").fill("1500")
    page.get_by_label("Due on").fill("2026-11-30")
    page.get_by_role("button", name="Save", exact=True).click()
    # record
    expect(page.get_by_role("heading", level=1)).to_have_text("Lathe")
    page.locator("main .cell[data-col=cost]").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("1600")
    page.keyboard.press("Enter")
    expect(page.locator("main .cell[data-col=cost]")).to_contain_text("1,600")
    # list
    page.goto("/records/x_machine?phase=planned")
    expect(page.locator("#lv tbody tr")).to_contain_text("Lathe")
    # board
    page.goto("/records/x_machine/board")
    page.get_by_role("listitem", name="Lathe", exact=True).focus()
    for key in ("Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(page.locator(".toast").last).to_contain_text("Phase is Running")
    # calendar
    page.goto("/records/x_machine/calendar?_day=2026-11-30")
    expect(page.get_by_role("main").get_by_role("link", name="Lathe").first).to_be_visible()
    clean(page)
    # palette
    page.keyboard.press("Control+k")
    page.keyboard.type("lath")
    page.get_by_role("option", name="Lathe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lathe")
    # API
    answer = page.request.get("/api/v1/records/x_machine", headers={"Accept": "application/json"})
    [row] = orjson.loads(answer.body())["records"]
    assert (row["name"], row["phase"], row["cost"]) == ("Lathe", "running", "1600.00")


def test_nothing_changes_before_it_is_published_and_a_draft_can_be_discarded(draftless: Page):
    page = draftless
    page.goto("/model/x_asset")
    designing.add(page, "Whole number", "Wheels")
    page.goto("/records/x_asset/new")
    expect(page.get_by_label("Wheels")).to_have_count(0)
    page.goto("/model/plan")
    expect(page.get_by_role("main")).to_contain_text("Wheels")
    clean(page)
    page.get_by_role("button", name="Discard the draft").click()
    page.goto("/model/x_asset")
    expect(designing.fields(page)).not_to_contain_text("Wheels")


def test_an_order_that_is_brought_back_leaves_nothing_in_the_draft(draftless: Page):
    page = draftless
    page.goto("/model/x_asset")
    second = designing.fields(page).get_by_role("listitem").nth(1)
    grip = page.get_by_role("button", name="Order State by the arrow keys")
    for key, expected in (("ArrowDown", "Price"), ("ArrowUp", "State")):
        grip.press(key)
        expect(second).to_contain_text(expected)
        page.wait_for_timeout(900)  # it is saved a moment after the last key
    expect(page.get_by_role("link", name="Plan and publish")).to_have_count(0)
    page.goto("/model/plan")
    expect(page.get_by_role("main")).to_contain_text("Nothing is in the draft")


def test_a_label_is_changed_and_every_page_says_the_new_one(draftless: Page):
    page = draftless
    page.goto("/model/x_asset/settings")
    page.get_by_role("main").get_by_label("Label", exact=True).fill("Mandate")
    page.get_by_role("main").get_by_label("Plural", exact=True).fill("Mandates")
    page.get_by_role("button", name="Save in the draft").first.click()
    designing.publish(page)
    page.goto("/records/x_asset")
    expect(page).to_have_title(re.compile("Mandates"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Mandates")
    expect(page.get_by_role("link", name="New Mandate")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_contain_text("Mandates")


def test_a_mistake_is_told_at_its_place(draftless: Page, watch: Watch):
    watch.expect("422 POST /model/x_asset/fields")
    page = draftless
    page.goto("/model/x_asset")
    page.get_by_role("link", name="Choice", exact=True).click()
    panel = page.get_by_role("complementary", name="Form")
    panel.get_by_role("button", name="Add to the draft").click()
    expect(panel.get_by_role("alert").first).to_be_visible()
    clean(page)


def test_options_are_added_one_after_another_with_the_keyboard(draftless: Page):
    # Chromium once crashed here, as the form was drawn anew around the button with the focus.
    page = draftless
    page.goto("/model/x_asset?add=choice")
    page.get_by_role("complementary").get_by_label("Label", exact=True).fill("Grade")
    for label in ("First", "Second", "Third", "Fourth"):
        page.get_by_role("textbox", name="New option").first.fill(label)
        page.get_by_role("button", name="Add option").press("Enter")
        expect(page.get_by_role("textbox", name=f"Label of {label}")).to_be_visible()
    expect(designing.fields(page)).to_contain_text("4 options")
