"""doctor never crashes: each damage of fixed tables and metadata is a finding, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from relatum.core import catalog, db, doctor, models, serve
from relatum.core.db import db as fixed
from relatum.core.fields import FIELD_TYPES

from .damaging import damage, sound, whole
from .homes import Shell

__all__ = ["sound", "whole"]
#: Tables whose rows say what the instance is.
TABLES = (
    *(model.__table__ for model in catalog.METADATA.values()),
    models.Epoch.__table__, models.Setting.__table__, models.PluginRow.__table__,
)  # fmt: skip
JOBS = (models.Job.__table__, models.JobsProcess.__table__)
NONSENSE = "no sense !"
#: Texts that make sense in some columns.
WORDS = ("", "null", "[]", "{}")
#: Columns that may hold any text or number that their type takes: names for people, places in
#: lists, the generations of caches, and what says nothing of the tables of records.
FREE = {
    "core_type.label", "core_type.plural", "core_type.icon", "core_type.hue",
    "core_type.description", "core_field.label", "core_field.help", "core_field.required",
    "core_field.personal", "core_field.position", "core_field.retypes", "core_option.value",
    "core_option.label", "core_option.hue", "core_option.category", "core_option.position",
    "core_option.retired", "core_view.label", "core_view.position", "core_view.hidden",
    "core_patch.base_value", "core_epoch.id", "core_epoch.catalog", "core_epoch.plugins",
    "core_epoch.access", "core_epoch.code", "core_plugin.version", "core_plugin.enabled",
    "core_plugin.fault", "core_plugin.reason", "core_plugin.installed_at", "core_plugin.enabled_at",
    "core_plugin.removed_at", "core_plugin.held",
    "core_setting.language", "core_setting.secret_key",
    # A link always has its index.
    "goal.indexed",
}  # fmt: skip


@pytest.fixture
def full(sound):
    """An instance with a row in every table of metadata, some of them a plugin's."""
    sound.apply(
        {"op": "add_field", "type": "x_thing", "name": "tags", "kind": "tags"},
        {"op": "add_field", "type": "x_thing", "name": "who", "kind": "person_name"},
        {"op": "add_field", "type": "x_thing", "name": "rank", "kind": "integer", "indexed": True,
         "sortable": True, "default": 7},
        {"op": "add_key", "type": "x_thing", "fields": ["goal", "size"]},
        {"op": "set_view", "type": "x_thing", "view": "x_all", "query": {"sort": ["name"]}},
    )  # fmt: skip
    plugin = {
        "id": "loyalty", "version": "1.0", "enabled": False, "manifest": "{}",
        "installed_at": sa.func.now() if sound.dialect == "postgresql" else 0,
    }  # fmt: skip
    table = models.PluginRow.__table__
    plain = sa.table("core_plugin", *(sa.column(name) for name in plugin))
    damage(
        sa.insert(plain).values(**plugin),
        "UPDATE core_field SET owner = 'loyalty' WHERE name = 'rank'",
    )
    assert table.name == plain.name
    sound.apply({"op": "change_field", "type": "x_thing", "field": "rank", "label": "Place"})
    assert doctor.examine() == []
    return sound


def looked_at() -> list[doctor.Finding]:
    """Return what doctor finds; each says what, and what to do."""
    found = doctor.examine()
    for each in found:
        assert each.code and each.text and not each.text.endswith("."), each
        assert each.remedy or each.code in ("schema_newer", "schema_older"), each
    return found


# -- tables ---------------------------------------------------------------------------------
@pytest.mark.parametrize("table", ["core_job", "core_plugin", "core_epoch", "core_field",
                                   "core_record", "core_user", "core_migration"])  # fmt: skip
def test_a_fixed_table_that_was_dropped_is_named(sound, table):
    damage(f"DROP TABLE {table}{' CASCADE' if sound.dialect == 'postgresql' else ''}")
    assert any(table in found.text for found in looked_at())
    assert doctor.repair() == [] or table in ("core_job", "core_record", "core_migration")


def test_each_fixed_table_that_is_gone_is_named(full):
    for table in fixed.metadata.sorted_tables:
        damage(f"ALTER TABLE {table.name} RENAME TO gone")
        found = looked_at()
        assert (f"Table '{table.name}' is missing") in {each.text for each in found}
        damage(f"ALTER TABLE gone RENAME TO {table.name}")
    assert doctor.examine() == []


