"""A batch checked column by column finds what the schema finds row by row (D16)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relatum.core.catalog import EntityType, Layout, system_fields
from relatum.core.fields import FIELD_TYPES, Field, Option, Refused
from relatum.core.records import batch

SETTINGS: dict[str, dict[str, Any]] = {
    "text": {"min_length": 2, "max_length": 20, "pattern": "[^z]*"},
    "integer": {"min": -5, "max": 1000},
    "decimal": {"scale": 3, "min": "-1.5"},
    "lookup": {"target": "x_thing"},
    "reference": {"targets": ["x_thing"]},
    "date": {"min": "1999-12-31"},
    "datetime": {"max": "2100-01-01T00:00:00+00:00"},
}


def a_field(place: int, kind: str) -> Field:
    options = (Option(1, "open", "Open"), Option(2, "old", "Old", retired=True))
    return FIELD_TYPES[kind](
        id=place, type_id=1, name=kind, column=kind, label=kind, settings=SETTINGS.get(kind, {}),
        options=options if FIELD_TYPES[kind].HAS_OPTIONS else (), required=place % 2 == 0,
    )  # fmt: skip


FIELDS = {kind: a_field(place, kind) for place, kind in enumerate(FIELD_TYPES)}
THING = EntityType(
    id=1, name="x_thing", table_name="x_thing", owner="local", label="", plural="", icon=None,
    hue=None, description=None, title="", layout=Layout(),
    fields=MappingProxyType(system_fields(1, "UTC") | FIELDS),
    trashed_fields=(), keys=(), trashed_in=None, fingerprint="",
)  # fmt: skip

TELLING: list[Any] = [
    None, "", " ", "open", "old", "1e3", "-0", "0.001", "NaN", "Infinity", "1e999999999", True,
    False, 0, 1, -0.0, 0.0, 1.0, 1.5, float("nan"), float("inf"), 2**53, 10**5000, "zz", "a\x00",
    "\ud800", "e\u0301", "é", "2026-01-31", "2026-W05-6", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-01-31T09:30:00Z", "bob@example.org", "BOB@EXAMPLE.ORG",
    [], {}, [1], b"a", ["open"], ["old"], ["open", "open"], ("Vip", "vip"), ["a", ""], ["é", "e"],
    {"add": ["open"]}, {"add": [], "remove": ["old"]}, {"add": "open"}, {"put": []},
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(TELLING),
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.decimals().map(str),
    st.dates().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.emails(),
)
ROWS = st.lists(
    st.dictionaries(st.sampled_from([*FIELDS, "owner", "team"]), VALUES), min_size=1, max_size=6
)


def found(rows: list[batch.Row]) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """Return values and problems of rows in a form that compares, NaN and types included."""
    return [
        (
            repr(sorted(row.values.items())),
            sorted((p.field or "", p.code, p.message) for p in row.problems),
        )
        for row in rows
    ]


@settings(deadline=None, max_examples=400)
@example([{"text": 0.0}, {"text": -0.0}])
@given(ROWS)
def test_column_and_schema_find_the_same_values_and_problems(sent):
    by_schema = [batch.Row(place) for place in range(len(sent))]
    by_column = [batch.Row(place) for place in range(len(sent))]
    batch._by_schema(THING, by_schema, sent)
    batch._by_column(THING, by_column, sent)
    assert found(by_column) == found(by_schema)


@pytest.mark.parametrize("kind", sorted(FIELDS))
@settings(deadline=None, max_examples=100)
@given(value=VALUES)
def test_a_value_that_was_taken_is_taken_again_unchanged(kind, value):
    field = FIELDS[kind]
    try:
        taken = field.check(value)
    except Refused:
        return
    assert taken is None or repr(field.check(taken)) == repr(taken)
