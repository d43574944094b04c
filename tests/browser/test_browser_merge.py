"""Two records are merged on a screen and on a phone, and the toast parts them again."""

from __future__ import annotations

from itertools import count

import pytest
from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from . import stock
from .driving import PHONE, Site, clean_in_both_themes, fits

_number = count(1)


def prepare(instance: Instance) -> None:
    """Make the type of assets."""
    stock.assets(instance)


@pytest.fixture
def pair(site: Site) -> tuple[int, int]:
    """Return the ids of two new assets."""
    number = next(_number)
    one, other = site.instance.create(
        "x_asset", {"name": f"Engine {number}", "state": "new"},
        {"name": f"Motor {number}", "state": "new", "price": 12},
    )  # fmt: skip
    return one, other


def test_two_records_are_compared_merged_and_parted_again(
    page: Page, site: Site, pair: tuple[int, int]
) -> None:
    one, other = pair
    page.goto(f"/records/x_asset/{one}/merge?with={other}")
    clean_in_both_themes(page)
    name = page.get_by_role("radiogroup", name="Name")
    name.get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="Merge into").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Motor")
    assert site.instance.get("x_asset", one)["price"] is not None
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Engine")
    page.goto(f"/records/x_asset/{other}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Motor")


def test_the_fields_stand_below_each_other_on_a_phone(page: Page, pair: tuple[int, int]) -> None:
    one, other = pair
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.goto(f"/records/x_asset/{one}/merge?with={other}")
    fits(page)
    clean_in_both_themes(page)
    page.get_by_role("button", name="Merge into").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Engine")
