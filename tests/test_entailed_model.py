"""What options need and set as part of the data model: plans, layers, exports, commands."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from relatum.core import entities
from relatum.core.commands import definitions
from relatum.core.errors import RelatumError

from .instances import prepared
from .plugged import LOYALTY, enable, put, with_loyalty

OFFERED: dict[str, Any] = {"value": "offered", "needs": ["day", "amount"], "sets": {"amount": "5"}}
STAGES: list[dict[str, Any]] = [{"value": "open"}, OFFERED]


@prepared
def deals(instance):
    """Return an instance with a type of deals whose stages need and set something."""
    instance.make_type(
        "x_deal",
        {"name": "name", "kind": "text"},
        {"name": "code", "kind": "auto_number"},
        {"name": "must", "kind": "text", "required": True},
        {"name": "stage", "kind": "choice", "options": STAGES},
        {"name": "amount", "kind": "money"},
        {"name": "day", "kind": "date"},
        {"name": "ways", "kind": "multi_choice", "options": [{"value": "sea"}]},
    )


def change(field, **more):
    return {"op": "change_field", "type": "x_deal", "field": field, **more}


def stages(**said):
    return change("stage", options=[{"value": "open", **said}])


def refusal(instance, *changes):
    with pytest.raises(RelatumError) as caught:
        instance.plan(*changes)
    return caught.value.code, str(caught.value)


def option(instance, value="offered", type_name="x_deal", field="stage"):
    found = instance.catalog.type(type_name).field(field).options
    return next(each for each in found if each.value == value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (stages(needs=["amuont"]), "'amuont', which is not another field"),
        (stages(needs=["stage"]), "'stage', which is not another field"),
        (stages(needs=["owner"]), "'owner', which is not another field"),
        (stages(sets={"created_at": "now"}), "'created_at', which is not another field"),
        (stages(sets={"amount": "much"}), "can't set 'amount'"),
        (stages(sets={"day": "soon"}), "can't set 'day'"),
        (stages(sets={"must": None}), "can't set 'must'"),
        (stages(sets={"code": "C-1"}), "can't set 'code'"),
        (stages(needs=["day"], sets={"day": None}), "it needs that field, and empties it"),
        (
            change("ways", options=[{"value": "sea", "needs": ["day"]}]),
            "only options of a choice can",
        ),
    ],
)
def test_a_plan_refuses_what_options_can_not_need_or_set(deals, changed, said):
    code, text = refusal(deals, changed)
    assert (code, said in text) == ("definition_invalid", True), text


def test_a_new_type_may_name_fields_that_come_later_in_the_list(deals):
    first = {"name": "step", "kind": "choice", "options": [{"value": "a", "needs": ["later"]}]}
    deals.make_type("x_case", first, {"name": "later", "kind": "text"}, title="later")
    assert option(deals, "a", "x_case", "step").needs == ("later",)


@pytest.mark.parametrize("field", ["day", "amount"])
def test_a_field_that_an_option_names_is_not_trashed(deals, field):
    code, text = refusal(deals, {"op": "trash_field", "type": "x_deal", "field": field})
    assert (code, "stage.offered" in text) == ("in_use", True)


def test_a_field_that_an_option_sets_gets_no_type_that_can_not_have_the_value(deals):
    deals.apply(stages(sets={"name": "new"}))
    retype = {"op": "retype_field", "type": "x_deal", "field": "name", "kind": "integer"}
    assert refusal(deals, retype)[0] == "definition_invalid"


def test_the_choice_itself_goes_to_the_trash_and_comes_back_with_its_rules(deals):
    deals.apply({"op": "trash_field", "type": "x_deal", "field": "stage"})
    deals.apply({"op": "trash_field", "type": "x_deal", "field": "day"})
    restore = {"op": "restore_field", "type": "x_deal", "field": "stage"}
    assert refusal(deals, restore)[0] == "definition_invalid"
    deals.apply({"op": "restore_field", "type": "x_deal", "field": "day"}, restore)
    assert option(deals).needs == ("day", "amount")


def test_what_is_left_out_of_an_option_stays_and_empty_lists_take_it_away(deals):
    deals.apply(change("stage", options=[{"value": "open"}, {"value": "offered", "label": "Bid"}]))
    assert (option(deals).label, option(deals).needs) == ("Bid", ("day", "amount"))
    deals.apply(change("stage", options=[{"value": "offered", "needs": [], "sets": {}}]))
    assert (option(deals).needs, dict(option(deals).sets)) == ((), {})


def test_an_export_carries_both_and_is_applied_again_without_a_change(deals):
    with deals.reading():
        text = entities.export(deals.catalog)
        assert entities.to_changes(deals.catalog, orjson.loads(orjson.dumps(text))) == []
    [made] = text["types"]
    [found] = [field["options"] for field in made["fields"] if field["name"] == "stage"]
    said = [(o["needs"], o["sets"]) for o in found]
    assert said == [([], {}), (["day", "amount"], {"amount": "5"})]
    deals.apply({"op": "trash_type", "type": "x_deal"})
    with deals.reading():
        changes = entities.to_changes(
            deals.catalog, {"relatum": 1, "types": [{**made, "name": "x_copy"}]}
        )
    deals.apply(*changes)
    assert option(deals, type_name="x_copy").needs == ("day", "amount")


def test_a_generation_that_changed_them_is_taken_back(deals):
    deals.apply(change("stage", options=[{"value": "offered", "needs": ["name"], "sets": {}}]))
    number = deals.catalog.generation
    deals.apply(*deals.read(entities.reverse, number).changes)
    assert (option(deals).needs, dict(option(deals).sets)) == (("day", "amount"), {"amount": "5"})


def test_the_command_line_writes_and_shows_them():
    said = definitions.option("offered:Offered:open::day,amount:amount=5,name=a:b")
    assert said == {
        "value": "offered", "label": "Offered", "category": "open", "needs": ["day", "amount"],
        "sets": {"amount": 5, "name": "a:b"},
    }  # fmt: skip
    assert definitions.option("open:::-:-:-") == {
        "value": "open", "when": [], "needs": [], "sets": {}
    }  # fmt: skip
    assert definitions.option("open::::day") == {"value": "open", "needs": ["day"]}


# -- layers ---------------------------------------------------------------------------------
NEEDING = LOYALTY.replace(
    '{"value": "open", "label": "Open"',
    '{"value": "open", "needs": ["points"], "sets": {"points": 5}, "label": "Open"',
)


def test_an_upgrade_keeps_what_was_changed_here_and_brings_what_was_not(instance):
    assert NEEDING != LOYALTY
    with_loyalty(instance)
    card = {"op": "change_field", "type": "loyalty_card", "field": "state"}
    options = [{"value": "open", "needs": ["number"]}, {"value": "blocked"}]
    instance.apply({**card, "options": options})
    put(instance, "loyalty", NEEDING.replace('version="1.0.0"', 'version="1.1.0"'))
    plan = enable(instance, "loyalty").as_json()
    found = option(instance, "open", "loyalty_card", "state")
    assert (found.needs, dict(found.sets)) == (("number",), {"points": 5})
    notes = [note for step in plan["steps"] for note in step["notes"]]
    assert [note.partition(" stays")[0] for note in notes] == ["needs"]


def test_a_plugin_that_says_the_same_again_plans_nothing(instance):
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    put(instance, "loyalty", NEEDING)
    enable(instance, "loyalty")
    put(instance, "loyalty", NEEDING.replace('version="1.0.0"', 'version="1.1.0"'))
    assert enable(instance, "loyalty").as_json()["steps"] == []
