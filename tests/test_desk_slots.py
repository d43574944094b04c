"""Slots of the desk: what other plugins add to its pages, what they may see, and what fails."""

from __future__ import annotations

import logging
import re
import shutil

import pytest

from relatum.core import help as manual
from relatum.core import plugin_host, records
from relatum.core.errors import RelatumError
from relatum.plugins.desk import filling, slots
from relatum.plugins.desk.pages.records import related

from .desk import Browser, at_desk
from .instances import prepared
from .plugged import SOURCES, disable, enable, put, small

GIFTS = (SOURCES / "gifts.py").read_text(encoding="utf-8")
STAGES = {
    "name": "stage", "kind": "choice", "options": [{"value": "new"}, {"value": "old"}],
}  # fmt: skip
SLOT = """
from markupsafe import Markup
from relatum.plugins.desk import Files, Link, Slot
@hookimpl
def desk_slots():
    return [{slot}]
"""


#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    """An instance with companies and gifts."""
    instance.make_type(
        "x_company", {"name": "name", "kind": "text"}, STAGES, {"name": "day", "kind": "date"},
        label="Company", plural="Companies",
    )  # fmt: skip
    instance.create("x_company", {"name": "Acme", "stage": "new"})


def bring(instance, text=GIFTS):
    """Put gifts into the home, as a folder with static files, and enable them."""
    folder = instance.config.home / "plugins" / "gifts"
    shutil.copytree(SOURCES / "static", folder / "static")
    (folder / "__init__.py").write_text(text, encoding="utf-8")
    enable(instance, "gifts")


@pytest.fixture
def desk(equipped):
    """Return a browser at the desk of that instance."""
    bring(equipped)
    with at_desk(equipped) as browser:
        yield browser


@pytest.fixture
def record(desk):
    """Return the address of the page of the company."""
    return f"/records/x_company/{company(desk.instance)}"


def company(instance):
    """Return the id of the company."""
    [[id_]] = instance.sql("SELECT id FROM x_company")
    return id_


def drawn(page):
    """Return what slots have drawn on a page, in order."""
    return re.findall(r"<span class='gifts'>([^<]*)</span>", page.text)


# -- the places ------------------------------------------------------------------------------
def test_every_place_is_on_its_page(desk, record):
    assert drawn(desk.get("/records/x_company")) == [
        "gifts nav.top", "gifts nav.after", "gifts list.actions",
        f"gift {company(desk.instance)}", "gifts nav.bar",
    ]  # fmt: skip
    assert f"gift {company(desk.instance)}" in drawn(desk.get("/records/x_company/board"))
    assert "gifts calendar.actions" in drawn(desk.get("/records/x_company/calendar"))
    home = drawn(desk.get("/"))
    assert [each for each in home if "home" in each] == ["gifts home.main", "gifts home.side"]
    assert "gifts settings.section" in drawn(desk.get("/account"))
    assert "after name" in drawn(desk.get("/records/x_company/new"))
    assert "after name" in drawn(desk.get(f"{record}/edit"))
    assert drawn(Browser(desk.application).get("/sign-in")) == ["gifts login.after"]
    assert drawn(desk.get(record)) == [
        "gifts nav.top", "gifts nav.after", "gifts record.actions", "Acme by gifts for Alice",
        "gifts record.timeline", "gifts record.main", "Acme by gifts for Alice", "slow gifts",
        "secret", "gifts nav.bar",
    ]  # fmt: skip


def test_every_place_is_filled_by_the_example(desk):
    assert {place for place in slots.PLACES if f'"{place}"' not in GIFTS} == set()


def test_links_are_entries_of_the_sidebar_the_palette_and_the_menu_of_a_record(desk, record):
    page = desk.get(record).text
    side = page[page.index('id="side"') : page.index("<main")]
    assert "Link menu.workspace" in side
    palette = page[page.index('id="pal-list"') :]
    assert ("Link menu.workspace" in palette, "Link palette.commands" in palette) == (True, True)
    assert '<form method="post" action="/x/gifts/wrap">' in page


