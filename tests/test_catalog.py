"""The catalog: one immutable snapshot per generation, pinned to the transaction that reads it."""

from __future__ import annotations

import gc
import threading
import weakref
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.util import LRUCache

from relatum.core import catalog, db, query, records
from relatum.core.catalog import SYSTEM_COLUMNS, EntityType, title_names
from relatum.core.catalog.entity_types import STATEMENTS
from relatum.core.errors import RelatumError

NAME = {"name": "name", "kind": "text"}


def add(name, type_name="x_thing", kind="text", **more):
    return {"op": "add_field", "type": type_name, "name": name, "kind": kind, **more}


def code_of(work):
    with pytest.raises(RelatumError) as caught:
        work()
    return caught.value.code


def test_an_unknown_type_or_field_names_the_nearest(instance):
    instance.make_type("x_thing", NAME)
    with pytest.raises(RelatumError, match="'x_thing'"):
        instance.catalog.type("x_thnig")
    with pytest.raises(RelatumError, match="'name'"):
        instance.catalog.type("x_thing").field("nmae")


def test_every_type_has_the_system_fields_and_columns(instance):
    instance.make_type("x_thing", NAME)
    for entity_type in instance.catalog.types.values():
        assert set(SYSTEM_COLUMNS) <= set(entity_type.table.c.keys())
        assert list(entity_type.fields)[:3] == ["id", "owner", "team"]
        assert [f.name for f in entity_type.own_fields][:2] == ["owner", "team"]


@pytest.mark.parametrize(
    ("title", "values", "label"),
    [
        ("name", {"name": "A"}, "A"),
        ("{name} ({size})", {"name": "A", "size": 5}, "A (5)"),
        ("{name} {stage}", {"name": "A", "stage": "won"}, "A Closed won"),
        ("{name} {size}", {"name": "A", "size": None}, "A"),
        ("{name} {size}", {"id": 7}, "Thing 7"),
        ("", {"id": 7, "name": "A"}, "Thing 7"),
        ("{name}", {"name": "{size} {0.__class__}"}, "{size} {0.__class__}"),
        ("{price}", {"price": Decimal("5.0000")}, "5.00"),
    ],
)
def test_a_record_is_called_by_its_title(instance, title, values, label):
    instance.make_type(
        "x_thing",
        NAME,
        {"name": "size", "kind": "integer"},
        {"name": "price", "kind": "money"},
        {"name": "stage", "kind": "choice", "options": [{"value": "won", "label": "Closed won"}]},
        title=title,
    )
    assert instance.catalog.type("x_thing").label_of(values) == label


@pytest.mark.parametrize("title", ["{name", "{name!r}", "{name:>9}", "{}", "{0}", "{name.x}", "}{"])
def test_a_title_takes_plain_field_names_only(instance, title):
    change = {"op": "create_type", "name": "x_thing", "fields": [NAME], "title": title}
    assert code_of(lambda: instance.apply(change)) in ("definition_invalid", "field_unknown")


def test_the_names_in_a_title_are_found():
    assert title_names("name") == ["name"]
    assert title_names("{first} {last} {{x}}") == ["first", "last"]


def test_a_type_that_did_not_change_is_the_same_object_in_the_next_generation(instance):
    instance.make_type("x_thing", NAME)
    instance.make_type("x_other", NAME)
    before = instance.catalog
    instance.apply(add("size"))
    after = instance.catalog
    assert after.generation == before.generation + 1
    assert after.type("x_other") is before.type("x_other")
    assert after.type("x_other").table is before.type("x_other").table
    assert after.type("x_thing") is not before.type("x_thing")


def test_a_lookup_changes_with_the_table_of_its_target(instance):
    instance.make_type("x_goal", NAME)
    instance.make_type(
        "x_thing", {"name": "goal", "kind": "lookup", "settings": {"target": "x_goal"}}
    )
    assert instance.catalog.type("x_thing").fields["goal"].target_table == "x_goal"


def test_generations_that_nobody_uses_are_collected(instance):
    instance.make_type("x_thing", NAME)
    old = [weakref.ref(instance.catalog.type("x_thing").table)]
    for n in range(5):
        instance.create("x_thing", {"name": f"N{n}"})
        instance.apply(add(f"f{n}"))
        old.append(weakref.ref(instance.catalog.type("x_thing").table))
    instance.create("x_thing", {"name": "last"})
    gc.collect()
    assert [ref() is not None for ref in old].count(True) <= 2


def test_a_transaction_obeys_one_generation_from_its_start_to_its_end(instance):
    instance.make_type("x_thing", NAME)
    with instance.reading():
        before = catalog.current()
        thread = threading.Thread(target=lambda: instance.apply(add("size")))
        thread.start()
        thread.join()
        assert catalog.current() is before
        assert "size" not in catalog.current().type("x_thing").fields
    assert "size" in instance.catalog.type("x_thing").fields


