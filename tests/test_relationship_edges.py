"""Relationships where they cross: two links to one record, a whole that points to its part."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import query, records
from relatum.core.errors import RelatumError

from .instances import prepared
from .plugged import enable, put, small
from .relationship_kinds import make_all


@prepared
def crossed(instance: Any) -> None:
    """An instance with types that are tied in every way."""
    make_all(instance)


def ids(instance: Any, table: str) -> list[int]:
    return [row.id for row in instance.sql(f"SELECT id FROM {table} ORDER BY id")]


def deal(instance: Any, **values: Any) -> tuple[int, list[int]]:
    """Make a deal with two lines; return its id and theirs."""
    lines = [{"product": "a", "bits": [{"name": "x"}]}, {"product": "b"}]
    [made] = instance.create("x_deal", {"run": 1, "code": "a", "lines": lines, **values})
    return made, ids(instance, "x_line")


def refused(instance: Any, verb: Any, *args: Any, **kwargs: Any) -> RelatumError:
    with pytest.raises(RelatumError) as caught:
        instance.write(verb, *args, **kwargs)
    return caught.value


# -- what is linked to ------------------------------------------------------------------------
def test_a_record_of_a_type_in_the_trash_is_nothing_to_refer_to(crossed):
    [firm] = crossed.create("x_firm", {"name": "a"})
    crossed.create("x_note", {"name": "n", "about": firm})
    crossed.apply({"op": "trash_type", "type": "x_firm"})
    error = refused(crossed, records.create, "x_note", [{"name": "m", "about": firm}])
    assert [(p.field, p.code) for p in error.problems] == [("about", "reference_unknown")]


# -- what deleting empties ---------------------------------------------------------------------
def test_two_links_to_one_record_are_emptied_in_one_change(crossed):
    [firm] = crossed.create("x_firm", {"name": "a"})
    [note] = crossed.create("x_note", {"name": "n", "seen": firm, "also": firm})
    crossed.write(records.delete, "x_firm", [{"id": firm}])
    assert crossed.get("x_note", note)["version"] == 2
    [last, _] = crossed.read(records.history, "x_note", note)
    assert last["changes"] == {"seen": [firm, None], "also": [firm, None]}


@pytest.mark.parametrize("change", [{}, {"name": "z"}])
def test_leaving_out_a_line_that_its_order_points_to_tells_the_version_that_is_stored(
    crossed, change
):
    whole, [first, second] = deal(crossed)
    crossed.write(records.update, "x_deal", [{"id": whole, "best": first}])
    row = {"id": whole, "lines": [{"id": second}], **change}
    [outcome] = crossed.write(records.update, "x_deal", [row])
    found = crossed.get("x_deal", whole)
    assert (found["best"], found["version"]) == (None, outcome.version)
    again = {"id": whole, "version": outcome.version, "name": "y"}
    assert crossed.write(records.update, "x_deal", [again])[0].status == "updated"


def test_leaving_out_a_line_that_another_order_of_the_batch_points_to_tells_its_version(crossed):
    whole, [first, _] = deal(crossed)
    [other] = crossed.create("x_deal", {"run": 1, "code": "b", "best": first})
    rows = [{"id": other, "name": "z"}, {"id": whole, "lines": []}]
    outcomes = crossed.write(records.update, "x_deal", rows)
    for outcome in outcomes:
        assert crossed.get("x_deal", outcome.id)["version"] == outcome.version


def test_a_line_may_say_its_version_while_a_line_it_points_to_is_left_out(crossed):
    whole, [first, second] = deal(crossed)
    crossed.write(records.update, "x_line", [{"id": second, "instead": first}])
    lines = [{"id": second, "version": 2, "amount": 7}]
    crossed.write(records.update, "x_deal", [{"id": whole, "lines": lines}])
    assert crossed.get("x_line", second)["instead"] is None
    lines = [{"id": second, "version": 2}]
    error = refused(crossed, records.update, "x_deal", [{"id": whole, "lines": lines}])
    assert error.problems[0].code == "version_mismatch"


def test_a_line_that_cant_be_left_out_is_not_called_by_the_place_of_another(crossed):
    whole, [_, second] = deal(crossed)
    [bit] = ids(crossed, "x_bit")
    crossed.create("x_note", {"name": "n", "needs": bit})
    row = {"id": whole, "lines": [{"id": second}]}
    [problem] = refused(crossed, records.update, "x_deal", [row]).problems
    assert (problem.code, problem.field, problem.row) == ("still_referenced", "lines", 0)


# -- coming back -------------------------------------------------------------------------------
def test_what_comes_back_with_another_row_of_a_partial_batch_comes_back_once(crossed):
    [one] = crossed.create("x_firm", {"name": "a"})
    [heir] = crossed.create("x_firm", {"name": "b", "heir": one})
    crossed.write(records.delete, "x_firm", [{"id": one}])
    rows = [{"id": one}, {"id": heir}]
    outcomes = crossed.write(records.restore, "x_firm", rows, partial=True)
    assert [(o.status, o.version) for o in outcomes] == [("restored", 3), ("restored", 3)]
    assert crossed.get("x_firm", heir)["version"] == 3


def test_a_partial_batch_comes_back_whatever_its_order(crossed):
    [one] = crossed.create("x_firm", {"name": "a"})
    [heir] = crossed.create("x_firm", {"name": "b", "heir": one})
    crossed.create("x_note", {"name": "n", "about": one})
    crossed.write(records.delete, "x_firm", [{"id": heir}])
    crossed.write(records.delete, "x_firm", [{"id": one}])
    rows = [{"id": heir}, {"id": one}]
    outcomes = crossed.write(records.restore, "x_firm", rows, partial=True)
    assert [outcome.status for outcome in outcomes] == ["restored", "restored"]


@pytest.mark.parametrize("partial", [False, True])
def test_a_conflict_of_what_comes_along_names_the_row_that_brings_it(crossed, partial):
    one, two = crossed.create("x_firm", {"name": "a"}, {"name": "b"})
    notes = [{"run": 1, "name": name, "about": firm} for name, firm in (("a", one), ("b", two))]
    crossed.create("x_note", *notes)
    rows = [{"id": one}, {"id": two}]
    crossed.write(records.delete, "x_firm", rows)
    crossed.create("x_note", {"run": 1, "name": "b"})
    if partial:
        outcomes = crossed.write(records.restore, "x_firm", rows, partial=True)
        assert [outcome.status for outcome in outcomes] == ["restored", "refused"]
        problems = outcomes[1].problems
    else:
        problems = refused(crossed, records.restore, "x_firm", rows).problems
    assert [(p.row, p.code, p.field) for p in problems] == [(1, "restore_conflict", "run, name")]


# -- the way up and the way down in a tree -----------------------------------------------------
def test_the_way_up_ends_in_the_trash_as_the_way_down_does(crossed):
    [top] = crossed.create("x_firm", {"name": "top"})
    [middle] = crossed.create("x_firm", {"name": "middle", "parent": top})
    [leaf] = crossed.create("x_firm", {"name": "leaf", "parent": middle})
    for id_ in (leaf, middle):
        crossed.write(records.delete, "x_firm", [{"id": id_}])
    crossed.write(records.restore, "x_firm", [{"id": leaf}])

    def found(operator: str, start: int) -> list[str]:
        body = {"filter": {"field": "id", "op": operator, "value": start}, "fields": ["name"]}
        with crossed.reading():
            page = query.page(query.from_json("x_firm", body, actor=crossed.alice))
        return [record["name"] for record in page.records]

    assert (found("under", top), found("above", leaf)) == (["top"], ["leaf"])


# -- plugins -----------------------------------------------------------------------------------
KEEPING = """

