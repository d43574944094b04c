"""The home page at the desk: what is at hand, for whoever looks, by few statements."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from relatum.core import preferences
from relatum.plugins.desk.pages import home

from .desk import at_desk
from .instances import prepared
from .test_desk_list_budget import statements

#: The preset of the instance.
PRESET = "bare"
#: The statements of a home page: dashboards, their choice, pins, what was written, what it is
#: called (two, and one per type); for each type with a pinned view its own views and pins; a count
#: for each pinned view.
STATEMENTS, PER_TYPE, PER_VIEW = 7, 3, 1


@prepared
def works(instance):
    """An instance with pumps, and some views of them."""
    instance.make_type("x_pump", {"name": "name", "kind": "text"}, label="Pump", plural="Pumps")
    instance.create("x_pump", *({"name": f"Pump {n}"} for n in range(12)))
    for name in ("one", "two"):
        words = {"filter": {"field": "name", "op": "contains", "value": name[:1]}}
        view = {"op": "set_view", "type": "x_pump", "view": name, "label": name.title()}
        instance.apply({**view, "query": words})


@pytest.fixture
def desk(works):
    """Return a browser at the desk of that instance."""
    with at_desk(works) as browser:
        browser.get("/records/x_pump")  # what is read once is read
        yield browser


def pins(desk, *names):
    desk.instance.write(preferences.put, "desk.pins", {"x_pump": list(names)})


def cards(page):
    """Return the records of each card of a page, by its heading."""
    found = {}
    for card in re.findall(r'<section class="card home-c".*?</section>', page.text, re.DOTALL):
        heading = re.search(r"</svg>([^<]*)</h2>", card)
        if heading:
            found[heading[1]] = re.findall(r'<span class="trunc">([^<]*)</span>', card)
    return found


def test_the_start_page_is_home_and_names_who_looks(desk):
    page = desk.get("/")
    assert page.status_code == 200
    assert re.search(r"<h2>Good (morning|afternoon|evening), Alice</h2>", page.text)
    [today] = re.findall(r'<div class="home-h">.*<p class="dim">([^<]*)</p>', page.text)
    assert re.fullmatch(r"[A-Z][a-z]+day, [A-Z][a-z]+ [0-9]+, 20[0-9]{2}", today)


@pytest.mark.parametrize(
    ("hour", "said"), [(3, "evening"), (4, "morning"), (12, "afternoon"), (18, "evening")]
)
def test_the_greeting_goes_by_the_hour_of_the_reader(desk, hour, said, monkeypatch):
    moment = datetime.now(UTC).replace(hour=hour, minute=0)
    monkeypatch.setattr("relatum.plugins.desk.words.now", lambda: moment)
    monkeypatch.setattr("relatum.plugins.desk.words.zone", lambda: ZoneInfo("UTC"))
    page = desk.get("/").text
    assert f"Good {said}, Alice" in page


def test_what_was_written_last_stands_first(desk):
    found = cards(desk.get("/"))["Recently changed by you"]
    assert found == [f"Pump {n}" for n in range(11, 5, -1)]


def test_what_was_looked_at_stands_on_it_once_and_the_last_one_first(desk):
    ids = [row.id for row in desk.instance.sql("SELECT id FROM x_pump ORDER BY id")]
    for id_ in (ids[0], ids[1], ids[0]):
        desk.get(f"/records/x_pump/{id_}")
    assert cards(desk.get("/"))["Recently viewed"] == ["Pump 0", "Pump 1"]


def test_looking_at_a_record_writes_nothing(desk):
    [row, *_] = desk.instance.sql("SELECT id FROM x_pump ORDER BY id")
    with statements() as found:
        desk.get(f"/records/x_pump/{row.id}")
    assert [text for text in found if not text.startswith("SELECT")] == []


def test_what_another_user_of_the_browser_looked_at_is_not_said(desk):
    [row, *_] = desk.instance.sql("SELECT id FROM x_pump ORDER BY id")
    desk.get(f"/records/x_pump/{row.id}")
    held = desk.get_cookie("desk_seen").value
    for value in (f"9{held}", held.replace(":", ":x"), "", "1:2:3", held + "." * 5):
        desk.set_cookie("desk_seen", value)
        assert "Recently viewed" not in desk.get("/").text, value


def test_a_record_in_the_trash_is_not_at_hand(desk):
    ids = [row.id for row in desk.instance.sql("SELECT id FROM x_pump ORDER BY id")]
    desk.get(f"/records/x_pump/{ids[-1]}")
    desk.post(f"/records/x_pump/{ids[-1]}/delete")
    found = cards(desk.get("/"))
    assert "Pump 11" not in found.get("Recently viewed", [])
    assert "Pump 11" not in found["Recently changed by you"]


def test_pinned_views_are_counted(desk):
    pins(desk, "two", "one")
    page = desk.get("/")
    assert cards(page)["Pinned views"] == ["Two", "One"]
    assert re.findall(r'<b class="num">([^<]*)</b>', page.text) == ["0", "0"]
    assert 'href="/records/x_pump?_view=two"' in page.text


def test_a_pinned_view_that_is_gone_leaves_the_rest(desk):
    pins(desk, "gone", "one")
    assert cards(desk.get("/"))["Pinned views"] == ["One"]


def test_a_home_page_costs_few_statements(desk):
    pins(desk, "one", "two")
    [row, *_] = desk.instance.sql("SELECT id FROM x_pump ORDER BY id")
    desk.get(f"/records/x_pump/{row.id}")
    with statements() as found:
        assert desk.get("/").status_code == 200
    assert len(found) <= STATEMENTS + PER_TYPE + 2 * PER_VIEW, "\n".join(found)


def test_no_more_views_are_counted_than_the_card_has(desk):
    for number in range(9):
        view = {"op": "set_view", "type": "x_pump", "view": f"v{number}"}
        desk.instance.apply({**view, "query": {"sort": ["id"]}})
    pins(desk, *(f"v{number}" for number in range(9)))
    assert len(cards(desk.get("/"))["Pinned views"]) == home.PINNED


def test_without_anything_that_plugins_bring_the_types_stand_there(desk):
    assert cards(desk.get("/"))["Your records"][0] == "Pumps"
