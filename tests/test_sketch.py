"""Sketches: what can be planned of changes that were collected, and what is wrong with the rest."""

from __future__ import annotations

import pytest

from relatum.core import entities
from relatum.core.errors import RelatumError
from relatum.core.fields import FIELD_TYPES, Setting

TYPE = {"op": "create_type", "name": "x_asset", "fields": [{"name": "name", "kind": "text"}]}
LINK = {
    "op": "add_field", "type": "x_asset", "name": "home", "kind": "lookup",
    "settings": {"target": "x_room"},
}  # fmt: skip
PRICE = {"op": "add_field", "type": "x_asset", "name": "price", "kind": "money"}


def sketch(instance, *changes, **more):
    return instance.read(entities.sketch, list(changes), **more)


def test_what_can_not_be_is_left_out_and_says_why(instance):
    made = sketch(instance, TYPE, LINK, PRICE)
    assert {at: error.code for at, error in made.refused.items()} == {1: "type_unknown"}
    assert [step.op for step in made.plan.steps] == ["create_type", "add_field"]
    assert made.problem is None


def test_what_builds_on_what_is_left_out_is_left_out_too(instance):
    made = sketch(instance, LINK, PRICE)
    assert (sorted(made.refused), made.plan.steps) == ([0, 1], ())


def test_a_plan_has_the_catalog_that_it_makes_and_changes_nothing(instance):
    made = sketch(instance, TYPE, PRICE)
    assert [*made.plan.after.type("x_asset").fields][-2:] == ["name", "price"]
    assert "x_asset" not in instance.catalog.types


def test_a_sketch_of_changes_that_can_all_be_is_their_plan(instance):
    made = sketch(instance, TYPE, PRICE).plan
    assert made.as_json() == instance.plan(TYPE, PRICE).as_json()


def test_what_only_all_changes_together_make_wrong_is_said_beside_the_plan(instance):
    options = [{"value": "berlin", "when": ["de"]}]
    field = {"op": "add_field", "type": "x_asset", "name": "city", "kind": "choice"}
    made = sketch(instance, TYPE, {**field, "options": options})
    assert made.refused == {}
    assert made.problem is not None
    assert made.problem.code == "definition_invalid"


def test_only_administrators_sketch(instance):
    with pytest.raises(RelatumError, match="customise"):
        sketch(instance, TYPE, actor=instance.bob)


# -- settings in forms --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "name", "text", "value"),
    [
        ("integer", "min", "-5", -5),
        ("text", "pattern", "12", "12"),
        ("boolean", "tri_state", "true", True),
        ("money", "min", "1.50", "1.50"),
        ("address", "required_members", "city, country", ["city", "country"]),
        ("address", "required_members", '["city"]', ["city"]),
        ("reference", "targets", "user,team", ["user", "team"]),
    ],
)
def test_a_setting_is_read_from_what_somebody_types(kind, name, text, value):
    assert FIELD_TYPES[kind].SETTINGS[name].read(text) == value


def test_a_setting_says_why_what_was_typed_can_not_be():
    with pytest.raises(ValueError, match="must be a whole number"):
        FIELD_TYPES["integer"].SETTINGS["min"].read("much")


def test_every_setting_says_how_a_form_asks_for_it():
    forms = {"text", "several", "flag", "type", "types", "choice"}
    every: list[Setting] = [s for each in FIELD_TYPES.values() for s in each.SETTINGS.values()]
    assert {setting.form for setting in every} == forms
    assert all(setting.words for setting in every if setting.form == "several")
