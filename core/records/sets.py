"""The tables of values beside the records, kept as the records' sets are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from .. import db
from ..catalog import EntityType
from ..fields import Several
from ..storage import among, slices
from .batch import Row


def write(entity_type: EntityType, rows: Sequence[Row]) -> None:
    """Bring the tables of values to what rows hold now: one delete and one insert per field."""
    for field in entity_type.sets:
        touched = [row for row in rows if field.name in row.values]
        _clear(field, [row.id for row in touched if row.before is not None and row.id])
        _insert(field, [(r.id, r.values[field.name]) for r in touched if r.id is not None])


def anew(field: Several, ids: Sequence[int], values: Iterable[tuple[int, Any]]) -> None:
    """Write the rows of some records anew, of which those that are there have `values`."""
    _clear(field, ids)
    _insert(field, values)


def _insert(field: Several, values: Iterable[tuple[int, Any]]) -> None:
    made = [row for id_, value in values for row in field.rows(id_, value)]
    if made:
        db.for_writing().connection.execute(sa.insert(field.values), made)


def _clear(field: Several, ids: Sequence[int]) -> None:
    statement = sa.delete(field.values).where(among(field.values.c.id))
    for piece in slices(ids):
        db.for_writing().connection.execute(statement, {"ids": piece})
