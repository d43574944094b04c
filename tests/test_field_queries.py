"""Records with every kind of value: what lists, filters, groups and history make of them."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relatum.core import query, records
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared

ALL: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True},
    {"name": "opens", "kind": "time", "sortable": True},
    {"name": "took", "kind": "duration", "indexed": True},
    {"name": "stars", "kind": "rating", "sortable": True},
    {"name": "chance", "kind": "percent"},
    {"name": "hue", "kind": "colour"},
    {"name": "site", "kind": "url", "unique": True},
    {"name": "phone", "kind": "phone", "sortable": True},
    {"name": "about", "kind": "rich_text"},
    {"name": "extra", "kind": "json"},
]
ROWS: list[dict[str, Any]] = [
    {
        "name": "a", "opens": "09:30", "took": "1h 30m", "stars": 3, "chance": "12.5",
        "hue": "#ABC", "site": "example.org/A", "phone": "030 123456",
        "about": "<p>Grüße <b>aus</b></p><p>Berlin</p>", "extra": {"plan": "free", "n": [1, 2.5]},
    },
    {
        "name": "b", "opens": "17:00:05", "took": 60, "stars": 5, "chance": 100,
        "site": "https://example.com", "phone": "+1 415 555 2671 x5", "about": "<p>Bonn</p>",
        "extra": ["plan", 3, None],
    },
    {"name": "c"},
]  # fmt: skip


@prepared
def things(instance: Any) -> None:
    instance.make_type("x_thing", *ALL)
    instance.create("x_thing", *ROWS)


def found(instance: Any, **body: Any) -> list[str]:
    with instance.reading():
        page = query.page(query.from_json("x_thing", body, actor=instance.alice))
    return [record["name"] for record in page.records]


def asked(instance: Any, **pairs: str) -> list[str]:
    with instance.reading():
        page = query.page(query.from_url("x_thing", pairs.items(), actor=instance.alice))
    return [record["name"] for record in page.records]


def test_values_come_back_as_they_were_taken(things):
    with things.reading():
        page = query.page(query.from_json("x_thing", {"sort": ["id"]}, actor=things.alice))
    first, second, third = page.records
    assert first["opens"] == time(9, 30)
    assert (first["took"], first["stars"], first["chance"]) == (5400, 3, "12.50")
    assert (first["hue"], first["site"]) == ("#aabbcc", "https://example.org/A")
    assert (first["phone"], second["phone"]) == ("+4930123456", "+14155552671;ext=5")
    assert first["extra"] == {"n": [1, 2.5], "plan": "free"}
    assert second["extra"] == ["plan", 3, None]
    assert {third[given["name"]] for given in ALL[1:]} == {None}


def test_writing_the_same_values_again_changes_nothing(things):
    id_ = things.sql("SELECT id FROM x_thing WHERE name = 'a'")[0].id
    (outcome,) = things.write(records.update, "x_thing", [{"id": id_, **ROWS[0]}])
    assert outcome.status == "unchanged"
    things.write(records.update, "x_thing", [{"id": id_, "extra": {"n": []}, "opens": "10:00"}])
    changes = things.read(records.history, "x_thing", id_)[0]["changes"]
    assert changes == {
        "extra": [{"n": [1, 2.5], "plan": "free"}, {"n": []}],
        "opens": ["09:30:00", "10:00:00"],
    }


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"opens": "9:30"}, ["a"]),
        ({"opens__gt": "9:30"}, ["b"]),
        ({"opens__between": "9:00,10:00"}, ["a"]),
        ({"took": "1:30"}, ["a"]),
        ({"took__lt": "3600"}, ["b"]),
        ({"stars__gte": "4"}, ["b"]),
        ({"chance__lte": "50"}, ["a"]),
        ({"hue": "#AABBCC"}, []),
        ({"hue__ieq": "#AABBCC"}, ["a"]),
        ({"site": "example.com"}, ["b"]),
        ({"site__in": "example.com,http://example.net"}, ["b"]),
        ({"site__contains": "EXAMPLE"}, ["a", "b"]),
        ({"phone": "+49 30 123456"}, ["a"]),
        ({"phone": "030-123456"}, ["a"]),
        ({"phone__ieq": "(030) 123456"}, ["a"]),
        ({"phone__ne": "030-123456"}, ["b"]),
        ({"phone__starts": "+49 30"}, ["a"]),
        ({"phone__starts": "030"}, ["a"]),
        ({"phone__starts": "00 1 415"}, ["b"]),
        ({"phone__contains": "555-26"}, ["b"]),
        ({"phone__empty": "1"}, ["c"]),
        ({"phone__empty": "0"}, ["a", "b"]),
        ({"site__empty": "1"}, ["c"]),
        ({"about__contains": "GRUSSE aus berlin"}, ["a"]),
        ({"about__contains": "<b>"}, []),
        ({"about__empty": "1"}, ["c"]),
        ({"extra__has": "plan"}, ["a", "b"]),
        ({"extra__has": "n"}, ["a"]),
        ({"extra__empty": "1"}, ["c"]),
    ],
)
def test_filters_read_what_people_write(things, filters, names):
    assert asked(things, **filters, _sort="name") == names


def test_a_json_document_that_is_missing_neither_has_a_key_nor_lacks_it(things):
    has = {"field": "extra", "op": "has", "value": "n"}
    assert found(things, filter={"not": has}) == ["b"]


@pytest.mark.parametrize("name", ["opens", "took", "stars", "chance", "phone", "site"])
def test_lists_are_ordered_and_paged_by_it(things, name):
    with things.reading():
        seen, after = [], None
        while True:
            body = {"sort": [f"-{name}"], "limit": 1, "fields": [name, "name"], "after": after}
            page = query.page(query.from_json("x_thing", body, actor=things.alice))
            seen += [record["name"] for record in page.records]
            after = page.next
            if after is None:
                break
    assert seen in (["a", "b", "c"], ["b", "a", "c"])
    values = {row["name"]: row for row in ROWS}
    if name in ("stars", "chance", "opens"):
        assert seen == ["b", "a", "c"], values


@pytest.mark.parametrize("name", ["about", "extra"])
def test_what_has_no_order_is_neither_sorted_nor_grouped_nor_a_title(things, name):
    for word in ("sort", "group"):
        with pytest.raises(RelatumError) as caught, things.reading():
            ask = query.page if word == "sort" else query.aggregate
            ask(query.from_json("x_thing", {word: [name]}, actor=things.alice))
        assert caught.value.code in ("not_sortable", "not_groupable")
    with pytest.raises(RelatumError) as caught:
        things.apply({"op": "change_type", "type": "x_thing", "title": name})
    assert caught.value.code == "definition_invalid"


def test_groups_are_made_of_hours_stars_and_sums_of_durations(things):
    def groups(**body: Any) -> Any:
        with things.reading():
            read = query.from_json("x_thing", body, actor=things.alice)
            return query.aggregate(read).groups

    assert groups(group=["opens.hour"]) == [
        {"opens.hour": None, "count": 1},
        {"opens.hour": "09", "count": 1},
        {"opens.hour": "17", "count": 1},
    ]
    selects = ["sum(took)", "avg(chance)", "max(opens)", "min(stars)"]
    [row] = groups(select=selects)
    assert row == {
        "sum(took)": 5460, "avg(chance)": "56.25", "max(opens)": time(17, 0, 5), "min(stars)": 3,
    }  # fmt: skip


def test_one_web_address_belongs_to_one_record_however_it_is_written(things):
    with pytest.raises(Invalid) as caught:
        things.create("x_thing", {"name": "d", "site": "HTTPS://EXAMPLE.COM/"})
    assert caught.value.code == "duplicate"


def test_defaults_and_labels_take_the_kinds(instance):
    instance.make_type(
        "x_slot",
        {"name": "at", "kind": "time", "default": "9:30"},
        {"name": "chance", "kind": "percent", "default": "50"},
        {"name": "data", "kind": "json", "default": {"a": 1}},
        {"name": "took", "kind": "duration", "default": "1h"},
        title="{at} {chance} {took}",
    )
    (id_,) = instance.create("x_slot", {})
    record = instance.get("x_slot", id_)
    assert (record["data"], record["took"]) == ({"a": 1}, 3600)
    label = instance.catalog.types["x_slot"].label_of(
        {"at": time(9, 30), "chance": Decimal(50), "took": 3600}
    )
    assert label == "09:30:00 50 % 1h"


def test_a_stricter_rule_counts_the_stars_that_break_it(things):
    change = {"op": "change_field", "type": "x_thing", "field": "stars", "settings": {"max": 4}}
    plan = things.plan(change)
    assert plan.steps[0].question is not None
    things.apply({**change, "existing": "clear"})
    assert asked(things, stars__empty="1", _sort="name") == ["b", "c"]


def test_a_prefix_that_folds_to_nothing_is_refused(things):
    with pytest.raises(RelatumError) as caught:
        asked(things, name__starts="\u0301")
    assert caught.value.code == "operand_invalid"


_KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
_PLAIN = (
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _KEYS
    | st.floats(-1e15, 1e15) | st.floats(allow_nan=False, allow_infinity=False, max_value=1e-300)
    .filter(lambda number: abs(number) < 2**53)
)  # fmt: skip
DOCUMENTS = st.recursive(
    st.lists(_PLAIN, max_size=3) | st.dictionaries(_KEYS, _PLAIN, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(document=DOCUMENTS)
def test_any_json_document_comes_back_equal_and_is_no_change_again(things, document):
    (id_,) = things.create("x_thing", {"name": "j", "extra": document})
    assert things.get("x_thing", id_)["extra"] == document
    (outcome,) = things.write(records.update, "x_thing", [{"id": id_, "extra": document}])
    assert outcome.status == "unchanged"
