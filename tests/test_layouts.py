"""Layouts: what a record page shows first, and its fields in sections."""

from __future__ import annotations

import pytest

from relatum.core import entities
from relatum.core.errors import RelatumError

from .instances import prepared
from .plugged import enable, put, small

NAME = {"name": "name", "kind": "text"}
CODE = {"name": "code", "kind": "text"}
LAYOUT = {
    "highlights": ["code", "owner"],
    "sections": [{"label": "Naming", "fields": ["code", "name"]}],
}


def changing(layout):
    return {"op": "change_type", "type": "x_thing", "layout": layout}


@prepared
def thing(instance):
    """Return an instance with a type of things."""
    instance.make_type("x_thing", NAME, CODE)


def test_a_layout_names_highlights_and_sections_in_order(thing):
    thing.apply(changing(LAYOUT))
    layout = thing.catalog.type("x_thing").layout
    assert layout.highlights == ("code", "owner")
    assert [(s.label, s.fields) for s in layout.sections] == [("Naming", ("code", "name"))]
    thing.apply(changing({}))
    assert thing.catalog.type("x_thing").layout.as_json() == {}


@pytest.mark.parametrize(
    ("layout", "code"),
    [
        ({"highlights": ["cod"]}, "field_unknown"),
        ({"sections": [{"label": "A", "fields": ["nothing"]}]}, "field_unknown"),
        ({"highlights": ["code", "code"]}, "definition_invalid"),
        (
            {"sections": [{"label": "A", "fields": ["name"]}, {"label": "B", "fields": ["name"]}]},
            "definition_invalid",
        ),
        ({"sections": [{"label": "A", "fields": []}]}, "definition_invalid"),
        ({"columns": 2}, "definition_invalid"),
    ],
)
def test_a_layout_that_makes_no_sense_is_refused(thing, layout, code):
    with pytest.raises(RelatumError) as caught:
        thing.plan(changing(layout))
    assert caught.value.code == code


def test_a_field_in_the_trash_leaves_the_layout_and_comes_back_to_its_place(thing):
    thing.apply(changing(LAYOUT))
    thing.apply({"op": "trash_field", "type": "x_thing", "field": "code"})
    kind = thing.catalog.type("x_thing")
    assert [n for n in kind.layout.highlights if n in kind.fields] == ["owner"]
    thing.apply({"op": "restore_field", "type": "x_thing", "field": "code"})
    assert "code" in thing.catalog.type("x_thing").fields


def test_a_layout_is_exported_and_applied_again_without_a_change(thing):
    thing.apply(
        {
            "op": "add_field", "type": "x_thing", "name": "parent", "kind": "lookup",
            "settings": {"target": "x_thing"},
        },
        changing({"sections": [{"label": "Place", "fields": ["parent"]}]}),
    )  # fmt: skip
    with thing.reading():
        text = entities.export(thing.catalog)
        assert entities.to_changes(thing.catalog, text) == []
    thing.apply({"op": "trash_type", "type": "x_thing"})
    with thing.reading():
        changes = entities.to_changes(thing.catalog, text)
    thing.apply(*changes)
    assert thing.catalog.type("x_thing").layout.sections[0].fields == ("parent",)


def test_an_administrators_layout_survives_the_upgrade_of_the_plugin(instance):
    declared = {"name": "small_card", "fields": [NAME, CODE], "layout": {"highlights": ["name"]}}
    for version, layout in (("1.0", {"highlights": ["name"]}), ("2.0", LAYOUT)):
        declared = {**declared, "layout": layout}
        code = f"@hookimpl\ndef relatum_declare(): return {{'types': [{declared}]}}\n"
        put(instance, "small", small("small", code, version=version))
        if version == "1.0":
            enable(instance, "small")
            mine = {"highlights": ["code"]}
            instance.apply({"op": "change_type", "type": "small_card", "layout": mine})
    plan = enable(instance, "small")
    assert instance.catalog.type("small_card").layout.highlights == ("code",)
    assert plan.model is not None
    assert any("layout stays" in note for step in plan.model.steps for note in step.notes)
