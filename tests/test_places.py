"""Names, addresses and points by themselves: texts in and out, circles on the earth."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from relatum.core import ddl, query
from relatum.core.fields import FIELD_TYPES, Refused
from relatum.core.storage import EARTH_RADIUS, distance

from .test_composites import BERLIN
from .test_fields import code, field
from .test_query import explained

# -- circles ------------------------------------------------------------------------------------
POINTS = st.tuples(
    st.decimals(-90, 90, places=6) | st.sampled_from([-90, 90, 0]),
    st.decimals(-180, 180, places=6) | st.sampled_from([-180, 180, 0]),
)


@settings(max_examples=300)
@given(centre=POINTS, point=POINTS, km=st.floats(0, 20038) | st.floats(0, 50))
def test_the_box_of_a_circle_holds_every_point_of_it(centre, point, km):
    made: Any = field("geo")
    operand = made.operand([*centre, km])
    south, north, west, east, west_too, east_too, *_ = made.arguments("near", operand)
    lat, lng = point
    apart = distance(*(int(x * 10**6) for x in (lat, lng, *centre)))
    assert apart is not None
    if apart <= operand[2] * 10**6:
        assert south <= lat <= north
        assert west <= lng <= east or west_too <= lng <= east_too


def test_distances_are_those_on_a_sphere():
    assert distance(0, 0, 0, 180_000_000) == round(EARTH_RADIUS * math.pi * 1e6)
    paris = distance(48_856_600, 2_352_200, 52_520_000, 13_405_000)
    assert paris is not None and 877 < paris / 1e6 < 879


def test_both_databases_find_the_same_points_around_the_date_line(instance):
    instance.make_type("x_spot", {"name": "n", "kind": "integer"}, {"name": "at", "kind": "geo"})
    spots = [(0, 179.9), (0, -179.9), (0, 178), (89.9, 0), (89.9, 180), (-90, 5)]
    rows = [{"n": n, "at": {"lat": a, "lng": b}} for n, (a, b) in enumerate(spots)]
    instance.create("x_spot", *rows)

    def near(*circle: float) -> list[int]:
        body = {"filter": {"field": "at", "op": "near", "value": list(circle)}, "sort": ["n"]}
        with instance.reading():
            page = query.page(query.from_json("x_spot", body, actor=instance.alice))
        return [row["n"] for row in page.records]

    assert near(0, 180, 20) == [0, 1]
    assert near(0, -179.95, 30) == [0, 1]
    assert near(90, 0, 20) == [3, 4]
    assert near(-90, 0, 0.001) == [5]
    assert near(0, 0, 20038) == [0, 1, 2, 3, 4, 5]


def test_points_near_another_are_found_by_an_index(instance):
    instance.make_type("x_spot", {"name": "n", "kind": "integer"}, {"name": "at", "kind": "geo"})
    spots = [{"n": n, "at": {"lat": n / 20 - 50, "lng": n % 360 - 180}} for n in range(2000)]
    instance.create("x_spot", *spots)
    seen: list[tuple[str, Any]] = []
    with instance.reading() as tx:
        event.listen(
            tx.connection, "before_cursor_execute", lambda *told: seen.append((told[2], told[3]))
        )
        body = {"filter": {"field": "at", "op": "near", "value": [10, 10, 50]}, "sort": ["n"]}
        query.page(query.from_json("x_spot", body, actor=instance.alice))
    plan = explained(instance, [each for each in seen if "ORDER BY" in each[0]])
    assert ddl.CreateIndex("x_spot", ("at__lat", "at__lng")).name in plan


# -- texts --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Ada Lovelace", ("", "Ada", "", "Lovelace", "")),
        ("Lovelace, Ada King", ("", "Ada", "King", "Lovelace", "")),
        ("Prof. Dr. Ada Lovelace", ("Prof. Dr.", "Ada", "", "Lovelace", "")),
        ("Ludwig van Beethoven", ("", "Ludwig", "", "van Beethoven", "")),
        ("Ursula von der Leyen", ("", "Ursula", "", "von der Leyen", "")),
        ("Martin Luther King Jr.", ("", "Martin", "Luther", "King", "Jr.")),
        ("Ada Lovelace, PhD", ("", "Ada", "", "Lovelace", "PhD")),
        ("Cher", ("", "", "", "Cher", "")),
        ("Dr", ("", "", "", "Dr", "")),
    ],
)
def test_a_name_in_one_text_is_taken_apart(text, parts):
    made = field("person_name")
    assert made.parse(text) == tuple(part or None for part in parts)
    if "," not in text:
        assert made.text(made.wire(made.parse(text))) == text


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (BERLIN, "Torstr. 1\n10119 Berlin\nGermany"),
        (
            {"street": " 1 Main St \n\n Apt 2", "city": "Reno", "region": "NV", "country": "usa",
             "postal_code": "89501"},
            "1 Main St\nApt 2\nReno, NV 89501\nUnited States",
        ),
        ({"city": "Rome"}, "Rome"),
    ],
)  # fmt: skip
def test_an_address_is_written_in_lines(address, text):
    made = field("address")
    assert made.text(made.wire(made.merge(None, made.check(address)))) == text


def test_a_point_is_read_from_a_text():
    made = field("geo")
    assert made.text(made.wire(made.parse(" 52.5200001, 13.405"))) == "52.52, 13.405"
    assert code(made.parse, "52.52") == "not_point"


# The first text of a process loads what is known of all characters.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["first", "last", "x"]), st.none() | st.text(max_size=5)))
def test_what_was_taken_is_taken_again_unchanged(sent):
    made: Any = FIELD_TYPES["person_name"](id=1, type_id=1, name="f", column="f", label="F")
    try:
        taken = made.check(sent)
    except Refused:
        return
    assert taken is None or made.check(taken) == taken
