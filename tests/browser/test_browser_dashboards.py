"""Dashboards in a browser: charts that are drawn and lead on, built by mouse and by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from relatum.core.testing.instances import Instance

from .driving import LOOKS, Windows, clean, fits, scripted

PRESET = "all"
SALES = "/dashboards/sales.sales"


def prepare(instance: Instance) -> None:
    """Make deals in all stages, and leads."""
    stages = ("qualify", "develop", "propose", "negotiate", "won", "lost")
    needed = {"close_date": "2027-03-31", "lost_reason": "price"}
    deals = [
        {"name": f"Deal {n}", "stage": stages[n % 6], "amount": f"{n * 100}.00", **needed}
        for n in range(24)
    ]
    instance.create("opportunity", *deals)
    instance.create("lead", *({"subject": f"Lead {n}"} for n in range(4)))


def drawn(page: Page, address: str) -> None:
    """Open a dashboard and wait until each of its widgets has come and is drawn."""
    page.goto(address)
    scroll = "document.querySelector('.widget .lazy')?.scrollIntoView()"
    for _ in range(12):
        scripted(page, scroll)
        if not page.locator(".widget .lazy").count():
            break
        page.wait_for_timeout(150)
    expect(page.locator(".widget .lazy")).to_have_count(0)
    count = page.locator("ui-chart").count()
    expect(page.locator("ui-chart .plot svg")).to_have_count(count)


@pytest.mark.parametrize(("size", "theme"), LOOKS, ids=["large", "phone"])
def test_a_dashboard_and_home_are_accessible_in_both_themes(
    window: Windows, size: tuple[int, int], theme: str
):
    page = window(size=size, theme=theme)
    for address in (SALES, "/", "/dashboards/contacts.contacts", "/dashboards/products.catalogue"):
        drawn(page, address)
        fits(page)
        clean(page)
    for address in ("/dashboards", f"{SALES}/edit", f"{SALES}/widget?id=won", "/dashboards/_pick"):
        page.goto(address)
        fits(page)
        clean(page)


def test_charts_come_only_where_one_is(page: Page):
    scripts: list[str] = []
    page.on("response", lambda answer: scripts.append(answer.url))
    page.goto("/records/opportunity")
    expect(page.locator("#lv")).to_be_visible()
    before = len([url for url in scripts if "/part-" in url])
    drawn(page, SALES)
    assert len([url for url in scripts if "/part-" in url]) > before


def test_a_click_on_a_bar_leads_to_its_list(page: Page):
    drawn(page, SALES)
    chart = page.locator(".widget", has_text="Open by owner").locator("ui-chart .plot")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    # The only bar stands in the middle; it is drawn from below.
    page.mouse.click(box["x"] + box["width"] / 2 + 10, box["y"] + box["height"] * 0.6)
    page.wait_for_url(re.compile(r"/records/opportunity\?_view=open.*owner"))
    expect(page.locator("#lv tbody tr")).to_have_count(16)


def test_a_chart_says_in_words_and_in_a_table_what_it_shows(page: Page):
    drawn(page, SALES)
    card = page.locator(".widget", has_text="Deals by stage")
    expect(card.locator(".plot")).to_have_attribute("aria-label", re.compile("Qualify: 20"))
    card.get_by_text("View as table").click()
    expect(card.get_by_role("row", name=re.compile("^Won 4 50 %"))).to_be_visible()


def test_a_chart_is_drawn_anew_in_the_other_theme(page: Page):
    drawn(page, SALES)
    plot = page.locator(".widget", has_text="Open by owner").locator(".plot")
    before = plot.inner_html()
    page.get_by_role("button", name="Switch light and dark").click()
    expect(plot.locator("svg")).to_be_visible()
    assert plot.inner_html() != before


def made(page: Page, label: str) -> Page:
    """Make a dashboard; return the page on which it is edited."""
    page.goto("/dashboards")
    page.get_by_label("New dashboard").fill(label)
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/edit")
    return page


def added(page: Page, kind: str, label: str) -> None:
    """Add a widget of deals by the dialog."""
    page.get_by_role("link", name="Add a widget").click()
    drawer = page.locator("#drawer")
    drawer.get_by_label("Of", exact=True).select_option("opportunity")
    expect(drawer.get_by_role("link", name=re.compile("24|Show the list")).first).to_be_visible()
    drawer.get_by_label("Kind").select_option(kind)
    expect(drawer.locator("input[name=kind_was]")).to_have_value(kind)
    drawer.get_by_label("Label").fill(label)
    drawer.get_by_role("button", name="Save").click()
    expect(page.locator(".dash-edit h3", has_text=label)).to_be_visible()


def headings(page: Page) -> Locator:
    """Return the headings of the widgets that are edited."""
    return page.locator(".dash-edit h3")


def test_widgets_are_added_with_a_preview_and_moved_by_keyboard_and_by_mouse(page: Page):
    made(page, "Mine")
    added(page, "number", "One")
    added(page, "chart", "Two")
    expect(headings(page)).to_have_text(["One", "Two"])
    page.get_by_role("button", name="Move One by arrow keys").focus()
    with page.expect_response("**/order"):
        page.keyboard.press("ArrowDown")
    page.reload()
    expect(headings(page)).to_have_text(["Two", "One"])
    grips = page.locator(".grip")
    start, end = grips.nth(0).bounding_box(), grips.nth(1).bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(end["x"] + 60, end["y"] + 20, steps=12)
    with page.expect_response("**/order"):
        page.mouse.move(end["x"] + 120, end["y"] + 40, steps=6)
        page.mouse.up()
    page.reload()
    expect(headings(page)).to_have_text(["One", "Two"])


def test_the_form_keeps_the_focus_while_it_is_drawn_anew(page: Page):
    made(page, "Keys")
    page.get_by_role("link", name="Add a widget").click()
    kind = page.locator("#wf-kind")
    kind.focus()
    with page.expect_response("**/widget?*"):
        page.keyboard.press("ArrowDown")
    expect(page.locator("input[name=kind_was]")).to_have_value("chart")
    expect(kind).to_be_focused()


def test_a_dashboard_serves_without_scripts(window: Windows):
    page = window(java_script_enabled=False)
    page.goto(SALES)
    page.get_by_role("link", name="Open deals", exact=True).click()
    expect(page.locator(".w-fig")).to_contain_text("16")
