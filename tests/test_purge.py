"""Purge: what is in the trash goes for good, and nobody who reads meanwhile fails."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from relatum.core import catalog, changes, db, doctor, entities, records
from relatum.core.errors import RelatumError

from .instances import prepared

NAME = {"name": "name", "kind": "text"}


def change(op, type_name, field=None):
    """Return an operation on a type or on one of its fields."""
    return {"op": op, "type": type_name, **({"field": field} if field else {})}


def columns(instance, table):
    with instance.reading() as tx:
        return set(doctor.columns_of(tx.connection).get(table, ()))


def findings(instance):
    with instance.app.app_context():
        return [finding.text for finding in doctor.examine()]


@prepared
def thing(instance):
    """Return the id of a thing with a size and an owner company."""
    instance.make_type("x_company", NAME)
    instance.make_type(
        "x_thing",
        NAME,
        {"name": "size", "kind": "integer", "indexed": True},
        {"name": "tone", "kind": "text", "sortable": True},
        {"name": "company", "kind": "lookup", "settings": {"target": "x_company"}},
    )
    (company,) = instance.create("x_company", {"name": "Acme"})
    row = {"name": "a", "size": 3, "tone": "Loud", "company": company}
    (made,) = instance.create("x_thing", row)
    return made


# -- fields ---------------------------------------------------------------------------------
def test_a_purged_field_leaves_no_column_and_its_name_is_free(instance, thing):
    instance.apply(change("trash_field", "x_thing", "tone"))
    instance.apply(change("purge_field", "x_thing", "tone"))
    assert not {"tone", "tone__k"} & columns(instance, "x_thing")
    again = {"op": "add_field", "type": "x_thing", "name": "tone", "kind": "integer"}
    instance.apply(again)
    assert instance.catalog.type("x_thing").fields["tone"].column == "tone"
    assert findings(instance) == []


def test_the_plan_of_a_purge_says_what_is_lost_and_runs_what_it_shows(instance, thing):
    instance.apply(
        {"op": "add_key", "type": "x_thing", "fields": ["name", "size"]},
        change("trash_field", "x_thing", "size"),
    )
    (step,) = instance.plan(change("purge_field", "x_thing", "size")).as_json()["steps"]
    assert (step["risk"], step["rows"]) == ("destructive", 1)
    assert step["uses"] == ["unique key over name,size (goes with it)"]
    assert len(step["sql"]) == 1
    assert "DROP COLUMN size" in step["sql"][0]


def test_a_set_of_options_is_purged_with_its_table_of_values(instance, thing):
    options = [{"value": "a"}, {"value": "b"}]
    field = {"name": "kinds", "kind": "multi_choice", "options": options}
    instance.apply({"op": "add_field", "type": "x_thing", **field})
    instance.create("x_thing", {"name": "b", "kinds": ["a", "b"]})
    instance.apply(change("trash_field", "x_thing", "kinds"))
    instance.apply(change("purge_field", "x_thing", "kinds"))
    assert findings(instance) == []


def test_a_number_that_was_given_is_purged_with_its_counter(instance, thing):
    field = {"name": "number", "kind": "auto_number", "settings": {"mask": "A-{number:5}"}}
    instance.apply({"op": "add_field", "type": "x_thing", **field})
    instance.create("x_thing", {"name": "b"})
    instance.apply(change("trash_field", "x_thing", "number"))
    instance.apply(change("purge_field", "x_thing", "number"))
    assert findings(instance) == []


def test_a_link_is_purged_with_its_reference(instance, thing):
    instance.apply(change("trash_field", "x_thing", "company"))
    instance.apply(change("purge_field", "x_thing", "company"))
    assert "company" not in columns(instance, "x_thing")
    assert findings(instance) == []


def test_the_history_of_a_purged_field_stays(instance, thing):
    instance.apply(change("trash_field", "x_thing", "size"))
    instance.apply(change("purge_field", "x_thing", "size"))
    with instance.reading():
        assert changes.history(thing)[0]["changes"]["size"] == [None, 3]


def test_every_field_of_the_name_in_the_trash_is_purged_and_the_live_one_stays(instance, thing):
    for _ in range(2):
        instance.apply(change("trash_field", "x_thing", "size"))
        instance.apply({"op": "add_field", "type": "x_thing", "name": "size", "kind": "text"})
    plan = instance.apply(change("purge_field", "x_thing", "size"))
    assert len(plan.sql[0]) == 3
    assert instance.catalog.type("x_thing").fields["size"].kind == "text"
    assert not instance.catalog.type("x_thing").trashed_fields
    assert findings(instance) == []


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ([change("purge_field", "x_thing", "size")], "field_unknown"),
        ([change("purge_type", "x_thing")], "type_unknown"),
        (
            [change("trash_field", "x_thing", "size"), change("purge_field", "x_thing", "size")],
            "purge_too_soon",
        ),
        ([change("trash_type", "x_thing"), change("purge_type", "x_thing")], "purge_too_soon"),
        ([change("purge_field", "user", "email")], "field_unknown"),
    ],
)
def test_what_is_not_in_the_trash_is_not_purged(instance, thing, made, code):
    with pytest.raises(RelatumError) as caught:
        instance.apply(*made)
    assert caught.value.code == code
    assert "size" in columns(instance, "x_thing")


# -- types ----------------------------------------------------------------------------------
def test_a_purged_type_leaves_no_table_and_its_name_is_free(instance, thing):
    instance.apply(change("trash_type", "x_thing"))
    instance.apply(change("purge_type", "x_thing"))
    assert columns(instance, "x_thing") == set()
    assert not instance.catalog.trashed_types
    assert findings(instance) == []
    instance.make_type("x_thing", NAME)
    assert instance.catalog.type("x_thing").table_name == "x_thing"
    (fresh,) = instance.create("x_thing", {"name": "b"})
    assert fresh > thing
    assert findings(instance) == []


def test_links_to_a_purged_type_go_with_it(instance, thing):
    instance.apply(change("trash_type", "x_company"))
    plan = instance.apply(change("purge_type", "x_company"))
    assert plan.steps[0].uses == ["x_thing.company (purged with it)"]
    assert (plan.steps[0].rows, plan.risk) == (1, "destructive")
    assert "company" not in columns(instance, "x_thing")
    assert instance.get("x_thing", thing)["name"] == "a"
    assert findings(instance) == []


def test_a_type_with_sets_is_purged_with_their_tables(instance, thing):
    field = {"name": "tags", "kind": "tags"}
    instance.apply({"op": "add_field", "type": "x_thing", **field})
    instance.create("x_thing", {"name": "b", "tags": ["new", "hot"]})
    instance.apply(change("trash_type", "x_thing"))
    instance.apply(change("purge_type", "x_thing"))
    assert findings(instance) == []


def test_types_that_point_to_each_other_are_purged(instance, thing):
    back = {"name": "thing", "kind": "lookup", "settings": {"target": "x_thing"}}
    instance.apply({"op": "add_field", "type": "x_company", **back})
    instance.apply(change("trash_type", "x_company"), change("trash_type", "x_thing"))
    instance.apply(change("purge_type", "x_company"), change("purge_type", "x_thing"))
    assert columns(instance, "x_company") == columns(instance, "x_thing") == set()
    assert findings(instance) == []


def test_a_tree_is_purged(instance):
    up = {"name": "up", "kind": "lookup", "settings": {"target": "x_node", "tree": True}}
    instance.make_type("x_node", NAME, up)
    (root,) = instance.create("x_node", {"name": "root"})
    instance.create("x_node", {"name": "leaf", "up": root})
    instance.apply(change("trash_type", "x_node"))
    instance.apply(change("purge_type", "x_node"))
    assert findings(instance) == []


def test_the_views_of_a_purged_type_go_with_it(instance, thing):
    instance.apply({"op": "set_view", "type": "x_thing", "view": "x_all", "query": {}})
    instance.apply(change("trash_type", "x_thing"))
    instance.apply(change("purge_type", "x_thing"))
    assert instance.sql("SELECT count(*) FROM core_view")[0][0] == 0


# -- readers --------------------------------------------------------------------------------
def test_a_reader_from_before_the_trashing_still_reads_the_field(instance, thing):
    """The purge waits for it on PostgreSQL; on SQLite it reads its own snapshot."""
    began, go_on = threading.Event(), threading.Event()
    read = []

    def reader():
        with instance.reading() as tx:
            table = catalog.current().type("x_thing").table
            began.set()
            go_on.wait(10)
            read.append(tx.connection.execute(sa.select(table.c.size)).scalar())

    thread = threading.Thread(target=reader)
    thread.start()
    began.wait(10)
    instance.apply(change("trash_field", "x_thing", "size"))
    timer = threading.Timer(0.6, go_on.set)
    timer.start()
    instance.apply(change("purge_field", "x_thing", "size"))
    thread.join()
    assert read == [3]
    assert "size" not in columns(instance, "x_thing")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_reader_that_never_ends_is_named_by_the_refusal(instance, thing, monkeypatch):
    monkeypatch.setattr(db, "_APPLY_TRIES", 3)
    with instance.app.app_context(), db.engine().connect() as other:
        other.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.exec_driver_sql("SELECT 1")
        instance.apply(change("trash_field", "x_thing", "size"))
        with pytest.raises(RelatumError) as caught:
            instance.apply(change("purge_field", "x_thing", "size"))
    assert caught.value.code == "apply_busy"
    assert "size" in columns(instance, "x_thing")


def test_readers_and_writers_go_on_while_fields_come_and_go(instance, thing):
    stop, failures, done = threading.Event(), [], [0, 0]

    def work(place, act):
        while not stop.is_set():
            try:
                act(place)
                done[place] += 1
            except Exception as error:  # noqa: BLE001
                failures.append(error)
                return

    def read(_):
        instance.get("x_thing", thing)

    def write(_):
        row = {"id": thing, "name": str(done[1])}
        instance.write(records.update, "x_thing", [row], actor=instance.alice)

    threads = [threading.Thread(target=work, args=(n, act)) for n, act in enumerate((read, write))]
    for thread in threads:
        thread.start()
    try:
        for _ in range(6):
            instance.apply({"op": "add_field", "type": "x_thing", "name": "t", "kind": "text"})
            instance.apply(change("trash_field", "x_thing", "t"))
            instance.apply(change("purge_field", "x_thing", "t"))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert min(done) > 0
    assert findings(instance) == []


# -- doors ----------------------------------------------------------------------------------
def test_a_field_and_a_type_are_purged_by_http(instance, thing):
    alice = instance.client(instance.alice)
    base = "/api/v1/entity-types/x_thing"
    alice.delete(f"{base}/fields/size")
    planned = alice.post(f"{base}/fields/size/purge?_plan=1").get_json()
    assert (planned["applied"], planned["risk"]) == (False, "destructive")
    assert alice.post(f"{base}/fields/size/purge").get_json()["applied"]
    alice.delete(base)
    assert alice.post(f"{base}/purge").get_json()["applied"]
    assert columns(instance, "x_thing") == set()


def test_only_administrators_purge(instance, thing):
    instance.apply(change("trash_type", "x_thing"))
    with pytest.raises(RelatumError) as caught:
        instance.read(entities.plan, [change("purge_type", "x_thing")], actor=instance.bob)
    assert caught.value.code == "forbidden"
