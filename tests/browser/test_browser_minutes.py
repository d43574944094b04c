"""The administrator's first five minutes, from one command to a data model of one's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from . import designing
from .driving import DESKTOP, Watch, demonstration

#: Seconds that all of it may take.
PUBLISHED = 300


@pytest.fixture
def began() -> float:
    """Return when the test began, before the demonstration was started."""
    return time.monotonic()


@pytest.fixture
def demo(tmp_path: Path, began: float) -> Iterator[str]:
    """Start the demonstration in an empty home; return the link that it prints."""
    with demonstration(tmp_path) as link:
        yield link


def test_the_first_five_minutes_of_an_administrator(
    browser: Browser, demo: str, began: float, capsys
):
    address = demo.partition("/sign-in/")[0]
    watch = Watch(address)
    width, height = DESKTOP
    with closing(
        browser.new_context(base_url=address, viewport={"width": width, "height": height})
    ) as context:
        context.set_default_timeout(20_000)
        watch.over(context)
        page = context.new_page()
        page.goto(demo)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        make_a_type(page)
        make_a_record(page)
        rename_a_label(page)
        switch_a_plugin(page)
    watch.verdict()
    taken = time.monotonic() - began
    with capsys.disabled():
        sys.stdout.write(f"\nThe administrator's first five minutes took {taken:.0f} s.\n")
    assert taken < PUBLISHED


def make_a_type(page: Page) -> None:
    """Make a type with a choice, and publish it."""
    designing.begin(page, "Machine")
    designing.add(page, "Choice", "Phase", "Planned", "Running")
    designing.publish(page)
    expect(page.get_by_role("navigation", name="Main")).to_contain_text("Machines")


def make_a_record(page: Page) -> None:
    """Make a record of the new type."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Machines").click()
    page.get_by_role("link", name="New Machine").first.click()
    page.get_by_label("Name").fill("Lathe")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lathe")


def rename_a_label(page: Page) -> None:
    """Call the type something else; every page says so."""
    page.goto("/model/x_machine/settings")
    page.get_by_role("main").get_by_label("Label", exact=True).fill("Device")
    page.get_by_role("main").get_by_label("Plural", exact=True).fill("Devices")
    page.get_by_role("button", name="Save in the draft").first.click()
    expect(page.get_by_role("link", name="Plan and publish")).to_be_visible()
    designing.publish(page)
    page.goto("/records/x_machine")
    expect(page.get_by_role("heading", level=1)).to_have_text("Devices")
    expect(page.get_by_role("navigation", name="Main")).to_contain_text("Devices")


def switch_a_plugin(page: Page) -> None:
    """Disable a plugin, and enable it again."""
    main = page.get_by_role("main")
    page.goto("/plugins")
    main.get_by_role("link", name="Sales").first.click()
    for verb, other in (("Disable", "Enable"), ("Enable", "Disable")):
        main.get_by_role("link", name=verb, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(verb)
        main.get_by_role("button", name=verb, exact=True).click()
        page.goto("/plugins/sales")
        expect(main.get_by_role("link", name=other, exact=True)).to_be_visible()
