"""The history on a record's page, undo from it, what stays, and the way back from the trash."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from relatum.core import jobs, records
from relatum.core.actor import Actor

from .desk import FRAGMENT
from .desk_record import firms
from .instances import prepared

#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    firms(instance)


@pytest.fixture
def acme(desk):
    """Return the id of a firm."""
    return desk.instance.create("x_firm", {"name": "Acme", "price": "5", "state": "new"})[0]


def entries(page: Any) -> list[str]:
    """Return the text of each change that a page shows."""
    found = re.findall(r"<li><span class=\"ico\">.*?</li>", page.text, re.DOTALL)
    texts = [re.sub(r"<[^>]*>", " ", each) for each in found]
    return [" ".join(html.unescape(text).split()) for text in texts]


def update(desk, acme, **row):
    desk.instance.write(records.update, "x_firm", [{"id": acme, **row}])


# -- what it shows ----------------------------------------------------------------------------
def test_it_shows_what_was_made_with_its_values_and_what_was_changed_from_and_to(desk, acme):
    update(desk, acme, price="7.50", state=None)
    last, first = entries(desk.get(f"/records/x_firm/{acme}"))
    assert "Alice changed it" in last
    assert "Price €5.00 €7.50" in last
    assert "State new – empty" in last
    assert ("Alice made it" in first, "Name Acme" in first, "€5.00" in first) == (True, True, True)


def test_links_are_shown_by_what_they_lead_to_also_what_is_in_the_trash_or_gone(desk, acme):
    one, two = desk.instance.create("x_firm", {"name": "One"}, {"name": "Two"})
    for parent in (one, two, None):
        update(desk, acme, parent=parent)
    desk.instance.write(records.delete, "x_firm", [{"id": one}])
    desk.instance.write(records.delete, "x_firm", [{"id": two}])
    desk.instance.write(records.purge, "x_firm", [{"id": two}])
    third, second, first, _ = entries(desk.get(f"/records/x_firm/{acme}"))
    assert f"deleted record {two} – empty" in third
    assert "One in the trash" in second and f"deleted record {two}" in second
    assert "One in the trash" in first


def test_it_says_where_a_change_came_from_if_not_from_here(desk, acme):
    bot = Actor(user_id=desk.instance.alice.user_id, name="Alice", admin=True, source="import")
    desk.instance.write(records.update, "x_firm", [{"id": acme, "price": "9"}], actor=bot)
    desk.patch(f"/records/x_firm/{acme}/cell/price", data={"price": "10"})
    here, imported, by_api = entries(desk.get(f"/records/x_firm/{acme}"))
    assert "it Import " in imported and "it API " in by_api
    assert re.match(r"Alice changed it \d+ second", here)


def test_fields_that_were_deleted_are_named_without_their_values(desk, acme):
    desk.instance.apply({"op": "trash_field", "type": "x_firm", "field": "price"})
    [first] = entries(desk.get(f"/records/x_firm/{acme}"))
    assert ("Deleted fields Price" in first, "€5.00" in first) == (True, False)


def test_a_value_of_a_type_that_the_field_once_had_is_shown_as_it_was(desk):
    size = {"type": "x_old", "field": "size"}
    text = {"name": "size", "kind": "text"}
    desk.instance.make_type("x_old", {"name": "name", "kind": "text"}, text, label="Old")
    [id_] = desk.instance.create("x_old", {"name": "One", "size": "twelve"})
    desk.instance.apply({"op": "trash_field", **size})
    desk.instance.apply({"op": "purge_field", **size})
    desk.instance.apply({"op": "add_field", "type": "x_old", "name": "size", "kind": "integer"})
    page = desk.get(f"/records/x_old/{id_}")
    assert (page.status_code, "Size twelve" in entries(page)[0]) == (200, True)


def test_older_changes_are_pages_further_on_with_a_script_and_without(desk, acme):
    for number in range(20):
        update(desk, acme, price=str(number + 10))
    page = desk.get(f"/records/x_firm/{acme}")
    assert len(entries(page)) == 15
    [older] = [html.unescape(a) for a in re.findall(r'hx-get="([^"]*before[^"]*)"', page.text)]
    part = desk.get(older, headers=FRAGMENT)
    assert (len(entries(part)), "<html" in part.text) == (6, False)
    assert "Older changes" not in part.text
    plain = desk.get(older)
    assert plain.location.startswith(f"/records/x_firm/{acme}?before=")
    assert len(entries(desk.get(plain.location.partition("#")[0]))) == 6


def test_the_changes_of_one_field_are_found(desk, acme):
    update(desk, acme, price="9")
    update(desk, acme, state="old")
    part = desk.get(f"/records/x_firm/{acme}/history?changed=state", headers=FRAGMENT)
    assert [("State" in text, "Price" in text) for text in entries(part)] == [
        (True, False), (True, True),
    ]  # fmt: skip
    assert 'value="state" selected' in part.text


def test_a_change_that_wrote_more_leads_to_all_that_it_wrote(desk):
    one, two = desk.instance.create("x_firm", {"name": "One"}, {"name": "Two"})
    page = desk.get(f"/records/x_firm/{one}")
    [to] = re.findall(r'href="(/changes/\d+)"', page.text)
    assert "and another record" in page.text
    shown = desk.get(to)
    assert [text.split()[1] for text in entries(shown)] == ["One", "Two"]
    assert "Alice" in shown.text
    assert f"/records/x_firm/{two}" in shown.text


# -- undo ---------------------------------------------------------------------------------------
def test_one_change_is_taken_back_from_the_history_and_says_so(desk, acme):
    update(desk, acme, price="9")
    update(desk, acme, state="old")
    page = desk.get(f"/records/x_firm/{acme}")
    undo = re.findall(r'action="(/changes/\d+/undo)"', page.text)[1]
    here = {"Referer": f"http://localhost/records/x_firm/{acme}"}
    assert desk.post(undo, headers=here).location == f"/records/x_firm/{acme}"
    found = desk.instance.get("x_firm", acme)
    assert (found["price"], found["state"]) == ("5.00", "old")
    taken = entries(desk.get(f"/records/x_firm/{acme}"))
    assert "took a change back" in taken[0]
    assert "taken back" in taken[2]


def test_after_undoing_the_rest_what_stayed_is_listed_with_why(desk, acme):
    update(desk, acme, price="9", state="old")
    page = desk.get(f"/records/x_firm/{acme}")
    undo = re.findall(r'action="(/changes/\d+/undo)"', page.text)[0]
    update(desk, acme, price="11")
    asked = desk.post(undo)
    assert (asked.status_code, "Undo the rest" in asked.text) == (409, True)
    done = desk.post(undo, data={"partial": "1"})
    assert (done.status_code, "Undone, but not all of it" in done.text) == (200, True)
    assert "price" in done.text and "was changed since" in html.unescape(done.text)
    assert desk.instance.get("x_firm", acme)["state"] == "new"
    [again] = re.findall(r'action="(/changes/\d+/undo)"', done.text)
    desk.post(again)
    assert desk.instance.get("x_firm", acme)["state"] == "old"


def test_what_nothing_can_be_taken_back_of_offers_no_rest(desk, acme):
    update(desk, acme, price="9")
    undo = re.findall(r'action="(/changes/\d+/undo)"', desk.get(f"/records/x_firm/{acme}").text)[0]
    update(desk, acme, price="11")
    asked = desk.post(undo)
    assert (asked.status_code, "Undo the rest" in asked.text) == (409, False)
    again = desk.post(undo, data={"partial": "1"})
    assert (again.status_code, "was changed since" in html.unescape(again.text)) == (409, True)


def test_a_script_is_told_in_a_sentence_and_may_ask_for_the_page(desk, acme):
    update(desk, acme, price="9")
    undo = re.findall(r'action="(/changes/\d+/undo)"', desk.get(f"/records/x_firm/{acme}").text)[0]
    update(desk, acme, price="11")
    told = desk.post(undo, headers={"Accept": "application/json"})
    assert (told.status_code, told.mimetype) == (409, "text/plain")
    assert "was changed since" in told.text


def test_what_only_the_attempt_to_write_finds_is_shown_as_well(desk, acme):
    """That a tree would become a circle is seen when all is written."""
    [top] = desk.instance.create("x_firm", {"name": "Top"})
    update(desk, acme, parent=top)
    update(desk, acme, parent=None)
    undo = re.findall(r'action="(/changes/\d+/undo)"', desk.get(f"/records/x_firm/{acme}").text)[0]
    desk.instance.write(records.update, "x_firm", [{"id": top, "parent": acme}])
    for sent in ({}, {"partial": "1"}):
        page = desk.post(undo, data=sent)
        assert (page.status_code, "own ancestor" in page.text, ">Acme</a>" in page.text) == (
            409, True, True,
        )  # fmt: skip


# -- the trash ------------------------------------------------------------------------------------
def test_deleting_says_what_goes_along_and_what_is_emptied_in_the_words_of_the_types(desk, acme):
    [ada] = desk.instance.create("x_person", {"name": "Ada", "firm": acme})
    desk.instance.create("x_tie", {"firm": acme, "person": ada})
    page = desk.get(f"/records/x_firm/{acme}/delete").text
    assert "1 Tie" in page and "People › Firm: 1" in html.unescape(page)


def test_what_is_in_the_way_of_deleting_is_a_link_away(desk, acme):
    desk.instance.create("x_seat", {"name": "Berlin", "firm": acme})
    page = desk.get(f"/records/x_firm/{acme}/delete").text
    assert f'href="/records/x_seat?firm={acme}"' in page
    assert "btn-danger" not in page


def test_restoring_into_a_conflict_names_the_other_record_with_a_link(desk):
    [old] = desk.instance.create("x_firm", {"name": "Old", "code": "A1"})
    desk.instance.write(records.delete, "x_firm", [{"id": old}])
    [new] = desk.instance.create("x_firm", {"name": "New", "code": "A1"})
    page = desk.post(f"/records/x_firm/{old}/restore")
    assert (page.status_code, "Old can&#39;t be restored" in page.text) == (409, True)
    assert f'href="/records/x_firm/{new}">Open New' in page.text
    desk.instance.write(records.update, "x_firm", [{"id": new, "code": "A2"}])
    assert desk.post(f"/records/x_firm/{old}/restore").location == f"/records/x_firm/{old}"


# -- what somebody has done -------------------------------------------------------------------
def test_ones_own_changes_are_listed_each_to_be_taken_back(desk, acme):
    update(desk, acme, price="7.50")
    last, first, *_ = entries(desk.get("/changes"))
    assert "1 Firm changed" in last and "1 Firm made" in first
    undo = re.findall(r'action="(/changes/\d+/undo)"', desk.get("/changes").text)[0]
    desk.post(undo)
    again = entries(desk.get("/changes"))
    assert "takes back" in again[0] and "taken back" in again[1]


def test_what_is_too_large_to_wait_for_is_taken_back_by_a_job(desk, acme):
    firms = [{"name": f"F{n}", "state": "new"} for n in range(1001)]
    desk.instance.create("x_firm", *firms)
    undo = re.findall(r'action="(/changes/\d+/undo)"', desk.get("/changes").text)[0]
    desk.post(undo)
    [job] = desk.instance.read(jobs.list_jobs, kind="undo")
    assert f"Job {job['id']} takes it back" in desk.get("/records/x_firm").text
