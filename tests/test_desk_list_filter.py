"""The filter of a list at the desk: chips, and a form that makes any filter without scripts."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest

from relatum.core import records

from .desk import FRAGMENT, at_desk
from .desk_forms import Form
from .instances import prepared

PLANT: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True, "sortable": True},
    {"name": "city", "kind": "text"},
]
PUMP: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True, "sortable": True},
    {
        "name": "state", "kind": "choice",
        "options": [
            {"value": "new", "label": "New", "category": "open"},
            {"value": "used", "label": "Used", "category": "open"},
            {"value": "old", "label": "Old", "category": "closed"},
        ],
    },
    {"name": "price", "kind": "money"},
    {"name": "bought", "kind": "date"},
    {"name": "seen", "kind": "datetime"},
    {"name": "on", "kind": "boolean"},
    {"name": "place", "kind": "geo"},
    {"name": "tags", "kind": "tags"},
    {"name": "keeper", "kind": "user"},
    {"name": "plant", "kind": "lookup", "settings": {"target": "x_plant", "inverse": "pumps"}},
]  # fmt: skip


#: What the form makes is the same on both databases; that both mean the same is tested elsewhere.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


#: The preset of the instance.
PRESET = "desk"


@prepared
def works(instance):
    """An instance with plants and their pumps."""
    instance.make_type("x_plant", *PLANT, label="Plant", plural="Plants")
    instance.make_type("x_pump", *PUMP, label="Pump", plural="Pumps")
    north, south = instance.create(
        "x_plant", {"name": "North", "city": "Kiel"}, {"name": "South", "city": "Ulm"}
    )
    instance.create(
        "x_pump",
        {"name": "A", "state": "new", "price": "5", "plant": north, "bought": "2020-01-31"},
        {"name": "B", "state": "used", "price": "50", "plant": north, "tags": ["Loud, old"]},
        {"name": "C", "state": "old", "price": "500", "plant": south, "on": True},
        {"name": "D", "place": {"lat": "52.5", "lng": "13.4"}},
    )
    return {"north": north, "south": south}


@pytest.fixture
def desk(instance, works):
    """Return a browser at the desk of that instance."""
    with at_desk(instance) as browser:
        browser.instance, browser.ids = instance, works
        yield browser


def names(page):
    assert page.status_code == 200, page.text
    return re.findall(r'<a class="name"[^>]*>.*?<span>([^<]*)</span></a>', page.text)


def chips(page):
    """Return the filters of a page in words."""
    found = re.findall(r'class="chip-t"[^>]*>(.*?)</a><a class="x"', page.text)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", chip)).split()) for chip in found]


def builder(desk, query=""):
    """Return the form of the filter of a list of pumps."""
    return Form(desk, desk.get(f"/records/x_pump/filter?{query}"), "flt")


def row(desk, path, operator, *given, units=()):
    """Return the form with one row."""
    form = builder(desk, "_do=add:0")
    for place, step in enumerate(path.split(".")):
        form = form.put("f1", step, place).again()
    form = form.put("o1", operator).again()
    for place, unit in enumerate(units):
        form = form.put("u1", unit, place).again()
    if form.all("v1"):
        for place, value in enumerate(given):
            form.put("v1", value, place)
    else:
        for value in given:
            form.tick("v1", value)
    return form


def words(page):
    """Return the words of the address that a form led to."""
    assert page.status_code == 303, page.text
    return dict(parse_qsl(page.location.partition("?")[2]))


# -- one condition ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "operator", "given", "units", "wanted", "found"),
    [
        ("state", "eq", ["old"], (), {"state": "old"}, ["C"]),
        ("state", "in", ["old", "new"], (), {"state__in": "old,new"}, ["A", "C"]),
        ("state", "category", ["open"], (), {"state__category": "open"}, ["A", "B"]),
        ("state", "empty", [], (), {"state__empty": "1"}, ["D"]),
        ("state", "filled", [], (), {"state__empty": "0"}, ["A", "B", "C"]),
        ("price", "between", ["5", "50"], (), {"price__between": "5,50"}, ["A", "B"]),
        ("price", "in", ["5, 500"], (), {"price__in": "5,500"}, ["A", "C"]),
        ("name", "contains", ["a"], (), {"name__contains": "a"}, ["A"]),
        ("on", "eq", ["true"], (), {"on": "true"}, ["C"]),
        ("tags", "has", ["loud, old"], (), {"tags": "loud, old"}, []),
        ("tags", "has_any", ['"Loud, old", x'], (), {"tags__has_any": '"Loud, old",x'}, ["B"]),
        ("place", "near", ["52", "13", "100"], (), {"place__near": "52,13,100"}, ["D"]),
        ("bought", "eq", ["2020-01-31"], (), {"bought": "2020-01-31"}, ["A"]),
        ("bought", "lt", ["30"], ["-d"], {"bought__lt": "today-30d"}, ["A"]),
        ("bought", "lte", [""], ["today"], {"bought__lte": "today"}, ["A"]),
        ("created_at", "gt", ["2"], ["-h"], {"created_at__gt": "now-2h"}, ["A", "B", "C", "D"]),
        (
            "created_at", "between", ["1", "1"], ["-d", "+d"],
            {"created_at__between": "today-1d,today+1d"}, ["A", "B", "C", "D"],
        ),
        ("plant.city", "eq", ["Ulm"], (), {"plant.city": "Ulm"}, ["C"]),
        ("keeper", "is_me", [], (), {"keeper": "me"}, []),
        ("owner.name", "eq", ["Alice"], (), {"owner.name": "Alice"}, ["A", "B", "C", "D"]),
    ],
)  # fmt: skip
def test_a_row_makes_a_short_word_of_the_address(desk, path, operator, given, units, wanted, found):
    page = row(desk, path, operator, *given, units=units).press("apply")
    if path != "tags" or found:
        assert words(page) == wanted
        assert sorted(names(desk.get(page.location))) == found


@pytest.mark.parametrize(
    "query",
    [
        "state__in=new,old", "price__between=5,50", "bought__lt=today-30d", "keeper=me",
        "created_at__gt=now-2h", "place__near=52,13,100", "state__empty=0", "plant.city=Ulm",
        'tags__has_any="Loud, old",x', "seen__gte=2026-01-31T09:30:00%2B00:00", "on=false",
        "plant__in=1,2", "id__in=1,2",
    ],
)  # fmt: skip
def test_a_form_drawn_of_an_address_leads_to_the_same_address(desk, query):
    page = builder(desk, query).press("apply")
    assert words(page) == dict(parse_qsl(query))


def test_a_record_is_found_by_what_it_is_called(desk):
    form = row(desk, "plant", "eq").put("v1~text", "south")
    page = form.press("apply")
    assert words(page) == {"plant": str(desk.ids["south"])}
    listed = desk.get(page.location)
    assert (names(listed), chips(listed)) == (["C"], ["Plant is South"])


def test_several_records_are_added_one_after_the_other(desk):
    form = row(desk, "plant", "in").put("v1~text", "south").again().put("v1~text", "north")
    page = form.press("apply")
    assert words(page) == {"plant__in": f"{desk.ids['south']},{desk.ids['north']}"}


def test_a_record_that_is_not_there_is_said_in_its_row(desk):
    page = row(desk, "plant", "eq").put("v1~text", "Nowhere").press("apply")
    assert (page.status_code, 'class="error"' in page.text) == (422, True)


def test_every_comparison_of_every_field_is_offered(desk):
    for field in desk.instance.catalog.type("x_pump").fields.values():
        if not field.operators:
            continue
        form = builder(desk, "_do=add:0").put("f1", field.name).again()
        assert set(field.operators) <= set(form.options["o1"]), field.name


def test_another_field_takes_no_value_of_the_one_before(desk):
    form = row(desk, "name", "contains", "x").put("f1", "price").again()
    assert (form.all("o1"), form.all("v1")) == (["eq"], [""])


@pytest.mark.parametrize(
    ("given", "said"), [("dear", "number"), ("", "Give a value, or take this row away.")]
)
def test_a_value_that_does_not_fit_is_said_in_its_row_and_stays(desk, given, said):
    page = row(desk, "price", "gt", given).press("apply")
    assert (page.status_code, said in page.text) == (422, True)
    assert f'value="{given}"' in page.text


def test_a_row_without_a_field_says_nothing(desk):
    assert words(builder(desk, "state=new&_do=add:0").press("apply")) == {"state": "new"}


# -- groups -------------------------------------------------------------------------------------
def test_groups_within_groups_become_one_word(desk):
    form = builder(desk, "_do=add:0").put("f1", "price").again().put("v1", "5")
    form = form.again("group:0")  # any of, with a blank row
    form = form.put("f3", "state").again().put("v3", "old").again("group:2")
    form = form.put("k4", "all").put("f5", "state").again().put("v5", "new")
    form = form.again("add:4").put("f6", "price").again().put("o6", "lt").put("v6", "9")
    page = form.press("apply")
    given = words(page)
    assert given.pop("price") == "5"
    assert orjson.loads(given.pop("_filter")) == {
        "or": [
            {"field": "state", "op": "eq", "value": "old"},
            {
                "and": [
                    {"field": "state", "op": "eq", "value": "new"},
                    {"field": "price", "op": "lt", "value": "9"},
                ]
            },
        ]
    }
    assert given == {}
    listed = desk.get(page.location)
    assert names(listed) == ["A"]
    assert chips(listed) == [
        "Price is 5", "State is Old or (State is New and Price is less than 9)",
    ]  # fmt: skip
    # The chip opens the form, which leads back.
    again = builder(desk, page.location.partition("?")[2]).press("apply")
    assert again.location == page.location


@pytest.mark.parametrize(
    ("how", "found"),
    [("all", []), ("any", ["A", "C"]), ("none", ["B"]), ("not_all", ["A", "B", "C"])],
)
def test_a_group_says_how_many_of_its_conditions_hold(desk, how, found):
    form = builder(desk, "state=new&_do=add:0").put("f2", "state").again().put("v2", "old")
    page = form.put("k0", how).press("apply")
    listed = desk.get(page.location)
    assert sorted(names(listed)) == found
    form = builder(desk, page.location.partition("?")[2])
    assert form.all("k0" if how in ("all", "any") else "k1") == [how]


@pytest.mark.parametrize(
    ("there", "found", "said"),
    [("1", ["South"], "has Pumps where State is Old"),
     ("0", ["North"], "has no Pumps where State is Old")],
)  # fmt: skip
def test_related_records_can_be_asked_for(desk, there, found, said):
    form = Form(desk, desk.get("/records/x_plant/filter?_do=has:0"), "flt")
    form = form.put("t1", there).again("add:1").put("f2", "state").again().put("v2", "old")
    page = form.press("apply")
    listed = desk.get(page.location)
    assert (names(listed), chips(listed)) == (found, [said])


def test_related_records_of_a_linked_record_can_be_asked_for(desk):
    form = builder(desk, "_do=has:0")
    assert form.options["r1"] == ["plant.pumps"]
    form = form.again("add:1").put("f2", "state").again().put("v2", "new")
    assert sorted(names(desk.get(form.press("apply").location))) == ["A", "B"]


def test_rows_and_groups_are_taken_away(desk):
    form = builder(desk, "state=new&price=5&_do=group:0").again("drop:3")
    assert words(form.press("apply")) == {"state": "new", "price": "5"}
    assert words(form.again("drop:1").press("apply")) == {"price": "5"}


def test_two_conditions_on_one_field_are_kept_both(desk):
    form = builder(desk, "tags=a&_do=add:0").put("f2", "tags").again().put("v2", "b")
    given = words(form.press("apply"))
    assert orjson.loads(given.pop("_filter")) == {"field": "tags", "op": "has", "value": "b"}
    assert given == {"tags": "a"}


def test_a_form_that_nobody_drew_breaks_nothing(desk):
    for query in ("_node=1.9.c", "_node=0..g&_node=1.0.c&f1=nonsense&o1=x&v1=1",
                  "_node=0..h&r0=nonsense", "_node=x&_do=drop:x", "_node=0..g&_do=add:99",
                  "_node=0..g&_node=1.0.c&f1=price&o1=near&v1=1&_do=apply"):  # fmt: skip
        assert desk.get(f"/records/x_pump/filter?{query}").status_code in (200, 303, 422), query


# -- chips --------------------------------------------------------------------------------------
def test_a_chip_is_taken_away_by_its_cross(desk):
    page = desk.get("/records/x_pump?state=new&price__gt=1&_sort=name")
    [first, _] = re.findall(r'<a class="x" href="([^"]*)"', page.text)
    assert html.unescape(first) == "/records/x_pump?_sort=name&price__gt=1"


def test_a_part_of_one_word_is_taken_away_by_itself(desk):
    either = {"or": [{"field": "state", "value": "new"}]}
    parts = [{"field": "name", "op": "ne", "value": "A"}, either]
    both = orjson.dumps({"and": parts}).decode()
    page = desk.get("/records/x_pump", query_string={"_filter": both})
    assert len(chips(page)) == 2
    [_, second] = re.findall(r'<a class="x" href="([^"]*)"', page.text)
    assert html.unescape(second) == "/records/x_pump?name__ne=A"


def test_moments_are_said_in_words(desk):
    page = desk.get("/records/x_pump?bought__between=today-30d,today&seen__gt=now%2B2h")
    assert chips(page) == [
        "Bought is between 30 days ago and today", "Seen is after in 2 hours",
    ]  # fmt: skip


def test_a_filter_that_cannot_be_read_is_said_and_the_list_is_shown(desk):
    for wrong in ("{", "[]", '{"or": 1}', '{"field": "x"}'):
        page = desk.get("/records/x_pump", query_string={"_filter": wrong})
        assert (page.status_code, 'role="alert"' in page.text) == (422, True), wrong


def test_the_form_answers_a_script_with_the_list(desk):
    form = row(desk, "state", "eq", "old")
    pairs = [*map(tuple, form.sent), ("_do", "apply")]
    asked = {name: [v for n, v in pairs if n == name] for name, _ in pairs}
    part = desk.get("/records/x_pump/filter", query_string=asked, headers=FRAGMENT)
    assert part.headers["HX-Retarget"] == "#lv"
    assert part.headers["HX-Push-Url"] == "/records/x_pump?state=old"
    assert names(part) == ["C"]


def test_a_filter_by_a_record_that_went_away_is_still_a_chip(desk):
    desk.instance.write(records.delete, "x_pump", _all(desk, "x_pump"))
    desk.instance.write(records.delete, "x_plant", [{"id": desk.ids["south"]}])
    page = desk.get(f"/records/x_pump?plant={desk.ids['south']}")
    assert chips(page) == [f"Plant is {desk.ids['south']}"]


def _all(desk, type_name):
    found = desk.instance.sql(f"SELECT id FROM {type_name}")
    return [{"id": row.id} for row in found]
