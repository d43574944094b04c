"""Trash and restore of types, fields and keys, crossed with what changed in between."""

from __future__ import annotations

from datetime import date

import pytest

from relatum.core import db, doctor, records
from relatum.core.errors import RelatumError

A = {"name": "a", "kind": "text"}
B = {"name": "b", "kind": "text"}


def to(target, name, **more):
    return {"name": name, "kind": "lookup", "settings": {"target": target}, **more}


def refused(instance, *changes):
    """Apply changes that must be refused and return the error."""
    with pytest.raises(RelatumError) as caught:
        instance.apply(*changes)
    return caught.value


def trash(field, type_name="x_thing"):
    return {"op": "trash_field", "type": type_name, "field": field}


def restore(field, type_name="x_thing"):
    return {"op": "restore_field", "type": type_name, "field": field}


def keys(instance, type_name="x_thing"):
    return {key.fields for key in instance.catalog.type(type_name).keys}


@pytest.fixture(autouse=True)
def sound(instance):
    """After every test the database is what the catalog says."""
    yield
    with instance.app.app_context():
        assert doctor.examine() == []


def test_a_key_comes_back_only_when_all_its_fields_are_back(instance):
    instance.make_type("x_thing", A, B, title="", keys=[["a", "b"]])
    instance.apply(trash("a"), trash("b"))
    instance.apply(restore("a"))
    assert keys(instance) == set()
    instance.apply(restore("b"))
    assert keys(instance) == {("a", "b")}


def test_a_key_that_was_taken_away_before_its_field_stays_away(instance):
    instance.make_type("x_thing", A, B, title="", keys=[["a", "b"]])
    instance.apply({"op": "trash_key", "type": "x_thing", "fields": ["a", "b"]})
    instance.apply(trash("a"))
    instance.apply(restore("a"))
    assert keys(instance) == set()


def test_a_key_that_comes_back_over_duplicates_asks(instance):
    instance.make_type("x_thing", A, B, title="", keys=[["a", "b"]])
    first, second = instance.create("x_thing", {"a": "1", "b": "x"}, {"a": "2", "b": "x"})
    instance.apply(trash("b"))
    instance.write(records.update, "x_thing", [{"id": second, "a": "1"}])
    error = refused(instance, restore("b"))
    assert (error.code, error.problems[0].code) == ("plan_blocked", "existing_duplicates")
    instance.write(records.update, "x_thing", [{"id": first, "a": "3"}])
    instance.apply(restore("b"))
    assert keys(instance) == {("a", "b")}


def test_a_link_to_a_type_comes_back_with_its_key(instance):
    instance.make_type("x_goal", A)
    instance.make_type("x_thing", B, to("x_goal", "goal"), title="", keys=[["b", "goal"]])
    instance.apply({"op": "trash_type", "type": "x_goal"})
    assert keys(instance) == set()
    instance.apply({"op": "restore_type", "type": "x_goal"})
    assert keys(instance) == {("b", "goal")}


def test_a_link_that_is_asked_back_along_with_its_type_comes_back_once(instance):
    instance.make_type("x_goal", A)
    instance.make_type("x_thing", A, to("x_goal", "goal"))
    instance.apply({"op": "trash_type", "type": "x_goal"})
    plan = instance.apply({"op": "restore_type", "type": "x_goal"}, restore("goal"))
    assert [step.op for step in plan.steps] == ["restore_type"]
    assert "goal" in instance.catalog.type("x_thing").fields
    assert refused(instance, restore("goal")).code == "field_unknown"


def test_a_unique_link_that_comes_back_with_its_type_over_duplicates_asks(instance):
    instance.make_type("x_goal", A)
    instance.make_type("x_thing", B, to("x_goal", "goal", unique=True), title="")
    (goal,) = instance.create("x_goal", {"a": "G"})
    (old,) = instance.create("x_thing", {"b": "1", "goal": goal})
    instance.write(records.delete, "x_thing", [{"id": old}])
    instance.create("x_thing", {"b": "2", "goal": goal})
    instance.apply({"op": "trash_type", "type": "x_goal"})
    instance.write(records.restore, "x_thing", [{"id": old}])
    error = refused(instance, {"op": "restore_type", "type": "x_goal"})
    assert (error.code, error.problems[0].code) == ("plan_blocked", "existing_duplicates")


