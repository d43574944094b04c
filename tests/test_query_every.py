"""All records of a question: page after page, and for any number of values."""

from __future__ import annotations

import pytest

from relatum.core import query
from relatum.core.errors import RelatumError

from .asking import small_crm
from .desk_record import counted
from .instances import prepared

#: The deals of `small_crm` that have a name, by it.
NAMED = ["arm", "Ärmel", "Beta, Inc"]
ASKED = {
    "fields": ["name"], "sort": ["name"],
    "filter": {"field": "name", "op": "in", "value": NAMED},
}  # fmt: skip


@prepared
def crm(instance):
    small_crm(instance)


def every(crm, asked, **words):
    """Return the names of all that a question finds."""
    with crm.reading():
        return [each["name"] for each in query.every("x_deal", asked, actor=crm.alice, **words)]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_all_pages_come_in_order_whatever_their_size(crm, limit):
    assert every(crm, {**ASKED, "limit": limit}) == NAMED


def test_a_page_is_read_when_it_is_come_to(crm):
    with crm.reading():
        found = query.every("x_deal", {**ASKED, "limit": 2}, actor=crm.alice)
        assert next(found)["name"] == "arm"
        with counted() as of_first:
            assert next(found)["name"] == "Ärmel"
        with counted() as of_second:
            assert next(found)["name"] == "Beta, Inc"
    assert of_first == []
    assert of_second != []


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_those_among_some_values_come_once_whatever_their_number(crm, limit):
    values = ["Beta, Inc", None, "arm", "nobody", "Beta, Inc"]
    found = every(crm, {"fields": ["name"], "limit": limit}, among=("name", values))
    assert sorted(found) == ["Beta, Inc", "arm"]


def test_among_values_the_filter_holds_as_well(crm):
    asked = {"fields": ["name"], "filter": {"field": "stage", "value": "won"}}
    assert every(crm, asked, among=("name", NAMED)) == ["Ärmel"]


def test_among_no_values_there_is_nothing_and_nothing_is_asked(crm):
    with crm.reading(), counted() as seen:
        assert [*query.every("x_deal", {}, actor=crm.alice, among=("id", [None]))] == []
    assert seen == []


def test_what_is_wrong_with_a_question_is_told(crm):
    with pytest.raises(RelatumError) as caught:
        every(crm, {"sort": ["nmae"]})
    assert caught.value.code == "field_unknown"
