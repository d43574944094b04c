"""Parts, what goes and comes back with a record, and both over HTTP and as text."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import query, records
from relatum.core.errors import Invalid, RelatumError

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


# -- parts ----------------------------------------------------------------------------------
def test_lines_are_written_with_their_order_and_keep_their_places(shop):
    rows = [{"product": "b", "amount": 2}, {"product": "a", "amount": 1}]
    [order] = shop.create("x_order", {"name": "1", "lines": rows})
    assert lines(shop, order) == [("b", 2, 1), ("a", 1, 2)]


def test_a_list_that_is_sent_is_the_whole_list(shop):
    [order] = shop.create("x_order", {"name": "1", "lines": [{"product": "a"}, {"product": "b"}]})
    [first, _] = page(shop, "x_line", sort=["id"]).records
    sent = [{"product": "c", "amount": 3}, {"id": first["id"], "amount": 9}]
    shop.write(records.update, "x_order", [{"id": order, "lines": sent}])
    assert lines(shop, order) == [("c", 3, 1), ("a", 9, 2)]
    shop.write(records.update, "x_order", [{"id": order, "name": "2"}])
    assert len(lines(shop, order)) == 2
    shop.write(records.update, "x_order", [{"id": order, "lines": []}])
    assert lines(shop, order) == []


def test_the_version_of_an_order_speaks_for_its_lines(shop):
    [order] = shop.create("x_order", {"name": "1", "lines": [{"product": "a"}]})
    change = {"id": order, "version": 1, "lines": [{"product": "b"}]}
    [outcome] = shop.write(records.update, "x_order", [change])
    assert (outcome.status, outcome.version) == ("updated", 2)
    assert refused(shop, records.update, "x_order", [change]).code == "version_mismatch"


def test_new_lines_are_numbered_in_the_order_that_their_orders_were_sent_in(shop):
    one, two = shop.create("x_order", {"name": "1"}, {"name": "2"})
    sent = [
        {"id": one, "lines": [{"product": "a"}]},
        {"id": two, "name": "changed", "lines": [{"product": "b"}]},
    ]
    shop.write(records.update, "x_order", sent)
    assert [line["product"] for line in page(shop, "x_line", sort=["id"]).records] == ["a", "b"]


def test_lines_that_stay_as_they_are_change_nothing(shop):
    [order] = shop.create("x_order", {"name": "1", "lines": [{"product": "a"}]})
    [line] = page(shop, "x_line").records
    [outcome] = shop.write(
        records.update, "x_order", [{"id": order, "lines": [{"id": line["id"], "product": "a"}]}]
    )
    assert (outcome.status, outcome.version) == ("unchanged", 1)


def test_a_wrong_line_is_named_by_its_place_and_nothing_is_written(shop):
    rows = [
        {"name": "good", "lines": [{"product": "a"}]},
        {"name": "bad", "lines": [{"product": "a"}, {"product": "b", "amount": "many"}, {}]},
    ]
    error = refused(shop, records.create, "x_order", rows)
    assert {(p.row, p.field, p.code) for p in error.problems} == {
        (1, "lines.1.amount", "not_integer"),
        (1, "lines.2.product", "required"),
    }
    assert page(shop, "x_order").records == []


def test_partial_writes_the_orders_whose_lines_are_sound(shop):
    rows = [{"name": "bad", "lines": [{}]}, {"name": "good", "lines": [{"product": "a"}]}]
    outcomes = shop.write(records.create, "x_order", rows, partial=True)
    assert [outcome.status for outcome in outcomes] == ["refused", "created"]
    assert names(shop, "x_order", {"and": []}) == ["good"]


@pytest.mark.parametrize(
    ("sent", "field", "code"),
    [
        ("none", "lines", "not_list"),
        ([7], "lines.0", "row_invalid"),
        ([{"id": 999, "product": "x"}], "lines.0.id", "record_unknown"),
        ([{"order": 999, "product": "x"}], "lines.0.order", "part_elsewhere"),
        ([{"product": "x"}, {"product": "X"}], "lines.1.order, product", "duplicate_in_batch"),
    ],
)
def test_bad_lists_of_lines_are_refused(shop, sent, field, code):
    error = refused(shop, records.create, "x_order", [{"name": "1", "lines": sent}])
    assert isinstance(error, Invalid)
    assert [(p.field, p.code) for p in error.problems] == [(field, code)]


def test_a_line_of_another_order_cant_be_taken_over(shop):
    shop.create("x_order", {"name": "1", "lines": [{"product": "a"}]})
    [two] = shop.create("x_order", {"name": "2"})
    [line] = page(shop, "x_line").records
    change = {"id": two, "lines": [{"id": line["id"]}]}
    error = refused(shop, records.update, "x_order", [change])
    assert error.problems[0].field == "lines.0.id"


def test_an_order_is_upserted_with_its_lines(shop):
    shop.apply({"op": "change_field", "type": "x_order", "field": "name", "unique": True})
    for product in ("a", "b"):
        row = {"name": "1", "lines": [{"product": product}]}
        shop.write(records.upsert, "x_order", [row], key=["name"])
    [order] = page(shop, "x_order").records
    assert [line[0] for line in lines(shop, order["id"])] == ["b"]


def test_a_whole_and_its_parts_are_one_change_set(shop):
    [order] = shop.create("x_order", {"name": "1", "lines": [{"product": "a"}, {"product": "b"}]})
    shop.write(records.delete, "x_order", [{"id": order}])
    sets = shop.sql("SELECT change_set_id, count(*) FROM core_change GROUP BY 1 ORDER BY 1")
    assert [row[1] for row in sets][-2:] == [3, 3]


# -- cascade and restore --------------------------------------------------------------------
def test_parts_go_and_come_back_with_their_whole(shop):
    [order] = shop.create("x_order", {"name": "1", "lines": [{"product": "a"}, {"product": "b"}]})
    [first, _] = page(shop, "x_line", sort=["id"]).records
    shop.write(records.delete, "x_line", [{"id": first["id"]}])
    shop.write(records.delete, "x_order", [{"id": order}])
    assert page(shop, "x_line").records == []
    shop.write(records.restore, "x_order", [{"id": order}])
    assert [line[0] for line in lines(shop, order)] == ["b"]


def test_a_part_cant_come_back_without_its_whole(shop):
    [order] = shop.create("x_order", {"name": "1", "lines": [{"product": "a"}]})
    [line] = page(shop, "x_line").records
    shop.write(records.delete, "x_order", [{"id": order}])
    error = refused(shop, records.restore, "x_line", [{"id": line["id"]}])
    assert error.problems[0].code == "parent_trashed"


def test_what_goes_along_is_counted_before(shop):
    [company] = shop.create("x_company", {"name": "Acme"})
    shop.create("x_company", {"name": "Sub", "parent": company})
    [order] = shop.create("x_order", {"name": "1", "company": company, "lines": [{"product": "a"}]})
    assert shop.read(records.deletion, "x_order", [order]) == {
        "deleted": {"x_order": 1, "x_line": 1},
        "emptied": {},
        "errors": [],
    }
    found = shop.read(records.deletion, "x_company", [company])
    assert found["emptied"] == {"x_company.parent": 1}
    assert found["errors"][0]["code"] == "still_referenced"


def test_a_restricting_link_holds_unless_it_goes_along(shop):
    shop.make_type(
        "x_parcel",
        NAME,
        link("order", "x_order", on_delete="cascade"),
        link("line", "x_line"),
    )
    [order] = shop.create("x_order", {"name": "1", "lines": [{"product": "a"}]})
    [line] = page(shop, "x_line").records
    [mine] = shop.create("x_parcel", {"name": "mine", "order": order, "line": line["id"]})
    [other] = shop.create("x_parcel", {"name": "other", "line": line["id"]})
    error = refused(shop, records.delete, "x_order", [{"id": order}])
    assert (error.code, error.problems[0].params["id"]) == ("still_referenced", other)
    shop.write(records.delete, "x_parcel", [{"id": other}])
    shop.write(records.delete, "x_order", [{"id": order}])
    shop.write(records.restore, "x_order", [{"id": order}])
    assert shop.get("x_parcel", mine)["line"] == line["id"]


def test_a_cascade_through_the_own_type_takes_all_below(instance):
    instance.make_type("x_node", NAME, link("above", "x_node", on_delete="cascade", tree=True))
    [root] = instance.create("x_node", {"name": "root"})
    [child] = instance.create("x_node", {"name": "child", "above": root})
    instance.create("x_node", {"name": "leaf", "above": child})
    instance.write(records.delete, "x_node", [{"id": root}])
    assert page(instance, "x_node").records == []
    instance.write(records.restore, "x_node", [{"id": root}])
    assert names(instance, "x_node", {"and": []}) == ["child", "leaf", "root"]


def test_restoring_into_a_conflict_of_a_part_names_it(shop):
    shop.apply({"op": "change_field", "type": "x_line", "field": "product", "unique": True})
    [order] = shop.create("x_order", {"name": "1", "lines": [{"product": "a"}]})
    shop.write(records.delete, "x_order", [{"id": order}])
    shop.create("x_order", {"name": "2", "lines": [{"product": "a"}]})
    assert refused(shop, records.restore, "x_order", [{"id": order}]).code == "restore_conflict"


# -- over HTTP, and as text -----------------------------------------------------------------
def test_an_order_is_written_and_read_with_its_lines_over_http(shop):
    client = shop.client(shop.alice)
    made = client.post("/api/v1/records/x_order", json={"name": "1", "lines": [{"product": "a"}]})
    assert made.status_code == 201
    address = made.headers["Location"]
    found = client.get(f"{address}?_expand=lines").get_json()
    assert [line["product"] for line in found["lines"]] == ["a"]
    listed = client.get("/api/v1/records/x_order?_expand=lines&_fields=name").get_json()
    assert listed["records"][0]["lines"][0]["product"] == "a"
    preview = client.get(f"{address}/deletion").get_json()
    assert preview["deleted"] == {"x_order": 1, "x_line": 1}
