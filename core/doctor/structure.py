"""Catalog = database: tables, columns, foreign keys and indexes are what the catalog says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from .. import ddl, migrations
from ..catalog import Catalog, EntityType
from ..db import db as fixed
from ..fields import Field
from ..records import followers
from .findings import REPAIR, RESTORE, Finding, attempt

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


# -- what is missing ------------------------------------------------------------------------
def is_there(connection: sa.Connection) -> bool:
    """Say whether the database holds any of the tables that every instance has."""
    return not fixed.metadata.tables.keys().isdisjoint(columns_of(connection))


def fixed_tables(connection: sa.Connection) -> Iterator[Finding]:
    """Yield what is missing of the tables that every instance has, whatever is in them."""
    actual = columns_of(connection)
    for table in fixed.metadata.sorted_tables:
        yield from missing(connection, table, actual)


def findings(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    """Yield where the database is not as the catalog says."""
    actual = columns_of(connection)
    yield from attempt("The tables", _tables, connection, known, actual)
    yield from attempt("The foreign keys", _foreign_keys, connection, known, actual)
    yield from attempt("The indexes", _indexes, connection, known)


def _tables(
    connection: sa.Connection, known: Catalog, actual: dict[str, dict[str, str]]
) -> Iterator[Finding]:
    expected = tables(known)
    for table in expected.values():
        yield from missing(connection, table, actual)
        yield from unknown_columns(table, actual)
    for name in sorted(set(actual) - set(expected) - {migrations.TABLE}):
        if _OURS.match(name):
            text = f"Table '{name}' belongs to no entity type"
            yield Finding("table_unknown", text, "Look at it, then drop it by hand.")


def unknown_columns(
    table: sa.Table, actual: dict[str, dict[str, str]], what: str = "field"
) -> Iterator[Finding]:
    """Yield columns of a table that it should not have."""
    columns = {column.name for column in table.columns}
    for unknown in sorted(set(actual.get(table.name, ())) - columns):
        text = f"Column '{unknown}' of '{table.name}' belongs to no {what}"
        yield Finding("column_unknown", text, "Look at it, then drop it by hand.")


def missing(
    connection: sa.Connection, table: sa.Table, actual: dict[str, dict[str, str]]
) -> Iterator[Finding]:
    """Yield that a table or some of its columns are missing, or of another type."""
    if table.name not in actual:
        yield Finding("table_missing", f"Table '{table.name}' is missing", RESTORE)
        return
    present = actual[table.name]
    for column in table.columns:
        found = present.get(column.name)
        if found is None:
            text = f"Column '{column.name}' of '{table.name}' is missing"
            yield Finding("column_missing", text, RESTORE)
        elif _plain(found) != (wanted := _type_of(connection, column)):
            text = f"Column '{column.name}' of '{table.name}' is {found}, not {wanted}"
            yield Finding("column_type", text, RESTORE)


def sound_columns(
    connection: sa.Connection, table: sa.Table, actual: dict[str, dict[str, str]]
) -> set[str]:
    """Return the names of the columns of a table that are there as they should be."""
    present = actual.get(table.name, {})
    return {
        column.name
        for column in table.columns
        if _plain(present.get(column.name, "")) == _type_of(connection, column)
    }


def followed(connection: sa.Connection, known: Catalog) -> Iterator[tuple[EntityType, Field]]:
    """Yield the fields that something follows, as far as all columns are as they should be."""
    actual = columns_of(connection)
    for entity_type in all_types(known):
        for field in followers.followed(entity_type):
            tables = followers.tables(entity_type, field)
            if all(
                names <= sound_columns(connection, table, actual) for table, names in tables.items()
            ):
                yield entity_type, field


def _type_of(connection: sa.Connection, column: sa.Column[Any]) -> str:
    return _plain(column.type.compile(connection.dialect))


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


def _foreign_keys(
    connection: sa.Connection, known: Catalog, columns: dict[str, dict[str, str]]
) -> Iterator[Finding]:
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
            there = column in columns.get(table, ())
            if there and actual.get((table, column)) != target:
                text = f"Column '{column}' of '{table}' has no foreign key to '{target}'"
                yield Finding("foreign_key_missing", text, RESTORE)


def missing_indexes(connection: sa.Connection, known: Catalog) -> list[ddl.CreateIndex]:
    """Return the indexes of records that are missing or unfinished, and can be built."""
    return buildable(connection, ddl.missing_indexes(connection, known.types.values()))


def buildable(
    connection: sa.Connection, indexes: Iterable[ddl.CreateIndex]
) -> list[ddl.CreateIndex]:
    """Return those indexes whose columns are there."""
    actual = columns_of(connection)
    return [index for index in indexes if set(index.columns) <= set(actual.get(index.table, ()))]


def told(indexes: Iterable[ddl.CreateIndex]) -> Iterator[Finding]:
    """Yield that indexes are missing."""
    for index in indexes:
        text = f"An index of '{index.table}' over {', '.join(index.columns)} is missing"
        yield Finding("index_missing", text, REPAIR)


def _indexes(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    yield from told(missing_indexes(connection, known))
    for each in all_types(known):
        wanted = ddl.expected_indexes(each) if each.trashed_in is None else set()
        names = {index.name for index in wanted}
        for table in (each.table_name, *(values.name for values in each.value_tables)):
            for name in sorted(ddl.actual_indexes(connection, table) - names):
                text = f"Index '{name}' of '{table}' belongs to no field"
                yield Finding("index_unknown", text, "Drop it by hand.")
