"""What was changed of a record since a version, and its history by one field."""

from __future__ import annotations

import pytest

from relatum.core import records
from relatum.core.errors import RelatumError

from .asking import small_crm
from .instances import prepared


@prepared
def crm(instance):
    small_crm(instance)


@pytest.fixture
def deal(crm):
    """Return the id of a deal."""
    return crm.create("x_deal", {"name": "One", "amount": "1", "seats": 1})[0]


def test_what_others_changed_since_a_version_is_known_by_field_with_who_did_it(crm, deal):
    crm.write(records.update, "x_deal", [{"id": deal, "name": "Two", "amount": "2"}])
    crm.write(records.update, "x_deal", [{"id": deal, "name": "Three"}])
    found = crm.read(records.since, "x_deal", deal, 1)
    pairs = {name: (each["before"], each["after"]) for name, each in found.items()}
    assert pairs == {"name": ("One", "Three"), "amount": ("1.00", "2.00")}
    assert {each["actor"] for each in found.values()} == {crm.alice.user_id}
    assert found["name"]["change_set"] > found["amount"]["change_set"]
    assert list(crm.read(records.since, "x_deal", deal, 2)) == ["name"]
    assert crm.read(records.since, "x_deal", deal, 3) == {}


def test_any_number_of_changes_lies_between(crm, deal):
    for number in range(60):
        crm.write(records.update, "x_deal", [{"id": deal, "seats": number + 10}])
    found = crm.read(records.since, "x_deal", deal, 1)
    assert (found["seats"]["before"], found["seats"]["after"]) == (1, 69)


def test_the_history_of_one_field_leaves_out_the_changes_of_others(crm, deal):
    crm.write(records.update, "x_deal", [{"id": deal, "seats": 5}])
    crm.write(records.update, "x_deal", [{"id": deal, "note": 'It is "seats":[1,2]'}])
    found = crm.read(records.history, "x_deal", deal, field="seats")
    assert [change["version"] for change in found] == [2, 1]
    with pytest.raises(RelatumError) as caught:
        crm.read(records.history, "x_deal", deal, field="nonsense")
    assert caught.value.code == "field_unknown"


def test_a_field_in_the_trash_is_named_in_the_history_without_its_values(crm, deal):
    crm.apply({"op": "trash_field", "type": "x_deal", "field": "seats"})
    [change] = crm.read(records.history, "x_deal", deal)
    assert (change["gone"], "seats" in change["changes"]) == (["seats"], False)


def test_a_stranger_learns_nothing_of_what_was_changed(crm, deal):
    with pytest.raises(RelatumError) as caught:
        crm.read(records.since, "x_deal", deal, 1, actor=crm.bob)
    assert caught.value.code == "forbidden"
