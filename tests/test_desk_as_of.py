"""The past at the desk: a record after each of its changes, a list at the end of a day."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from relatum.core import clock, records

from .desk import FRAGMENT
from .desk_record import firms
from .instances import prepared

#: The preset of the instance.
PRESET = "desk"
MORNING = datetime(2026, 1, 31, 9, tzinfo=UTC)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
THEN = "?_as_of=2026-01-31T09%3A00%3A00%2B00%3A00"


@prepared
def equipped(instance):
    firms(instance)


@pytest.fixture
def acme(desk):
    """Return the id of a firm that cost 500 in the morning and 750 from noon on."""
    with clock.frozen(MORNING):
        [id_] = desk.instance.create("x_firm", {"name": "Acme", "price": "500", "state": "new"})
    with clock.frozen(NOON):
        desk.instance.write(records.update, "x_firm", [{"id": id_, "price": "750"}])
    return id_


def main(page):
    return page.text[page.text.index("<main") :]


# -- records ----------------------------------------------------------------------------------
def test_each_change_leads_to_the_record_as_it_was_then(desk, acme):
    links = re.findall(r'href="([^"]*_as_of=[^"]*)"', desk.get(f"/records/x_firm/{acme}").text)
    assert links == [f"/records/x_firm/{acme}?_as_of=2026-01-31T12%3A00%3A00%2B00%3A00",
                     f"/records/x_firm/{acme}{THEN}"]  # fmt: skip
    first = desk.get(links[1])
    shown = main(first).split('id="history"')[0]
    assert ("€500" in shown, "€750" in shown) == (True, False)
    assert "As it stood on Jan 31, 2026" in first.text


def test_a_record_of_the_past_leads_back_and_offers_nothing_that_changes_it(desk, acme):
    page = main(desk.get(f"/records/x_firm/{acme}{THEN}"))
    assert re.search(rf'href="/records/x_firm/{acme}">Back to now<', page)
    for word in (f"/{acme}/edit", f"/{acme}/delete", "data-edit", "<ui-edit", "m-rec"):
        assert word not in page


def test_a_record_that_was_purged_is_shown_as_it_was(desk, acme):
    for verb in (records.delete, records.purge):
        desk.instance.write(verb, "x_firm", [{"id": acme}])
    assert desk.get(f"/records/x_firm/{acme}").status_code == 404
    page = desk.get(f"/records/x_firm/{acme}{THEN}")
    assert (page.status_code, "€500" in page.text) == (200, True)


def test_a_record_that_was_not_there_then_is_not_found_and_the_page_says_why(desk, acme):
    page = desk.get(f"/records/x_firm/{acme}?_as_of=2026-01-30")
    assert (page.status_code, "There was no" in page.text) == (404, True)


def test_the_look_beside_a_list_shows_the_record_of_then_and_leads_to_it(desk, acme):
    page = desk.get(f"/records/x_firm/{acme}{THEN}", headers=FRAGMENT)
    assert ("€500" in page.text, "As it stood on" in page.text) == (True, True)
    assert f'href="/records/x_firm/{acme}{THEN}"' in page.text


# -- lists ------------------------------------------------------------------------------------
def test_a_list_shows_the_values_of_then_under_a_banner_and_leads_to_its_records_of_then(
    desk, acme
):
    page = desk.get(f"/records/x_firm{THEN}&_fields=name,price")
    table = page.text[page.text.index("<table") : page.text.index("</table>")]
    assert ("€500" in table, "€750" in table) == (True, False)
    assert "As it stood on Jan 31, 2026" in page.text
    assert f'href="/records/x_firm/{acme}{THEN}"' in table


def test_nothing_is_selected_or_changed_in_a_list_of_the_past(desk, acme):
    page = main(desk.get(f"/records/x_firm{THEN}"))
    for word in ("data-row", "data-all", "data-card", 'id="bulk"', "/bulk?", "data-edit"):
        assert word not in page


def test_the_way_back_to_now_keeps_filters_and_order(desk, acme):
    page = desk.get(f"/records/x_firm{THEN}&state=new&_sort=name")
    [back] = re.findall(r'href="([^"]*)">Back to now<', page.text)
    assert back.replace("&amp;", "&") == "/records/x_firm?state=new&_sort=name"


def test_pages_orders_and_filters_stay_in_the_past(desk, acme):
    with clock.frozen(MORNING):
        desk.instance.create("x_firm", *({"name": f"Firm {n:03}"} for n in range(60)))
    page = desk.get(f"/records/x_firm{THEN}")
    [after] = re.findall(r'href="([^"]*_after=[^"]*)"', page.text)
    assert "_as_of=" in after
    assert "As it stood on" in desk.get(after.replace("&amp;", "&")).text
    sorts = re.findall(r'href="(/records/x_firm\?[^"]*_sort=[^"]*)"', page.text)
    assert all("_as_of=" in to for to in sorts) and sorts


def test_the_form_asks_for_a_day_and_leads_to_the_list_of_its_end(desk, acme):
    form = desk.get("/records/x_firm/as-of?state=new", headers=FRAGMENT).text
    assert 'type="date"' in form and 'name="state" value="new"' in form
    done = desk.get("/records/x_firm/as-of?state=new&_as_of=2026-01-31&_do=apply")
    assert done.location == "/records/x_firm?state=new&_as_of=2026-01-31"
    part = desk.get("/records/x_firm/as-of?_as_of=2026-01-31&_do=apply", headers=FRAGMENT)
    assert (part.headers["HX-Retarget"], "As it stood on" in part.text) == ("#lv", True)


def test_columns_of_other_records_are_left_out_and_that_is_said(desk, acme):
    page = desk.get(f"/records/x_firm{THEN}&_fields=name,owner.name,price")
    table = page.text[page.text.index("<table") : page.text.index("</table>")]
    assert "Columns of other records are left out." in page.text
    assert ("€500" in table, "owner-name" in table) == (True, False)


def test_an_instant_that_is_none_or_still_to_come_is_said_above_the_list_of_now(desk, acme):
    for text in ("2999-01-01", "soon"):
        page = desk.get(f"/records/x_firm?_as_of={text}")
        assert (page.status_code, 'role="alert"' in page.text) == (422, True)
        assert "€750" in page.text


def test_a_day_before_anything_was_there_says_so(desk, acme):
    page = desk.get("/records/x_firm?_as_of=2026-01-30")
    assert "then" in page.text and "Nothing of this kind was here at that time." in page.text


def test_the_board_and_the_calendar_are_those_of_now(desk, acme):
    page = desk.get(f"/records/x_firm{THEN}&state=new")
    ways = re.findall(r'href="(/records/x_firm/(?:board|calendar)[^"]*)"', page.text)
    assert ways and all("_as_of" not in way for way in ways)
