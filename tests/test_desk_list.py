"""A list at the desk: order, columns, tabs, empty states, long labels and many fields."""

from __future__ import annotations

import dataclasses
import html
import re
from typing import Any

import pytest

from relatum.core import records

from .desk import FRAGMENT, at_desk
from .desk_forms import Form
from .instances import prepared

PUMP: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True, "sortable": True},
    {"name": "city", "kind": "text"},
    {"name": "price", "kind": "money"},
    {"name": "note", "kind": "long_text"},
    {"name": "site", "kind": "address"},
    {"name": "spare", "kind": "lookup", "settings": {"target": "x_pump", "inverse": "spared"}},
]


#: The preset of the instance.
PRESET = "desk"


@prepared
def works(instance):
    """An instance with pumps."""
    instance.make_type("x_pump", *PUMP, label="Pump", plural="Pumps")


@pytest.fixture
def desk(works):
    """Return a browser at the desk of that instance."""
    with at_desk(works) as browser:
        yield browser


@pytest.fixture
def filled(desk):
    """Return a browser at the desk of an instance with three pumps."""
    [spare] = desk.instance.create("x_pump", {"name": "B", "city": "Ulm", "price": "1"})
    desk.instance.create(
        "x_pump",
        {"name": "A", "city": "Ulm", "price": "2", "spare": spare},
        {"name": "C", "city": "Kiel", "price": "1", "spare": spare},
    )
    return desk


def names(page):
    return re.findall(r'<a class="name"[^>]*>.*?<span>([^<]*)</span></a>', page.text)


def headings(page):
    """Return the headings of the columns: label, how it is sorted, place, links."""
    head = page.text[page.text.index("<thead>") : page.text.index("</thead>")]
    found = {}
    for attributes, inside in re.findall(r'<th ([^>]*scope="col"[^>]*)>(.*?)</th>', head)[1:]:
        label = re.findall(r'<span class="trunc">([^<]*)</span>', inside)[0]
        sort = re.search(r'aria-sort="(\w+)"', attributes)
        place = re.search(r'<span class="n num">(\d)</span>', inside)
        links = [html.unescape(to) for to in re.findall(r'(?:href|data-add)="([^"]*)"', inside)]
        found[label] = (sort and sort[1], place and place[1], links)
    return found


# -- order --------------------------------------------------------------------------------------
def test_a_heading_sorts_and_turns_the_order(filled):
    name = headings(filled.get("/records/x_pump?city=Ulm"))["Name"]
    assert name[2] == ["/records/x_pump?city=Ulm&_sort=name"] * 2
    page = filled.get("/records/x_pump?_sort=name")
    assert (names(page), headings(page)["Name"][0]) == (["A", "B", "C"], "ascending")
    page = filled.get(headings(page)["Name"][2][0])
    assert (names(page), headings(page)["Name"][0]) == (["C", "B", "A"], "descending")


def test_several_keys_have_places_and_the_first_alone_says_so_to_screen_readers(filled):
    page = filled.get("/records/x_pump?_sort=-price,name")
    found = headings(page)
    assert names(page) == ["A", "B", "C"]
    assert [found[label][:2] for label in ("Price", "Name")] == [("descending", "1"), (None, "2")]
    assert "Sort: Price, Name" in page.text


def test_a_second_heading_adds_a_key_turns_it_and_takes_it_away(filled):
    def added(address):
        return headings(filled.get(address))["Name"][2][1]

    one = "/records/x_pump?_sort=price"
    two = added(one)
    assert two.endswith("_sort=price%2Cname")
    three = added(two)
    assert three.endswith("_sort=price%2C-name")
    assert added(three) == one


def test_linked_values_sort_and_have_columns(filled):
    page = filled.get("/records/x_pump?_fields=name,spare.name&_sort=-spare.name,name")
    assert list(headings(page)) == ["Name", "Spare › Name"]
    assert names(page) == ["A", "C", "B"]


def test_the_order_is_a_form(filled):
    form = Form(filled, filled.get("/records/x_pump/sort?city=Ulm&_sort=price"), "sort")
    form = form.again("add").put("_k", "name").put("_d", "-")
    assert form.press("apply").location == "/records/x_pump?city=Ulm&_sort=price%2C-name"
    form = form.again("up:1")
    assert form.press("apply").location.endswith("_sort=-name%2Cprice")
    form = form.again("drop:0").again("drop:0")
    assert form.press("apply").location == "/records/x_pump?city=Ulm"


