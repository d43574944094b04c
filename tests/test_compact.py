"""Fields that come and go for years: the table is compacted before its columns are spent."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from relatum.core import catalog, doctor, entities, records
from relatum.core.errors import RelatumError
from relatum.core.serve import environment

from .homes import Shell
from .instances import prepared

NAME = {"name": "name", "kind": "text", "sortable": True, "unique": True}


@prepared
def thing(instance):
    """Return the ids of two things that point to each other, tagged, and pointed to by a note."""
    instance.make_type(
        "x_thing", NAME, {"name": "tags", "kind": "tags"}, {"name": "size", "kind": "integer"},
        {"name": "up", "kind": "lookup", "settings": {"target": "x_thing"}},
    )  # fmt: skip
    link = {"name": "thing", "kind": "lookup", "settings": {"target": "x_thing"}}
    instance.make_type("x_note", NAME, link)
    (first,) = instance.create("x_thing", {"name": "a", "tags": ["new"], "size": 1})
    (second,) = instance.create("x_thing", {"name": "b", "up": first})
    instance.create("x_note", {"name": "n", "thing": first})
    return first, second


def cycle(instance, count=1, *, fields=1):
    """Add a field or some, trash and purge them, again and again."""
    names = [f"t{n}" for n in range(fields)]
    here = [{"type": "x_thing", "field": name} for name in names]
    for _ in range(count):
        new = [{"type": "x_thing", "name": name, "kind": "integer"} for name in names]
        instance.apply(*({"op": "add_field", **each} for each in new))
        instance.apply(*({"op": "trash_field", **each} for each in here))
        instance.apply(*({"op": "purge_field", **each} for each in here))


def compact(instance):
    with instance.app.app_context():
        return entities.compact("x_thing", actor=instance.alice)


def findings(instance):
    with instance.app.app_context():
        return [finding.code for finding in doctor.examine()]


def test_a_compacted_table_holds_the_same_and_counts_its_columns_anew(instance, thing):
    first, second = thing
    cycle(instance, 3)
    before = [instance.get("x_thing", id_) for id_ in thing]
    had, has = compact(instance)
    assert had - has == (3 if instance.dialect == "postgresql" else 0)
    assert [instance.get("x_thing", id_) for id_ in thing] == before
    assert findings(instance) == []
    instance.write(records.update, "x_thing", [{"id": second, "size": 5}])
    with pytest.raises(RelatumError):
        instance.create("x_thing", {"name": "A"})
    with pytest.raises(RelatumError):
        instance.write(records.delete, "x_thing", [{"id": first}])
    cycle(instance)
    compact(instance)
    assert instance.get("x_thing", second)["size"] == 5
    assert findings(instance) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_doctor_says_when_a_table_has_few_columns_left(instance, thing, monkeypatch):
    monkeypatch.setattr(entities.limits, "COLUMNS", {"postgresql": 30, "sqlite": 99})
    cycle(instance, 9)
    assert findings(instance) == ["columns_spent"]
    shell = Shell(environment(instance.config))
    assert "columns; it has" in shell.said("doctor", "--compact", "x_thing")
    assert findings(instance) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_reader_from_before_the_compaction_reads_on(instance, thing):
    began, go_on, read = threading.Event(), threading.Event(), []

    def reader():
        with instance.reading() as tx:
            table = catalog.current().type("x_thing").table
            began.set()
            go_on.wait(10)
            read.append(
                tx.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            )

    thread = threading.Thread(target=reader)
    thread.start()
    began.wait(10)
    timer = threading.Timer(0.6, go_on.set)
    timer.start()
    compact(instance)
    thread.join()
    assert read == [2]


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_two_thousand_fields_that_come_and_go_never_use_up_the_columns(instance, thing):
    compacted = 0
    for _ in range(200):
        cycle(instance, fields=10)
        with instance.reading() as tx:
            spent = list(entities.findings(tx.connection))
        if spent:
            compact(instance)
            compacted += 1
    assert compacted >= 1
    assert findings(instance) == []
