"""The board of a type: cards move by mouse, by keyboard and by menu; a refusal puts them back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from relatum.core.testing.instances import Instance

from .. import plugged
from . import stock
from .driving import PHONE, Site, Watch, Windows, clean, fits

BOARD = "/records/x_asset/board"
#: A plugin that refuses to let go of what is called a treasure.
GUARD = plugged.small(
    "guard",
    """
@hookimpl
def relatum_before_write(batch):
    if batch.type == "x_asset" and batch.operation == "update":
        for place, state in enumerate(batch.column("state")):
            if state == "gone" and batch.value(place, "name") == "Treasure":
                batch.reject(place, "A treasure is never gone", field="state")
""",
)


#: What an asset needs in use, once it has a state that says so.
NEEDY = {
    "name": "x_job", "label": "Job", "plural": "Jobs",
    "fields": [
        {"name": "name", "kind": "text", "required": True},
        {
            "name": "state", "kind": "choice", "label": "State",
            "options": [
                {"value": "open", "label": "Open", "hue": 210},
                {"value": "planned", "label": "Planned", "hue": 140, "needs": ["price", "day"]},
            ],
        },
        {"name": "price", "kind": "money", "label": "Price"},
        {"name": "day", "kind": "date", "label": "Day"},
    ],
}  # fmt: skip


def prepare(instance: Instance) -> None:
    """Make assets, a plugin that guards one, and jobs whose states need values."""
    stock.assets(instance)
    instance.apply({"op": "create_type", **NEEDY})
    plugged.put(instance, "guard", GUARD)
    plugged.enable(instance, "guard")


@pytest.fixture
def card(site: Site, page: Page) -> Locator:
    """Return a new card in the first column of the board, which is open."""
    count = len(site.instance.sql("SELECT id FROM x_asset"))
    name = f"Card {count}"
    site.instance.create("x_asset", {"name": name, "state": "new", "price": count})
    page.goto(BOARD)
    return page.get_by_role("listitem", name=name, exact=True)


def column(page: Page, name: str) -> Locator:
    """Return a column."""
    return page.get_by_role("region", name=name, exact=True)


def in_column(card: Locator, state: str) -> None:
    """Wait until a card is in the column of a state."""
    expect(card.locator("xpath=ancestor::section")).to_have_attribute("data-stage", state)


def saved(card: Locator, site: Site, state: str) -> None:
    """Wait until the move of a card is saved."""
    expect(card.page.locator(".toast").last).to_contain_text("State is")
    [row] = site.instance.sql(
        "SELECT state FROM x_asset WHERE id = :id", id=int(card.get_attribute("data-id") or 0)
    )
    assert row.state == state


def drag(card: Locator, to: Locator) -> None:
    """Drag a card with the mouse to a column, as slowly as a hand."""
    page, target = card.page, to.bounding_box()
    assert target is not None
    card.hover()
    page.mouse.down()
    page.mouse.move(target["x"] + 40, target["y"] + 90, steps=12)
    page.mouse.move(target["x"] + 44, target["y"] + 94, steps=3)
    page.mouse.up()


def test_a_card_is_dragged_to_another_column(card: Locator, site: Site):
    drag(card, column(card.page, "In use"))
    in_column(card, "used")
    saved(card, site, "used")
    clean(card.page)


def test_a_card_is_lifted_moved_and_dropped_by_keyboard(card: Locator, site: Site):
    card.focus()
    card.press("Space")
    expect(card.page.locator("#live")).to_contain_text("lifted")
    card.press("ArrowRight")
    in_column(card, "used")
    expect(card).to_be_focused()
    card.press("ArrowRight")
    card.press("Space")
    in_column(card, "gone")
    saved(card, site, "gone")
    expect(card).to_be_focused()


def test_escape_takes_a_lifted_card_back(card: Locator, site: Site):
    card.focus()
    card.press("Space")
    card.press("ArrowRight")
    card.press("Escape")
    in_column(card, "new")
    expect(card).to_be_focused()


def test_the_menu_of_a_card_moves_it(card: Locator, site: Site):
    card.get_by_role("button", name="Move").click()
    clean(card.page)
    card.page.get_by_role("menuitem", name="Gone").press("Enter")
    in_column(card, "gone")
    saved(card, site, "gone")
    expect(card).to_be_focused()


def test_undo_puts_a_moved_card_back(card: Locator, site: Site):
    card.get_by_role("button", name="Move").click()
    card.page.get_by_role("menuitem", name="In use").click()
    card.page.get_by_role("button", name="Undo").click()
    in_column(card, "new")


def test_a_move_that_is_refused_puts_the_card_back_and_says_why(
    page: Page, site: Site, watch: Watch
):
    watch.expect("422 POST /records/x_asset/board/move")
    [id_] = site.instance.create("x_asset", {"name": "Treasure", "state": "new"})
    page.goto(BOARD)
    card = page.get_by_role("listitem", name="Treasure")
    drag(card, column(page, "Gone"))
    told = page.locator("#toasts-alert")
    expect(told).to_contain_text("A treasure is never gone (says plugin 'guard').")
    expect(told).to_contain_text("It was put back.")
    in_column(card, "new")
    assert site.instance.get("x_asset", id_)["state"] == "new"
    clean(page)


def test_columns_count_their_cards(card: Locator):
    count = column(card.page, "New").locator(".count")
    before = int(count.inner_text())
    card.get_by_role("button", name="Move").click()
    card.page.get_by_role("menuitem", name="Gone").click()
    expect(count).to_have_text(str(before - 1))


def test_list_and_board_are_one_step_apart(card: Locator):
    card.page.get_by_role("link", name="List", exact=True).click()
    expect(card.page.locator("#lv table")).to_be_visible()
    card.page.get_by_role("link", name="Board", exact=True).click()
    expect(card.page).to_have_url(re.compile("/board"))


@pytest.mark.parametrize("size", [PHONE, (320, 640)])
def test_a_phone_shows_the_board_without_scrolling_the_page_sideways(
    window: Windows, size: tuple[int, int]
):
    page = window(size=size)
    page.goto(BOARD)
    fits(page)
    clean(page)


@pytest.mark.parametrize("size", [(1440, 900), PHONE])
def test_a_move_that_lacks_values_is_fixed_in_place_and_undone_as_one(
    site: Site, window: Windows, watch: Watch, size: tuple[int, int]
):
    watch.expect("422 POST /records/x_job/board/move", r"422 POST /records/x_job/\d+/move")
    page, name = window(size=size), f"Job {size[0]}"
    [id_] = site.instance.create("x_job", {"name": name, "state": "open"})
    page.goto("/records/x_job/board")
    card = page.get_by_role("listitem", name=name, exact=True)
    card.get_by_role("button", name="Move").click()
    page.get_by_role("menuitem", name="Planned").click()
    dialog = page.locator("dialog.short-d")
    expect(dialog).to_be_visible()
    fits(page)
    clean(page)
    dialog.get_by_label("Price").fill("12")
    dialog.get_by_role("button", name="Save as Planned").click()
    expect(dialog.locator(".error")).to_contain_text("needs a value for")
    dialog.get_by_label("Day").fill("2026-05-01")
    dialog.get_by_role("button", name="Save as Planned").click()
    expect(dialog).to_have_count(0)
    in_column(card, "planned")
    expect(page.locator(".col[data-stage=planned] .sum")).to_contain_text("12")
    found = site.instance.get("x_job", id_)
    assert (found["state"], found["price"], str(found["day"])) == ("planned", "12.00", "2026-05-01")
    page.get_by_role("button", name="Undo").click()
    in_column(card, "open")
    found = site.instance.get("x_job", id_)
    assert (found["state"], found["price"], found["day"]) == ("open", None, None)


def test_a_fix_that_is_cancelled_puts_the_card_back(site: Site, page: Page, watch: Watch):
    watch.expect("422 POST /records/x_job/board/move")
    site.instance.create("x_job", {"name": "Stays", "state": "open"})
    page.goto("/records/x_job/board")
    card = page.get_by_role("listitem", name="Stays", exact=True)
    card.get_by_role("button", name="Move").click()
    page.get_by_role("menuitem", name="Planned").click()
    page.get_by_role("dialog", name="Stays").get_by_role("link", name="Cancel").click()
    in_column(card, "open")
    clean(page)


def test_a_long_column_goes_on_as_one_scrolls_and_keeps_its_count(site: Site, page: Page):
    rows = [{"name": f"Long {n:02}", "state": "open"} for n in range(45)]
    site.instance.create("x_job", *rows)
    page.goto("/records/x_job/board?_sort=name&name__starts=Long")
    open_ = column(page, "Open")
    tiles = open_.locator(".tile")
    expect(tiles.first).to_be_visible()
    assert tiles.count() == 20
    for seen in (40, 45):
        open_.locator(".col-b").evaluate("lane => { lane.scrollTop = lane.scrollHeight }")
        expect(tiles).to_have_count(seen)
    expect(open_.locator(".tiles-more")).to_have_count(0)
    expect(open_.locator(".count")).to_have_text("45")
    last = page.get_by_role("listitem", name="Long 44", exact=True)
    last.focus()
    last.press("ArrowUp")
    expect(page.get_by_role("listitem", name="Long 43", exact=True)).to_be_focused()
    clean(page)