@hookimpl
def relatum_before_write(batch):
    if (batch.type, batch.operation) in {what}:
        for place in range(len(batch)):
            batch.reject(place, f"It is kept, {{batch.before(place, 'name')}}")
"""


def keep(instance: Any, *what: tuple[str, str]) -> None:
    """Enable a plugin that refuses operations on types."""
    put(instance, "keeping", small("keeping", KEEPING.format(what=set(what))))
    enable(instance, "keeping")


def test_a_link_that_a_plugin_holds_keeps_what_it_points_to(crossed):
    keep(crossed, ("x_note", "update"))
    [firm] = crossed.create("x_firm", {"name": "a"})
    crossed.create("x_note", {"name": "n", "seen": firm})
    error = refused(crossed, records.delete, "x_firm", [{"id": firm}])
    assert [(p.row, p.code) for p in error.problems] == [(0, "rejected")]
    assert crossed.get("x_firm", firm)["version"] == 1


@pytest.mark.parametrize("operation", ["delete", "restore"])
def test_a_plugin_sees_what_goes_and_comes_along_with_its_values(crossed, operation):
    [firm] = crossed.create("x_firm", {"name": "a"})
    crossed.create("x_note", {"name": "n", "about": firm})
    if operation == "restore":
        crossed.write(records.delete, "x_firm", [{"id": firm}])
    keep(crossed, ("x_note", operation))
    error = refused(crossed, getattr(records, operation), "x_firm", [{"id": firm}])
    assert "It is kept, n" in str(error)
