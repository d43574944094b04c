"""DDL: a closed vocabulary, emitted by Alembic's operations, never by batch mode.

A plan shows `as_text()` of the same statements that `execute()` runs.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Dialect

from . import faults
from .catalog import EntityType
from .fields import Field, Link, Several
from .storage import Instant, Int64, Text

#: PostgreSQL builds the plain indexes of tables beyond this size after the commit, CONCURRENTLY.
CONCURRENT_FROM = 100_000
#: Advisory lock of whoever builds indexes after the commit.
_BUILDER = 0x52454C494458
_DEFERRED: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"}


@dataclass(frozen=True, slots=True)
class CreateTable:
    """A new record table with its system columns and those of its fields."""

    entity_type: EntityType


@dataclass(frozen=True, slots=True)
class AddColumn:
    """One column of a field, NULLable or with a constant default: no table is rewritten."""

    table: str
    field: Field
    column: str


@dataclass(frozen=True, slots=True)
class CreateValues:
    """The table of (record, value) of a field that holds several values."""

    field: Several


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """An index; `live_only` leaves out trashed records."""

    table: str
    columns: tuple[str, ...]
    unique: bool = False
    live_only: bool = True

    @property
    def name(self) -> str:
        """The name, a digest of what the index is."""
        what = repr((self.table, self.columns, self.unique, self.live_only))
        return "ix_" + hashlib.sha256(what.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class DropIndex:
    """Take an index away."""

    index: CreateIndex


@dataclass(frozen=True, slots=True)
class DropColumn:
    """Take a column away, with its values."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class DropTable:
    """Take a record table away, with its rows."""

    table: str


@dataclass(frozen=True, slots=True)
class OwnColumns:
    """Columns of a plugin's own table, which holds no records: of a new one, or added to it."""

    table: str
    columns: Sequence[sa.Column[Any]]
    new: bool = False


@dataclass(frozen=True, slots=True)
class RunSql:
    """A statement in its own words: of a compaction, or for rows of plugins."""

    sql: str


Statement = (
    CreateTable | AddColumn | CreateValues | CreateIndex | DropIndex | DropColumn | DropTable
    | OwnColumns | RunSql
)  # fmt: skip


# -- what a type needs ----------------------------------------------------------------------
def expected_indexes(entity_type: EntityType) -> set[CreateIndex]:
    """Return every index that a live type must have."""
    table = entity_type.table_name
    found = set()
    for field in entity_type.with_members:
        found |= {CreateIndex(table, columns) for columns in field.index_columns}
        if isinstance(field, Link) and field.owner != "system":
            found.add(CreateIndex(table, (field.column, "id"), live_only=False))
        elif field.indexed:
            found.add(CreateIndex(table, entity_type.index_of(field)))
        if isinstance(field, Several):
            found.add(CreateIndex(field.values_name, (field.MATCHED, "id"), live_only=False))
        if field.sortable and field.name != "id":
            found.add(CreateIndex(table, (field.key_column, "id")))
    for key in entity_type.keys:
        columns = tuple(entity_type.fields[name].key_column for name in key.fields)
        found.add(CreateIndex(table, columns, unique=True))
    return found


def difference(old: EntityType | None, new: EntityType) -> list[Statement]:
    """Return the statements that bring a type's table from one definition to another."""
    statements: list[Statement] = []
    if old is None:
        statements.append(CreateTable(new))
    else:
        before = {field.id: field for field in (*old.fields.values(), *old.trashed_fields)}
        for field in (*new.fields.values(), *new.trashed_fields):
            if field.id in before and _columns_alike(before[field.id], field):
                continue
            known = {c.name for c in before[field.id].columns()} if field.id in before else set()
            statements += [
                AddColumn(new.table_name, field, column.name)
                for column in field.columns()
                if column.name not in known
            ]
    there = {table.name for table in old.value_tables} if old is not None else set()
    every = (*new.fields.values(), *new.trashed_fields)
    sets = [field for field in every if isinstance(field, Several)]
    statements += [CreateValues(field) for field in sets if field.values_name not in there]
    had = expected_indexes(old) if old is not None and old.trashed_in is None else set()
    needed = expected_indexes(new) if new.trashed_in is None else set()
    statements += [DropIndex(index) for index in sorted(had - needed, key=lambda i: i.name)]
    added: list[CreateIndex] = sorted(needed - had, key=lambda i: i.name)
    statements += added
    return statements


