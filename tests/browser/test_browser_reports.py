"""Reports of sales in a browser: each is drawn, narrowed, and leads to the deals behind it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from .driving import PHONE, Site, Windows, clean, fits

#: The preset of the instance.
PRESET = "all"
_REPORTS = ("pipeline", "winloss", "velocity", "conversion", "ageing")


def prepare(instance: Instance) -> None:
    """Make deals in some stages, won and lost ones among them."""
    [firm] = instance.create("account", {"name": "Averill Ales"})
    plain = {"account": firm, "amount": "1200", "close_date": "2027-03-31"}
    decided = [{"stage": "won"}, {"stage": "lost", "lost_reason": "price"}]
    stages = [{"stage": "qualify"}, {"stage": "propose"}, {"stage": "propose"}, *decided]
    instance.create(
        "opportunity", *({"name": f"Pump {n}", **plain, **each} for n, each in enumerate(stages))
    )


def test_a_number_of_a_report_leads_to_its_deals(page: Page, site: Site):
    page.goto("/x/sales/reports/pipeline")
    row = page.get_by_role("row").filter(has_text="Propose")
    row.get_by_role("link").first.click()
    expect(page.get_by_role("link", name="Pump 1")).to_be_visible()
    expect(page.get_by_role("link", name="Pump 2")).to_be_visible()
    expect(page.get_by_role("link", name="Pump 0")).to_have_count(0)


@pytest.mark.parametrize("name", _REPORTS)
def test_a_report_is_drawn_large_and_fits_on_a_phone_in_the_dark(
    name: str, page: Page, window: Windows, site: Site
):
    page.goto(f"/x/sales/reports/{name}")
    expect(page.get_by_role("table").first).to_be_visible()
    clean(page)
    small = window(size=PHONE, theme="dark")
    small.goto(f"/x/sales/reports/{name}")
    expect(small.get_by_role("table").first).to_be_visible()
    fits(small)
    clean(small)
