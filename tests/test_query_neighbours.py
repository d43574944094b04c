"""Neighbours of a record in a list, capped counts, and labels of records of any types."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from relatum.core import clock, db, query, records
from relatum.core.errors import RelatumError

from .asking import small_crm
from .instances import prepared


@prepared
def crm(instance):
    small_crm(instance)


@contextmanager
def statements(instance: Any) -> Any:
    """Collect the statements that are run in the block."""
    seen: list[str] = []
    with instance.app.app_context():
        engine = db.engine()

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def around(instance: Any, id_: int, **body: Any) -> query.Neighbours:
    with instance.reading():
        made = query.from_json("x_deal", body, actor=instance.alice)
        return query.neighbours(made, id_)


def test_what_stands_around_a_record_is_asked_as_it_is_now(crm):
    with pytest.raises(RelatumError, match="as it is now"):
        around(crm, 1, as_of=clock.now().isoformat())


def listed(instance: Any, **body: Any) -> list[int]:
    with instance.reading():
        page = query.page(query.from_json("x_deal", body, actor=instance.alice))
        return [record["id"] for record in page.records]


def many(instance: Any) -> None:
    rows = [
        {
            "name": None if n % 7 == 0 else f"n{n % 5}", "amount": None if n % 6 == 0 else n % 4,
            "closed": f"2024-01-{1 + n % 3:02}" if n % 4 else None, "seats": n % 3,
            "stage": ("won", "new", None)[n % 3],
        }
        for n in range(60)
    ]  # fmt: skip
    instance.create("x_deal", *rows)


SORTS: tuple[list[str], ...] = (
    [], ["name"], ["-name"], ["amount", "-name"], ["-amount", "closed"], ["-closed", "-name"],
    ["stage", "-amount"], ["company.name", "-seats"], ["-id"], ["name", "id"],
)  # fmt: skip


@pytest.mark.parametrize("sort", SORTS, ids=str)
def test_neighbours_are_those_of_the_list_whatever_it_is_sorted_by(crm, sort):
    many(crm)
    for narrowed in ({}, {"filter": {"field": "seats", "op": "in", "value": [0, 2]}}):
        ids = listed(crm, sort=sort, limit=100, **narrowed)
        for place, id_ in enumerate(ids):
            found = around(crm, id_, sort=sort, **narrowed)
            before = ids[place - 1] if place else None
            after = ids[place + 1] if place + 1 < len(ids) else None
            assert (found.previous, found.next, found.position) == (before, after, place + 1)
            assert found.count == {"value": len(ids), "exact": True}


def test_two_statements_find_them_however_many_there_are(crm):
    many(crm)
    ids = listed(crm, sort=["-amount", "name"], limit=100)
    narrowed = {"filter": {"field": "seats", "op": "in", "value": [0, 2]}}
    for given in ({"sort": ["-amount", "name"]}, narrowed, {"sort": ["stage"]}):
        with crm.reading():
            made = query.from_json("x_deal", given, actor=crm.alice)
            with statements(crm) as seen:
                query.neighbours(made, ids[5])
        assert len(seen) == 2


def test_a_record_that_left_the_list_has_the_neighbours_that_it_would_stand_between(crm):
    many(crm)
    only_won = {"filter": {"field": "stage", "value": "won"}, "sort": ["-amount"]}
    ids = listed(crm, limit=100, **only_won)
    left = ids[3]
    crm.write(records.update, "x_deal", [{"id": left, "stage": "new"}])
    found = around(crm, left, **only_won)
    assert (found.previous, found.next, found.position) == (ids[2], ids[4], None)


def test_a_position_further_down_than_counts_go_is_left_out(crm):
    many(crm)
    ids = listed(crm, limit=100)
    with crm.configured(count_cap=10):
        assert around(crm, ids[9]).position == 10
        deep = around(crm, ids[30])
    assert (deep.position, deep.previous, deep.next) == (None, ids[29], ids[31])
    assert deep.count == {"value": 10, "exact": False}


def test_the_trash_is_a_list_with_neighbours_as_well(crm):
    many(crm)
    gone = listed(crm, limit=100)[10:14]
    crm.write(records.delete, "x_deal", [{"id": id_} for id_ in gone])
    found = around(crm, gone[1], trashed=True)
    assert (found.previous, found.next, found.position) == (gone[0], gone[2], 2)


def test_no_neighbours_of_what_is_not_there_or_of_a_stranger(crm):
    for id_ in (4711, 0, 2**70):
        with pytest.raises(RelatumError) as caught:
            around(crm, id_)
        assert caught.value.code == "record_unknown"
    with crm.reading(), pytest.raises(RelatumError) as caught:
        query.neighbours(query.from_json("x_deal", {}, actor=crm.bob), 1)
    assert caught.value.code == "forbidden"


def test_a_list_that_costs_too_much_to_sort_has_no_neighbours_either(crm):
    many(crm)
    id_ = listed(crm)[0]
    with crm.configured(sort_cap=5), pytest.raises(RelatumError) as caught:
        around(crm, id_, sort=["stage"])
    assert caught.value.code == "sort_too_costly"


def test_a_count_stops_at_its_cap_and_says_so(crm):
    many(crm)
    with crm.configured(count_cap=10), crm.reading():
        made = query.from_json("x_deal", {}, actor=crm.alice)
        assert query.count(made) == {"value": 10, "exact": False}
        only = {"filter": {"field": "name", "value": "arm"}}
        few = query.from_json("x_deal", only, actor=crm.alice)
        assert query.count(few) == {"value": 1, "exact": True}
        with pytest.raises(RelatumError):
            query.from_json("x_deal", {}, actor=crm.bob)


def test_labels_name_records_of_any_type_and_leave_out_what_is_gone_for_good(crm):
    [acme] = [id_ for id_ in _ids(crm, "x_company") if crm.get("x_company", id_)["name"] == "Acme"]
    deals = _ids(crm, "x_deal")
    crm.write(records.delete, "x_deal", [{"id": deals[0]}])
    crm.write(records.delete, "x_deal", [{"id": deals[1]}])
    crm.write(records.purge, "x_deal", [{"id": deals[1]}])
    found = crm.read(query.labels, [acme, deals[0], deals[1], 4711])
    assert found == {
        str(acme): {"type": "x_company", "label": "Acme", "trashed": False},
        str(deals[0]): {"type": "x_deal", "label": "Ärmel", "trashed": True},
    }
    assert crm.read(query.labels, []) == {}


def _ids(instance: Any, name: str) -> list[int]:
    return [row.id for row in instance.sql(f"SELECT id FROM {name} ORDER BY id")]


def test_what_points_to_a_record_is_read_by_the_index_of_the_link_without_counting(crm):
    """SQLite drives from the index of the link, which goes on in the order of ids."""
    acme = _ids(crm, "x_company")[0]
    asked = {"filter": {"field": "company", "value": acme}, "sort": ["-id"], "fields": ["name"]}
    with crm.reading():
        made = query.from_json("x_deal", asked, actor=crm.alice)
        with statements(crm) as seen:
            query.page(made)
    assert len(seen) == 1
