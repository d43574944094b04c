"""What a person does in the designer."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


def begin(page: Page, label: str, first: str = "Name") -> None:
    """Put a new type into the draft, with a first field."""
    page.goto("/model")
    page.get_by_role("link", name="New type").first.click()
    form = page.locator("#f-type")
    form.get_by_label("Label").fill(label)
    form.get_by_label("First field").fill(first)
    form.get_by_role("button", name="Add to the draft").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(label)


def fields(page: Page) -> Locator:
    """Return the list of fields."""
    return page.get_by_role("list", name="Fields", exact=True)


def add(page: Page, kind: str, label: str, *options: str) -> None:
    """Put a new field into the draft: pick its kind, name it, name its options, add it."""
    page.get_by_role("group", name="Add a field").get_by_role("link", name=kind, exact=True).click()
    panel = page.get_by_role("complementary", name="Form")
    panel.get_by_label("Label", exact=True).fill(label)
    for place, option in enumerate(options):
        panel.get_by_role("textbox", name="New option").nth(place).fill(option)
    panel.get_by_role("button", name="Add to the draft").click()
    expect(fields(page)).to_contain_text(label)


def publish(page: Page) -> None:
    """Look at the plan of the draft, and publish it."""
    page.get_by_role("link", name="Plan and publish").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Plan")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".toast")).to_be_visible()
