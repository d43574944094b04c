"""Saved views that name records which were merged: they find what is left of them."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import query, records, views

from .instances import prepared
from .merging import merge, shop_in, three
from .officing import Office, actor, build, give
from .undoing import newest, undo


@prepared
def shop(instance: Any) -> tuple[int, int, int]:
    shop_in(instance)
    a, b, c = three(instance)
    for name, company in (("one", a), ("two", b), ("three", c)):
        instance.create("x_deal", {"name": name, "company": company})
        instance.create("x_note", {"name": name, "about": company})
    return a, b, c


@prepared
def office(instance: Any) -> Office:
    return build(instance)


def keep(instance: Any, type_name: str, filter_: Any, who: Any = None) -> None:
    """Keep a filter in a view of somebody's own."""
    instance.write(
        views.save, type_name, "my_own", {"query": {"filter": filter_}}, actor=who or instance.alice
    )


def kept(instance: Any, type_name: str, who: Any = None) -> Any:
    """Return the filter of that view as it is opened."""
    found = instance.read(views.get, type_name, "my_own", actor=who or instance.alice)
    assert found["broken"] is None
    return found["query"]["filter"]


def listed(instance: Any, type_name: str, who: Any = None) -> list[str]:
    """Return the names of the records of that view."""
    with instance.reading():
        asked = views.from_json(type_name, {"view": "my_own"}, actor=who or instance.alice)
        return sorted(row["name"] for row in query.page(asked).records)


@pytest.mark.parametrize(
    ("type_name", "filter_", "found"),
    [
        ("x_deal", {"field": "company", "op": "eq", "value": "B"}, ["one", "two"]),
        ("x_deal", {"field": "company", "value": "B"}, ["one", "two"]),
        ("x_deal", {"field": "company", "op": "in", "value": ["A", "B"]}, ["one", "two"]),
        ("x_deal", {"field": "company", "op": "nin", "value": ["B"]}, ["three"]),
        ("x_deal", {"field": "company", "op": "under", "value": "B"}, ["one", "two"]),
        ("x_deal", {"field": "company.id", "op": "eq", "value": "B"}, ["one", "two"]),
        ("x_deal", {"not": {"field": "company", "op": "ne", "value": "B"}}, ["one", "two"]),
        ("x_deal", {"or": [{"field": "company", "op": "eq", "value": "B"}]}, ["one", "two"]),
        ("x_note", {"field": "about", "op": "eq", "value": "B"}, ["one", "two"]),
        ("x_company", {"field": "id", "op": "in", "value": ["B", "C"]}, ["ACME Corp", "Acme"]),
        (
            "x_company",
            {"has": "children", "where": {"field": "parent", "op": "eq", "value": "B"}},
            ["Acme"],
        ),
        (
            "x_company",
            {"and": [{"has": "children"}, {"field": "id", "op": "eq", "value": "B"}]},
            ["Acme"],
        ),
        (
            "x_deal",
            {
                "and": [
                    {"field": "owner", "op": "in", "value": ["me"]},
                    {"field": "owner", "op": "eq", "value": "me"},
                    {"field": "company", "op": "eq", "value": "B"},
                ]
            },
            ["one", "two"],
        ),
    ],
)  # fmt: skip
def test_a_view_that_names_a_merged_record_finds_what_is_left(
    shop, instance, type_name, filter_, found
):
    a, b, c = shop
    instance.create("x_company", {"name": "Child", "parent": b})
    keep(instance, type_name, with_ids(filter_, {"A": a, "B": b, "C": c}))
    merge(instance, a, b)
    assert listed(instance, type_name) == found


def with_ids(node: Any, ids: dict[str, int]) -> Any:
    """Return a filter with ids for the letters of companies."""
    if isinstance(node, dict):
        return {word: with_ids(value, ids) for word, value in node.items()}
    if isinstance(node, list):
        return [with_ids(value, ids) for value in node]
    return ids.get(node, node)


def test_a_record_that_a_list_named_twice_by_now_stands_in_it_once(shop, instance):
    a, b, c = shop
    keep(instance, "x_deal", {"field": "company", "op": "in", "value": [b, a, c]})
    merge(instance, a, b)
    assert kept(instance, "x_deal")["value"] == [a, c]
    merge(instance, c, a)
    assert kept(instance, "x_deal")["value"] == [c]


def test_a_number_that_is_no_record_stays(shop, instance):
    a, b, _ = shop
    condition = {"field": "size", "op": "eq", "value": b}
    keep(instance, "x_company", {"and": [condition, {"field": "id", "op": "gt", "value": b}]})
    before = kept(instance, "x_company")
    merge(instance, a, b)
    assert kept(instance, "x_company") == before


def test_an_undone_merge_leaves_views_as_they_were(shop, instance):
    a, b, _ = shop
    keep(instance, "x_deal", {"field": "company", "op": "eq", "value": b})
    merge(instance, a, b)
    undo(instance, newest(instance))
    assert kept(instance, "x_deal")["value"] == b
    assert listed(instance, "x_deal") == ["two"]


def test_who_may_not_know_of_a_merge_has_the_view_as_it_was(instance, office):
    give(instance, office, "nora", {"read": "own"})
    nora = actor(instance, office, "nora")
    mine, other = office.deals["nora large"], office.deals["sam large"]
    for into, gone in ((mine, other), (office.deals["sam small"], office.deals["nora small"])):
        keep(instance, "x_deal", {"field": "id", "op": "eq", "value": gone}, nora)
        instance.write(records.merge, "x_deal", into, [gone])
        assert kept(instance, "x_deal", nora)["value"] == gone
        assert listed(instance, "x_deal", nora) == []
