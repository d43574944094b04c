"""The administrator's first and second five minutes: a data model, and data, of one's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from . import designing
from .driving import DESKTOP, Watch, demonstration

#: Seconds that all of it may take.
PUBLISHED = 300
#: A file of one's own: the lines 4, 6 and 8 are wrong.
COMPANIES = """Name;Website;Employees;Company phone;City of the office
Nordlicht Alpha;https://alpha.example;12;+49 30 23125001;Berlin
Nordlicht Beta;https://beta.example;7;+49 30 23125002;Kiel
Nordlicht Gamma;not a web address;9;+49 30 23125003;Jena
Nordlicht Delta;https://delta.example;;+49 30 23125004;Bonn
Nordlicht Epsilon;https://epsilon.example;a few;+49 30 23125005;Ulm
Nordlicht Zeta;https://zeta.example;120;+49 30 23125006;Hof
;https://eta.example;3;+49 30 23125007;Trier
Nordlicht Theta;https://theta.example;48;+49 30 23125008;Gera
"""


class Demo(NamedTuple):
    """A demonstration that is served: its address, who is signed in, how long all that took."""

    address: str
    signed_in: Any
    seconds: float


@pytest.fixture(scope="module")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Start the demonstration in an empty home, and sign in by the link that it prints."""
    began = time.monotonic()
    with demonstration(tmp_path_factory.mktemp("demo") / "home") as link:
        address = link.partition("/sign-in/")[0]
        watch = Watch(address)
        with opened(browser, watch) as page:
            page.goto(link)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("navigation", name="Main")).to_be_visible()
            yield Demo(address, page.context.storage_state(), time.monotonic() - began)
        watch.verdict()


@pytest.fixture
def began(demo: Demo) -> float:
    """Return when the test would have begun, had it started the demonstration."""
    return time.monotonic() - demo.seconds


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    """Return a page of whoever has followed the link, watched until the test ends."""
    watch = Watch(demo.address)
    with opened(browser, watch, storage_state=demo.signed_in) as page:
        page.goto("/")
        yield page
    watch.verdict()


@contextmanager
def opened(browser: Browser, watch: Watch, **options: Any) -> Iterator[Page]:
    """Open a watched page."""
    width, height = DESKTOP
    with closing(
        browser.new_context(
            base_url=watch.address, viewport={"width": width, "height": height}, **options
        )
    ) as context:
        context.set_default_timeout(20_000)
        watch.over(context)
        yield context.new_page()


def took(began: float, which: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Say how long the minutes were, and hold them to what is published."""
    taken = time.monotonic() - began
    with capsys.disabled():
        sys.stdout.write(f"\nThe administrator's {which} five minutes took {taken:.0f} s.\n")
    assert taken < PUBLISHED


def test_the_first_five_minutes_of_an_administrator(page: Page, began: float, capsys):
    make_a_type(page)
    make_a_record(page)
    rename_a_label(page)
    switch_a_plugin(page)
    took(began, "first", capsys)


def test_the_second_five_minutes_of_an_administrator(
    page: Page, began: float, tmp_path: Path, capsys
):
    path = tmp_path / "companies.csv"
    path.write_text(COMPANIES, encoding="utf-8")
    bring_in(page, path)
    look_at(page, 5)
    page.go_back()
    page.get_by_role("button", name="Undo the import").click()
    expect(page.get_by_role("status").first).to_contain_text("Done")
    look_at(page, 0)
    bring_in(page, path)
    look_at(page, 5)
    change_all(page)
    took(began, "second", capsys)


def bring_in(page: Page, path: Path) -> None:
    """Import a file with three rows that are refused, and read why before it is done."""
    page.goto("/records/account")
    page.get_by_role("link", name="Import and export").click()
    page.get_by_role("menuitem", name="Import a file").click()
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_label("Field for Company phone")).to_be_visible()
    page.get_by_label("Field for Company phone").select_option("phone")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("What the import would do")).to_be_visible()
    refused = page.get_by_role("region", name="Refused")
    for line, why in (("4", "Website"), ("6", "Employees"), ("8", "Name")):
        expect(refused.get_by_role("row").filter(has_text=line).first).to_contain_text(why)
    page.get_by_role("button", name="Import 5 of 8 rows").click()
    expect(page.get_by_text("The file is imported")).to_be_visible()
    expect(page.get_by_role("link", name="Refused rows as a file")).to_be_visible()


def look_at(page: Page, count: int) -> None:
    """See how many of the companies of the file are there."""
    page.goto("/records/account?_search=Nordlicht")
    expect(page.locator("#lv tbody tr[id]")).to_have_count(count)


def change_all(page: Page) -> None:
    """Change all of them at once, and take that back."""
    page.get_by_role("checkbox", name="Select all on this page").check()
    bulk = page.get_by_role("toolbar", name="Actions on the selection")
    bulk.get_by_role("button", name="Change the selected records").click()
    page.get_by_label("What is done?").select_option("set:type")
    page.get_by_role("button", name="Choose").click()
    page.get_by_label("Type", exact=True).select_option("Partner")
    page.get_by_role("button", name="See what it does").click()
    page.get_by_role("button", name="Change 5 Companies").click()
    expect(page.locator(".toast")).to_contain_text("5 Companies changed")
    expect(page.locator("#lv tbody")).to_contain_text("Partner")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").last).to_contain_text("Undone")
    expect(page.locator("#lv tbody")).not_to_contain_text("Partner")


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
    main.get_by_role("link", name="Call lists").first.click()
    for verb, other in (("Disable", "Enable"), ("Enable", "Disable")):
        main.get_by_role("link", name=verb, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(verb)
        main.get_by_role("button", name=verb, exact=True).click()
        page.goto("/plugins/calling")
        expect(main.get_by_role("link", name=other, exact=True)).to_be_visible()