def test_links_for_the_selection_take_it_along_and_the_trash_has_none(desk):
    def bar(address):
        return desk.get(address).text.partition('<form class="bulk"')[2].partition("</form>")[0]

    assert re.search(
        r'<button[^>]* formaction="/[^"]+">.*Link list.selected', bar("/records/x_company")
    )
    desk.instance.write(records.delete, "x_company", [{"id": company(desk.instance)}])
    trash = bar("/records/x_company?_trashed=1")
    assert ("Restore" in trash, "Link list.selected" in trash) == (True, False)


def test_a_column_has_a_heading_and_a_highlight_a_label(desk, record):
    assert "<span>Gifts</span></th>" in desk.get("/records/x_company").text
    assert "<div><dt>Presents</dt><dd>" in desk.get(record).text


def test_a_tab_is_drawn_when_it_is_open(desk, record):
    assert f'href="{record}?_tab=gifts-all-gifts"' in desk.get(record).text
    page = desk.get(f"{record}?_tab=gifts-all-gifts")
    assert '<section class="rec-tab" aria-label="All gifts">' in page.text
    assert 'id="hist"' not in page.text
    assert 'id="hist"' in desk.get(f"{record}?_tab=none").text


def test_a_slot_of_some_types_is_on_their_pages_alone(desk):
    page = desk.get(f"/records/user/{desk.instance.alice.user_id}")
    assert "gifts record.actions" not in drawn(page)
    assert "gifts record.main" in drawn(page)


def test_a_page_of_a_plugin_stands_in_the_frame_of_the_desk(desk):
    page = desk.get("/x/gifts/page").text
    assert ("<h1>Gifts of gifts</h1>" in page, 'id="side"' in page) == (True, True)
    assert 'hx-get="/x/gifts/panel" hx-target="this" hx-swap="outerHTML"' in page
    assert '<noscript><a class="link" href="/x/gifts/panel">' in page


def test_a_disabled_plugin_leaves_nothing_behind(desk, record):
    disable(desk.instance, "gifts")
    page = desk.get(record)
    assert (page.status_code, drawn(page), "gifts.css" in page.text) == (200, [], False)


# -- who sees what ------------------------------------------------------------------------------
def allow(monkeypatch, *actions):
    """Let nobody be offered anything else: there are no roles yet that would."""

    def may(actor, action):
        return actor is not None and action in actions

    monkeypatch.setattr(filling, "may", may)


def test_who_lacks_the_permission_of_a_slot_does_not_see_it(desk, monkeypatch, record):
    allow(monkeypatch, "desk.use", "read")
    page = desk.get(record)
    assert ("secret" in drawn(page), "gifts record.main" in drawn(page)) == (False, True)


def test_a_slot_with_a_permission_is_drawn_for_nobody_who_is_not_signed_in(equipped):
    slot = 'Slot(place="login.after", draw=lambda: Markup("for few"), permission="gifts.see")'
    more = """
from relatum import Permission
@hookimpl
def relatum_permissions():
    return [Permission("gifts.see", "See")]
"""
    put(equipped, "gifts", small("gifts", SLOT.format(slot=slot) + more, requires={"desk": ""}))
    enable(equipped, "gifts")
    with at_desk(equipped) as browser:
        assert "for few" not in Browser(browser.application).get("/sign-in").text


# -- what fails ---------------------------------------------------------------------------------
def test_a_slot_that_fails_names_itself_and_where_to_go_on_and_the_rest_is_drawn(desk, record):
    page = desk.get(record).text
    card = re.findall(r'<p class="part-failed".*?</p>', page)
    assert len(card) == 1
    assert "Gifts could not draw this part (record.main)." in card[0]
    assert "IndexError: no &lt;b&gt;gift&lt;/b&gt; is there" in card[0]
    assert 'href="/plugins/gifts"' in card[0]


def test_developers_see_whose_slot_is_where_and_the_traceback_of_one_that_fails(desk, record):
    assert "dev-slot" not in desk.get(record).text
    shown = desk.application.newest.app.extensions
    shown[plugin_host.DEVELOPMENT] = plugin_host.Development()
    page = desk.get(record).text
    assert '<div class="dev-slot" data-slot="record.actions · gifts">' in page
    [card] = re.findall(r'<p class="part-failed".*?</p>', page, re.DOTALL)
    assert "Traceback" in card and "gifts/__init__.py" in card
    cells = desk.get("/records/x_company").text
    assert '<span class="dev-slot" data-slot="list.column · gifts">' in cells


