"""The composer, the timeline and ticking in a browser: by keys, in place, on a phone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from ..plugged import enable
from .driving import PHONE, Site, Watch, Windows, clean_in_both_themes, fits


def prepare(instance: Instance) -> dict[str, Any]:
    """Make a record with a note and a task, and a task that is late."""
    for name in ("contacts", "notifications", "activities"):
        enable(instance, name)
    [account] = instance.create("account", {"name": "Averill Ales"})
    instance.create("note", {"text": "Prefers mail", "regarding": account})
    instance.create("task", {"subject": "Send it", "regarding": account, "due_date": "2026-01-05"})
    return {"account": account, "page": f"/records/account/{account}"}


def test_a_call_with_its_next_step_is_logged_by_keys_alone(page: Page, site: Site):
    page.goto(site.made["page"])
    page.keyboard.press("n")
    expect(page.locator(".act-new textarea")).to_be_focused()
    page.get_by_role("radio", name="Log call").focus()
    page.keyboard.press("Space")
    page.get_by_label("Subject").fill("Asked for the price")
    page.get_by_label("Next step").fill("Send the price list")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("The call is logged").first).to_be_visible()
    expect(page.locator(".act-e").first).to_contain_text("logged a call")
    expect(page.locator(".act-coming")).to_contain_text("Send the price list")
    page.get_by_role("button", name="Undo The call is logged").click()
    expect(page.locator(".act-coming")).not_to_contain_text("Send the price list")


def test_a_refused_task_keeps_what_was_typed(page: Page, site: Site, watch: Watch):
    watch.expect("^422 ")
    page.goto(site.made["page"])
    page.keyboard.press("n")
    page.get_by_role("radio", name="Task").check(force=True)
    page.get_by_role("combobox", name="Repeats").select_option("WEEKLY")
    page.get_by_label("Subject").fill("Report")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").first).to_contain_text("due date")
    expect(page.get_by_label("Subject")).to_have_value("Report")


def test_a_task_is_ticked_in_place_and_taken_back(page: Page, site: Site):
    page.goto(site.made["page"])
    page.get_by_role("button", name="Complete: Send it").click()
    expect(page.get_by_role("button", name="Open again: Send it")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.get_by_role("button", name="Complete: Send it")).to_be_visible()


def test_kinds_narrow_the_timeline_without_a_new_page(page: Page, site: Site):
    page.goto(site.made["page"])
    page.get_by_role("navigation", name="Kinds of entries").get_by_text("Notes").click()
    expect(page.locator(".act-e")).to_have_count(1)
    expect(page.locator("[aria-current]", has_text="Notes")).to_be_visible()


@pytest.mark.parametrize("address", ["page", "/x/activities/", "/records/task"])
def test_pages_fit_on_a_phone_and_are_clean_in_both_themes(
    window: Windows, site: Site, address: str
):
    page = window(size=PHONE)
    page.goto(site.made.get(address, address))
    fits(page)
    clean_in_both_themes(page)


def test_the_record_and_its_open_composer_are_clean_in_both_themes(page: Page, site: Site):
    page.goto(site.made["page"])
    page.keyboard.press("n")
    clean_in_both_themes(page)