def test_a_link_never_comes_back_to_another_type_of_the_same_name(instance):
    instance.make_type("x_goal", A)
    instance.make_type("x_thing", B, to("x_goal", "goal"))
    instance.apply({"op": "trash_type", "type": "x_goal"})
    instance.make_type("x_goal", A)
    assert refused(instance, restore("goal")).code == "definition_invalid"


def test_a_type_comes_back_without_links_to_types_that_are_gone(instance):
    instance.make_type("x_goal", A)
    instance.make_type("x_thing", B, to("x_goal", "goal"), title="b", keys=[["b", "goal"]])
    instance.apply({"op": "trash_type", "type": "x_thing"})
    instance.apply({"op": "trash_type", "type": "x_goal"})
    step = instance.apply({"op": "restore_type", "type": "x_thing"}).steps[0]
    assert "goal" not in instance.catalog.type("x_thing").fields
    assert any("goal" in note for note in step.notes)
    instance.create("x_thing", {"b": "works"})
    instance.apply({"op": "restore_type", "type": "x_goal"})
    instance.apply(restore("goal"))
    assert "goal" in instance.catalog.type("x_thing").fields


def test_a_type_that_was_replaced_comes_back_under_its_name_only_when_it_is_free(instance):
    instance.make_type("x_thing", A)
    (old,) = instance.create("x_thing", {"a": "old"})
    instance.apply({"op": "trash_type", "type": "x_thing"})
    instance.make_type("x_thing", A)
    assert refused(instance, {"op": "restore_type", "type": "x_thing"}).code == "name_taken"
    instance.create("x_thing", {"a": "new"})
    with pytest.raises(RelatumError) as caught:
        instance.get("x_thing", old)
    assert caught.value.code == "record_unknown"


def test_a_type_that_points_to_itself_goes_and_comes_back_whole(instance):
    instance.make_type("x_thing", A, to("x_thing", "parent"))
    (a,) = instance.create("x_thing", {"a": "A"})
    (b,) = instance.create("x_thing", {"a": "B", "parent": a})
    instance.apply({"op": "trash_type", "type": "x_thing"})
    instance.apply({"op": "restore_type", "type": "x_thing"})
    assert instance.get("x_thing", b)["parent"] == a


def test_the_last_trashed_field_of_a_name_comes_back_first(instance):
    instance.make_type("x_thing", A, {"name": "size", "kind": "integer"})
    (id_,) = instance.create("x_thing", {"a": "a", "size": 1})
    instance.apply(trash("size"))
    instance.apply({"op": "add_field", "type": "x_thing", "name": "size", "kind": "text"})
    instance.write(records.update, "x_thing", [{"id": id_, "size": "large"}])
    assert refused(instance, restore("size")).code == "name_taken"
    instance.apply(trash("size"))
    instance.apply(restore("size"))
    assert instance.get("x_thing", id_)["size"] == "large"


def test_a_field_is_made_trashed_and_made_again_in_one_plan(instance):
    instance.make_type("x_thing", A)
    size = {"op": "add_field", "type": "x_thing", "name": "size", "kind": "integer", "unique": True}
    instance.apply(size, trash("size"), size)
    (id_,) = instance.create("x_thing", {"size": 1})
    assert instance.get("x_thing", id_)["size"] == 1


def test_a_type_made_and_trashed_in_one_plan_leaves_its_name_free(instance):
    instance.apply(
        {"op": "create_type", "name": "x_thing", "fields": [A]},
        {"op": "trash_type", "type": "x_thing"},
    )
    instance.make_type("x_thing", A)
    instance.create("x_thing", {"a": "a"})


