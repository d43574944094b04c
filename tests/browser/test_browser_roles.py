"""Roles as people change them: the matrix on a desktop and on a phone, filters, and a share."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from relatum.core import roles
from relatum.core.testing.instances import Instance

from .driving import DESKTOP, PHONE, Site, Watch, Windows, clean, fits, settle

PRESET = "desk"


def prepare(instance: Instance) -> dict[str, int]:
    """Make a type with a record, and a user to share it with."""
    instance.make_type(
        "x_deal", {"name": "name", "kind": "text"}, {"name": "amount", "kind": "integer"},
        title="name",
    )  # fmt: skip
    [deal] = instance.create("x_deal", {"name": "Pump", "amount": 7})
    [user] = instance.create("user", {"name": "Sam Sawyer", "email": "sam@example.org"})
    return {"deal": deal, "user": user}


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_filter_is_asked_for_where_it_is_chosen_and_what_is_wrong_is_seen(
    window: Windows, site: Site, watch: Watch, size: tuple[int, int]
):
    name = f"clerk_{size[0]}"
    site.instance.write(roles.save, name, {"all_types": {"read": "all"}})
    watch.expect(f"422 POST /roles/{name}")
    page = window(size=size)
    page.goto(f"/roles/{name}")
    page.get_by_label("Type", exact=True).select_option("x_deal")
    page.get_by_role("button", name="Give it a line of its own").click()
    cell = page.get_by_role("combobox", name="Deals: Read")
    expect(cell).to_be_focused()
    cell.select_option("filter")
    dialog = page.get_by_role("dialog", name="Deals: Read")
    expect(dialog.get_by_role("combobox", name="Field")).to_be_focused()
    dialog.get_by_role("combobox", name="Field").select_option("amount")
    settle(page)
    dialog.get_by_role("combobox", name="Comparison").select_option("gt")
    settle(page)
    value = dialog.get_by_role("textbox", name="Value")
    value.fill("5")
    value.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Amount is more than 5")).to_be_visible()
    edit = page.get_by_role("button", name="Edit the filter Deals, Read")
    expect(edit).to_be_focused()
    edit.press("Enter")
    expect(dialog).to_contain_text("with you as “me”: 1")
    expect(dialog.get_by_role("listitem")).to_have_text(["Pump"])
    clean(page)
    fits(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    edit.click()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)  # the form is drawn anew
    asked = page.locator("textarea:visible")
    expect(asked).to_have_count(0)
    page.get_by_text("As text", exact=True).locator("visible=true").click()
    asked.fill("nonsense")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Paste the address of a list of Deals")).to_be_visible()
    expect(asked).to_be_focused()
    clean(page)
    fits(page)
    asked.fill("/records/x_deal?_view=_all&amount__gt=5")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("is saved and obeyed from now on")).to_be_visible()
    expect(page.get_by_text("Amount is more than 5")).to_be_visible()
    clean(page)
    fits(page)
    stored = site.instance.read(roles.get, name)["types"]["x_deal"]
    assert stored == {"read": {"filter": {"field": "amount", "op": "gt", "value": 5}}}


def test_a_record_is_shared_from_its_menu(page: Page, site: Site):
    page.goto(f"/records/x_deal/{site.made['deal']}")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Share").click()
    page.get_by_role("combobox", name="With whom").fill("Saw")
    page.get_by_role("option", name="Sam Sawyer").click()
    page.get_by_role("button", name="Share", exact=True).click()
    row = page.get_by_role("listitem").filter(has_text="Sam Sawyer")
    expect(row).to_contain_text("may read it")
    clean(page)
    row.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Nobody yet.")).to_be_visible()
