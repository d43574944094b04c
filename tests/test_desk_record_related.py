"""The lists of a record's page: what points to it is added, linked, unlinked; trees; lazily."""

from __future__ import annotations

import re

import orjson
import pytest

from relatum.core import entities, records

from .desk import FRAGMENT
from .desk_record import counted, firms, links, lookup, section
from .instances import prepared

#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    firms(instance)


@pytest.fixture
def acme(desk):
    """Return the id of a firm."""
    return desk.instance.create("x_firm", {"name": "Acme"})[0]


def toast(answer):
    return orjson.loads(answer.headers["HX-Trigger"])["ui:toast"]


# -- one to many ----------------------------------------------------------------------------
def test_a_record_that_is_there_is_linked_by_what_it_is_called_and_unlinked_again(desk, acme):
    [ada] = desk.instance.create("x_person", {"name": "Ada"})
    base = f"/records/x_firm/{acme}/related/x_person/firm"
    linked = desk.post(f"{base}/link", data={"record~text": "ada"})
    assert linked.location == f"/records/x_firm/{acme}#rel-x_person-firm"
    page = desk.get(f"/records/x_firm/{acme}")
    assert ("Ada is linked" in page.text, "Ada" in section(page, "x_person-firm")) == (True, True)
    desk.post(f"{base}/unlink", data={"record": str(ada)})
    page = desk.get(f"/records/x_firm/{acme}")
    assert "Ada is unlinked" in page.text
    assert desk.instance.get("x_person", ada)["firm"] is None


def test_a_list_is_called_as_the_relationship_says(desk, acme):
    change = {"op": "change_field", "type": "x_person", "field": "firm"}
    settings = desk.instance.catalog.type("x_person").fields["firm"].settings
    desk.instance.apply({**change, "settings": {**settings, "inverse_label": "Staff"}})
    assert "Staff" in section(desk.get(f"/records/x_firm/{acme}"), "x_person-firm")
    known = desk.instance.catalog
    described = entities.describe(known.type("x_firm"), known)["lists"]
    assert {each["name"]: each["label"] for each in described}[settings["inverse"]] == "Staff"


def test_a_script_gets_the_list_anew_and_a_toast_with_undo(desk, acme):
    [ada] = desk.instance.create("x_person", {"name": "Ada"})
    base = f"/records/x_firm/{acme}/related/x_person/firm"
    sent = {"record": str(ada), "record~text": "Ada", "record~was": "Ada"}
    answer = desk.post(f"{base}/link", data=sent, headers=FRAGMENT)
    assert 'id="rel-x_person-firm"' in answer.text and "<html" not in answer.text
    assert toast(answer)["text"] == "Ada is linked"
    desk.post(toast(answer)["undo"])
    assert desk.instance.get("x_person", ada)["firm"] is None


def test_linking_says_from_where_a_record_was_taken(desk, acme):
    [other] = desk.instance.create("x_firm", {"name": "Other"})
    [ada] = desk.instance.create("x_person", {"name": "Ada", "firm": other})
    base = f"/records/x_firm/{acme}/related/x_person/firm"
    answer = desk.post(f"{base}/link", data={"record~text": "Ada"}, headers=FRAGMENT)
    assert toast(answer)["text"] == "Ada is linked, and no more to Other"
    assert desk.instance.get("x_person", ada)["firm"] == acme


def test_what_can_not_be_linked_is_said_where_one_asked(desk, acme):
    base = f"/records/x_firm/{acme}/related/x_person/firm"
    for text, said in (("Nobody", "Nobody"), ("", "Choose a record.")):
        answer = desk.post(f"{base}/link", data={"record~text": text}, headers=FRAGMENT)
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)
        page = desk.post(f"{base}/link", data={"record~text": text})
        assert (page.status_code, said in page.text, "<html" in page.text) == (422, True, True)
    assert "Link" in desk.get(f"{base}/link").text


def test_unlinking_what_somebody_has_moved_meanwhile_takes_nothing_away(desk, acme):
    [other] = desk.instance.create("x_firm", {"name": "Other"})
    [ada] = desk.instance.create("x_person", {"name": "Ada", "firm": other})
    base = f"/records/x_firm/{acme}/related/x_person/firm"
    desk.post(f"{base}/unlink", data={"record": str(ada)})
    assert desk.instance.get("x_person", ada)["firm"] == other


