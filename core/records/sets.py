"""Sets of values: changes of them worked out, and the table of values beside the records kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from .. import db
from ..catalog import EntityType
from ..fields import Delta, Refused, Several
from ..storage import Int64
from .batch import Row
from .checks import slices


def resolve(entity_type: EntityType, batch: Sequence[Row]) -> None:
    """Turn what adds to sets or takes from them into the sets that come of it."""
    for field in entity_type.sets:
        for row in batch:
            sent = row.values.get(field.name)
            if not isinstance(sent, Delta):
                continue
            before = row.before[field.name] if row.before is not None else None
            try:
                row.values[field.name] = field.changed(before, sent)
            except Refused as refused:
                del row.values[field.name]
                row.problems.append(refused.problem.at(field=field.name, row=row.place))


def write(entity_type: EntityType, rows: Sequence[Row]) -> None:
    """Bring the tables of values to what rows hold now: one delete and one insert per field."""
    for field in entity_type.sets:
        touched = [row for row in rows if field.name in row.values]
        _clear(field, [row.id for row in touched if row.before is not None and row.id])
        made = [
            each
            for row in touched
            if row.id is not None
            for each in field.rows(row.id, row.values[field.name])
        ]
        if made:
            db.for_writing().connection.execute(sa.insert(field.values), made)


def _clear(field: Several, ids: Sequence[int]) -> None:
    asked: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True, type_=Int64)
    statement = sa.delete(field.values).where(field.values.c.id.in_(asked))
    for piece in slices(ids):
        db.for_writing().connection.execute(statement, {"ids": piece})
