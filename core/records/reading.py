"""Read one record, and the history of one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from .. import access, catalog, changes, db
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields.number import INTEGER_LIMIT


def get(type_name: str, record_id: int, *, actor: Actor, trashed: bool = False) -> dict[str, Any]:
    """Return one record: {field: wire value}; a trashed one only if `trashed`.

    Raises `record_unknown`, `type_unknown`, `forbidden`.
    """
    access.require(actor, "read", f"records of '{type_name}'")
    entity_type = catalog.current().type(type_name)
    table = entity_type.table
    fields = tuple(entity_type.fields.values())
    query = sa.select(*(table.c[f.column].label(f.name) for f in fields)).where(
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
        change["changes"] = {n: c for n, c in change["changes"].items() if n in entity_type.fields}
    return found


def _known(entity_type: EntityType, record_id: int) -> None:
    possible = 0 < record_id <= INTEGER_LIMIT
    if not possible or changes.type_of(record_id) != entity_type.id:
        raise RelatumError("record_unknown", type=entity_type.name, id=record_id)
