"""Encrypted values at rest: which keys they need, and their move to a new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from .. import access, catalog, db, keys, models
from ..actor import Actor
from ..catalog import Catalog, EntityType
from ..fields import Encrypted

#: Values that are encrypted anew in one transaction.
CHUNK = 500


#: What is encrypted besides fields: the secrets of second factors, and of plugins' settings.
_FACTORS: Any = models.SecondFactor.__table__
_SETTINGS: Any = models.PluginSetting.__table__


class Use(NamedTuple):
    """How many values of a field, trash included, a key has encrypted."""

    type: str
    field: str
    key: str
    values: int


def uses(connection: sa.Connection, known: Catalog) -> Iterator[Use]:
    """Yield what every key is needed for, by type and field; values in the history left out."""
    columns = [(t.name, f.name, t.table.c[f.column]) for t, f in fields(known)]
    columns.append(("user", "second_factor", _FACTORS.c.secret))
    columns.append(("plugin", "settings", _SETTINGS.c.sealed))
    for type_name, name, column in columns:
        key = sa.func.substr(column, 3, keys.NAME_LENGTH)
        query = (
            sa.select(key.label("key"), sa.func.count().label("count"))
            .where(column.is_not(None))
            .group_by(sa.text("1"))
            .order_by(sa.text("1"))
        )
        for row in connection.execute(query):
            yield Use(type_name, name, row[0], row[1])


def lost(connection: sa.Connection, known: Catalog) -> Iterator[str]:
    """Yield a sentence for each key that is needed and not in the ring."""
    found = list(uses(connection, known))
    held = keys.ring().keys if found else {}
    for use in found:
        if use.key not in held:
            yield (
                f"Key {use.key} is lost: {use.values} values of '{use.type}.{use.field}' read as "
                "empty"
            )


def fields(known: Catalog) -> Iterator[tuple[EntityType, Encrypted]]:
    """Yield every encrypted field, those in the trash too, with its type."""
    for entity_type in (*known.types.values(), *known.trashed_types):
        for field in (*entity_type.fields.values(), *entity_type.trashed_fields):
            if isinstance(field, Encrypted):
                yield entity_type, field


def places() -> list[tuple[int, int]]:
    """Return (type id, field id) of every encrypted field, in the open transaction."""
    return [(each.id, field.id) for each, field in fields(catalog.current())]


def reseal(type_id: int, field_id: int, after: int, *, actor: Actor) -> tuple[int, int | None]:
    """Encrypt a chunk of a field's values beyond an id with the current key.

    Returns how many values moved, and the last id that was looked at, None at the end. No version
    changes: the values are the same.
    """
    access.require(actor, "customise", "keys")
    tx = db.for_writing()
    entity_type = catalog.current().by_id[type_id]
    every = (*entity_type.fields.values(), *entity_type.trashed_fields)
    field = next(f for f in every if f.id == field_id)
    table, ring = entity_type.table, keys.ring()
    column = table.c[field.column]
    query = (
        sa.select(table.c.id, field.whole(table))
        .where(
            table.c.id > after, column.is_not(None),
            sa.func.substr(column, 3, keys.NAME_LENGTH) != ring.current,
        )
        .order_by(table.c.id)
        .limit(CHUNK)
        .with_for_update()
    )  # fmt: skip
    rows: list[Any] = list(tx.connection.execute(query))
    moved = [
        {"_id": row[0], "_sealed": field.record(row[0], row[1])}
        for row in rows
        if isinstance(row[1], str)
    ]
    if moved:
        statement = sa.update(table).where(table.c.id == sa.bindparam("_id"))
        tx.connection.execute(statement.values({column: sa.bindparam("_sealed")}), moved)
    return len(moved), rows[-1][0] if len(rows) == CHUNK else None
