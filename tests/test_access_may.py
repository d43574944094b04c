"""What somebody may do at all, before any record is looked at: roles, types and permissions."""

from __future__ import annotations

import pytest

from relatum.core import access, roles
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError

from .instances import prepared
from .officing import actor, build, give

NAME = {"name": "name", "kind": "text", "label": "Name"}
NOBODY = Actor(user_id=None, name="nobody")


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


def holder(instance, office, *given):
    """Return nora with a role for each of what is given."""
    names = [f"tried_{place}" for place in range(len(given))]
    for name, each in zip(names, given, strict=True):
        instance.write(roles.save, name, {"all_types": {}, "types": {}, "permissions": []} | each)
    instance.write(roles.hold, "user", office.people["nora"], names)
    return actor(instance, office, "nora")


def test_a_permission_of_a_plugin_is_held_by_roles_that_name_it(instance, office):
    desk, other = {"permissions": ["desk.use"]}, {"permissions": ["transfer.import"]}
    with_it = holder(instance, office, other, desk)
    with instance.reading():
        assert access.may(with_it, "desk.use")
        assert not access.may(with_it, "desk.other")
    without = holder(instance, office, other, {"all_types": {"read": "all"}})
    with instance.reading():
        assert not access.may(without, "desk.use")
        assert access.may(without, "transfer.import")


def test_what_is_neither_an_action_nor_a_permission_only_administrators_may_do(instance, office):
    who = holder(instance, office, {"all_types": {"read": "all"}, "permissions": ["desk.use"]})
    with instance.reading():
        # The line for all types allows actions on records, and nothing without a type.
        for word in ("customise", "read", "explain"):
            assert not access.may(who, word)
            assert access.may(instance.alice, word)
        with pytest.raises(RelatumError) as caught:
            access.require(who, "customise", "roles")
    assert caught.value.code == "forbidden"


def test_there_is_nothing_to_do_with_a_type_that_there_is_not(instance, office):
    who = holder(instance, office, {"all_types": {"read": "all"}})
    with instance.reading():
        assert not access.may(who, "read", "x_nothing")


def test_who_is_no_user_and_no_administrator_may_do_nothing(instance, office):
    with instance.reading():
        assert not access.may(NOBODY, "read", "x_deal")
        assert not access.may(NOBODY, "desk.use")
        assert access.standing(NOBODY).roles == ()
        with pytest.raises(RelatumError) as caught:
            access.require(NOBODY, "read", "deals", "x_deal")
        assert caught.value.code == "forbidden"


@pytest.mark.parametrize("action", ["read", "update"])
def test_a_type_that_is_not_read_is_an_unknown_one(instance, office, action):
    who = holder(
        instance, office, {"types": {"x_deal": {"update": "all"}, "x_firm": {"read": "all"}}}
    )
    with instance.reading(), pytest.raises(RelatumError) as caught:
        if action == "read":
            access.require(who, "read", "deals", "x_deal")
        access.require(who, "delete", "deals", "x_deal")
    assert caught.value.code == "type_unknown"


def test_an_action_that_is_not_allowed_on_a_type_that_is_read_is_forbidden(instance, office):
    give(instance, office, "nora", {"read": "own"})
    with instance.reading(), pytest.raises(RelatumError) as caught:
        access.require(actor(instance, office, "nora"), "update", "deals", "x_deal")
    assert caught.value.code == "forbidden"


def test_a_plan_says_which_roles_will_see_what_it_adds(instance):
    steps = instance.plan({"op": "create_type", "name": "x_book", "fields": [NAME]}).steps
    assert steps[0].notes == ["who holds manager, member, read_only will see it"]
    instance.make_type("x_book", NAME)
    instance.write(roles.save, "member", {"types": {"x_book": {"read": "all"}}})
    instance.write(roles.save, "manager", {"types": {"x_book": {}}})
    for more, told in (
        ({}, "who holds member, read_only will see it"),
        ({"personal": True}, "who holds member will see it"),
        ({"kind": "encrypted"}, "only administrators will see it, until a role says otherwise"),
    ):
        field = {"op": "add_field", "type": "x_book", "name": "extra", "kind": "text", **more}
        assert instance.plan(field).steps[0].notes == [told]
