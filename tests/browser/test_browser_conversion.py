"""A conversion in a browser: what is proposed is chosen, and taken back by the toast."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from ..test_conversion import LEAD
from .driving import PHONE, Site, Watch, Windows, clean, fits

#: The preset of the instance.
PRESET = "all"


def prepare(instance: Instance) -> dict[str, int]:
    """Make leads, and a company that they may be."""
    [firm] = instance.create("account", {"name": "Averill Ales Ltd"})
    leads = instance.create("lead", *({**LEAD, "subject": f"Pumps {n}"} for n in range(2)))
    return {"firm": firm, "first": leads[0], "second": leads[1]}


def test_a_lead_is_converted_and_that_is_undone(page: Page, site: Site):
    page.goto(f"/records/lead/{site.made['first']}")
    page.get_by_role("link", name="Convert").click()
    company = page.get_by_role("group", name="Company")
    expect(company.get_by_text("Name · Website").or_(company.get_by_text("Name"))).to_be_visible()
    clean(page)
    company.get_by_role("radio", name=re.compile("Averill Ales Ltd")).check()
    page.get_by_role("region", name="Deal").get_by_label("Name").fill("A whole brewery")
    page.get_by_role("button", name="Convert").click()
    page.wait_for_url(re.compile(r"/records/opportunity/\d+$"))
    expect(page.get_by_role("heading", name="A whole brewery").first).to_be_visible()
    expect(page.get_by_role("heading", name="From the lead")).to_be_visible()
    clean(page)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("This record is in the trash.")).to_be_visible()
    page.goto(f"/records/lead/{site.made['first']}")
    expect(page.get_by_role("link", name="Convert")).to_be_visible()


def test_it_fits_on_a_phone_in_the_dark_and_asks(window: Windows, site: Site, watch: Watch):
    page = window(size=PHONE, theme="dark")
    page.goto(f"/x/sales/leads/{site.made['second']}/convert")
    fits(page)
    clean(page)
    watch.expect(r"409 POST /x/sales/leads/\d+/convert")
    page.get_by_role("button", name="Convert").click()
    expect(page.locator(".refused")).to_contain_text("may be there already")
    fits(page)
    clean(page)
    page.goto("/x/sales/mapping")
    fits(page)
    clean(page)


def test_selected_leads_are_converted_together_and_that_is_undone(page: Page, site: Site):
    page.goto("/records/lead?_view=all")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Convert the selected records").click()
    expect(page.get_by_role("heading", name="2 of 2 will be converted")).to_be_visible()
    clean(page)
    page.get_by_label("If a company or person matches").select_option("ask")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="0 of 2 will be converted")).to_be_visible()
    expect(page.get_by_role("button", name="Convert")).to_be_disabled()
    page.get_by_label("If a company or person matches").select_option("link")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Convert").click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text("Converted leads: 2")
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").last).to_contain_text("Undone")
    [row] = site.instance.sql("SELECT count(*) AS n FROM lead WHERE status = 'new'")
    assert row.n == 2


def test_selected_leads_are_shared_out_on_a_phone(window: Windows, site: Site):
    [team] = site.instance.create("team", {"name": "North"})
    for name in ("Ida", "Jon"):
        mail = f"{name.lower()}@example.org"
        site.instance.create("user", {"name": name, "email": mail, "team": team})
    page = window(size=PHONE, theme="dark")
    page.goto("/records/lead?_view=all")
    for box in page.locator("[data-card]").all():
        box.check()
    fits(page)
    page.get_by_role("button", name="Share out the selected records").click()
    page.get_by_label("Team").select_option(label="North")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="Who gets what")).to_be_visible()
    fits(page)
    clean(page)
    page.get_by_role("button", name="Share out").click()
    expect(page.locator(".toast")).to_contain_text("Shared out: Ida 1, Jon 1")


def test_what_leads_become_fits_on_a_phone(window: Windows, site: Site):
    page = window(size=PHONE)
    ids = "&".join(f"id={site.made[name]}" for name in ("first", "second"))
    page.goto(f"/x/sales/leads/convert?{ids}&policy=ask")
    fits(page)
    clean(page)
    page.goto(f"/x/sales/leads/convert?{ids}")
    expect(page.locator(".tag").first).to_have_text("new")
    fits(page)
    clean(page)
