"""The designer with scripts: forms beside lists, dragging, arrow keys, phones, axe."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import APIResponse, Locator, Page, Route, expect

from relatum.core import preferences
from relatum.core.testing.instances import Instance
from relatum.plugins.desk.pages.model import draft as drafts

from ..designing import deals
from .driving import LOOKS, Site, Watch, Windows, clean, fits

MODEL = "/model/x_deal"


def prepare(instance: Instance) -> None:
    """Make deals."""
    deals(instance)


@pytest.fixture(autouse=True)
def nothing_drafted(site: Site) -> None:
    """Begin without a draft."""
    site.instance.write(preferences.drop, drafts.NAME)


def order(page: Page) -> list[str | None]:
    """Return the names of the things in a list that can be put into order."""
    items = page.locator(".fl li[data-id]")
    return [items.nth(at).get_attribute("data-id") for at in range(items.count())]


def drag(page: Page, grip: Locator, to: Locator, below: float) -> None:
    """Drag by the mouse to a place over something, so far below its top edge."""
    start, end = grip.bounding_box(), to.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 8, end["y"] + below + 12, steps=8)
    page.mouse.move(start["x"] + 8, end["y"] + below, steps=8)
    page.mouse.up()


def test_a_type_is_made_shaped_and_published_without_leaving_the_page(page: Page, site: Site):
    page.goto("/model")
    page.get_by_role("link", name="New type").first.click()
    page.get_by_label("Label").fill("Asset")
    page.get_by_role("button", name="Add to the draft").click()
    expect(page.locator(".toast").last).to_contain_text("Asset is in the draft")
    assert page.url.endswith("/model/x_asset")
    page.get_by_role("link", name="Choice", exact=True).click()
    page.get_by_role("textbox", name="Label", exact=True).fill("State")
    page.get_by_role("textbox", name="New option").first.fill("Fresh")
    page.get_by_role("button", name="Add to the draft").click()
    expect(page.locator("#fl-state")).to_contain_text("1 options")
    page.get_by_role("link", name="Plan and publish").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".toast").last).to_contain_text("The data model is published")
    expect(page.locator("#side")).to_contain_text("Assets")
    assert [o.label for o in site.instance.catalog.type("x_asset").field("state").options] == [
        "Fresh"
    ]


def test_what_is_refused_is_said_where_it_is_and_what_was_typed_stays(page: Page, watch: Watch):
    watch.expect("422 .*/model/x_deal/fields")
    page.goto(f"{MODEL}?add=integer")
    page.get_by_role("textbox", name="Label", exact=True).fill("Weight")
    least = page.get_by_role("textbox", name="Least")
    least.fill("much")
    page.get_by_role("button", name="Add to the draft").click()
    expect(page.get_by_role("alert").filter(has_text="must be a whole number")).to_be_visible()
    expect(least).to_have_value("much")
    expect(least).to_be_focused()
    clean(page)


def test_fields_are_dragged_and_moved_by_arrow_keys_and_the_draft_says_so(page: Page):
    page.goto(MODEL)
    drag(page, page.locator("#gr-price"), page.locator("#fl-name"), -4)
    expect(page.locator("#des-changes")).to_contain_text("1 change")
    assert order(page) == ["price", "name", "stage"]
    page.locator("#gr-price").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#mv-up-price")).to_be_enabled()
    expect(page.locator("#gr-price")).to_be_focused()
    assert order(page) == ["name", "price", "stage"]


def test_a_field_is_dragged_into_a_section_and_highlighted(page: Page, site: Site):
    page.goto(f"{MODEL}/layout")
    page.get_by_role("textbox", name="Name", exact=True).fill("Money")
    page.locator("#f-section").get_by_label("Price").check()
    page.get_by_role("button", name="Add the section").click()
    expect(page.locator("[id='ly-s.0']")).to_contain_text("Money")
    expect(page.locator("#f-section [name=label]")).to_have_value("")
    drag(page, page.locator("#gr-ly-stage"), page.locator("#ly-price"), 6)
    expect(page.locator("#ly-rest ~ #ly-stage")).to_have_count(0)
    page.get_by_role("button", name="Highlight Stage").click()
    expect(page.locator("#hl-stage")).to_be_visible()
    page.goto("/model/plan")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".toast").last).to_contain_text("published")
    layout = site.instance.catalog.type("x_deal").layout
    [section] = layout.sections
    assert (layout.highlights, section.label) == (("stage",), "Money")
    assert sorted(section.fields) == ["price", "stage"]


def test_what_one_does_while_the_page_is_drawn_anew_is_shown(page: Page):
    held: list[tuple[Route, APIResponse]] = []

    def late(route: Route) -> None:
        if route.request.method == "GET" and not held:
            held.append((route, route.fetch()))
        else:
            route.continue_()

    page.goto(f"{MODEL}/layout")
    page.route("**/model/x_deal/layout", late)
    drag(page, page.locator("#gr-ly-stage"), page.locator("#ly-name"), -4)
    for _ in range(50):
        if held:
            break
        page.wait_for_timeout(100)
    page.get_by_role("button", name="Highlight Stage").click()
    page.wait_for_timeout(1000)
    [(route, response)] = held
    route.fulfill(response=response)
    expect(page.locator("#hl-stage")).to_be_visible()
    clean(page)


def test_going_back_shows_what_was_there_before(page: Page):
    page.goto(MODEL)
    page.get_by_role("link", name="Stage").click()
    expect(page.get_by_role("textbox", name="Label", exact=True)).to_have_value("Stage")
    page.get_by_role("link", name="Views").click()
    expect(page.get_by_role("heading", name="New view")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("textbox", name="Label", exact=True)).to_have_value("Stage")
    assert re.search(r"field=stage$", page.url)


def test_no_part_of_the_designer_is_inaccessible_in_a_theme_or_too_wide(window: Windows):
    for size, theme in LOOKS:
        page = window(theme=theme, size=size)
        page.goto(f"{MODEL}?field=name")
        page.get_by_role("textbox", name="Label", exact=True).fill("Title")
        page.get_by_role("button", name="Save in the draft").click()
        for address in (
            "/model", "/model/new", MODEL, f"{MODEL}?field=stage", f"{MODEL}?add=reference",
            f"{MODEL}?field=price&retype=money", f"{MODEL}/relationships?relate=many_to_one",
            f"{MODEL}/layout", f"{MODEL}/views", f"{MODEL}/settings", "/model/plan",
        ):  # fmt: skip
            page.goto(address)
            clean(page)
            fits(page)