def test_why_a_slot_failed_is_for_those_who_look_after_plugins(desk, monkeypatch, record):
    allow(monkeypatch, "desk.use")
    [card] = re.findall(r'<p class="part-failed".*?</p>', desk.get(record).text)
    assert ("could not draw this part" in card, "IndexError" in card, "href" in card) == (
        True, False, False,
    )  # fmt: skip


def test_what_failed_and_what_was_slow_is_noted_once_each(desk, caplog, record):
    with caplog.at_level(logging.WARNING, "relatum.parts"):
        desk.get(record)
        desk.get(record)
    assert [r.getMessage() for r in caplog.records if "fail" in r.getMessage()] == [
        "plugin gifts failed in record.main"
    ] * 2  # fmt: skip
    assert any("plugin gifts is slow in record.side" in r.getMessage() for r in caplog.records)
    with desk.application.newest.app.app_context():
        noted = {n.part: n for n in plugin_host.notes() if n.plugin == "gifts"}
    assert noted["record.main"].count == 2
    assert noted["record.main"].reason == "IndexError: no <b>gift</b> is there"
    assert re.match(r"It took \d+ ms; 50 are allowed", noted["record.side"].reason)
    page = desk.get("/plugins/gifts").text
    notes = page[page.index('id="notes"') :]
    assert ("<code>record.main</code>" in notes, "IndexError" in notes, "2 times" in notes) == (
        True, True, True,
    )  # fmt: skip
    assert "Parts that failed or were slow: 2" in desk.get("/plugins").text


@pytest.mark.parametrize(
    ("place", "returned"),
    [
        ("record.main", "'<b>no markup</b>'"),
        ("record.menu", "['no link']"),
        ("list.column", "[1, 2]"),
        ("board.card", "{1: 'no markup'}"),
        ("record.menu", "[Link('x', 'https://evil.example')]"),
        ("record.menu", "[Link('x', '//evil.example')]"),
        ("record.menu", "[Link('x', '/\\\\evil.example')]"),
    ],
)
def test_what_a_place_does_not_take_is_not_drawn(equipped, place, returned):
    slot = f'Slot(place="{place}", label="x", draw=lambda: {returned})'
    put(equipped, "gifts", small("gifts", SLOT.format(slot=slot), requires={"desk": ""}))
    enable(equipped, "gifts")
    id_ = company(equipped)
    with at_desk(equipped) as browser:
        for address in ("", "/board", f"/{id_}"):
            page = browser.get(f"/records/x_company{address}")
            assert page.status_code == 200
            assert ("no markup" in page.text, "evil.example" in page.text) == (
                False, "could not draw" in page.text and "evil" in page.text,
            )  # fmt: skip


def test_a_slot_that_breaks_the_transaction_breaks_nothing_else(equipped):
    slot = 'Slot(place="record.actions", draw=broken)'
    more = """
def broken():
    from relatum.core import db
    import sqlalchemy as sa
    db.current().connection.execute(sa.text("SELECT nothing FROM nowhere"))
"""
    put(equipped, "gifts", small("gifts", SLOT.format(slot=slot) + more, requires={"desk": ""}))
    enable(equipped, "gifts")
    id_ = company(equipped)
    with at_desk(equipped) as browser:
        page = browser.get(f"/records/x_company/{id_}").text
    assert ("could not draw this part (record.actions)" in page, 'id="hist"' in page) == (
        True,
        True,
    )


def test_a_related_list_that_can_not_be_read_says_so_and_the_rest_is_there(
    desk, monkeypatch, record
):
    settings = {"target": "x_company", "inverse": "parts"}
    link = {"name": "company", "kind": "lookup", "settings": settings}
    desk.instance.make_type("x_part", {"name": "name", "kind": "text"}, link, plural="Parts")

    def fail(tie, id_):
        raise RelatumError("database_busy", seconds=5)

    monkeypatch.setattr(related, "read", fail)
    page = desk.get(record).text
    assert "Desk could not draw this part (Parts)." in page
    assert ("database" in page, 'id="hist"' in page) == (True, True)


