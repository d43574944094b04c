"""What deleting a record means for those that point to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from .. import db
from ..catalog import Catalog, EntityType
from ..fields import Lookup
from .batch import Row
from .checks import slices


def release(
    catalog: Catalog, entity_type: EntityType, batch: Sequence[Row]
) -> Iterator[tuple[str, str, list[int]]]:
    """Note rows that a restricting link still needs; yield (type, field, ids) to be emptied.

    Records that are deleted in the same batch do not count.
    """
    referrers = list(catalog.referrers(entity_type.name))
    restricting = [pair for pair in referrers if pair[1].on_delete != "clear"]
    going = None
    while going != (going := _going(entity_type, entity_type, batch)):
        # A row that is refused stays, and then so does what it points to: look again.
        for referrer, lookup in restricting:
            _restrict(referrer, lookup, entity_type, batch)
    for referrer, lookup in (pair for pair in referrers if pair[1].on_delete == "clear"):
        children = _children(referrer, lookup, entity_type, batch)
        if children:
            yield referrer.name, lookup.name, children


def _going(entity_type: EntityType, referrer: EntityType, batch: Sequence[Row]) -> set[int]:
    if referrer.id != entity_type.id:
        return set()
    return {row.id for row in batch if row.id is not None and not row.problems}


def _restrict(
    referrer: EntityType, lookup: Lookup, entity_type: EntityType, batch: Sequence[Row]
) -> None:
    table = referrer.table
    column = table.c[lookup.column]
    going = _going(entity_type, referrer, batch)
    rows = {row.id: row for row in batch if row.id is not None and not row.problems}
    for piece in slices(rows):
        query = sa.select(column, table.c.id).where(table.c.trashed_at.is_(None), column.in_(piece))
        found: dict[int, list[int]] = {}
        for target, child in db.current().connection.execute(query):
            if child not in going:
                found.setdefault(target, []).append(child)
        for target, children in found.items():
            rows[target].refuse(
                "still_referenced", count=len(children), type=referrer.name, field=lookup.name,
                id=min(children),
            )  # fmt: skip


def _children(
    referrer: EntityType, lookup: Lookup, entity_type: EntityType, batch: Sequence[Row]
) -> list[int]:
    table = referrer.table
    going = _going(entity_type, referrer, batch)
    found: list[int] = []
    for piece in slices(row.id for row in batch if row.id is not None and not row.problems):
        query = sa.select(table.c.id).where(
            table.c.trashed_at.is_(None), table.c[lookup.column].in_(piece)
        )
        found += [
            id_ for id_ in db.current().connection.execute(query).scalars() if id_ not in going
        ]
    return sorted(found)
