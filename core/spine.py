"""The spine: of which type each record is, by its id alone (D3)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa

from . import db, models
from .storage import among

_SPINE: Final[Any] = models.Record.__table__
_TYPES: Final = sa.select(_SPINE.c.type_id, _SPINE.c.id).where(among(_SPINE.c.id))


def types_of(ids: Collection[int]) -> dict[int, list[int]]:
    """Return ids by the id of their type, in one query; those that never were are left out."""
    found: dict[int, list[int]] = {}
    for type_id, id_ in db.current().connection.execute(_TYPES, {"ids": list(ids)}):
        found.setdefault(type_id, []).append(id_)
    return found


def type_of(record_id: int) -> int | None:
    """Return the id of the type of a record; None if there never was one."""
    return next(iter(types_of([record_id])), None)