def _columns_alike(old: Field, new: Field) -> bool:
    """Say, without making any column, whether two states of a field have the same ones."""
    names = ("column", "settings", "unique", "indexed", "sortable", "options")
    return type(old) is type(new) and all(getattr(old, n) == getattr(new, n) for n in names)


# -- emitting -------------------------------------------------------------------------------
def execute(statements: Iterable[Statement], connection: sa.Connection) -> None:
    """Run statements on an open connection, in its transaction."""
    operations = Operations(MigrationContext.configure(connection))
    for statement in statements:
        _emit(operations, statement, connection.dialect)


def as_text(steps: Iterable[Sequence[Statement]], dialect: Dialect) -> tuple[tuple[str, ...], ...]:
    """Return the SQL of the statements of each step, without running anything."""
    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect.name, opts={"as_sql": True, "output_buffer": buffer}
    )
    operations = Operations(context)

    def texts(statement: Statement) -> list[str]:
        buffer.seek(0)
        buffer.truncate()
        _emit(operations, statement, dialect)
        return [text.strip().removesuffix(";") for text in buffer.getvalue().split(";\n\n") if text]

    return tuple(tuple(text for each in step for text in texts(each)) for step in steps)


def _emit(operations: Operations, statement: Statement, dialect: Dialect) -> None:
    match statement:
        case CreateTable(entity_type):
            _create_table(operations, entity_type)
        case AddColumn(table, field, name):
            column = next(c for c in _field_columns(field) if c.name == name)
            operations.add_column(table, column, inline_references=True)
        case CreateValues(field):
            operations.create_table(field.values_name, *_values_columns(field))
        case CreateIndex():
            _create_index(operations, statement, dialect)
        case DropIndex(index):
            operations.drop_index(index.name, table_name=index.table, if_exists=True)
        case DropColumn(table, column):
            operations.drop_column(table, column)
        case DropTable(table):
            operations.drop_table(table)
        case OwnColumns():
            _emit_own(operations, statement)
        case RunSql(sql):
            operations.execute(sa.text(sql))


def _emit_own(operations: Operations, own: OwnColumns) -> None:
    if own.new:
        operations.create_table(own.table, *own.columns, sqlite_autoincrement=True)
    for column in () if own.new else own.columns:
        operations.add_column(own.table, column, inline_references=True)


def _create_table(operations: Operations, entity_type: EntityType) -> None:
    """Make a table, then its links: SQLite drops a column whose reference is its own only."""
    own = [column for field in _own(entity_type) for column in _field_columns(field)]
    plain = [column for column in own if not column.foreign_keys]
    operations.create_table(entity_type.table_name, *_columns(plain))
    for column in own:
        if column.foreign_keys:
            operations.add_column(entity_type.table_name, column, inline_references=True)


def _own(entity_type: EntityType) -> list[Field]:
    return [field for field in entity_type.fields.values() if field.owner != "system"]


def _create_index(
    operations: Operations, index: CreateIndex, dialect: Dialect, *, concurrently: bool = False
) -> None:
    quote = dialect.identifier_preparer.quote
    nulls = dialect.name == "postgresql" and not index.unique
    columns: list[Any] = [
        sa.text(f"{quote(c)} NULLS FIRST") if nulls and c != "id" else c for c in index.columns
    ]
    where = sa.text("trashed_at IS NULL") if index.live_only else None
    operations.create_index(
        index.name, index.table, columns, unique=index.unique,
        if_not_exists=concurrently or None, sqlite_where=where, postgresql_where=where,
        postgresql_concurrently=concurrently,
    )  # fmt: skip