def test_a_link_that_must_not_be_empty_is_not_offered_to_be_taken_away(desk, acme):
    desk.instance.make_type("x_note", {"name": "name", "kind": "text"}, label="Note")
    must = lookup("firm", "x_firm", required=True, inverse="notes")
    desk.instance.apply({"op": "add_field", "type": "x_note", **must})
    [note] = desk.instance.create("x_note", {"name": "One", "firm": acme})
    shown = section(desk.get(f"/records/x_firm/{acme}"), "x_note-firm")
    assert ("One" in shown, "/unlink" in shown) == (True, False)
    base = f"/records/x_firm/{acme}/related/x_note/firm"
    assert desk.post(f"{base}/unlink", data={"record": str(note)}).status_code == 422


def test_a_list_shows_a_few_with_how_many_there_are_and_where_all_of_them_are(desk, acme):
    desk.instance.create("x_person", *({"name": f"P{n}", "firm": acme} for n in range(9)))
    page = desk.get(f"/records/x_firm/{acme}")
    shown = section(page, "x_person-firm")
    assert re.findall(r'class="count num">(\d+)', shown) == ["9"]
    assert shown.count('<th scope="row">') == 6
    assert f'href="/records/x_person?firm={acme}"' in shown
    within = desk.get(links(page, "P5")[0])
    assert "6 of 9" in within.text


def test_a_value_in_a_list_is_changed_in_place(desk, acme):
    [ada] = desk.instance.create("x_person", {"name": "Ada"})
    desk.instance.create("x_tie", {"firm": acme, "person": ada, "role": "Judge"})
    shown = section(desk.get(f"/records/x_firm/{acme}"), "x_tie-firm")
    [address] = re.findall(r'data-edit="([^"]*)"', shown)
    desk.patch(address, data={"role": "Lawyer"}, headers=FRAGMENT)
    assert "Lawyer" in desk.get(f"/records/x_firm/{acme}").text


# -- one to one -----------------------------------------------------------------------------
def test_where_only_one_can_be_linked_no_other_is_offered(desk, acme):
    assert "/link" in section(desk.get(f"/records/x_firm/{acme}"), "x_seat-firm")
    desk.instance.create("x_seat", {"name": "Berlin"})
    base = f"/records/x_firm/{acme}/related/x_seat/firm"
    desk.post(f"{base}/link", data={"record~text": "Berlin"})
    shown = section(desk.get(f"/records/x_firm/{acme}"), "x_seat-firm")
    assert ("Berlin" in shown, 'data-menu="rel' in shown, "/new?" in shown) == (True, False, False)
    desk.instance.create("x_seat", {"name": "Paris"})
    answer = desk.post(f"{base}/link", data={"record~text": "Paris"}, headers=FRAGMENT)
    assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)


# -- many to many ---------------------------------------------------------------------------
def test_a_tie_shows_the_other_side_with_its_own_fields_on_both(desk, acme):
    [ada] = desk.instance.create("x_person", {"name": "Ada"})
    desk.instance.create("x_tie", {"firm": acme, "person": ada, "role": "Judge"})
    shown = section(desk.get(f"/records/x_firm/{acme}"), "x_tie-firm")
    assert f'href="/records/x_person/{ada}">' in shown
    assert "Judge" in shown and ">Advisers" in shown
    shown = section(desk.get(f"/records/x_person/{ada}"), "x_tie-person")
    assert f'href="/records/x_firm/{acme}">' in shown
    assert "Judge" in shown and ">Advises" in shown


def test_a_record_is_tied_by_choosing_it_and_untied_by_trashing_the_tie(desk, acme):
    [ada] = desk.instance.create("x_person", {"name": "Ada"})
    base = f"/records/x_firm/{acme}/related/x_tie/firm"
    answer = desk.post(f"{base}/link", data={"record~text": "Ada"}, headers=FRAGMENT)
    assert toast(answer)["text"] == "Ada is linked"
    [tie] = [row.id for row in desk.instance.sql("SELECT id FROM x_tie")]
    again = desk.post(f"{base}/link", data={"record~text": "Ada"}, headers=FRAGMENT)
    assert again.status_code == 422
    answer = desk.post(f"{base}/unlink", data={"record": str(tie)}, headers=FRAGMENT)
    assert (toast(answer)["text"], "Ada" in answer.text) == ("Ada is unlinked", False)
    desk.post(toast(answer)["undo"])
    assert desk.instance.get("x_tie", tie)["person"] == ada


def test_a_tie_that_needs_more_is_made_in_its_form(desk, acme):
    must = {"name": "since", "kind": "date", "required": True}
    desk.instance.apply({"op": "add_field", "type": "x_tie", **must})
    [ada] = desk.instance.create("x_person", {"name": "Ada"})
    base = f"/records/x_firm/{acme}/related/x_tie/firm"
    answer = desk.post(f"{base}/link", data={"record~text": "Ada"})
    assert answer.location == f"/records/x_tie/new?firm={acme}&person={ada}"
    assert 'value="Ada"' in desk.get(answer.location).text