def test_a_snapshot_that_began_before_a_change_reads_by_the_old_model(instance):
    instance.make_type("x_thing", NAME)
    with instance.reading():
        thread = threading.Thread(target=lambda: instance.apply(add("size")))
        thread.start()
        thread.join()
        assert "size" not in catalog.current().type("x_thing").fields
    assert "size" in instance.catalog.type("x_thing").fields


def test_another_process_sees_a_change_at_its_next_transaction(instance):
    """Another process is another engine: its catalog is its own."""
    instance.make_type("x_thing", NAME)
    with instance.app.app_context():
        mine, engine = instance.catalog, db.engine()
        del catalog._loaded[engine]
        theirs = instance.catalog
    assert (theirs.generation, theirs is not mine) == (mine.generation, True)
    instance.apply(add("size"))
    assert "size" in instance.catalog.type("x_thing").fields


def test_loading_takes_one_select_per_table_and_none_while_the_generation_is_known(instance):
    from sqlalchemy import event

    instance.make_type("x_thing", NAME)
    assert "x_thing" in instance.catalog.types
    seen: list[str] = []
    with instance.app.app_context():
        event.listen(db.engine(), "before_cursor_execute", lambda *a: seen.append(a[2]))
        with db.reading():
            catalog.current()
        known = [text for text in seen if "core_type" in text or "core_field" in text]
        catalog.forget()
        with db.reading():
            catalog.current()
    assert known == []
    assert len([text for text in seen if text.startswith("SELECT core_")]) == 7


def test_what_is_in_the_trash_is_known_by_number_only(instance):
    instance.make_type("x_thing", NAME)
    number = instance.catalog.type("x_thing").id
    instance.apply({"op": "trash_type", "type": "x_thing"})
    assert "x_thing" not in instance.catalog.types
    assert instance.catalog.by_id[number].name == "x_thing"
    assert code_of(lambda: instance.create("x_thing", {"name": "A"})) == "type_unknown"


def test_who_points_to_a_type_is_known_and_system_links_dont_count(instance):
    instance.make_type("x_goal", NAME)
    link = {"kind": "lookup", "settings": {"target": "x_goal"}}
    instance.make_type("x_thing", {"name": "one", **link}, {"name": "two", **link})
    found = [(t.name, f.name) for t, f in instance.catalog.referrers("x_goal")]
    assert found == [("x_thing", "one"), ("x_thing", "two")]
    assert instance.catalog.referrers("team")[0].link.name == "parent"
    assert not [f for _, f in instance.catalog.referrers("user") if f.owner == "system"]


def test_nothing_in_the_catalog_can_be_changed(instance):
    known = instance.catalog
    for mapping in (known.types, known.settings, known.type("user").fields):
        with pytest.raises(TypeError):
            mapping["x"] = None
    with pytest.raises(AttributeError):
        known.generation = 1


def test_a_catalog_that_was_planned_but_not_applied_is_seen_by_nobody(instance):
    instance.make_type("x_thing", NAME)
    before = instance.catalog
    instance.plan(add("size"))
    with pytest.raises(RelatumError):
        instance.apply(add("size"), add("size"))
    assert instance.catalog is before
    assert instance.write(records.create, "x_thing", [{"size": "1"}], partial=True)[0].status == (
        "refused"
    )


def test_changes_of_the_model_leave_no_old_catalog_behind(instance):
    instance.make_type("x_thing", {"name": "name", "kind": "text"})
    instance.make_type("x_other", {"name": "name", "kind": "text"})
    for number in range(30):
        instance.apply({"op": "change_type", "type": "x_thing", "label": f"Label {number}"})
        instance.create("x_thing", {"name": "a"})
        with instance.reading():
            query.page(query.from_url("x_thing", [("_sort", "name")], actor=instance.alice))
    gc.collect()
    alive = [each for each in gc.get_objects() if isinstance(each, EntityType)]
    mine = [each for each in alive if each.name == "x_thing" and each.label.startswith("Label")]
    assert len(mine) <= 2


def test_a_statement_is_made_once_and_the_one_used_longest_ago_is_forgotten(instance):
    instance.make_type("x_thing", NAME)
    thing, made = instance.catalog.type("x_thing"), []

    def ask(shape):
        def make():
            made.append(shape)
            return object()

        return thing.statement(shape, make)

    first = ask("first")
    for n in range(STATEMENTS):
        ask(n)
        assert ask("first") is first
    assert made.count("first") == 1
    ask(0)
    assert made.count(0) == 2


class Meanwhile(LRUCache[Any, Any]):
    """A cache that another thread puts a statement into while it is being looked through."""

    met = False

    def __iter__(self):
        found = super().__iter__()
        if not self.met:
            self.met = True
            self["of another thread"] = object()
        return found


def test_a_changed_type_is_loaded_while_another_thread_compiles_a_statement(instance, monkeypatch):
    instance.make_type("x_thing", NAME)
    with instance.app.app_context():
        engine = db.engine()
    cache = Meanwhile(500)
    cache["of the old type"] = object()
    monkeypatch.setattr(engine, "_compiled_cache", cache)
    instance.apply(add("size"))
    with instance.reading():
        assert "size" in catalog.current().type("x_thing").fields
    assert cache.met and "of the old type" not in cache