@pytest.mark.parametrize("table", [*TABLES, *JOBS], ids=str)
def test_each_column_of_metadata_and_jobs_that_is_gone_is_named(full, table):
    for column in table.columns:
        damage(f"ALTER TABLE {table} RENAME COLUMN {column.name} TO gone")
        assert f"Column '{column.name}' of '{table}' is missing" in {e.text for e in looked_at()}
        damage(f"ALTER TABLE {table} RENAME COLUMN gone TO {column.name}")
    assert doctor.examine() == []


# -- rows -----------------------------------------------------------------------------------
def nonsense(column: sa.Column[Any], dialect: str, old: Any) -> Iterator[Any]:
    """Yield values that the schema permits and that no verb would write."""
    kind = column.type.python_type
    if kind is bool:
        yield not old
    elif kind is int:
        yield 987_654_321
    elif kind is str:
        yield from (NONSENSE, *WORDS)
    if column.nullable:
        yield None
    if dialect == "sqlite" and kind is not str:
        yield NONSENSE


def permitted(statement: Any) -> bool:
    """Damage a row, and say whether the schema let it happen."""
    try:
        damage(statement)
    except (exc.IntegrityError, exc.DataError):
        return False
    return True


def rows_of(table: sa.Table) -> list[Any]:
    """Return a row of each kind: of a setting each, of metadata one that is not the core's."""
    plain = sa.table(table.name, *(sa.column(c.name) for c in table.columns))
    with db.engine().connect() as connection:
        found = connection.execute(sa.select(plain)).all()
    if table.name == "core_setting":
        return list(found)
    own = [r for r in found if getattr(r, "owner", "local") != "core"]
    if table.name == "core_type":
        own = [row for row in own if row.name == "x_thing"]
    if table.name == "core_field":
        return [row for row in own if row.name in ("rank", "goal")]
    return own[:1]


def makes_sense(table: sa.Table, row: Any, column: sa.Column[Any], value: Any) -> bool:
    """Say whether a value may be what it is, as far as doctor can know."""
    free = {
        f"{table}.{column.name}",
        f"{table}.{row[0]}",
        f"{getattr(row, 'name', '')}.{column.name}",
    }
    # SQLite reads any text as true.
    true = value == NONSENSE and column.type.python_type is bool
    return bool(free & FREE) or true or value is None or value in WORDS


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_a_row_of_metadata_that_makes_no_sense_is_found(full, table):
    plain = sa.table(table.name, *(sa.column(c.name, sa.types.NULLTYPE) for c in table.columns))
    key = plain.c[next(iter(table.primary_key)).name]
    for row in rows_of(table):
        assert doctor.examine() == []
        for column in table.columns:
            old = getattr(row, column.name)
            for value in nonsense(column, full.dialect, old):
                wrong = sa.update(plain).values({column.name: value})
                if value == old or not permitted(wrong.where(key == getattr(row, key.name))):
                    continue
                found = looked_at()
                assert found or makes_sense(table, row, column, value), (row, column.name, value)
                at = value if column.name == key.name else getattr(row, key.name)
                damage(sa.update(plain).where(key == at).values({column.name: old}))


def test_a_field_of_another_real_type_stops_nothing(full):
    """Only the values tell some types apart: a rating is stored as an integer is."""
    query = "SELECT id, name, kind FROM core_field WHERE type_id > 100"
    kinds = {row.name: (row.id, row.kind) for row in full.sql(query)}
    for id_, kind in (kinds[name] for name in ("name", "rank", "tags")):
        for other in FIELD_TYPES:
            damage(f"UPDATE core_field SET kind = '{other}' WHERE id = {id_}")
            found = looked_at()
            assert not any(each.code == "unexamined" for each in found), (kind, other, found)
            if (kind, other) == ("integer", "lookup"):
                assert "without the setting target" in found[0].text
        doctor.repair()
        damage(f"UPDATE core_field SET kind = '{kind}' WHERE id = {id_}")
    assert doctor.examine() == []


@pytest.mark.parametrize("table", ["core_plugin", "core_epoch", "core_field"])
def test_the_command_says_what_is_wrong_whatever_is_gone(sound, table):
    damage(f"ALTER TABLE {table} RENAME TO gone")
    shell = Shell(serve.environment(sound.config))
    [first, *_] = shell.json("doctor", "--repair", status=3)["findings"]
    assert (first["code"], first["text"]) == ("table_missing", f"Table '{table}' is missing")
    assert "Restore a backup" in shell.said("doctor", status=3)
