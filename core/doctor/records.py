"""Records: the spine, versions, references, and what follows values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from .. import models
from ..catalog import Catalog, EntityType
from ..fields import Field, Several
from ..records import astray, followers, sealed
from .findings import REPAIR, RESTORE, Finding, attempt
from .structure import all_types, columns_of, followed, sound_columns

#: Tables of the spine and the history, with which every record is compared.
_BESIDE: Final = frozenset({"core_record", "core_change"})


def findings(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    """Yield what is wrong with records, as far as their tables are as they should be."""
    actual = columns_of(connection)
    for entity_type in all_types(known):
        what, sound = entity_type.name, sound_columns(connection, entity_type.table, actual)
        if {"id", "version"} <= sound and actual.keys() >= _BESIDE:
            yield from attempt(f"The records of '{what}'", _spine, connection, entity_type)
            yield from attempt(f"The versions of '{what}'", _versions, connection, entity_type)
    for entity_type in known.types.values():
        if (link := entity_type.part_of) is not None:
            what, whole = f"Whose '{entity_type.name}' are", known.type(link.target)
            yield from attempt(what, _parts, connection, entity_type, whole)
    for entity_type, field in followed(connection, known):
        what = f"The values of '{entity_type.name}.{field.name}'"
        yield from attempt(what, _followers, connection, entity_type, field)
    if all(
        field.column in sound_columns(connection, entity_type.table, actual)
        for entity_type, field in sealed.fields(known)
    ):
        yield from attempt("Encrypted values", _keys, connection, known)


def _some(connection: sa.Connection, query: Any) -> tuple[int, int]:
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
    connection: sa.Connection, entity_type: EntityType, field: Field
) -> Iterator[Finding]:
    """Yield values that are not what is kept beside them, by which they are found and unique."""
    count, first = _some(connection, followers.astray(connection, entity_type, field))
    if count:
        several = isinstance(field, Several)
        what = "differ from their table of values" if several else "lack their sort key"
        text = f"{count} values of '{entity_type.name}.{field.name}' {what}"
        yield Finding("sort_key", f"{text} (for example {first})", REPAIR)


def _parts(
    connection: sa.Connection, entity_type: EntityType, whole: EntityType
) -> Iterator[Finding]:
    count, first = _some(connection, astray(entity_type, whole))
    if count:
        name = entity_type.name
        text = f"{count} records of '{name}' belong to others than what they are part of"
        yield Finding("part", f"{text} (for example {first})", REPAIR)


def references(connection: sa.Connection) -> Iterator[Finding]:
    """Yield what refers to rows that are not there."""
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
