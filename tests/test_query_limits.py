"""Bad lists and groups: each is refused by a code, and every limit answers with its name."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from relatum.core import query, views
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError
from relatum.core.query import parse

from .asking import ask, names, refused, refused_groups, small_crm
from .instances import prepared


@prepared
def crm(instance):
    small_crm(instance)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ([("nmae", "x")], "field_unknown"),
        ([("company.nmae", "x")], "field_unknown"),
        ([("name.first", "x")], "path_invalid"),
        ([("closed.month", "2024-01")], "path_invalid"),
        ([("company.parent.parent.parent.parent.name", "x")], "path_depth"),
        ([("name__like", "x")], "operator_unknown"),
        ([("note__eq", "x")], "operator_unknown"),
        ([("amount__gt", "much")], "operand_invalid"),
        ([("seats", "1.5")], "operand_invalid"),
        ([("seats__gt", "99999999999999999999")], "operand_invalid"),
        ([("seats__between", "1")], "operand_invalid"),
        ([("name", "")], "operand_invalid"),
        ([("name__in", "")], "operand_invalid"),
        ([("name__contains", "\u0301")], "operand_invalid"),
        ([("name", "a\0b")], "operand_invalid"),
        ([("closed", "2024-02-30")], "operand_invalid"),
        ([("closed__gt", "today+9999999d")], "operand_invalid"),
        ([("stage", "nwe")], "operand_invalid"),
        ([("stage__category", "opn")], "operand_invalid"),
        ([("signed", "maybe")], "operand_invalid"),
        ([("signed__empty", "maybe")], "operand_invalid"),
        ([("company", "Acme")], "operand_invalid"),
        ([("name", "a"), ("name", "b")], "bad_parameter"),
        ([("_order", "name")], "bad_parameter"),
        ([("_limit", "many")], "bad_parameter"),
        ([("_limit", "0")], "page_limit"),
        ([("_limit", "501")], "page_limit"),
        ([("_count", "yes")], "bad_parameter"),
        ([("_sort", "note")], "not_sortable"),
        ([("_fields", "nmae")], "field_unknown"),
        ([("_group", "stage")], "bad_parameter"),
        ([("_select", "count")], "bad_parameter"),
        ([("_tz", "UTC")], "bad_parameter"),
        ([("_filter", "{")], "bad_parameter"),
        ([("_filter", "[]")], "bad_filter"),
        ([("_filter", "1")], "bad_filter"),
        ([("_filter", '{"field": "name"}')], "bad_filter"),
        ([("_filter", '{"and": {}}')], "bad_filter"),
        ([("_filter", '{"field": ["name"], "value": 1}')], "bad_filter"),
        ([("_filter", '{"field": "name", "op": "eq", "value": {}}')], "operand_invalid"),
        ([("_filter", '{"field": "seats", "value": true}')], "operand_invalid"),
        ([("_filter", '{"field": "amount", "value": "NaN"}')], "operand_invalid"),
        ([("_filter", '{"has": 1}')], "bad_filter"),
        ([("_filter", '{"has": "company", "value": 1}')], "bad_filter"),
        ([("_filter", '{"value": "x"}')], "bad_filter"),
        ([("_filter", '{"field": "name", "value": "x", "more": 1}')], "bad_filter"),
        ([("_filter", '{"field": "name", "op": 1, "value": "x"}')], "bad_filter"),
        ([("_filter", '{"and": [], "or": []}')], "bad_filter"),
        ([("_filter", '{"field": "name", "op": "", "value": "x"}')], "operator_unknown"),
        ([("_filter", '{"field": "name", "value": null}')], "operand_invalid"),
        ([("_filter", '{"field": "name", "op": "in", "value": "x"}')], "operand_invalid"),
        ([("_filter", '{"field": "name", "op": "in", "value": []}')], "operand_invalid"),
        (
            [("_filter", '{"field": "seats", "op": "between", "value": [1, 2, 3]}')],
            "operand_invalid",
        ),
        ([("_filter", '{"field": "stage", "op": "category", "value": [1]}')], "operand_invalid"),
    ],
)
def test_bad_lists_are_refused(crm, args, code):
    assert refused(crm, *args).code == code


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ([("_select", "median(amount)")], "bad_parameter"),
        ([("_select", "sum")], "bad_parameter"),
        ([("_select", "sum(name)")], "not_aggregable"),
        ([("_select", "max(name)")], "not_aggregable"),
        ([("_group", "note")], "not_groupable"),
        ([("_group", "id")], "not_groupable"),
        ([("_group", "closed.decade")], "path_invalid"),
        ([("_group", "closed.month.day")], "path_invalid"),
        ([("_group", "stage"), ("_sort", "amount")], "bad_parameter"),
        ([("_fields", "name")], "bad_parameter"),
        ([("_tz", "Berlin")], "bad_parameter"),
    ],
)
def test_bad_groups_are_refused(crm, args, code):
    assert refused_groups(crm, *args).code == code


@pytest.mark.parametrize(
    ("field", "operator", "value", "told"),
    [
        ("seats", "between", [1], "two values"),
        ("seats", "in", [], "a list of at least one value"),
        ("name", "eq", None, "use the operator empty"),
        ("name", "eq", "", "use the operator empty"),
        ("name", "eq", "  ", "needs some text"),
        ("name", "contains", "\u0301", "needs some text"),
    ],
)
def test_what_is_compared_wrongly_is_told_what_to_write(crm, field, operator, value, told):
    error = refused(crm, filter={"field": field, "op": operator, "value": value})
    assert (error.code, told in str(error)) == ("operand_invalid", True), str(error)


def test_options_are_found_by_their_category(crm):
    for name, found in (("open", ["Beta, Inc"]), ("won", ["Ärmel"])):
        asked = {"field": "stage", "op": "category", "value": [name]}
        assert names(ask(crm, filter=asked)) == found


def test_limits_of_a_filter_answer_with_their_names(crm):
    one: dict[str, Any] = {"field": "seats", "value": 1}
    deep = one
    for _ in range(9):
        deep = {"not": deep}
    assert refused(crm, filter=deep).code == "filter_depth"
    assert refused(crm, filter={"or": [one] * 65}).code == "filter_conditions"
    many = {"field": "seats", "op": "in", "value": list(range(1001))}
    assert refused(crm, filter=many).code == "filter_values"


def test_a_word_that_json_does_not_know_is_refused(crm):
    error = refused(crm, filtre={})
    assert error.code == "bad_parameter"
    assert all(word in str(error) for word in parse.WORDS)


def test_who_is_no_administrator_reads_nothing(crm):
    bob = Actor(user_id=2, name="Bob")
    with crm.reading(), pytest.raises(RelatumError) as caught:
        query.from_url("x_deal", [], actor=bob)
    assert caught.value.code == "forbidden"


def test_a_query_is_a_value(crm):
    with crm.reading():
        one = query.from_url("x_deal", [("name", "a")], actor=crm.alice)
    assert dataclasses.replace(one) == one
    assert hash(one) == hash(dataclasses.replace(one))


def test_a_page_that_code_asks_for_may_be_larger_than_one_that_is_sent(crm, instance):
    asked = {"limit": 5, "fields": ["name"]}
    with instance.configured(page_limit=2), instance.reading():
        own = query.page(query.from_json("x_deal", asked, actor=instance.actor))
        assert len(own.records) > 2
        for sent in (
            lambda: views.from_json("x_deal", asked, actor=instance.actor),
            lambda: views.from_url("x_deal", [("_limit", "5")], actor=instance.actor),
        ):
            with pytest.raises(RelatumError, match="between 1 and page_limit"):
                sent()
