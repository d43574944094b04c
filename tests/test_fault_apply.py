"""kill -9 at every step of a change of metadata leaves the old state or the new one, whole.

RELATUM_FAULT_ROWS says how many rows the changed type holds (default 2,000).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from relatum.core import db, doctor, entities, faults
from relatum.core.config import Config
from relatum.core.serve import environment

from . import nursery
from .instances import prepared

pytestmark = [pytest.mark.fault, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[1]
ROWS = int(os.environ.get("RELATUM_FAULT_ROWS", "2000"))
#: The four kinds of change that touch everything: columns, rows, unique indexes, tables.
CHANGES: list[dict[str, Any]] = [
    {
        "op": "add_field", "type": "x_child", "name": "grade", "kind": "text", "required": True,
        "sortable": True, "existing": {"fill": "unrated"},
    },
    {"op": "change_field", "type": "x_child", "field": "serial", "unique": True},
    {"op": "trash_field", "type": "x_child", "field": "old"},
    {
        "op": "create_type", "name": "x_visit", "fields": [
            {"name": "name", "kind": "text", "unique": True},
            {"name": "child", "kind": "lookup", "settings": {"target": "x_child"}},
        ],
    },
]  # fmt: skip
#: What the changes do not touch, in rows that they do.
UNTOUCHED = "id, code, code__k, serial, serial__k, parent, old, created_at, owner_id, trashed_at"
AFTER_COMMIT = ("db.after_commit",)
BUILDING = ("indexes.before_build", "indexes.after_build")
PLUGINS = ("plugins.before_row", "plugins.before_bump", "tables.after_ddl", "tables.after_drop")
#: Killed at by the tests of jobs, of mails, of changes of type, and of merges.
ELSEWHERE = (
    "jobs.before_checkpoint", "mail.before_note", "retype.after_rows", "merge.after_move",
    "merge.after_trash",
)  # fmt: skip
BEFORE_COMMIT = tuple(
    p for p in faults.POINTS if p not in (*AFTER_COMMIT, *BUILDING, *PLUGINS, *ELSEWHERE)
)

_APPLY = """
import json, sys
from flask import Flask
from relatum.core import config, db, ddl, entities
from relatum.core.actor import system

ddl.CONCURRENT_FROM = 1000
app = Flask("relatum.test")
db.init_app(app, config.load())
changes = json.loads(sys.argv[1])
with app.app_context():
    db.transact(lambda: entities.apply(changes, actor=system()), exclusive=True)
