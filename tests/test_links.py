"""Links: many to many, one to one, lists, trees, references to several types."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import catalog, entities, query, records
from relatum.core.errors import RelatumError

from .instances import prepared

NAME = {"name": "name", "kind": "text"}


def link(name: str, target: str, required: bool = False, **settings: Any) -> dict[str, Any]:
    given = {"target": target, **settings}
    return {"name": name, "kind": "lookup", "required": required, "settings": given}


@prepared
def shop(instance):
    instance.make_type(
        "x_company",
        NAME,
        {"name": "city", "kind": "text"},
        link("parent", "x_company", tree=True, inverse="children", on_delete="clear"),
    )
    instance.make_type(
        "x_order",
        NAME,
        link("company", "x_company", inverse="orders"),
        {"name": "state", "kind": "text"},
    )
    instance.make_type(
        "x_line",
        {"name": "product", "kind": "text", "required": True},
        {"name": "amount", "kind": "integer"},
        {"name": "position", "kind": "integer"},
        link("order", "x_order", required=True, part=True, inverse="lines"),
        title="product",
        keys=[["order", "product"]],
    )


def page(instance: Any, type_name: str, **body: Any) -> Any:
    with instance.reading():
        return query.page(query.from_json(type_name, body, actor=instance.alice))


def names(instance: Any, type_name: str, condition: Any) -> list[str]:
    found = page(instance, type_name, filter=condition, sort=["name"], fields=["name"])
    return [record["name"] for record in found.records]


def lines(instance: Any, order: int) -> list[tuple[Any, ...]]:
    [record] = page(
        instance, "x_order", filter={"field": "id", "value": order}, expand=["lines"]
    ).records
    return [(line["product"], line["amount"], line["position"]) for line in record["lines"]]


def refused(instance: Any, verb: Any, *args: Any, **kwargs: Any) -> RelatumError:
    with pytest.raises(RelatumError) as caught:
        instance.write(verb, *args, **kwargs)
    return caught.value


# -- many to many, one to one ---------------------------------------------------------------
def test_a_type_with_two_links_ties_many_to_many_with_fields_of_its_own(shop):
    shop.make_type("x_person", NAME)
    shop.make_type(
        "x_job",
        link("person", "x_person", required=True, on_delete="cascade", inverse="jobs"),
        link("company", "x_company", required=True, on_delete="cascade", inverse="staff"),
        {"name": "role", "kind": "text"},
        title="role",
        keys=[["person", "company"]],
    )
    acme, beta = shop.create("x_company", {"name": "Acme", "city": "Rome"}, {"name": "Beta"})
    ann, bea = shop.create("x_person", {"name": "Ann"}, {"name": "Bea"})
    shop.create(
        "x_job",
        {"person": ann, "company": acme, "role": "chief"},
        {"person": ann, "company": beta, "role": "adviser"},
        {"person": bea, "company": beta, "role": "chief"},
    )
    chief_in_rome = {
        "has": "jobs",
        "where": {
            "and": [
                {"field": "role", "value": "chief"},
                {"field": "company.city", "value": "Rome"},
            ]
        },
    }
    assert names(shop, "x_person", chief_in_rome) == ["Ann"]
    assert names(shop, "x_person", {"not": chief_in_rome}) == ["Bea"]
    error = refused(shop, records.create, "x_job", [{"person": ann, "company": acme}])
    assert error.code == "duplicate"
    shop.write(records.delete, "x_person", [{"id": ann}])
    assert [r["role"] for r in page(shop, "x_job").records] == ["chief"]


def test_a_unique_link_is_one_to_one(shop):
    shop.make_type("x_file", NAME, {**link("company", "x_company"), "unique": True})
    [acme] = shop.create("x_company", {"name": "Acme"})
    shop.create("x_file", {"name": "a", "company": acme})
    error = refused(shop, records.create, "x_file", [{"name": "b", "company": acme}])
    assert error.code == "duplicate"


# -- lists ----------------------------------------------------------------------------------
def test_has_and_has_no_related_records(shop):
    acme, _beta = shop.create("x_company", {"name": "Acme"}, {"name": "Beta"})
    shop.create("x_order", {"name": "1", "company": acme, "state": "open"}, {"name": "2"})
    assert names(shop, "x_company", {"has": "orders"}) == ["Acme"]
    assert names(shop, "x_company", {"not": {"has": "orders"}}) == ["Beta"]
    closed = {"has": "orders", "where": {"field": "state", "value": "closed"}}
    assert names(shop, "x_company", closed) == []
    assert names(shop, "x_order", {"has": "company.orders"}) == ["1"]
    assert names(shop, "x_order", {"not": {"has": "company.orders"}}) == ["2"]


def test_a_list_that_is_not_there_names_the_nearest(shop):
    with pytest.raises(RelatumError) as caught:
        names(shop, "x_company", {"has": "order"})
    assert caught.value.code == "inverse_unknown"
    assert "orders" in str(caught.value)


def test_expanding_a_long_list_is_refused_by_name(shop):
    shop.create("x_order", {"name": "1", "lines": [{"product": f"p{i}"} for i in range(3)]})
    with shop.configured(expand_limit=2), pytest.raises(RelatumError) as caught:
        page(shop, "x_order", expand=["lines"])
    assert caught.value.code == "expand_limit"


def test_names_of_lists_and_fields_share_one_space(shop):
    change = {"op": "add_field", "type": "x_company"}
    for made in (
        {"name": "orders", "kind": "text"},
        link("other", "x_company", inverse="orders"),
        link("other", "x_company", inverse="city"),
    ):
        with pytest.raises(RelatumError) as caught:
            shop.apply({**change, **made})
        assert caught.value.code == "name_taken"
    with pytest.raises(RelatumError) as caught:
        shop.apply({**change, **link("boss", "user", inverse="firms")})
    assert caught.value.code == "name_prefix"


# -- trees ----------------------------------------------------------------------------------
@prepared
def ids(shop):
    a, b = shop.create("x_company", {"name": "a"}, {"name": "b"})
    [c] = shop.create("x_company", {"name": "c", "parent": a})
    [d] = shop.create("x_company", {"name": "d", "parent": c})
    shop.create("x_order", {"name": "1", "company": d}, {"name": "2", "company": b})
    return {"a": a, "b": b, "c": c, "d": d}


@pytest.fixture
def tree(instance, ids):
    return instance, ids


def test_below_and_above_in_a_tree(tree):
    shop, ids = tree
    assert names(shop, "x_company", {"field": "id", "op": "under", "value": ids["a"]}) == [
        "a", "c", "d",
    ]  # fmt: skip
    assert names(shop, "x_company", {"field": "parent", "op": "under", "value": ids["a"]}) == [
        "c", "d",
    ]  # fmt: skip
    assert names(shop, "x_company", {"field": "id", "op": "above", "value": ids["d"]}) == [
        "a", "c", "d",
    ]  # fmt: skip
    assert names(shop, "x_order", {"field": "company", "op": "under", "value": ids["a"]}) == ["1"]


def test_a_circle_is_refused(tree):
    shop, ids = tree
    for parent in ("d", "a"):
        change = {"id": ids["a"], "parent": ids[parent]}
        assert refused(shop, records.update, "x_company", [change]).code == "circular"
    swap = [{"id": ids["b"], "parent": ids["d"]}, {"id": ids["a"], "parent": ids["b"]}]
    assert refused(shop, records.update, "x_company", swap).code == "circular"


def test_links_that_run_in_a_circle_cant_become_a_tree(instance):
    instance.make_type("x_node", NAME, link("above", "x_node"))
    a, b = instance.create("x_node", {"name": "a"}, {"name": "b"})
    instance.write(records.update, "x_node", [{"id": a, "above": b}, {"id": b, "above": a}])
    with pytest.raises(RelatumError) as caught:
        instance.apply(
            {"op": "change_field", "type": "x_node", "field": "above", "settings": {"tree": True}}
        )
    assert caught.value.code == "circular"


# -- references to several types ------------------------------------------------------------
@prepared
def notes(shop):
    shop.make_type(
        "x_note",
        NAME,
        {
            "name": "about",
            "kind": "reference",
            "settings": {"targets": ["x_company", "x_order"], "on_delete": "cascade"},
        },
    )


def test_a_reference_points_to_records_of_several_types_and_shows_their_labels(notes):
    [acme] = notes.create("x_company", {"name": "Acme"})
    [order] = notes.create("x_order", {"name": "7"})
    notes.create("x_note", {"name": "a", "about": acme}, {"name": "b", "about": order})
    found = page(notes, "x_note", fields=["about"])
    assert {(each["type"], each["label"]) for each in found.labels.values()} == {
        ("x_company", "Acme"),
        ("x_order", "7"),
    }


def test_a_reference_takes_only_the_types_it_names(notes):
    user = notes.alice.user_id
    error = refused(notes, records.create, "x_note", [{"name": "a", "about": user}])
    assert error.problems[0].code == "reference_unknown"


def test_what_points_by_a_reference_goes_along(notes):
    [acme] = notes.create("x_company", {"name": "Acme"})
    [note] = notes.create("x_note", {"name": "a", "about": acme})
    notes.write(records.delete, "x_company", [{"id": acme}])
    assert page(notes, "x_note").records == []
    notes.write(records.restore, "x_company", [{"id": acme}])
    assert notes.get("x_note", note)["about"] == acme


# -- references to every type -----------------------------------------------------------------
@prepared
def remarks(shop):
    any_ = {"name": "about", "kind": "reference", "settings": {"any": True, "on_delete": "cascade"}}
    shop.make_type("x_remark", NAME, any_)


def test_a_reference_that_is_open_takes_records_of_types_made_after_it(remarks):
    remarks.make_type("x_late", NAME)
    [late] = remarks.create("x_late", {"name": "Late"})
    remarks.create("x_remark", {"name": "a", "about": late})
    remarks.create("x_remark", {"name": "b", "about": remarks.alice.user_id})
    found = page(remarks, "x_remark", fields=["about"])
    assert {each["type"] for each in found.labels.values()} == {"x_late", "user"}
    error = refused(remarks, records.create, "x_remark", [{"name": "c", "about": 1 << 40}])
    assert error.problems[0].code == "reference_unknown"


def test_what_points_by_an_open_reference_goes_along_and_comes_back(remarks):
    [acme] = remarks.create("x_company", {"name": "Acme"})
    [order] = remarks.create("x_order", {"name": "7"})
    ours = remarks.create("x_remark", {"name": "a", "about": acme}, {"name": "b", "about": order})
    remarks.write(records.delete, "x_company", [{"id": acme}])
    assert [row["id"] for row in page(remarks, "x_remark").records] == [ours[1]]
    error = refused(remarks, records.restore, "x_remark", [{"id": ours[0]}])
    assert error.problems[0].code == "parent_trashed"
    remarks.write(records.restore, "x_company", [{"id": acme}])
    assert remarks.get("x_remark", ours[0])["about"] == acme


def test_a_reference_names_its_types_or_is_open_and_never_closes_again(remarks):
    for settings in ({}, {"any": True, "targets": ["x_order"]}, {"any": False}):
        with pytest.raises(RelatumError) as caught:
            remarks.make_type("x_odd", {"name": "at", "kind": "reference", "settings": settings})
        assert caught.value.code == "definition_invalid"
    change = {"op": "change_field", "type": "x_remark", "field": "about"}
    with pytest.raises(RelatumError) as caught:
        remarks.apply({**change, "settings": {"any": False, "targets": ["x_order"]}})
    assert caught.value.code == "definition_invalid"


def test_relationships_are_exported_and_applied_elsewhere_equal(notes):
    with notes.reading():
        text = entities.export(catalog.current())
    for name in ("x_note", "x_line", "x_order", "x_company"):
        notes.apply({"op": "trash_type", "type": name})
    with notes.reading():
        changes = entities.to_changes(catalog.current(), text)
    notes.apply(*changes)
    with notes.reading():
        assert entities.export(catalog.current())["types"] == text["types"]