def test_an_order_that_is_too_costly_is_said_and_the_filter_stays(filled):
    instance = filled.instance
    instance.config = dataclasses.replace(instance.config, sort_cap=1)
    with at_desk(instance) as desk:
        page = desk.get("/records/x_pump?_sort=price&city=Ulm")
    assert (page.status_code, sorted(names(page))) == (422, ["A", "B"])
    assert 'role="alert"' in page.text


# -- columns ------------------------------------------------------------------------------------
def test_columns_are_chosen_and_ordered_by_a_form(filled):
    form = Form(filled, filled.get("/records/x_pump/columns?_sort=name"), "cols")
    before = form.all("_fields")
    assert before == ["name", "city", "price", "spare"]
    form = form.tick("_fields", "note").again("up:2")
    wanted = "/records/x_pump?_sort=name&_fields=name%2Cprice%2Ccity%2Cspare%2Cnote"
    assert form.press("show").location == wanted


def test_columns_of_a_linked_record_are_added(filled):
    form = Form(filled, filled.get("/records/x_pump/columns"), "cols")
    assert "spare" in form.options["_p"]
    form = form.put("_p", "spare").again().put("_p", "city").again()
    page = filled.get(form.press("add").location)
    assert list(headings(page))[-1] == "Spare › City"
    assert page.text.count("Ulm") >= 4


def test_members_of_a_composite_field_are_columns_that_are_not_edited_in_place(filled):
    page = filled.get("/records/x_pump?_fields=name,site.city")
    assert "cell/site.city" not in page.text
    assert page.status_code == 200


def test_a_column_of_another_record_is_not_the_name_of_this_one(filled):
    page = filled.get("/records/x_pump?_fields=spare.name,city&_sort=name&spare__empty=0")
    assert names(page) == ["B", "B"]


# -- tabs ---------------------------------------------------------------------------------------
def test_a_plain_address_opens_the_first_view_and_one_with_words_none(filled):
    view = {"op": "set_view", "type": "x_pump", "view": "southern", "label": "Southern"}
    filled.instance.apply({**view, "query": {"filter": {"field": "city", "value": "Ulm"}}})
    assert sorted(names(filled.get("/records/x_pump"))) == ["A", "B"]
    page = filled.get("/records/x_pump?price=1")
    assert sorted(names(page)) == ["B", "C"]
    without = re.findall(r'<a class="x" href="([^"]*)"', page.text)[0]
    assert without == "/records/x_pump?_view=_all"
    assert len(names(filled.get(without))) == 3


def test_the_filter_of_a_view_is_a_chip_that_can_be_taken_away(filled):
    view = {"op": "set_view", "type": "x_pump", "view": "southern", "label": "Southern"}
    both = [{"field": "city", "value": "Ulm"}, {"field": "price", "op": "lt", "value": 2}]
    filled.instance.apply({**view, "query": {"filter": {"and": both}}})
    page = filled.get("/records/x_pump?_view=southern&name=B")
    assert names(page) == ["B"]
    city, price, name = re.findall(r'<a class="x" href="([^"]*)"', page.text)
    assert html.unescape(name) == "/records/x_pump?_view=southern"
    assert html.unescape(price) == "/records/x_pump?_view=southern&_instead=1&city=Ulm&name=B"
    assert sorted(names(filled.get("/records/x_pump?_view=southern&_instead=1&city=Ulm"))) == [
        "A", "B",
    ]  # fmt: skip
    assert len(names(filled.get("/records/x_pump?_view=southern&_instead=1"))) == 3
    assert city != price


def test_a_view_that_is_not_there_is_said(filled):
    page = filled.get("/records/x_pump?_view=nonsense")
    assert (page.status_code, "nonsense" in page.text, len(names(page))) == (422, True, 3)


# -- empty, long, many --------------------------------------------------------------------------
def test_an_empty_list_says_what_to_do(desk):
    page = desk.get("/records/x_pump")
    assert "No Pumps yet" in page.text
    assert 'href="/records/x_pump/new"' in page.text


def test_a_list_that_nothing_matches_offers_to_clear_the_filters(filled):
    page = filled.get("/records/x_pump?city=Rome&_search=zzz&_sort=name")
    assert "No Pumps match" in page.text
    clear = re.findall(r'<a class="btn" href="([^"]*)">Clear filters', page.text)[0]
    assert len(names(filled.get(html.unescape(clear)))) == 3