"""


@pytest.fixture
def config(config: Config) -> Config:
    """Let a plan fill all rows."""
    return dataclasses.replace(config, fill_limit=2 * ROWS)


@prepared
def filled(instance: Any) -> None:
    """An instance with parents, and children that point to them."""
    instance.make_type("x_parent", {"name": "name", "kind": "text"})
    instance.make_type(
        "x_child",
        {"name": "code", "kind": "text", "sortable": True},
        {"name": "serial", "kind": "text"},
        {"name": "old", "kind": "integer", "indexed": True},
        {"name": "parent", "kind": "lookup", "settings": {"target": "x_parent"}},
        title="code",
    )
    parents = instance.create("x_parent", *({"name": f"P{n}"} for n in range(50)))
    instance.create(
        "x_child",
        *(
            {"code": f"C{n % 97}", "serial": f"S{n}", "old": n, "parent": parents[n % 50]}
            for n in range(ROWS)
        ),
    )


@pytest.fixture
def loaded(filled: Any) -> Any:
    """Return the instance; its database knows how large it is."""
    if filled.config.database_url:
        filled.write(lambda **_: db.current().connection.exec_driver_sql("ANALYZE x_child"))
    return filled


def apply_in_a_process(config: Config, fault: str, changes: list[dict[str, Any]]) -> int:
    """Apply changes in another process and return how it ended."""
    given = {**environment(config), "RELATUM_FAULTS": fault}
    return nursery.end(_APPLY, json.dumps(changes), given=given)


def digest(instance: Any, columns: str, table: str) -> str:
    rows = instance.sql(f'SELECT {columns} FROM "{table}" ORDER BY 1')
    return hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()


def state(instance: Any) -> dict[str, Any]:
    """Return everything that a change of metadata may change: schema and rows of every table."""
    with instance.reading() as tx:
        columns = doctor.columns_of(tx.connection)
        keys = doctor.foreign_keys_of(tx.connection)
    postgresql = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    sqlite = "SELECT name, sql FROM sqlite_master ORDER BY 1"
    schema = instance.sql(postgresql if instance.config.database_url else sqlite)
    return {
        "columns": columns,
        "foreign keys": keys,
        "schema": [tuple(row) for row in schema],
        "rows": {
            table: digest(instance, "*", table)
            for table in columns
            if not table.startswith("sqlite_")
        },
    }


def findings(instance: Any) -> set[str]:
    with instance.app.app_context():
        return {finding.code for finding in doctor.examine()}


def assert_new(instance: Any, before: str) -> None:
    """All four changes are there, and nothing else changed in the rows."""
    known = instance.catalog
    described = entities.describe(known.type("x_child"), known)
    assert "old" in described["trashed_fields"]
    assert ["serial"] in described["keys"]
    assert instance.catalog.type("x_visit").fields["child"].target_table == "x_child"
    graded = instance.sql("SELECT count(*) FROM x_child WHERE grade = 'unrated' AND version = 2")
    assert graded[0][0] == ROWS
    assert digest(instance, UNTOUCHED, "x_child") == before


@pytest.mark.parametrize("point", BEFORE_COMMIT)
def test_killed_before_the_commit_everything_is_as_it_was(loaded: Any, point: str) -> None:
    before, rows = state(loaded), digest(loaded, UNTOUCHED, "x_child")
    assert apply_in_a_process(loaded.config, f"{point}=kill", CHANGES) == -signal.SIGKILL
    assert state(loaded) == before
    assert findings(loaded) == set()
    assert apply_in_a_process(loaded.config, "", CHANGES) == 0
    assert_new(loaded, rows)
    assert findings(loaded) == set()


@pytest.mark.parametrize("point", [p for p in BEFORE_COMMIT if not p.endswith("_fill")])
def test_killed_while_it_purges_everything_is_as_it_was(loaded: Any, point: str) -> None:
    loaded.apply({"op": "trash_type", "type": "x_parent"})
    loaded.apply({"op": "trash_field", "type": "x_child", "field": "old"})
    purges = [
        {"op": "purge_type", "type": "x_parent"},
        {"op": "purge_field", "type": "x_child", "field": "old"},
    ]
    before = state(loaded)
    assert apply_in_a_process(loaded.config, f"{point}=kill", purges) == -signal.SIGKILL
    assert state(loaded) == before
    assert findings(loaded) == set()
    assert apply_in_a_process(loaded.config, "", purges) == 0
    assert not {"parent", "old"} & set(state(loaded)["columns"]["x_child"])
    assert findings(loaded) == set()


@pytest.mark.parametrize("point", AFTER_COMMIT)
def test_killed_after_the_commit_everything_is_changed(loaded: Any, point: str) -> None:
    rows = digest(loaded, UNTOUCHED, "x_child")
    assert apply_in_a_process(loaded.config, f"{point}=kill", CHANGES) == -signal.SIGKILL
    assert_new(loaded, rows)
    assert findings(loaded) <= {"index_missing"}
    assert apply_in_a_process(loaded.config, "", [{"op": "trash_type", "type": "x_visit"}]) == 0
    assert findings(loaded) == set()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("point", BUILDING)
def test_an_index_that_a_killed_build_left_is_built_after_the_next_apply(
    loaded: Any, point: str
) -> None:
    rows = digest(loaded, UNTOUCHED, "x_child")
    assert apply_in_a_process(loaded.config, f"{point}=kill", CHANGES) == -signal.SIGKILL
    assert_new(loaded, rows)
    assert findings(loaded) <= {"index_missing"}
    assert apply_in_a_process(loaded.config, "", [{"op": "trash_type", "type": "x_visit"}]) == 0
    assert findings(loaded) == set()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_an_index_that_a_killed_build_left_is_built_by_repair(loaded: Any) -> None:
    assert (
        apply_in_a_process(loaded.config, "indexes.before_build=kill", CHANGES) == -signal.SIGKILL
    )
    assert findings(loaded) == {"index_missing"}
    with loaded.app.app_context():
        assert doctor.repair()
    assert findings(loaded) == set()


def test_every_fault_point_of_the_program_is_killed_at() -> None:
    sources = (path for path in (ROOT / "core").rglob("*.py") if path.name != "faults.py")
    found = {
        name
        for path in sources
        for name in re.findall(r'faults\.point\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    }
    here = {*BEFORE_COMMIT, *AFTER_COMMIT, *BUILDING, *PLUGINS, *ELSEWHERE}
    assert found == set(faults.POINTS) == here