# -- what is refused before it serves ----------------------------------------------------------
@pytest.mark.parametrize(
    ("slot", "reason"),
    [
        ('"no slot"', "desk_slots: it must return Slot"),
        ('Slot(place="record.top", draw=len)', "there is no place 'record.top'"),
        ('Slot(place="list.column", draw=lambda records: {})', "list.column needs a label"),
        ('Slot(place="nav.after", draw=lambda record: None)', "nav.after has no 'record'"),
        ('Slot(place="nav.after", draw=lambda: None, permission="gifts.x")', "not declared"),
    ],
)
def test_a_slot_that_can_not_be_is_refused_with_the_plugin(equipped, slot, reason):
    put(equipped, "gifts", small("gifts", SLOT.format(slot=slot), requires={"desk": ""}))
    with pytest.raises(RelatumError, match=re.escape(reason)) as refusal:
        enable(equipped, "gifts")
    assert refusal.value.code == "plugin_unfit"


def test_a_file_that_is_not_there_is_refused_with_the_plugin(equipped):
    with pytest.raises(RelatumError, match=re.escape("no file 'none.css'")):
        bring(equipped, GIFTS.replace('"gifts.css"', '"none.css"'))


def test_the_hook_of_a_plugin_that_is_not_required_is_refused(equipped):
    put(equipped, "gifts", small("gifts", SLOT.format(slot="")))
    with pytest.raises(RelatumError, match="desk_slots"):
        enable(equipped, "gifts")


# -- files -----------------------------------------------------------------------------------
def test_styles_come_in_the_layer_of_plugins_and_are_kept_for_good(desk, record):
    page = desk.get(record).text
    [address] = re.findall(r'<link rel="stylesheet" href="(/assets/plugins.css[^"]*)"', page)
    assert page.index("style-") < page.index(address)
    sheet = Browser(desk.application).get(address)
    [file] = re.findall(r'@import "(/x/gifts/[^"]*)" layer\(plugin\);', sheet.text)
    sent = Browser(desk.application).get(file, buffered=True)
    assert (sent.status_code, sent.mimetype) == (200, "text/css")
    assert "immutable" in sent.headers["Cache-Control"]
    assert "immutable" in sheet.headers["Cache-Control"]
    [script] = re.findall(r'<script type="module" src="(/x/gifts/static/[^"]*)"', page)
    assert desk.get(script, buffered=True).mimetype == "text/javascript"


def test_a_file_by_another_mark_than_its_own_is_not_kept_for_good(desk):
    for address in ("/x/gifts/static/gifts.css", "/x/gifts/static/gifts.css?v=other"):
        sent = desk.get(address, buffered=True)
        assert (sent.status_code, "immutable" in sent.headers["Cache-Control"]) == (200, False)
    assert desk.get("/x/gifts/static/../__init__.py").status_code == 404


# -- the help ----------------------------------------------------------------------------------
def test_the_plugin_in_the_help_does_what_the_help_says(instance):
    text = manual.text("desk")
    examples = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    [example] = [each for each in examples if 'id="stars"' in each]
    instance.make_type("x_asset", {"name": "name", "kind": "text"})
    [id_] = instance.create("x_asset", {"name": "Pump"})
    put(instance, "stars", example)
    enable(instance, "stars")
    with at_desk(instance) as browser:
        listed = browser.get("/records/x_asset").text
        page = browser.get(f"/records/x_asset/{id_}").text
    assert ("<span>Star</span></th>" in listed, "<td><b>★</b></td>" in listed) == (True, True)
    assert ("<p>Pump has a star.</p>" in page, '<a href="/help/desk"' in page) == (True, True)
    code = [line for line in example.splitlines() if line]
    assert len(code) <= 20


def test_the_help_names_every_place_with_what_it_gives():
    rows = re.findall(r"^\| (`.*?) \|(.*?)\| `(\w+)", manual.text("desk"), re.MULTILINE)
    told = {
        place: tuple(re.findall(r"`(\w+)`", given))
        for places, given, _ in rows
        for place in re.findall(r"`([\w.]+)`", places)
    }
    assert told == {name: place.given for name, place in slots.PLACES.items()}
