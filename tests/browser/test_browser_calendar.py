"""The calendar of a type: events move by mouse, by keyboard and by menu, or are put back."""

from __future__ import annotations

import re
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from relatum.core.testing.instances import Instance

from .. import plugged
from .driving import PHONE, Site, Watch, Windows, clean, fits

MONTH = "/records/x_project/calendar?_day=2026-11-10"
WEEK = "/records/x_visit/calendar?_as=week&_day=2026-11-24"
#: A plugin that leaves what is called fixed where it is.
GUARD = plugged.small(
    "guard",
    """
@hookimpl
def relatum_before_write(batch):
    if batch.type == "x_project" and batch.operation == "update":
        for place, _ in enumerate(batch.column("valid_from")):
            if batch.value(place, "title") == "Fixed":
                batch.reject(place, "The day is fixed", field="valid_from")
""",
)


def prepare(instance: Instance) -> None:
    """Make projects, which have days, and visits, which have hours."""
    title = {"name": "title", "kind": "text", "required": True}
    instance.make_type(
        "x_project", title, {"name": "valid_from", "kind": "date"},
        {"name": "valid_to", "kind": "date"}, label="Project", plural="Projects",
    )  # fmt: skip
    instance.make_type(
        "x_visit", title, {"name": "starts_at", "kind": "datetime"},
        {"name": "ends_at", "kind": "datetime"}, label="Visit", plural="Visits",
    )  # fmt: skip
    row = {"starts_at": "2026-11-24T10:00:00Z", "ends_at": "2026-11-24T11:00:00Z"}
    instance.create("x_visit", {"title": "Brightwater", **row})
    plugged.put(instance, "guard", GUARD)
    plugged.enable(instance, "guard")


@pytest.fixture
def event(site: Site, page: Page) -> Locator:
    """Return a new event on 10 November in the month, which is open."""
    name = f"Project {len(site.instance.sql('SELECT id FROM x_project'))}"
    [id_] = site.instance.create("x_project", {"title": name, "valid_from": "2026-11-10"})
    page.goto(f"{MONTH}&title={name}")
    return page.locator(f'.md a[data-id="{id_}"]')


def on(event: Locator, day: str) -> None:
    """Wait until an event stands on a day, and what it did was said."""
    expect(event.locator("xpath=ancestor::*[@data-day]")).to_have_attribute("data-day", day)


def saved(event: Locator, site: Site, day: date) -> None:
    """Wait until the move of an event is saved."""
    expect(event.page.locator(".toast").last).to_contain_text(" is on ")
    found = site.instance.get("x_project", int(event.get_attribute("data-id") or 0))
    assert found["valid_from"] == day


def drag(event: Locator, to: Locator) -> None:
    """Drag an event with the mouse, as slowly as a hand."""
    page, target = event.page, to.bounding_box()
    assert target is not None
    event.hover()
    page.mouse.down()
    page.mouse.move(target["x"] + 40, target["y"] + 60, steps=12)
    page.mouse.up()


def test_an_event_is_dragged_to_another_day(event: Locator, site: Site):
    drag(event, event.page.locator('.md[data-day="2026-11-18"]'))
    on(event, "2026-11-18")
    saved(event, site, date(2026, 11, 18))
    expect(event.page.locator("#drawer")).to_be_hidden()
    clean(event.page)


def test_keys_move_an_event_and_keep_the_focus(event: Locator, site: Site):
    event.focus()
    event.press("Alt+ArrowDown")
    event.press("Alt+ArrowRight")
    expect(event.page.locator("#live")).to_contain_text("November 18")
    saved(event, site, date(2026, 11, 18))
    expect(event).to_be_focused()


def test_the_menu_of_an_event_moves_it_and_undo_brings_it_back(event: Locator, site: Site):
    event.hover()
    event.page.get_by_role("button", name="Move Project").first.click()
    clean(event.page)
    event.page.get_by_label("Move to").last.fill("2026-11-19")
    event.page.get_by_role("button", name="Move", exact=True).click()
    on(event, "2026-11-19")
    saved(event, site, date(2026, 11, 19))
    event.page.get_by_role("button", name="Undo").click()
    on(event, "2026-11-10")


def test_a_move_that_is_refused_puts_the_event_back_and_says_why(
    page: Page, site: Site, watch: Watch
):
    watch.expect("422 POST /records/x_project/calendar/move")
    [id_] = site.instance.create("x_project", {"title": "Fixed", "valid_from": "2026-11-10"})
    page.goto(f"{MONTH}&title=Fixed")
    event = page.locator(f'.md a[data-id="{id_}"]')
    drag(event, page.locator('.md[data-day="2026-11-18"]'))
    expect(page.locator("#toasts-alert")).to_contain_text("The day is fixed")
    on(event, "2026-11-10")


def test_an_event_opens_beside_the_calendar(event: Locator):
    event.click()
    expect(event.page.locator("#drawer")).to_be_visible()
    clean(event.page)


def test_an_empty_day_makes_a_record_on_it(event: Locator):
    event.page.locator('.md[data-day="2026-11-21"]').click(position={"x": 60, "y": 80})
    expect(event.page).to_have_url(re.compile("/new.valid_from=2026-11-21"))


def test_a_week_moves_events_by_minutes(page: Page, site: Site):
    page.goto(WEEK)
    event = page.locator(".ce a")
    before = site.instance.sql("SELECT starts_at FROM x_visit")
    event.focus()
    event.press("Alt+ArrowDown")
    event.press("Alt+ArrowDown")
    expect(page.locator(".toast").last).to_contain_text("Brightwater is on")
    expect(event).to_be_focused()
    assert site.instance.sql("SELECT starts_at FROM x_visit") != before
    clean(page)


@pytest.mark.parametrize("size", [PHONE, (320, 640)])
@pytest.mark.parametrize("address", [MONTH, WEEK])
def test_a_phone_shows_a_list_of_days(window: Windows, size: tuple[int, int], address: str):
    page = window(size=size)
    page.goto(address)
    expect(page.locator(".cal-w")).to_be_hidden()
    fits(page)
    clean(page)
