"""The bell and mentions in a browser: counted without a reload, chosen by keys, read by readers."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from relatum.core import records
from relatum.core.actor import system
from relatum.core.testing.instances import Instance
from relatum.plugins.notifications import notify

from ..plugged import enable
from .driving import (
    PHONE,
    Site,
    Windows,
    clean,
    clean_in_both_themes,
    fits,
    without_forms_script,
)  # fmt: skip


def prepare(instance: Instance) -> dict[str, Any]:
    """Make a type with texts, and a record of it."""
    instance.make_type(
        "x_case", {"name": "name", "kind": "text", "required": True},
        {"name": "note", "kind": "long_text", "label": "Note"},
        {"name": "story", "kind": "rich_text", "label": "Story"}, title="name",
    )  # fmt: skip
    enable(instance, "notifications")
    [case] = instance.create("x_case", {"name": "The case"})
    [bob] = [row.id for row in instance.sql("SELECT id FROM core_user WHERE name = 'Bob'")]
    return {"case": case, "bob": bob, "page": f"/records/x_case/{case}"}


def tell(site: Site, text: str) -> None:
    """Tell alice something about the case."""
    who, record = [site.instance.alice.user_id], ("x_case", site.made["case"])
    site.instance.write(notify, who, text, record=record, kind="x", actor=system("job"))


@pytest.fixture
def unread(site: Site) -> None:
    """Let there be one notification that alice has not read."""
    tell(site, "Call now")


def test_the_bell_opens_beside_the_page_and_reads_one_and_all(page: Page, site: Site, unread: None):
    page.goto(site.made["page"])
    bell = page.get_by_role("link", name="Notifications")
    expect(bell).to_contain_text("unread")
    bell.click()
    panel = page.get_by_role("dialog", name="Preview")
    expect(panel.get_by_text("Call now").first).to_be_visible()
    clean(page)
    panel.get_by_role("button", name="Mark as read: The case").first.click()
    expect(panel.get_by_role("button", name="Mark as unread: The case").first).to_be_visible()
    tell(site, "And again")
    panel.get_by_role("button", name="Close").click()
    bell.click()
    panel.get_by_role("button", name="Mark all as read").click()
    expect(panel.get_by_role("button", name="Mark all as read")).to_have_count(0)
    expect(page.locator(".nt-bell [data-unread='0']")).to_be_visible()


def test_one_is_opened_by_the_keyboard_and_leads_to_its_record(
    page: Page, site: Site, unread: None
):
    page.goto("/x/notifications/?new=1")
    line = page.get_by_role("button", name="The case Call now").first
    line.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{site.made['page']}")


@pytest.mark.parametrize("address", ["/x/notifications/", "/x/notifications/choices"])
def test_pages_fit_on_a_phone_and_its_bar_counts(
    window: Windows, site: Site, unread: None, address: str
):
    page = window(size=PHONE)
    page.goto(address)
    fits(page)
    clean_in_both_themes(page)
    expect(page.locator(".tabbar [data-nt-count]")).to_be_visible()
    assert page.locator(".tabbar > *").count() <= 5


def test_people_are_offered_after_an_at_and_chosen_by_keys(page: Page, site: Site):
    page.goto(f"{site.made['page']}/edit")
    note = page.get_by_label("Note")
    note.press_sequentially("Ask @bo")
    people = page.get_by_role("listbox", name="People to mention")
    expect(people.get_by_role("option")).to_have_text(["Bob does not see this record"])
    expect(note).to_have_attribute("aria-controls", "nt-people")
    clean(page)
    note.press("Enter")
    bob = site.made["bob"]
    expect(note).to_have_value(f"Ask @[Bob](user:{bob}) ")
    note.press_sequentially("and @bo")
    expect(people).to_be_visible()
    note.press("Escape")
    expect(people).to_have_count(0)
    expect(note).to_have_value(f"Ask @[Bob](user:{bob}) and @bo")


def test_a_mention_in_formatted_text_is_a_link_to_the_person(page: Page, site: Site):
    page.goto(f"{site.made['page']}/edit")
    page.get_by_role("textbox", name="Story").click()
    page.keyboard.type("Ask @bo", delay=20)
    expect(page.get_by_role("listbox", name="People to mention")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("first")
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.wait_for_url(f"**{site.made['page']}")
    link = page.get_by_role("link", name="@Bob").first
    expect(link).to_have_attribute("href", f"/records/user/{site.made['bob']}")
    story = site.instance.read(records.get, "x_case", site.made["case"])["story"]
    assert f'<a href="/records/user/{site.made["bob"]}"' in story


def test_who_writes_formatted_text_before_the_scripts_have_come_writes_on(page: Page, site: Site):
    with without_forms_script(page):
        page.goto(f"{site.made['page']}/edit")
        page.get_by_role("textbox", name="Story").click()
        page.keyboard.type("Ask ")
    page.keyboard.type("@bo", delay=20)
    expect(page.get_by_role("listbox", name="People to mention")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Story")).to_contain_text("Ask @Bob")


def test_a_record_is_followed_and_left_in_place(page: Page, site: Site):
    page.goto(site.made["page"])
    button = page.get_by_role("button", name="Following")
    expect(button).to_have_attribute("aria-pressed", "true")  # it is alice's own
    button.click()
    follow = page.get_by_role("button", name="Follow", exact=True)
    expect(follow).to_have_attribute("aria-pressed", "false")
    follow.click()
    expect(button).to_be_visible()
