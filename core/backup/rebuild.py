"""Make a database from an archive: fixed tables, metadata, record tables, rows, indexes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from .. import catalog, ddl, doctor, install, jobs, migrations, models, plugin_tables
from ..catalog import EntityType
from ..db import Epochs
from ..db import db as fixed
from ..errors import RelatumError
from ..fields import Link, Several
from .archive import Reader, Table, type_of

#: The tables that an installation fills, which say what other tables there are; in the order of
#: their references.
_METADATA = (
    "core_epoch", "core_setting", "core_generation", "core_type", "core_field", "core_option",
    "core_key", "core_patch", "core_plugin", "core_plugin_migration",
    "core_job_schedule", "core_role", "core_grant",
)  # fmt: skip
_BATCH = 5000
#: (table, column) → table referenced.
References = Mapping[tuple[str, str], str]


def clear(connection: sa.Connection, *, force: bool) -> Epochs | None:
    """Drop the instance that is there, and return its epochs; without `force` refuse it."""
    present = doctor.columns_of(connection)
    ours = [name for name in present if name.startswith(("core_", plugin_tables.PREFIX))]
    if not ours:
        return None
    if not force:
        raise RelatumError(
            "restore_refused",
            reason="There is an instance already. Name another home or database, or replace it "
            "with --force.",
        )
    epochs = None
    if "core_epoch" in present:
        row = connection.exec_driver_sql(
            "SELECT plugins, catalog, access, core FROM core_epoch"
        ).first()
        epochs = Epochs(*row) if row is not None else None
    if "core_type" in present:
        named = connection.execute(sa.select(models.Type.table_name)).scalars()
        for table in named:
            # With the tables of values that lie beside it.
            ours += [
                name for name in present
                if name not in ours and (name == table or name.startswith(f"{table}__"))
            ]  # fmt: skip
    quote = connection.dialect.identifier_preparer.quote
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP TABLE {', '.join(map(quote, ours))} CASCADE")
    else:
        for name in ours:
            connection.exec_driver_sql(f"DROP TABLE {quote(name)}")
    return epochs


def fill(connection: sa.Connection, packed: Reader) -> None:
    """Make everything an archive holds in an empty database; raise `restore_refused`."""
    try:
        _fill(connection, packed)
    except (sa_exc.IntegrityError, sa_exc.DataError) as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise packed.refused(f"holds rows that the database refuses: {reason}") from error
    except (KeyError, ValueError, TypeError) as error:
        raise packed.refused(f"does not fit together ({type(error).__name__}: {error})") from error


def _fill(connection: sa.Connection, packed: Reader) -> None:
    migrations.run(connection, packed.revision)
    for name in reversed(_METADATA):
        connection.execute(sa.delete(fixed.metadata.tables[name]))
    entries = {entry.name: entry for entry in packed.tables}
    for name in _METADATA:
        _load(connection, packed, entries.pop(name))
    # An older archive becomes today's before the catalog is read.
    migrations.run(connection)
    references = {
        (entry.name, column.name): column.references
        for entry in packed.tables
        for column in entry.columns
        if column.references
    }
    rows = catalog.read_rows(connection)
    _make_tables(connection, list(_types(rows, references)))
    own = plugin_tables.every(connection)
    ddl.execute([made for table in own for made in table.made()], connection)
    for entry in entries.values():
        _load(connection, packed, entry)
    _check(connection, packed)
    jobs.bring_back(connection)
    install.complete(connection)
    _sequences(connection)
    for table in own:
        plugin_tables.follow_ids(connection, table)


def _types(rows: catalog.Rows, references: References) -> Iterator[EntityType]:
    """Yield the entity types, their lookups pointing where the original columns did."""
    builder = catalog.TypeBuilder(rows, None)
    for row in rows.types.values():
        made = builder.type(row, *rows.of_type(row["id"]))

        def pointed(field: Any, table: str = made.table_name) -> Any:
            target = references.get((table, field.column))
            same = field.owner == "system" or not isinstance(field, Link)
            return field if same else dataclasses.replace(field, target_table=target)

        yield dataclasses.replace(
            made,
            fields=MappingProxyType({n: pointed(f) for n, f in made.fields.items()}),
            trashed_fields=tuple(pointed(f) for f in made.trashed_fields),
        )


def _make_tables(connection: sa.Connection, types: list[EntityType]) -> None:
    """Make the record tables; links come after all tables, since they may go in circles."""
    present = doctor.columns_of(connection)
    for entity_type in types:
        if entity_type.table_name not in present:
            plain = {
                name: field
                for name, field in entity_type.fields.items()
                if field.owner == "system" or not isinstance(field, Link)
            }
            bare = dataclasses.replace(
                entity_type, fields=MappingProxyType(plain), trashed_fields=()
            )
            ddl.execute([ddl.CreateTable(bare)], connection)
    present = doctor.columns_of(connection)
    for entity_type in types:
        name = entity_type.table_name
        ddl.execute(
            [
                ddl.AddColumn(name, field, column.name)
                for field in (*entity_type.fields.values(), *entity_type.trashed_fields)
                for column in field.columns()
                if column.name not in present[name]
            ],
            connection,
        )
        every = (*entity_type.fields.values(), *entity_type.trashed_fields)
        sets = [ddl.CreateValues(field) for field in every if isinstance(field, Several)]
        ddl.execute(sets, connection)


def _load(connection: sa.Connection, packed: Reader, entry: Table) -> None:
    present = doctor.columns_of(connection).get(entry.name, {})
    unknown = [column.name for column in entry.columns if column.name not in present]
    if unknown:
        raise ValueError(f"{entry.name} has no column {unknown[0]}")
    if connection.dialect.name == "postgresql":
        _copy(connection, entry, packed.rows(entry))
        return
    columns = [sa.column(column.name, type_of(column.kind)) for column in entry.columns]
    statement = sa.insert(sa.table(entry.name, *columns))
    names = [column.name for column in entry.columns]
    for batch in _batches(packed.rows(entry)):
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in batch])


def _copy(connection: sa.Connection, entry: Table, rows: Iterable[list[Any]]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in entry.columns)
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {quote(entry.name)} ({names}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _batches(rows: Iterable[list[Any]]) -> Iterator[list[list[Any]]]:
    rest = iter(rows)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _check(connection: sa.Connection, packed: Reader) -> None:
    """Look at every reference now; the load itself did not."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        return
    for table, row, target, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        raise packed.refused(f"holds row {row} of {table} that refers to no row of {target}")


def _sequences(connection: sa.Connection) -> None:
    """Let new ids follow the loaded ones; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in fixed.metadata.tables.values():
        column = table.autoincrement_column
        if column is not None:
            name, key = table.name, column.name
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{name}', '{key}'), "
                f"(SELECT COALESCE(max({key}), 0) + 1 FROM {name}), false)"
            )


def advance(connection: sa.Connection, replaced: Epochs | None) -> None:
    """Make the epochs newer than those of a replaced instance, so that live workers notice."""
    if replaced is None:
        return
    epoch = models.Epoch.__table__
    now = connection.execute(sa.select(epoch.c.plugins, epoch.c.catalog, epoch.c.access)).one()
    newer = {
        name: max(getattr(now, name), getattr(replaced, name)) + 1
        for name in ("plugins", "catalog", "access")
    }
    connection.execute(sa.update(epoch).values(newer))