def test_a_required_date_is_added_over_existing_rows_with_today(instance):
    instance.make_type("x_thing", A)
    ids = instance.create("x_thing", {"a": "1"}, {"a": "2"})
    for name, kind, default in (
        ("day", "date", "today"),
        ("at", "datetime", "now"),
        ("who", "user", "me"),
    ):
        change = {"op": "add_field", "type": "x_thing", "name": name, "kind": kind}
        instance.apply({**change, "required": True, "default": default, "existing": "default"})
    found = instance.get("x_thing", ids[1])
    assert abs((found["day"] - date.today()).days) <= 1  # noqa: DTZ011  # near enough
    assert (found["who"], found["at"] is None) == (instance.alice.user_id, False)


def test_filling_existing_rows_with_one_value_cant_make_a_unique_field(instance):
    instance.make_type("x_thing", A)
    instance.create("x_thing", {"a": "1"}, {"a": "2"})
    change = {"op": "add_field", "type": "x_thing", "name": "c", "kind": "text", "unique": True}
    error = refused(instance, {**change, "required": True, "existing": {"fill": "same"}})
    assert error.status in (409, 422)
    assert "c" not in instance.catalog.type("x_thing").fields


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("decimal", {"min": "2", "max": "1"}),
        ("decimal", {"min": "0.0000002", "max": "0.0000001"}),
        ("decimal", {"min": "999999999999.999999", "max": "999999999999.999998", "scale": 6}),
        ("integer", {"min": 2, "max": 1}),
        ("text", {"min_length": 2, "max_length": 1}),
        ("date", {"min": "2026-01-02", "max": "2026-01-01"}),
        ("date", {"min": "2026-W01-1"}),
        ("datetime", {"min": "2026-01-01T00:00:00Z", "max": "2026-01-01T00:30:00+01:00"}),
        ("text", {"pattern": "("}),
        ("integer", {"min": 10**30}),
        ("decimal", {"scale": 7}),
        ("decimal", {"min": "NaN"}),
        ("money", {"currency": "eur"}),
        ("lookup", {}),
        ("lookup", {"target": "x_thing", "on_delete": "ignore"}),
        ("lookup", {"target": "x_thing", "part": True}),
        ("lookup", {"target": "user", "tree": True}),
        ("lookup", {"target": "x_thing", "inverse": 9}),
        ("reference", {}),
        ("reference", {"targets": []}),
        ("reference", {"targets": ["x_thing", "x_thing"]}),
        ("choice", {"min": 1}),
    ],
)
def test_settings_that_make_no_sense_are_refused(instance, kind, settings):
    instance.make_type("x_thing", A)
    change = {"op": "add_field", "type": "x_thing", "name": "f", "kind": kind}
    error = refused(instance, {**change, "settings": settings})
    assert error.code in ("definition_invalid", "setting_not_known")


@pytest.mark.parametrize(
    ("kind", "default"),
    [("integer", "x"), ("date", "now"), ("choice", "gone"), ("choice", "old"), ("text", ["a"])],
)
def test_a_default_that_the_field_would_refuse_is_refused(instance, kind, default):
    instance.make_type("x_thing", A)
    options = [{"value": "new"}, {"value": "old", "retired": True}] if kind == "choice" else []
    change = {"op": "add_field", "type": "x_thing", "name": "f", "kind": kind, "options": options}
    assert refused(instance, {**change, "default": default}).code == "definition_invalid"


def test_an_option_that_is_the_default_cant_be_retired(instance):
    options = [{"value": "a"}, {"value": "b"}]
    choice = {"name": "c", "kind": "choice", "options": options, "default": "a"}
    instance.make_type("x_thing", A, choice)
    change = {"op": "change_field", "type": "x_thing", "field": "c", "options": options[1:]}
    assert refused(instance, change).code == "definition_invalid"
    instance.apply({**change, "default": "b"})
    (id_,) = instance.create("x_thing", {"a": "x"})
    assert instance.get("x_thing", id_)["c"] == "b"


def test_an_index_that_cant_be_built_after_the_commit_fails_no_apply(instance, monkeypatch):
    instance.make_type("x_thing", A)

    def busy(*args, **kwargs):
        raise RelatumError("database_busy", seconds=1)

    from relatum.core import entities

    with instance.app.app_context():
        monkeypatch.setattr(db, "reading", busy)
        entities.finish_indexes()
    monkeypatch.undo()
