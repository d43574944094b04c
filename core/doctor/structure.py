"""Catalog = database: tables, columns, foreign keys and indexes are what the catalog says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlalchemy as sa

from .. import ddl, migrations
from ..catalog import Catalog, EntityType
from ..db import db as fixed
from .findings import RESTORE, Finding

#: Tables that could only be ours.
_OURS = re.compile(r"(core|x)_")
_COLUMNS_SQLITE = (
    "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c "
    "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
_COLUMNS_POSTGRESQL = (
    "SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod) || "
    "CASE WHEN l.collname = 'C' THEN ' collate \"C\"' ELSE '' END "
    "FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid "
    "LEFT JOIN pg_collation l ON l.oid = a.attcollation "
    "WHERE t.relkind IN ('r', 'p') AND t.relnamespace = current_schema()::regnamespace "
    "AND a.attnum > 0 AND NOT a.attisdropped"
)


def findings(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    """Yield where the database is not as the catalog says."""
    yield from _tables(connection, known)
    yield from _foreign_keys(connection, known)
    yield from _indexes(connection, known)


def columns_of(connection: sa.Connection) -> dict[str, dict[str, str]]:
    """Return {table: {column: type as the database calls it}} of the whole database."""
    lite = connection.dialect.name == "sqlite"
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.exec_driver_sql(
        _COLUMNS_SQLITE if lite else _COLUMNS_POSTGRESQL
    ):
        found.setdefault(table, {})[column] = kind
    return found


def all_types(known: Catalog) -> Iterator[EntityType]:
    """Yield every entity type that has a table, the trashed ones too."""
    yield from known.types.values()
    yield from known.trashed_types


def tables(known: Catalog) -> dict[str, sa.Table]:
    """Return every table that an instance has, by name: the fixed ones, then the records'."""
    made = {table.name: table for table in fixed.metadata.sorted_tables}
    for each in all_types(known):
        made[each.table_name] = each.table
        made.update({table.name: table for table in each.value_tables})
    return made


def _tables(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    actual, expected = columns_of(connection), tables(known)
    for name, table in expected.items():
        if name not in actual:
            yield Finding("table_missing", f"Table '{name}' is missing", RESTORE)
            continue
        yield from _columns(connection, table, actual[name])
    for name in sorted(set(actual) - set(expected) - {migrations.TABLE}):
        if _OURS.match(name):
            text = f"Table '{name}' belongs to no entity type"
            yield Finding("table_unknown", text, "Look at it, then drop it by hand.")


def _columns(
    connection: sa.Connection, table: sa.Table, actual: dict[str, str]
) -> Iterator[Finding]:
    for column in table.columns:
        wanted, found = _plain(column.type.compile(connection.dialect)), actual.get(column.name)
        if found is None:
            text = f"Column '{column.name}' of '{table.name}' is missing"
            yield Finding("column_missing", text, RESTORE)
        elif _plain(found) != wanted:
            text = f"Column '{column.name}' of '{table.name}' is {found}, not {wanted}"
            yield Finding("column_type", text, RESTORE)
    for name in sorted(set(actual) - {column.name for column in table.columns}):
        text = f"Column '{name}' of '{table.name}' belongs to no field"
        yield Finding("column_unknown", text, "Look at it, then drop it by hand.")


def _plain(kind: str) -> str:
    return re.sub(r"\s*,\s*", ",", kind.lower())


def foreign_keys_of(connection: sa.Connection) -> dict[tuple[str, str], str]:
    """Return {(table, column): table it references} of the whole database."""
    found = sa.inspect(connection).get_multi_foreign_keys()
    return {
        (table, key["constrained_columns"][0]): key["referred_table"]
        for (_, table), keys in found.items()
        for key in keys
    }


def _foreign_keys(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    actual = foreign_keys_of(connection)
    for entity_type in known.types.values():
        name = entity_type.table_name
        wanted = {"id": "core_record", "owner_id": "core_user", "team_id": "core_team"}
        for field in (*entity_type.lookups, *entity_type.references):
            if field.owner != "system" and field.target_table:
                wanted[field.column] = field.target_table
        places = {(name, column): target for column, target in wanted.items()}
        places |= {(table.name, "id"): name for table in entity_type.value_tables}
        for (table, column), target in places.items():
            if actual.get((table, column)) != target:
                text = f"Column '{column}' of '{table}' has no foreign key to '{target}'"
                yield Finding("foreign_key_missing", text, RESTORE)


def _indexes(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    for index in ddl.missing_indexes(connection, known.types.values()):
        text = f"An index of '{index.table}' over {', '.join(index.columns)} is missing"
        yield Finding("index_missing", text, "Run: relatum doctor --repair")
    for each in all_types(known):
        wanted = ddl.expected_indexes(each) if each.trashed_in is None else set()
        names = {index.name for index in wanted}
        for table in (each.table_name, *(values.name for values in each.value_tables)):
            for name in sorted(ddl.actual_indexes(connection, table) - names):
                text = f"Index '{name}' of '{table}' belongs to no field"
                yield Finding("index_unknown", text, "Drop it by hand.")