def test_a_list_of_nobody_is_unknown(desk, acme):
    for address in ("x_person/name", "x_nothing/firm", "x_tie/role"):
        assert desk.get(f"/records/x_firm/{acme}/related/{address}").status_code in (404, 422)


# -- trees ----------------------------------------------------------------------------------
def test_a_record_of_a_tree_shows_the_way_up_and_its_children(desk, acme):
    [sub] = desk.instance.create("x_firm", {"name": "Sub", "parent": acme})
    [leaf] = desk.instance.create("x_firm", {"name": "Leaf", "parent": sub})
    page = desk.get(f"/records/x_firm/{leaf}")
    path = page.text[page.text.index('class="path"') :].partition("</nav>")[0]
    assert re.findall(r'href="[^"]*">([^<]*)', path) == ["Acme", "Sub"]
    assert "Leaf" in section(desk.get(f"/records/x_firm/{sub}"), "x_firm-parent")
    assert 'class="path"' not in desk.get(f"/records/x_firm/{acme}").text


def test_children_are_shown_though_the_link_has_no_name_on_that_side(desk):
    desk.instance.make_type("x_area", {"name": "name", "kind": "text"}, label="Area")
    tree = lookup("above", "x_area", tree=True)
    desk.instance.apply({"op": "add_field", "type": "x_area", **tree})
    [top] = desk.instance.create("x_area", {"name": "Top"})
    desk.instance.create("x_area", {"name": "Below", "above": top})
    assert "Below" in section(desk.get(f"/records/x_area/{top}"), "x_area-above")


# -- what it costs --------------------------------------------------------------------------
def test_lists_beyond_the_first_ones_are_read_when_they_are_seen(desk, acme):
    for number in range(10):
        desk.instance.make_type(f"x_thing{number}", {"name": "name", "kind": "text"})
        link = lookup("firm", "x_firm", inverse=f"things{number}")
        desk.instance.apply({"op": "add_field", "type": f"x_thing{number}", **link})
        desk.instance.create(f"x_thing{number}", {"name": f"T{number}", "firm": acme})
    page = desk.get(f"/records/x_firm/{acme}")
    later = re.findall(r'hx-get="([^"]*)" hx-trigger="revealed"', page.text)
    assert len(later) == 14 - 8
    assert "<html" not in desk.get(later[-1], headers=FRAGMENT).text
    assert "T9" in desk.get(later[-1], headers=FRAGMENT).text
    assert desk.get(later[-1]).location == f"/records/x_thing9?firm={acme}"


def test_a_page_costs_a_query_for_each_list_and_for_each_kind_of_what_it_names(desk, acme):
    def cost():
        with counted() as seen:
            assert desk.get(f"/records/x_firm/{acme}").status_code == 200
        # How often the epochs are read depends on the database, and on who served last.
        return sum(text.startswith("SELECT") and "core_epoch" not in text for text in seen)

    cost()
    cost()
    lists, bare = 4, cost()
    # Session, record, its labels (users), its history (3, and what was merged into it) and the
    # labels of that (2).
    assert bare <= lists + 9
    people = desk.instance.create("x_person", *({"name": f"P{n}", "firm": acme} for n in range(9)))
    ties = ({"firm": acme, "person": person} for person in people[:5])
    desk.instance.create("x_tie", *ties)
    desk.instance.create("x_firm", *({"name": f"D{n}", "parent": acme} for n in range(5)))
    # One counts the people beyond those that are shown, one names those that are tied.
    assert cost() == bare + 2
    desk.instance.create("x_person", *({"name": f"Q{n}", "firm": acme} for n in range(90)))
    desk.instance.write(records.update, "x_firm", [{"id": acme, "state": "new"}])
    assert cost() == bare + 2


def test_opened_from_a_list_it_costs_four_queries_more(desk, acme):
    desk.instance.create("x_firm", *({"name": f"F{n}"} for n in range(30)))
    plain, within = f"/records/x_firm/{acme}", f"/records/x_firm/{acme}?in=%3F_sort%3D-name"
    counts: dict[str, list[int]] = {plain: [], within: []}
    for address in (plain, within) * 3:
        with counted() as seen:
            desk.get(address)
        counts[address].append(len(seen))
    # The views of the list (2), where the record stands in it, and what stands around it. Now and
    # then what plugins cost is written down, too.
    assert min(counts[within]) - min(counts[plain]) == 4
