"""Calling from a list in a browser: the next one, the outcome, and taking it back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from .driving import PHONE, Site, Windows, clean, fits

#: The preset of the instance.
PRESET = "all"
_NAMES = ("Ash", "Birch", "Cedar", "Dogwood")


def prepare(instance: Instance) -> dict[str, int]:
    """Make two lists of leads who have numbers."""
    leads = instance.create("lead", *(
        {"subject": f"Pumps for {name}", "name": {"last": name}, "phone": f"+49 30 123450{place}"}
        for place, name in enumerate(_NAMES)
    ))  # fmt: skip
    script = "Good morning {name}, you asked us about {subject}."
    plain = {"status": "active", "script": script}
    first, second = instance.create(
        "call_list", *({"name": n, **plain} for n in ("Spring", "Fall"))
    )
    for made in (first, second):
        instance.create("call_target", *({"list": made, "lead": lead} for lead in leads))
    return {"first": first, "second": second}


def called(page: Page, name: str) -> None:
    """See that somebody is to be called, with the script filled in."""
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_text(f"you asked us about Pumps for {name}.")).to_be_visible()


def test_one_after_the_other_is_called_and_an_outcome_is_taken_back(page: Page, site: Site):
    page.goto(f"/records/call_list/{site.made['first']}")
    page.get_by_role("button", name="Next call").click()
    called(page, "Ash")
    clean(page)
    page.get_by_label("Note").fill("Wants an offer")
    page.get_by_role("button", name="Interested", exact=True).click()
    called(page, "Birch")
    clean(page)
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_text(re.compile("undone|taken back", re.IGNORECASE)).first).to_be_visible()


def test_it_fits_on_a_phone_in_the_dark(window: Windows, site: Site):
    page = window(size=PHONE, theme="dark")
    page.goto(f"/x/calling/{site.made['second']}/next")
    fits(page)
    clean(page)
    page.get_by_role("button", name="Next call").click()
    expect(page.get_by_role("group", name="Outcome")).to_be_visible()
    fits(page)
    clean(page)
