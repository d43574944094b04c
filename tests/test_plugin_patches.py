"""What an administrator changes of a plugin's types and fields lies over them, and stays there."""

from __future__ import annotations

import pytest

from relatum.core import catalog, entities, plugin_host
from relatum.core.errors import RelatumError

from .instances import prepared
from .plugged import LOYALTY, enable, put, with_loyalty


@prepared
def loyal(instance):
    """Return an instance with companies and loyalty cards."""
    with_loyalty(instance)


def change_field(field, **changes):
    """Return the change of a field of the card."""
    return {"op": "change_field", "type": "loyalty_card", "field": field, **changes}


OPTIONS = [
    {"value": "open", "label": "Active"},
    {"value": "lost", "label": "Lost"},
    {"value": "blocked", "label": "Blocked"},
]
CHANGES = [
    {"op": "change_type", "type": "loyalty_card", "label": "Karte", "plural": "Karten", "hue": 40},
    change_field("number", label="Nummer", help="Auf der Rückseite."),
    change_field("points", required=True, settings={"max": 500}),
    change_field("state", options=OPTIONS),
    {"op": "trash_field", "type": "x_company", "field": "loyalty_tier"},
    {"op": "add_field", "type": "loyalty_card", "name": "x_note", "kind": "text"},
]


def card(instance):
    """Return what is in force of the card."""
    found = instance.catalog.type("loyalty_card")
    return {
        "type": (found.label, found.plural, found.hue, found.owner),
        "number": (found.fields["number"].label, found.fields["number"].help),
        "points": (found.fields["points"].required, dict(found.fields["points"].settings)),
        "state": [(o.value, o.label, o.owner) for o in found.fields["state"].options],
        "tier": "loyalty_tier" in instance.catalog.type("x_company").fields,
        "note": found.fields["x_note"].owner if "x_note" in found.fields else None,
    }


CHANGED = {
    "type": ("Karte", "Karten", 40, "loyalty"),
    "number": ("Nummer", "Auf der Rückseite."),
    "points": (True, {"max": 500}),
    "state": [
        ("open", "Active", "loyalty"), ("lost", "Lost", "local"), ("blocked", "Blocked", "loyalty"),
    ],
    "tier": False,
    "note": "local",
}  # fmt: skip


def rows(instance):
    """Return the patches that are stored."""
    found = instance.sql("SELECT target_kind, property, value, base_value FROM core_patch")
    return sorted(tuple(row) for row in found)


def test_changes_are_in_force_and_stored_as_one_patch_per_property(loyal):
    loyal.apply(*CHANGES)
    assert card(loyal) == CHANGED
    assert ("type", "label", '"Karte"', '"Card"') in rows(loyal)
    assert ("field", "settings.max", "500", "null") in rows(loyal)
    assert ("option", "label", '"Active"', '"Open"') in rows(loyal)
    assert loyal.sql("SELECT label FROM core_type WHERE name = 'loyalty_card'")[0].label == "Card"


def test_what_was_changed_is_changed_again(loyal):
    for label in ("Nummer", "Numéro"):
        loyal.apply(change_field("number", label=label))
        loyal.apply(change_field("number", help=f"{label}!"))
    assert card(loyal)["number"] == ("Numéro", "Numéro!")
    assert len(loyal.catalog.patches) == 2


def test_a_changed_rule_is_the_rule(loyal):
    loyal.apply(*CHANGES)
    with pytest.raises(RelatumError) as refusal:
        loyal.create("loyalty_card", {"number": "a1", "points": 501, "state": "lost"})
    assert [p.code for p in refusal.value.problems] == ["too_large"]


def test_an_upgrade_of_the_plugin_keeps_them_and_its_plan_names_the_conflicts(loyal):
    loyal.apply(*CHANGES)
    newer = (
        LOYALTY.replace('version="1.0.0"', 'version="1.1.0"')
        .replace('"label": "Card"', '"label": "Loyalty card"')
        .replace('"label": "Open"', '"label": "In use"')
    )
    put(loyal, "loyalty", newer)
    plan = enable(loyal, "loyalty")
    assert card(loyal) == CHANGED
    notes = [note for step in plan.as_json()["steps"] for note in step["notes"]]
    assert notes == [
        "label stays 'Active', as it was changed here; loyalty now says 'In use' and said 'Open'",
        "label stays 'Karte', as it was changed here; loyalty now says 'Loyalty card' and said "
        "'Card'",
    ]
    shown = loyal.read(plugin_host.show, "loyalty")["changed_here"]
    conflicts = {(c["target"], c["property"]) for c in shown if c["conflict"]}
    assert conflicts == {("loyalty_card", "label"), ("loyalty_card.state.open", "label")}


def test_said_as_the_plugin_says_it_there_is_no_patch_left(loyal):
    loyal.apply(*CHANGES)
    loyal.apply(
        {"op": "change_type", "type": "loyalty_card", "label": "Card", "plural": "Cards",
         "hue": None},
        change_field("number", label="Number", help=None),
        {"op": "restore_field", "type": "x_company", "field": "loyalty_tier"},
    )  # fmt: skip
    assert {(kind, name) for kind, name, _, _ in rows(loyal)} == {
        ("field", "required"), ("field", "settings.max"), ("option", "label"),
        ("option", "position"),
    }  # fmt: skip
    assert "loyalty_tier" in loyal.catalog.type("x_company").fields


def test_a_hidden_field_keeps_its_values_and_comes_back(loyal):
    [id_] = loyal.create("x_company", {"name": "A", "loyalty_tier": "gold"})
    loyal.apply({"op": "trash_field", "type": "x_company", "field": "loyalty_tier"})
    assert "loyalty_tier" not in loyal.get("x_company", id_)
    loyal.apply({"op": "restore_field", "type": "x_company", "field": "loyalty_tier"})
    assert loyal.get("x_company", id_)["loyalty_tier"] == "gold"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (change_field("number", required=False), "definition_invalid"),
        (change_field("number", unique=False), "definition_invalid"),
        ({"op": "trash_type", "type": "loyalty_card"}, "not_yours"),
        (
            {"op": "add_field", "type": "loyalty_card", "name": "note", "kind": "text"},
            "name_prefix",
        ),
    ],
)
def test_what_a_plugin_relies_on_stays(loyal, change, code):
    with pytest.raises(RelatumError) as refusal:
        loyal.apply(change)
    assert refusal.value.code == code


def test_the_export_carries_them_to_another_instance(loyal):
    assert "patches" not in entities.export(loyal.catalog)
    loyal.apply(*CHANGES)
    text = entities.export(loyal.catalog)
    with loyal.reading():
        assert entities.to_changes(catalog.current(), text) == []
    assert {"type": "x_company", "field": "loyalty_tier", "hidden": True} in text["patches"]
    undo = [
        {"op": "change_type", "type": "loyalty_card", "label": "Card", "plural": "Cards",
         "hue": None},
        change_field("number", label="Number", help=None),
        change_field("points", required=False, settings={"max": None}),
        {"op": "restore_field", "type": "x_company", "field": "loyalty_tier"},
        {"op": "trash_field", "type": "loyalty_card", "field": "x_note"},
    ]  # fmt: skip
    loyal.apply(*undo)
    assert card(loyal) != CHANGED
    with loyal.reading():
        changes = entities.to_changes(catalog.current(), text)
    loyal.apply(*changes)
    assert card(loyal) == CHANGED
