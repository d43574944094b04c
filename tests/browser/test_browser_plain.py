"""Without scripts: sign in, list, sort, filter, open, edit, save, delete and undo all work."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from . import stock
from .driving import Site, Windows


def prepare(instance: Instance) -> None:
    """Make some assets."""
    stock.assets(instance)
    stock.many(instance, 60)


@pytest.fixture
def plain(window: Windows) -> Page:
    """Return a page of a browser that runs no scripts."""
    return window(java_script_enabled=False)


def test_a_list_is_sorted_searched_and_paged(plain: Page):
    plain.goto("/records/x_asset")
    plain.get_by_role("columnheader", name="Price").get_by_role("link").click()
    expect(plain).to_have_url(re.compile("_sort=price"))
    plain.get_by_role("link", name="Next page").click()
    expect(plain.locator("#lv tbody tr").first).to_contain_text("Asset 050")
    plain.get_by_role("searchbox").fill("set 01")
    plain.keyboard.press("Enter")
    expect(plain.locator("#lv tbody tr")).to_have_count(10)
    expect(plain.locator("#lv tbody tr").first).to_contain_text("Asset 010")


def test_a_record_is_opened_edited_and_saved(plain: Page):
    plain.goto("/records/x_asset")
    plain.get_by_role("link", name="Asset 004").first.click()
    plain.get_by_role("link", name="Edit", exact=True).click()
    plain.get_by_label("Price").fill("777")
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Asset 004")
    expect(plain.get_by_role("main")).to_contain_text("€777")
    expect(plain.get_by_text("Asset is saved")).to_be_visible()
    plain.get_by_role("button", name="Undo", exact=True).click()
    expect(plain.get_by_role("complementary")).to_contain_text("€4.50")


def test_a_record_is_made_with_a_lookup_by_its_name(plain: Page, site: Site):
    plain.goto("/records/x_asset/new")
    plain.get_by_label("Name").fill("Made plainly")
    plain.get_by_label("Part of").fill("Asset 009")
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Made plainly")
    [row] = site.instance.sql(
        "SELECT p.name FROM x_asset a JOIN x_asset p ON p.id = a.parent "
        "WHERE a.name = 'Made plainly'"
    )
    assert row.name == "Asset 009"


def test_a_record_is_deleted_and_restored(plain: Page, site: Site):
    [id_] = site.instance.create("x_asset", {"name": "Thrown away"})
    plain.goto(f"/records/x_asset/{id_}/delete")
    plain.get_by_role("button", name="Delete").click()
    expect(plain.get_by_text("Thrown away is in the trash")).to_be_visible()
    plain.goto(f"/records/x_asset/{id_}")
    plain.get_by_role("button", name="Restore").click()
    expect(plain.get_by_text("The record is restored")).to_be_visible()


def test_the_board_and_the_help_are_read(plain: Page):
    plain.goto("/records/x_asset/board")
    expect(plain.get_by_role("heading", name="In use")).to_be_visible()
    plain.goto("/help/")
    plain.get_by_role("link", name="Errors").first.click()
    expect(plain.get_by_role("heading", level=1)).to_be_visible()
