"""Read one record, the history of one, and what deleting some would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from .. import access, catalog, changes, db, spine
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields.number import INTEGER_LIMIT
from . import write
from .batch import Row, good
from .deleting import closure, emptied, family, sound_of


def get(type_name: str, record_id: int, *, actor: Actor, trashed: bool = False) -> dict[str, Any]:
    """Return one record: {field: wire value}; a trashed one only if `trashed`.

    Raises `record_unknown`, `type_unknown`, `forbidden`.
    """
    access.require(actor, "read", f"records of '{type_name}'")
    entity_type = catalog.current().type(type_name)
    table = entity_type.table
    fields = tuple(entity_type.fields.values())
    query = sa.select(*(f.whole(table).label(f.name) for f in fields)).where(
        table.c.id == record_id
    )
    if not trashed:
        query = query.where(table.c.trashed_at.is_(None))
    possible = 0 < record_id <= INTEGER_LIMIT
    row = db.current().connection.execute(query).one_or_none() if possible else None
    if row is None:
        raise RelatumError("record_unknown", type=type_name, id=record_id)
    return {field.name: field.wire(value) for field, value in zip(fields, row, strict=True)}


def history(
    type_name: str,
    record_id: int,
    *,
    actor: Actor,
    limit: int = 100,
    before: int | None = None,
) -> list[dict[str, Any]]:
    """Return a record's changes, newest first, fields that are unknown by now left out."""
    access.require(actor, "read", f"records of '{type_name}'")
    entity_type = catalog.current().type(type_name)
    _known(entity_type, record_id)
    found = changes.history(record_id, limit=limit, before=before)
    for change in found:
        change["changes"] = {
            name: [entity_type.fields[name].recall(record_id, value) for value in both]
            for name, both in change["changes"].items()
            if name in entity_type.fields
        }
    return found


def _known(entity_type: EntityType, record_id: int) -> None:
    possible = 0 < record_id <= INTEGER_LIMIT
    if not possible or spine.type_of(record_id) != entity_type.id:
        raise RelatumError("record_unknown", type=entity_type.name, id=record_id)


def deletion(type_name: str, ids: Sequence[int], *, actor: Actor) -> dict[str, Any]:
    """Say what deleting records would do, and write nothing.

    Returns {"deleted": {type: count}, "emptied": {"type.field": count}, "errors": [...]}, the
    records themselves counted. Raises `Invalid` for ids that are not there.
    """
    access.require(actor, "delete", f"records of '{type_name}'")
    known = catalog.current()
    entity_type = known.type(type_name)
    batch = [Row(place, id=id_) for place, id_ in enumerate(ids)]
    write.lock(entity_type, batch, hold=False)
    good(batch, partial=False)
    batches = {entity_type: batch}
    found = closure(known, sound_of(batches), hold=False)
    family(known, batches, hold=False)
    cleared = Counter(
        f"{each.type.name}.{name}"
        for each in emptied(known, found)
        for names in each.links.values()
        for name in names
    )
    return {
        "deleted": {e.type.name: len(e.members) for e in found.values() if e.members},
        "emptied": dict(cleared),
        "errors": [problem.as_json() for row in batch for problem in row.problems],
    }
