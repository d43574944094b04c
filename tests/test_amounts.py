"""Amounts whose record says their currency, by the kernel alone: no plugin gives rates."""

from __future__ import annotations

import pytest

from relatum.core import auth, query, records, roles
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared

CURRENCY = {"name": "currency", "kind": "text"}
BASE = {"name": "value_base", "kind": "money", "sortable": True, "settings": {"computed": True}}
BY = {"currency_by": "currency", "base": "value_base"}
VALUE = {"name": "value", "kind": "money", "sortable": True, "settings": BY}
NAME = {"name": "name", "kind": "text", "required": True}


@prepared
def assets(instance):
    """Return an instance with a type whose records say the currency of their value."""
    instance.make_type("x_asset", NAME, CURRENCY, BASE, VALUE)


def test_what_is_in_the_own_currency_is_worth_itself_and_all_else_waits_for_rates(assets):
    own, abroad = assets.create(
        "x_asset", {"name": "a", "value": "5"}, {"name": "b", "value": "5", "currency": "usd"}
    )
    assert assets.get("x_asset", own)["value_base"] == "5.00"
    assert assets.get("x_asset", abroad)["value_base"] is None
    assert assets.get("x_asset", abroad)["currency"] == "USD"


def test_over_a_link_amounts_are_summed_up_by_their_worth_and_all_of_them_counted(assets):
    assets.make_type("x_repair", NAME, {
        "name": "asset", "kind": "lookup", "settings": {"target": "x_asset"},
    })  # fmt: skip
    own, abroad = assets.create(
        "x_asset", {"name": "a", "value": "5"}, {"name": "b", "value": "7", "currency": "usd"}
    )
    assets.create("x_repair", {"name": "a", "asset": own}, {"name": "b", "asset": abroad})
    asked = {"select": ["sum(asset.value)", "count(asset.value)", "count(asset.value_base)"]}
    found = assets.read(
        lambda *, actor: query.aggregate(query.from_json("x_repair", asked, actor=actor))
    )
    assert found.groups == [
        {"sum(asset.value)": "5.00", "count(asset.value)": 2, "count(asset.value_base)": 1}
    ]
    assert found.currencies == {"sum(asset.value)": "EUR"}


def test_a_code_that_is_no_currency_is_refused(assets):
    with pytest.raises(Invalid) as told:
        assets.create("x_asset", {"name": "a", "currency": "XQX"})
    assert [(p.code, p.field) for p in told.value.problems] == [("currency_unknown", "currency")]


def test_nobody_sends_a_computed_value_but_it_may_come_back_unchanged(assets):
    [id_] = assets.create("x_asset", {"name": "a", "value": "5"})
    assets.write(records.update, "x_asset", [{"id": id_, "value_base": "5", "name": "b"}])
    for sent in ("6", None):
        with pytest.raises(Invalid) as told:
            assets.write(records.update, "x_asset", [{"id": id_, "value_base": sent}])
        assert told.value.problems[0].code == "read_only"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"rate_date": "created_at"}, "rate_date goes with currency_by"),
        ({"currency_by": "missing"}, "no text field"),
        ({"currency_by": "owner.name"}, "part of"),
        ({"currency_by": "currency", "base": "name"}, "base names 'name'"),
        ({"currency_by": "currency", "base": "value_base"}, "base of another amount"),
        ({"currency_by": "currency", "currency": "EUR"}, "one of currency and currency_by"),
    ],
)
def test_a_plan_refuses_settings_that_name_what_does_not_fit(assets, settings, reason):
    add = {"op": "add_field", "type": "x_asset", "name": "more", "kind": "money"}
    with pytest.raises(RelatumError, match=reason):
        assets.plan({**add, "settings": settings})


def test_a_plan_refuses_to_trash_what_an_amount_names(assets):
    for name in ("currency", "value_base"):
        with pytest.raises(RelatumError, match=name):
            assets.plan({"op": "trash_field", "type": "x_asset", "field": name})


def test_amounts_of_parts_are_in_the_currency_of_their_whole(assets):
    link = {
        "name": "asset", "kind": "lookup", "required": True,
        "settings": {"target": "x_asset", "part": True, "inverse": "costs"},
    }  # fmt: skip
    cost = {"name": "cost", "kind": "money", "settings": {"currency_by": "asset.currency"}}
    assets.make_type("x_cost", link, cost)
    assets.create("x_asset", {"name": "a", "currency": "JPY", "costs": [{"cost": "12"}]})
    found = assets.read(
        lambda *, actor: query.page(
            query.from_json("x_cost", {"fields": ["cost", "asset.currency"]}, actor=actor)
        )
    )
    assert [(r["cost"], r["asset.currency"]) for r in found.records] == [("12.00", "JPY")]
    asked = {"select": ["sum(cost)"]}
    summed = assets.read(
        lambda *, actor: query.aggregate(query.from_json("x_cost", asked, actor=actor))
    )
    assert summed.currencies == {}  # they may be of several


def reader(instance):
    """Return bob, who reads all assets but for their value."""
    [row] = instance.sql("SELECT id FROM core_user WHERE name = 'Bob'")
    hidden = {"read": False, "update": False, "create": False}
    given = {"types": {"x_asset": {"read": "all"}}, "fields": {"x_asset.value": hidden}}
    instance.write(roles.save, "reader", given)
    instance.write(roles.hold, "user", row.id, ["reader"])
    with instance.reading():
        return auth.actor_of_user(row.id, source="api")


def test_who_does_not_see_an_amount_does_not_see_its_worth(assets):
    bob = reader(assets)
    [id_] = assets.create("x_asset", {"name": "a", "value": "5"})
    seen = assets.read(records.get, "x_asset", id_, actor=bob)
    assert not {"value", "value_base"} & seen.keys()
    for asked in ({"sort": ["value"]}, {"sort": ["value_base"]}, {"fields": ["value_base"]}):
        with pytest.raises(RelatumError, match="has no field"):
            assets.read(
                lambda *, actor, asked=asked: query.page(
                    query.from_json("x_asset", asked, actor=actor)
                ),
                actor=bob,
            )
