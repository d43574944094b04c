"""What dashboards are made of: periods of days, widgets, and what was changed of declared ones."""

from __future__ import annotations

import json
from datetime import date

import pytest

from relatum.plugins.desk.dashboards import periods
from relatum.plugins.desk.dashboards.definitions import (
    Widget,
    changes_of,
    merged,
    read_widget,
)


# -- periods --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("period", "first", "after"),
    [
        ("week", (2026, 11, 23), (2026, 11, 30)), ("month", (2026, 11, 1), (2026, 12, 1)),
        ("quarter", (2026, 10, 1), (2027, 1, 1)), ("year", (2026, 1, 1), (2027, 1, 1)),
        ("months", (2025, 12, 1), (2026, 12, 1)),
    ],
)  # fmt: skip
def test_a_period_has_the_days_that_people_mean(period, first, after):
    found = periods.span(period, date(2026, 11, 26))
    assert (found.start, found.end) == (date(*first), date(*after))


@pytest.mark.parametrize("period", ["week", "month", "quarter", "year"])
def test_the_period_before_ends_where_the_period_begins(period):
    now = periods.span(period, date(2026, 1, 3))
    both = periods.with_before(now)
    before = periods.span(period, both.start)
    assert (before.end, both.end) == (now.start, now.end)


@pytest.mark.parametrize(
    ("part", "text"),
    [("year", "2026"), ("quarter", "2026-Q4"), ("month", "2026-02"), ("week", "2026-W53"),
     ("day", "2028-02-29")],
)  # fmt: skip
def test_a_group_of_the_database_is_named_as_its_days_are(part, text):
    found = periods.of_group(part, text)
    assert found is not None
    assert periods.named(part, found.start) == text


@pytest.mark.parametrize("text", ["2026-W99", "2026-13", "x", "2026-Q9", ""])
def test_what_is_no_group_of_days_has_none(text):
    for part in ("quarter", "month", "week", "hour"):
        if not (part == "month" and text == "2026-13"):
            assert periods.of_group(part, text) is None


def test_along_time_the_groups_between_stand_too():
    assert periods.between("month", "2025-11", "2026-02", 9) == [
        "2025-11", "2025-12", "2026-01", "2026-02",
    ]  # fmt: skip
    assert periods.between("day", "2020-01-01", "2026-01-01", 48) == []


# -- definitions ------------------------------------------------------------------------------
def test_a_widget_is_kept_as_what_differs_from_the_usual_and_read_again():
    made = Widget(id="a", kind="chart", type="x", group=("b", "c.month"), chart="pie")
    assert read_widget(made.as_json()) == made
    assert "measure" not in made.as_json()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "number", "type": "x"}, "needs 'id'"),
        ({"id": "A-", "kind": "number", "type": "x"}, "small letters"),
        ({"id": "a", "kind": "song", "type": "x"}, "must be one of number"),
        ({"id": "a", "kind": "chart", "type": "x"}, "groups by 1 to 2"),
        ({"id": "a", "kind": "number", "type": "x", "size": "huge"}, "size of widget"),
        ({"id": "a", "kind": "number", "type": "x", "colour": 1}, "has no 'colour'"),
        ({"id": "a", "kind": "number", "type": "x", "share": {"path": "b"}}, "share of widget"),
        ("a", "must be Widget"),
    ],
)  # fmt: skip
def test_a_widget_that_can_not_be_is_refused_with_the_reason(given, said):
    with pytest.raises(ValueError, match=said):
        read_widget(given)


def test_what_was_changed_is_laid_over_what_a_later_version_declares():
    one, two = (Widget(id=n, kind="number", type="x", label=n) for n in ("one", "two"))
    mine = Widget(id="mine", kind="list", type="x")
    now = (two, Widget(id="one", kind="number", type="x", label="First"), mine)
    changes = json.loads(json.dumps(changes_of((one, two), now)))
    assert merged((one, two), changes) == now
    later = Widget(id="one", kind="number", type="y", label="one", size="full")
    new = Widget(id="new", kind="number", type="x")
    found = merged((later, two, new), changes)
    assert [each.id for each in found] == ["two", "one", "mine", "new"]
    assert (found[1].label, found[1].type, found[1].size) == ("First", "y", "full")
    assert merged((one, two), changes_of((one, two), (two,))) == (two,)