def test_one_record_is_counted_in_the_singular(filled):
    assert "1 Pump<" in filled.get("/records/x_pump?name=A").text
    assert "3 Pumps<" in filled.get("/records/x_pump").text


def test_counts_stop_and_say_so(desk):
    desk.instance.create("x_pump", *({"name": f"P{n}"} for n in range(1001)))
    page = desk.get("/records/x_pump")
    assert "1,000+" in page.text


def test_a_page_that_has_gone_leads_back_to_the_first(filled):
    filled.instance.create("x_pump", *({"name": f"P{n}"} for n in range(60)))
    page = filled.get("/records/x_pump?_sort=-name&_limit=62")
    following = html.unescape(re.findall(r'href="([^"]*_after[^"]*)"', page.text)[0])
    assert "_limit=62" in following
    [last] = filled.instance.sql("SELECT id FROM x_pump WHERE name = 'A'")
    filled.instance.write(records.delete, "x_pump", [{"id": last.id}])
    page = filled.get(following)
    assert "Nothing more here" in page.text


def test_long_labels_and_hostile_texts_stay_texts(desk):
    long = "W" * 200
    hostile = "\"'><script>alert(1)</script>"
    desk.instance.create("x_pump", {"name": long}, {"name": hostile, "city": hostile})
    page = desk.get("/records/x_pump?_fields=city,name,spare.name")
    assert "<script>alert" not in page.text
    page = desk.get("/records/x_pump", query_string={"city": hostile, "_search": hostile})
    assert "<script>alert" not in page.text
    page = desk.get("/records/x_pump/filter", query_string={"city": hostile})
    assert "<script>alert" not in page.text


def test_a_type_of_very_many_fields_has_its_forms(instance):
    some = [{"name": f"f{n}", "kind": "text", "label": f"Field {n}"} for n in range(280)]
    instance.make_type("x_wide", {"name": "name", "kind": "text"}, *some)
    instance.create("x_wide", {"name": "One"})
    with at_desk(instance) as desk:
        page = desk.get("/records/x_wide/columns")
        assert page.text.count('name="_fields"') > 280
        assert 'data-narrow="#cols-more"' in page.text
        assert len(Form(desk, desk.get("/records/x_wide/filter?_do=add:0"), "flt").options["f1"])
        every = ",".join(f"f{n}" for n in range(280))
        assert desk.get(f"/records/x_wide?_fields=name,{every}").status_code == 200


# -- parts --------------------------------------------------------------------------------------
def test_a_part_says_which_address_it_is(filled):
    part = filled.get("/records/x_pump?_fields=name&_fields=city&_sort=name", headers=FRAGMENT)
    assert part.headers["HX-Push-Url"] == "/records/x_pump?_sort=name&_fields=name%2Ccity"


def test_every_form_beside_a_list_is_a_page_as_well_as_a_part(filled):
    for name in ("filter", "sort", "columns", "views"):
        page = filled.get(f"/records/x_pump/{name}?_sort=name")
        part = filled.get(f"/records/x_pump/{name}?_sort=name", headers=FRAGMENT)
        assert ("<h1>" in page.text, "<h1>" in part.text) == (True, False)
        assert "<html" not in part.text


def test_one_value_in_two_records_is_told_apart_from_another_of_the_same_text(instance):
    instance.make_type(
        "x_box", {"name": "name", "kind": "text"}, {"name": "number", "kind": "integer"},
        {"name": "on", "kind": "boolean", "settings": {}},
    )  # fmt: skip
    instance.create(
        "x_box", {"name": "1", "number": 1, "on": True}, {"name": "0", "number": 0, "on": False}
    )
    with at_desk(instance) as desk:
        page = desk.get("/records/x_box?_sort=name").text
    assert [page.count(f'aria-label="{word}"') for word in ("yes", "no")] == [2, 2]


def test_cards_hold_no_link_within_their_link(filled):
    page = filled.get("/records/x_pump?_fields=name,spare.name,created_by&spare__empty=0").text
    cards = page[page.index('<ul class="cards-m">') : page.index("</ul>", page.index("cards-m"))]
    assert cards.count("<a ") == cards.count("<li>") == 2
    assert 'class="person" href="/records/user/' in page
