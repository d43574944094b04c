"""Plan and apply: what an administrator does to the data model."""

from __future__ import annotations

import threading

import pytest

from relatum.core import db, ddl, entities, records
from relatum.core.actor import Actor
from relatum.core.errors import Invalid, RelatumError
from relatum.core.fields import FIELD_TYPES

from .samples import needed

TEXT = {"name": "name", "kind": "text"}


def refused(instance, *changes):
    """Apply changes that must be refused and return the error."""
    with pytest.raises(RelatumError) as caught:
        instance.apply(*changes)
    return caught.value


def test_a_type_with_every_field_type_is_made_and_takes_a_record(instance):
    fields = [
        {
            "name": f"f_{kind}",
            "kind": kind,
            "settings": needed(kind),
        }
        for kind in FIELD_TYPES
    ]
    instance.make_type("x_all", *fields)
    (id_,) = instance.create("x_all", {"f_text": "hello"})
    assert instance.get("x_all", id_)["f_text"] == "hello"
    assert set(FIELD_TYPES) <= {f.kind for f in instance.catalog.type("x_all").fields.values()}


def test_a_plan_writes_nothing(instance):
    instance.plan({"op": "create_type", "name": "x_thing"})
    assert "x_thing" not in instance.catalog.types


def test_the_sql_of_the_plan_is_the_sql_that_runs(instance):
    instance.make_type("x_other", TEXT)
    change = {
        "op": "create_type",
        "name": "x_thing",
        "fields": [
            TEXT | {"unique": True, "sortable": True},
            {"name": "o", "kind": "lookup", "settings": {"target": "x_other"}},
        ],
    }
    more = {
        "op": "add_field",
        "type": "x_other",
        "name": "size",
        "kind": "decimal",
        "indexed": True,
    }
    planned = [" ".join(sql.split()) for step in instance.plan(change, more).sql for sql in step]
    seen: list[str] = []
    with instance.app.app_context():
        engine = db.engine()
        from sqlalchemy import event  # only this test listens

        event.listen(
            engine, "before_cursor_execute", lambda *a: seen.append(" ".join(a[2].split()))
        )
    instance.apply(change, more)
    ran = [s for s in seen if s.startswith(("CREATE", "ALTER", "DROP"))]
    assert sorted(ran) == sorted(planned)


def test_a_plan_that_was_looked_at_is_refused_once_the_model_has_changed(instance):
    change = {"op": "create_type", "name": "x_a"}
    plan = instance.plan(change)
    instance.make_type("x_b")
    with pytest.raises(RelatumError) as caught, instance.app.app_context():
        db.transact(
            lambda: entities.apply([change], actor=instance.alice, expect=plan.fingerprint),
            exclusive=True,
        )
    assert caught.value.code == "plan_stale"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("thing", "name_prefix"),
        ("X_thing", "name_invalid"),
        ("x_", "name_invalid"),
        ("x__thing", "name_invalid"),
        ("x_thing_", "name_invalid"),
        ("x_" + "a" * 39, "name_invalid"),
        ("x_tühing", "name_invalid"),
        ("x_a; drop table core_user", "name_invalid"),
    ],
)
def test_a_type_name_that_breaks_the_rule_is_refused(instance, name, code):
    assert refused(instance, {"op": "create_type", "name": name}).code == code


@pytest.mark.parametrize("name", ["id", "owner", "owner_id", "version", "trashed_at", "created_by"])
def test_a_field_may_not_take_the_name_of_a_system_column(instance, name):
    instance.make_type("x_thing", TEXT)
    error = refused(instance, {"op": "add_field", "type": "x_thing", "name": name, "kind": "text"})
    assert error.code == "name_reserved"


def test_a_field_on_a_type_of_core_needs_the_prefix(instance):
    change = {"op": "add_field", "type": "user", "name": "size", "kind": "text"}
    assert refused(instance, change).code == "name_prefix"
    instance.apply({**change, "name": "x_size"})
    assert "x_size" in instance.catalog.type("user").fields


def test_an_unknown_field_type_names_the_nearest(instance):
    error = refused(
        instance, {"op": "create_type", "name": "x_t", "fields": [{"name": "a", "kind": "intger"}]}
    )
    assert error.code == "kind_unknown"
    assert "'integer'" in str(error)


