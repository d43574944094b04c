"""Records: the spine, versions, references, and what is kept beside values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from .. import models
from ..catalog import Catalog, EntityType
from ..fields import Several
from ..records import sealed
from .findings import RESTORE, Finding
from .structure import all_types, columns_of


def findings(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    """Yield what is wrong with records, and with what their types need to be read."""
    present = columns_of(connection)
    for entity_type in all_types(known):
        if entity_type.table_name in present:
            yield from _spine(connection, entity_type)
            yield from _versions(connection, entity_type)
            yield from _followers(connection, entity_type, present)
    yield from _references(connection)
    yield from _plugins(connection)
    yield from _keys(connection, known)


def _some(connection: sa.Connection, query: sa.Select[Any]) -> tuple[int, int]:
    """Return how many ids a query gives, and the least."""
    column = query.subquery().c.id
    found = connection.execute(sa.select(sa.func.count(column), sa.func.min(column))).one()
    return int(found[0]), int(found[1] or 0)


def _spine(connection: sa.Connection, entity_type: EntityType) -> Iterator[Finding]:
    spine, change = models.Record.__table__, models.Change.__table__
    name, ours = entity_type.name, sa.select(entity_type.table.c.id)
    registered = sa.select(spine.c.id).where(spine.c.type_id == entity_type.id)
    purged = sa.select(change.c.record_id).where(change.c.op == "purge")
    for text, query in (
        (f"{{}} records of '{name}' are not on the spine", ours.except_(registered)),
        (f"{{}} ids of the spine have no record of '{name}'", registered.except_(ours, purged)),
    ):
        count, first = _some(connection, sa.select(query.subquery().c[0].label("id")))
        if count:
            yield Finding("spine", f"{text.format(count)} (for example {first})", RESTORE)


def _versions(connection: sa.Connection, entity_type: EntityType) -> Iterator[Finding]:
    change: sa.Table = models.Change.__table__
    last = (
        sa.select(change.c.record_id, sa.func.max(change.c.version).label("version"))
        .group_by(change.c.record_id)
        .subquery()
    )
    table = entity_type.table
    query = (
        sa.select(table.c.id)
        .join_from(table, last, last.c.record_id == table.c.id, isouter=True)
        .where(last.c.version.is_distinct_from(table.c.version))
    )
    count, first = _some(connection, query)
    if count:
        text = f"{count} records of '{entity_type.name}' differ from their history in version"
        yield Finding("history", f"{text} (for example {first})", RESTORE)


def _followers(
    connection: sa.Connection, entity_type: EntityType, present: dict[str, dict[str, str]]
) -> Iterator[Finding]:
    """Yield values without what is kept beside them, by which they are found and kept unique."""
    table = entity_type.table
    for field in entity_type.own_fields:
        if isinstance(field, Several):
            if field.values_name not in present:
                continue
            what, there = "table of values", table.c.id.in_(sa.select(field.values.c.id))
        elif field.key_column != field.column:
            what, there = "sort key", table.c[field.key_column].is_not(None)
        else:
            continue
        value = table.c[field.condition_column("empty")]
        query = sa.select(table.c.id).where(value.is_not(None) != there)
        count, first = _some(connection, query)
        if count:
            text = f"{count} values of '{entity_type.name}.{field.name}' lack their {what}"
            yield Finding("sort_key", f"{text} (for example {first})", "Write those records again.")


def _references(connection: sa.Connection) -> Iterator[Finding]:
    if connection.dialect.name == "sqlite":
        for table, row, target, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            text = f"Row {row} of '{table}' refers to a row of '{target}' that is not there"
            yield Finding("reference", text, RESTORE)
        return
    open_ = "SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE NOT convalidated"
    for name, table in connection.exec_driver_sql(open_):
        text = f"Constraint '{name}' of '{table}' was never checked"
        yield Finding("reference", text, f"Run: ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def _keys(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    for text in sealed.lost(connection, known):
        yield Finding("key_lost", text, "Put the key back into the ring: relatum help operations")


def _plugins(connection: sa.Connection) -> Iterator[Finding]:
    """Yield enabled plugins that a worker could not run."""
    table = models.PluginRow.__table__
    wanted = sa.select(table.c.id, table.c.reason).where(
        table.c.enabled, table.c.fault.is_not(None)
    )
    for row in connection.execute(wanted.order_by(table.c.id)):
        text = f"Plugin '{row.id}' is enabled and does not run: {row.reason.rstrip('.')}"
        yield Finding("plugin_fault", text, f"Correct it, or: relatum plugins disable {row.id}")
