"""Own tables of a plugin out of the way: dropped, archived, checked, without a trace."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from relatum.core import db, doctor, jobs, plugin_host
from relatum.core.plugin_host import tables

from .plugged import change, disable, enable
from .tabled import (
    DROPPED,
    MARKED,
    STEPS,
    drop,
    filled,
    findings,
    insert,
    look,
    loyal,
    people,
    purge,
    put,
    rows,
    schema,
    table,
    work,
)
from .test_uninstall import uninstall

__all__ = ["loyal", "people"]


# -- away -----------------------------------------------------------------------------------
@pytest.mark.parametrize("gone", [False, True])
def test_after_their_drop_the_schema_is_what_it_was_before(instance, gone):
    for name in ("x_person", "x_firm"):
        instance.make_type(name, {"name": "name", "kind": "text"})
    before = schema(instance)
    put(instance, {**STEPS, "0002_marked": MARKED, "0003_drop": DROPPED})
    enable(instance, "loyalty")
    assert schema(instance) != before
    disable(instance, "loyalty")
    if gone:
        put(instance, {})
    drop(instance)
    assert schema(instance) == before
    assert instance.sql("SELECT * FROM core_plugin_migration") == []
    assert look(instance, tables.names, "loyalty") == []
    assert findings(instance) == []


def test_dropped_tables_are_made_anew_when_the_plugin_is_enabled(loyal, people):
    insert(loyal, {"person": people[0], "points": 1})
    before = schema(loyal)
    disable(loyal, "loyalty")
    drop(loyal)
    enable(loyal, "loyalty")
    assert (schema(loyal), rows(loyal)) == (before, [])


def test_a_drop_ends_the_data_step(loyal, people):
    insert(loyal, {"person": people[0], "points": 1})
    put(loyal, {**STEPS, "0002_marked": MARKED}, "1.1")
    enable(loyal, "loyalty")
    drop(loyal)
    assert [job["state"] for job in loyal.read(jobs.list_jobs)] == ["cancelled"]


def test_tables_that_somebody_has_damaged_are_dropped_as_they_are(loyal):
    with loyal.app.app_context(), db.writing(exclusive=True) as tx:
        tx.connection.exec_driver_sql("ALTER TABLE plugin__loyalty__ledger DROP COLUMN reason")
    drop(loyal)
    assert "plugin__" not in schema(loyal)


def test_rows_go_out_as_they_are_stored_and_come_back_with_their_ids(loyal, people):
    at = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    ids = insert(
        loyal,
        {"person": people[0], "points": "1.50", "booked_at": at, "more": {"a": 1}},
        {"person": people[1], "firm": people[2], "points": 2},
    )
    out = look(loyal, lambda: list(tables.rows("loyalty", "ledger")))
    assert out[0] == {
        "id": ids[0], "person": people[0], "firm": None, "points": Decimal("1.50"),
        "reason": "earned", "booked_at": at, "more": '{"a":1}',
    }  # fmt: skip
    known = rows(loyal)
    assert look(loyal, tables.counts, "loyalty") == {"ledger": 2}
    drop(loyal)
    enable(loyal, "loyalty")
    assert work(loyal, tables.put_back, "loyalty", "ledger", out) == 2
    assert rows(loyal) == known
    assert insert(loyal, {"person": people[0], "points": 1}) == [ids[-1] + 1]


def test_rows_come_back_without_records_that_are_gone(loyal, people):
    insert(loyal, {"person": people[0], "points": 1},
           {"person": people[1], "firm": people[2], "points": 2})  # fmt: skip
    out = look(loyal, lambda: list(tables.rows("loyalty", "ledger")))
    purge(loyal, "x_person", people[0])
    purge(loyal, "x_firm", people[2])
    work(loyal, lambda: table(loyal).delete(at_least={"id": 0}))
    assert work(loyal, tables.put_back, "loyalty", "ledger", out) == 1
    assert [(row["person"], row["firm"]) for row in rows(loyal)] == [(people[1], None)]


# -- checks ---------------------------------------------------------------------------------
def test_a_rehearsal_goes_forth_back_and_forth_and_leaves_nothing(loyal, people):
    insert(loyal, {"person": people[0], "points": 1})
    put(loyal, {**STEPS, "0002_marked": MARKED, "0003_drop": DROPPED})
    before, known = schema(loyal), rows(loyal)
    assert work(loyal, tables.rehearse, "loyalty", exclusive=True) == []
    assert (schema(loyal), rows(loyal)) == (before, known)


DAMAGE = [
    ("DROP TABLE plugin__loyalty__ledger", "table_missing"),
    ("ALTER TABLE plugin__loyalty__ledger DROP COLUMN reason", "column_missing"),
    ("ALTER TABLE plugin__loyalty__ledger ADD COLUMN strange TEXT", "column_unknown"),
    ("CREATE TABLE plugin__loyalty__other (id INTEGER)", "table_unknown"),
    ("UPDATE core_plugin_migration SET tables = '['", "unexamined"),
]


@pytest.mark.parametrize(("sql", "code"), DAMAGE)
def test_doctor_says_what_is_not_as_the_ledger_says(loyal, sql, code):
    with loyal.app.app_context(), db.writing(exclusive=True) as tx:
        tx.connection.exec_driver_sql(sql)
    assert findings(loyal) == [code]


def test_doctor_builds_an_index_that_is_missing(loyal):
    with loyal.reading() as tx:
        names = [line.split()[1].rstrip(":") for line in doctor.schema_dump(tx.connection)
                 .splitlines() if "plugin__loyalty__ledger" in line and "ix_" in line]  # fmt: skip
    with loyal.app.app_context(), db.writing(exclusive=True) as tx:
        tx.connection.exec_driver_sql(f"DROP INDEX {names[0]}")
    assert findings(loyal) == ["index_missing"]
    with loyal.app.app_context():
        doctor.repair()
    assert findings(loyal) == []


@pytest.mark.parametrize("gone", [False, True])
def test_a_purged_plugin_leaves_no_table_and_its_archive_brings_the_rows_back(loyal, people, gone):
    insert(loyal, {"person": people[0], "points": 1},
           {"person": people[1], "firm": people[2], "points": 2})  # fmt: skip
    known, steps = rows(loyal), {**STEPS, "0002_marked": MARKED}
    if gone:
        shutil.rmtree(loyal.config.home / "plugins" / "loyalty")
    plan = uninstall(loyal, "loyalty", purge=True)
    assert "2 rows of its table ledger go for good" in plan.notes
    assert "plugin__" not in schema(loyal)
    assert findings(loyal) == []
    purge(loyal, "x_firm", people[2])
    put(loyal, steps, "1.1")
    [archive] = loyal.read(plugin_host.archives)
    told: Any = change(loyal, plugin_host.restore, archive["name"])
    assert told["rows"] == {"plugin__loyalty__ledger": 2}
    assert [(row["person"], row["firm"], row["mark"]) for row in rows(loyal)] == [
        (people[0], None, None), (people[1], None, None),
    ]  # fmt: skip
    assert [row["points"] for row in rows(loyal)] == [row["points"] for row in known]
    assert filled(loyal) == [1, 1]


def test_a_removed_plugin_whose_data_is_kept_finds_its_tables_again(loyal, people):
    insert(loyal, {"person": people[0], "points": 1})
    uninstall(loyal, "loyalty")
    purge(loyal, "x_person", people[0])
    assert findings(loyal) == []
    enable(loyal, "loyalty")
    assert rows(loyal) == []
