"""Who may convert leads: what is hidden is neither shown nor linked, what is locked is left out."""

from __future__ import annotations

import pytest

from relatum.core import auth, roles
from relatum.plugins.sales import look

from .instances import prepared
from .test_conversion import LEAD, code_of, converted, count

#: The preset of the instance.
PRESET = "sales"


@prepared
def crm(instance):
    """Return an instance with a lead of alice's."""
    return instance.create("lead", LEAD)


@pytest.fixture
def lead(crm):
    """Return the id of the lead."""
    return crm[0]


@pytest.fixture
def account(instance, crm):
    """Return the id of a company that the lead may be."""
    return instance.create("account", {"name": "Averill Ales Ltd"})[0]


ALL = dict.fromkeys(("read", "create", "update", "assign"), "all")


def let(instance, fields=None, permissions=(), **types):
    """Give bob one role: what he may do with each type."""
    lines = dict.fromkeys(("lead", "account", "contact", "opportunity"), ALL) | types
    lines |= {name: {"read": "all"} for name in ("user", "team")}
    instance.write(roles.save, "seller", {
        "types": lines, "fields": fields or {}, "permissions": list(permissions),
    })  # fmt: skip
    instance.write(roles.hold, "user", instance.bob.user_id, ["seller"])
    with instance.reading():
        return auth.actor_of_user(instance.bob.user_id, source="api")


@pytest.mark.parametrize(
    ("types", "code"),
    [
        ({"lead": {"read": "all"}}, "forbidden"),
        ({"lead": {"read": "own", "update": "all"}}, "record_unknown"),
        ({"lead": {"read": "all", "update": "own"}}, "record_forbidden"),
        ({"account": {"read": "all", "update": "all"}}, "forbidden"),
        ({"opportunity": {"read": "all"}}, "forbidden"),
    ],
)
def test_who_may_not_change_the_lead_or_make_its_records_is_refused(instance, lead, types, code):
    bob = let(instance, **types)
    assert code_of(converted, instance, lead, actor=bob)[0] == code
    assert instance.get("lead", lead)["status"] == "new"
    assert count(instance, "account") == 0


def test_hidden_records_are_never_shown_and_never_linked(instance, lead, account):
    bob = let(instance, account={**ALL, "read": "own"})
    assert instance.read(look, lead, actor=bob)["account"]["matches"] == []
    code, told = code_of(converted, instance, lead, {"account": account}, actor=bob)
    assert (code, "Averill" in told) == ("record_unknown", False)
    done = converted(instance, lead, actor=bob)
    assert done.ids["account"] != account


def test_a_company_that_the_lead_names_and_that_is_hidden_is_not_linked(instance, lead, account):
    instance.change("lead", lead, account=account)
    bob = let(instance, account={**ALL, "read": "own"})
    found = instance.read(look, lead, actor=bob)
    assert found["account"]["choice"] == "new"
    done = converted(instance, lead, actor=bob)
    assert done.ids["account"] != account
    assert instance.get("lead", lead)["account"] == done.ids["account"]


def test_fields_that_may_not_be_written_are_left_out_unless_they_are_needed(instance, lead):
    locked = {"opportunity.amount": {"read": True, "update": False, "create": False}}
    bob = let(instance, fields=locked)
    done = converted(instance, lead, actor=bob)
    assert ("opportunity", "amount", "not_writable") in done.left_out
    assert instance.get("opportunity", done.ids["opportunity"])["amount"] is None


def test_a_needed_field_that_may_not_be_written_refuses(instance, lead):
    locked = {"opportunity.name": {"read": True, "update": False, "create": False}}
    bob = let(instance, fields=locked)
    code, told = code_of(converted, instance, lead, actor=bob)
    assert (code, "opportunity" in told, "name" in told) == ("sales_field_needed", True, True)
    assert converted(instance, lead, {"opportunity": "none"}, actor=bob).ids["account"]


def test_hidden_fields_of_a_lead_are_not_carried(instance, lead):
    bob = let(instance, fields={"lead.website": dict.fromkeys(("read", "update", "create"), False)})
    done = converted(instance, lead, actor=bob)
    assert instance.get("account", done.ids["account"])["website"] is None


def test_who_may_not_assign_owns_what_is_made(instance, lead):
    bob = let(instance, account={n: s for n, s in ALL.items() if n != "assign"})
    done = converted(instance, lead, actor=bob)
    assert instance.get("account", done.ids["account"])["owner"] == bob.user_id
    assert instance.get("contact", done.ids["contact"])["owner"] == instance.alice.user_id
    assert ("account", "owner", "not_yours") in done.left_out


def test_a_company_that_may_not_be_changed_is_linked_and_stays_as_it_is(instance, lead, account):
    bob = let(instance, account={"read": "all"})
    done = converted(instance, lead, {"account": account}, actor=bob)
    assert done.ids["account"] == account
    assert instance.get("account", account)["version"] == 1
    assert ("account", "website", "not_writable") in done.left_out