def _foreign(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", **_DEFERRED)


def _field_columns(field: Field) -> list[sa.Column[Any]]:
    columns = field.columns()
    if isinstance(field, Link) and field.target_table:
        columns[0] = sa.Column(field.column, Int64, _foreign(field.target_table))
    return columns


def _values_columns(field: Several) -> list[sa.schema.SchemaItem]:
    plain = [sa.Column(c.name, Text, nullable=False) for c in field.values.c if c.name != "id"]
    return [
        sa.Column("id", Int64, _foreign(field.table_name), nullable=False),
        *plain,
        sa.PrimaryKeyConstraint("id", field.MATCHED),
    ]


def _columns(own: list[sa.Column[Any]]) -> list[sa.Column[Any]]:
    return [
        sa.Column("id", Int64, _foreign("core_record"), primary_key=True, autoincrement=False),
        *own,
        sa.Column("owner_id", Int64, _foreign("core_user")),
        sa.Column("team_id", Int64, _foreign("core_team")),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("created_by", Int64),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("updated_by", Int64),
        sa.Column("version", Int64, nullable=False),
        sa.Column("trashed_at", Instant),
        sa.Column("trashed_in", Int64),
    ]


def referring(connection: sa.Connection, table: str) -> list[tuple[str, str]]:
    """Return (table, column) of every column whose foreign key refers to a table."""
    if connection.dialect.name == "postgresql":
        sql = sa.text(
            "SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c "
            "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
            "WHERE c.contype = 'f' AND c.confrelid = to_regclass(quote_ident(:t)) ORDER BY 1, 2"
        )
    else:
        sql = sa.text(
            'SELECT m.name, k."from" FROM sqlite_master m '
            "JOIN pragma_foreign_key_list(m.name) k "
            "WHERE m.type = 'table' AND k.\"table\" = :t ORDER BY 1, 2"
        )
    return [(row[0].strip('"'), row[1]) for row in connection.execute(sql, {"t": table})]


# -- indexes after the commit ---------------------------------------------------------------
def actual_indexes(connection: sa.Connection, table: str) -> set[str]:
    """Return the names of the valid indexes of a table that are ours."""
    if connection.dialect.name == "postgresql":
        sql = sa.text(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE i.indrelid = to_regclass(quote_ident(:table)) AND i.indisvalid"
        )
    else:
        sql = sa.text("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table")
    names = connection.execute(sql, {"table": table}).scalars()
    return {name for name in names if name.startswith("ix_") and len(name) == 15}


def missing_indexes(connection: sa.Connection, types: Iterable[EntityType]) -> list[CreateIndex]:
    """Return what indexes of types are not there, or not finished."""
    by_name = sorted((i for t in types for i in expected_indexes(t)), key=lambda i: i.name)
    return not_there(connection, by_name)


def not_there(connection: sa.Connection, expected: Sequence[CreateIndex]) -> list[CreateIndex]:
    """Return those of some indexes that are not there, or not finished."""
    tables = {index.table for index in expected}
    found = {name for table in tables for name in actual_indexes(connection, table)}
    return [index for index in expected if index.name not in found]


def build_indexes(engine: sa.Engine, missing: Sequence[CreateIndex]) -> None:
    """Build indexes outside any transaction; on PostgreSQL without stopping writers.

    May be repeated: what a killed build left half-done is dropped first, what somebody else
    has built meanwhile is left alone. One process at a time builds; others wait for it.
    """
    with _patient(engine) as connection:
        operations = Operations(MigrationContext.configure(connection))
        concurrently = connection.dialect.name == "postgresql"
        with _alone(connection):
            for index in missing:
                if index.name in actual_indexes(connection, index.table):
                    continue
                faults.point("indexes.before_build")
                _drop_index(connection, index)
                _create_index(operations, index, connection.dialect, concurrently=concurrently)
                faults.point("indexes.after_build")


@contextmanager
def _patient(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a connection without a transaction that waits as long as other transactions take."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        lite = connection.dialect.name == "sqlite"
        if not lite:
            connection.exec_driver_sql("SET lock_timeout = 0")
        try:
            yield connection
        finally:
            if not lite and not connection.invalidated:
                connection.exec_driver_sql("RESET lock_timeout")


def drop_index_now(engine: sa.Engine, index: CreateIndex) -> None:
    """Drop an index, if it is there, outside any transaction."""
    with _patient(engine) as connection:
        _drop_index(connection, index)


def _drop_index(connection: sa.Connection, index: CreateIndex) -> None:
    operations = Operations(MigrationContext.configure(connection))
    concurrently = connection.dialect.name == "postgresql" or None
    operations.drop_index(
        index.name, index.table, if_exists=True, postgresql_concurrently=concurrently
    )


@contextmanager
def _alone(connection: sa.Connection) -> Iterator[None]:
    """Keep other builders out on PostgreSQL, by a lock that a killed session gives back.

    Whoever waited *in* the server would hold a snapshot that the build waits for.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    while not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_BUILDER})").scalar():
        time.sleep(0.1)
    try:
        yield
    finally:
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_BUILDER})")