def test_two_administrators_adding_the_same_field_at_once_make_one(instance):
    instance.make_type("x_thing", TEXT)
    change = {"op": "add_field", "type": "x_thing", "name": "size", "kind": "integer"}
    results: list[str] = []

    def add():
        try:
            instance.apply(change)
            results.append("applied")
        except RelatumError as error:
            results.append(error.code)

    threads = [threading.Thread(target=add) for _ in range(2)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(results) == ["applied", "name_taken"]


def test_a_trashed_field_is_unknown_and_its_values_come_back(instance):
    instance.make_type("x_thing", TEXT, {"name": "size", "kind": "integer"})
    (id_,) = instance.create("x_thing", {"name": "a", "size": 7})
    instance.apply({"op": "trash_field", "type": "x_thing", "field": "size"})
    assert "size" not in instance.get("x_thing", id_)
    instance.apply({"op": "restore_field", "type": "x_thing", "field": "size"})
    assert instance.get("x_thing", id_)["size"] == 7


def test_the_name_of_a_trashed_field_is_free_again(instance):
    instance.make_type("x_thing", TEXT, {"name": "size", "kind": "integer"})
    instance.apply({"op": "trash_field", "type": "x_thing", "field": "size"})
    instance.apply({"op": "add_field", "type": "x_thing", "name": "size", "kind": "text"})
    (id_,) = instance.create("x_thing", {"size": "large"})
    assert instance.get("x_thing", id_)["size"] == "large"
    assert instance.catalog.type("x_thing").fields["size"].column == "size__2"


def test_a_trashed_type_keeps_its_records(instance):
    instance.make_type("x_thing", TEXT)
    (id_,) = instance.create("x_thing", {"name": "a"})
    instance.apply({"op": "trash_type", "type": "x_thing"})
    assert "x_thing" not in instance.catalog.types
    instance.apply({"op": "restore_type", "type": "x_thing"})
    assert instance.get("x_thing", id_)["name"] == "a"


def test_trashing_a_type_takes_the_links_to_it_along_and_says_so(instance):
    instance.make_type("x_a", TEXT)
    instance.make_type("x_b", TEXT, {"name": "a", "kind": "lookup", "settings": {"target": "x_a"}})
    step = instance.apply({"op": "trash_type", "type": "x_a"}).steps[0]
    assert step.uses == ["x_b.a (goes with it)"]
    assert "a" not in instance.catalog.type("x_b").fields
    instance.apply({"op": "restore_type", "type": "x_a"})
    assert "a" in instance.catalog.type("x_b").fields


def test_a_field_in_the_title_cant_be_trashed(instance):
    instance.make_type("x_thing", TEXT)
    assert (
        refused(instance, {"op": "trash_field", "type": "x_thing", "field": "name"}).code
        == "in_use"
    )


def test_types_and_fields_of_core_cant_be_trashed(instance):
    assert refused(instance, {"op": "trash_type", "type": "user"}).code == "not_yours"
    assert (
        refused(instance, {"op": "trash_field", "type": "user", "field": "email"}).code
        == "not_yours"
    )


def test_making_a_field_required_lists_the_rows_without_a_value_and_asks(instance):
    instance.make_type("x_thing", TEXT, {"name": "size", "kind": "integer"})
    ids = instance.create("x_thing", {"name": "a"}, {"name": "b", "size": 2}, {"name": "c"})
    change = {"op": "change_field", "type": "x_thing", "field": "size", "required": True}
    step = instance.plan(change).steps[0]
    assert (step.rows, step.offenders) == (2, [ids[0], ids[2]])
    assert step.question.code == "existing_required"
    assert refused(instance, change).code == "plan_blocked"


def test_existing_rows_are_filled_in_the_same_apply_with_history(instance):
    instance.make_type("x_thing", TEXT, {"name": "size", "kind": "integer"})
    (id_,) = instance.create("x_thing", {"name": "a"})
    change = {"op": "change_field", "type": "x_thing", "field": "size", "required": True}
    instance.apply({**change, "existing": {"fill": 5}})
    assert instance.get("x_thing", id_)["size"] == 5
    assert instance.read(records.history, "x_thing", id_)[0]["changes"] == {"size": [None, 5]}


def test_from_now_on_leaves_existing_rows_alone(instance):
    instance.make_type("x_thing", TEXT, {"name": "size", "kind": "integer"})
    (id_,) = instance.create("x_thing", {"name": "a"})
    change = {"op": "change_field", "type": "x_thing", "field": "size", "required": True}
    instance.apply({**change, "existing": "keep"})
    instance.write(records.update, "x_thing", [{"id": id_, "name": "b"}])
    with pytest.raises(Invalid) as caught:
        instance.create("x_thing", {"name": "c"})
    assert caught.value.problems[0].code == "required"


def test_a_required_field_is_added_over_existing_rows_with_its_default(instance):
    instance.make_type("x_thing", TEXT)
    (id_,) = instance.create("x_thing", {"name": "a"})
    change = {
        "op": "add_field",
        "type": "x_thing",
        "name": "size",
        "kind": "integer",
        "required": True,
        "default": 3,
    }
    assert instance.plan(change).blocked
    instance.apply({**change, "existing": "default"})
    assert instance.get("x_thing", id_)["size"] == 3


def test_making_a_field_unique_lists_the_duplicates_and_can_clear_them(instance):
    instance.make_type("x_thing", TEXT | {"name": "code"}, title="")
    ids = instance.create("x_thing", {"code": "A"}, {"code": "a"}, {"code": "b"})
    change = {"op": "change_field", "type": "x_thing", "field": "code", "unique": True}
    assert instance.plan(change).steps[0].offenders == [ids[1]]
    assert refused(instance, change).problems[0].code == "existing_duplicates"
    instance.apply({**change, "existing": "clear"})
    assert [instance.get("x_thing", i)["code"] for i in ids] == ["A", None, "b"]


def test_narrowing_a_field_counts_the_values_that_no_longer_fit(instance):
    instance.make_type("x_thing", TEXT, {"name": "size", "kind": "integer"})
    ids = instance.create("x_thing", {"size": 5}, {"size": 50})
    change = {"op": "change_field", "type": "x_thing", "field": "size", "settings": {"max": 10}}
    assert instance.plan(change).steps[0].offenders == [ids[1]]
    instance.apply({**change, "existing": "clear"})
    assert instance.get("x_thing", ids[1])["size"] is None


def test_an_option_that_is_left_out_is_retired_and_stays_readable(instance):
    options = [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]
    instance.make_type("x_thing", TEXT, {"name": "stage", "kind": "choice", "options": options})
    (id_,) = instance.create("x_thing", {"stage": "b"})
    step = instance.apply(
        {"op": "change_field", "type": "x_thing", "field": "stage", "options": options[:1]}
    ).steps[0]
    assert step.rows == 1
    assert instance.get("x_thing", id_)["stage"] == "b"
    with pytest.raises(Invalid) as caught:
        instance.create("x_thing", {"stage": "b"})
    assert caught.value.problems[0].code == "option_retired"


def test_what_shapes_a_column_cant_change(instance):
    instance.make_type(
        "x_thing", TEXT, {"name": "size", "kind": "decimal", "settings": {"scale": 2}}
    )
    change = {"op": "change_field", "type": "x_thing", "field": "size", "settings": {"scale": 4}}
    assert refused(instance, change).code == "definition_invalid"


def test_a_failed_apply_leaves_nothing_behind(instance):
    before = instance.catalog.generation
    error = refused(
        instance,
        {"op": "create_type", "name": "x_thing", "fields": [TEXT]},
        {"op": "add_field", "type": "x_thing", "name": "name", "kind": "text"},
    )
    assert error.code == "name_taken"
    assert instance.catalog.generation == before
    with instance.reading() as tx:
        assert not ddl.actual_indexes(tx.connection, "x_thing")


def test_only_administrators_shape_the_data_model(instance):
    bob = Actor(user_id=2, name="Bob")
    with pytest.raises(RelatumError) as caught:
        instance.read(entities.plan, [{"op": "create_type", "name": "x_a"}], actor=bob)
    assert caught.value.code == "forbidden"


def test_what_is_exported_and_applied_elsewhere_is_exported_equal(instance):
    instance.make_type("x_company", TEXT | {"required": True, "unique": True}, label="Firm", hue=20)
    instance.make_type(
        "x_deal",
        TEXT,
        {
            "name": "company",
            "kind": "lookup",
            "settings": {"target": "x_company", "on_delete": "clear"},
        },
        {
            "name": "stage",
            "kind": "choice",
            "options": [{"value": "a", "category": "open"}],
            "default": "a",
        },
        keys=[["name", "company"]],
        title="{name} {stage}",
    )
    instance.apply({"op": "add_field", "type": "user", "name": "x_size", "kind": "integer"})
    text = entities.export(instance.catalog)
    for name in ("x_deal", "x_company"):
        instance.apply({"op": "trash_type", "type": name})
    instance.apply(*entities.to_changes(instance.catalog, text))
    assert entities.export(instance.catalog) == text
    assert entities.to_changes(instance.catalog, text) == []


def test_an_unchanged_type_keeps_its_table_across_generations(instance):
    instance.make_type("x_a", TEXT)
    before = instance.catalog.type("x_a")
    instance.make_type("x_b", TEXT)
    assert instance.catalog.type("x_a") is before


def test_an_unknown_property_of_a_change_is_refused_with_its_place(instance):
    error = refused(instance, {"op": "create_type", "name": "x_a", "colour": "red"})
    assert error.code == "definition_invalid"
    assert "changes.0.colour" in str(error)
