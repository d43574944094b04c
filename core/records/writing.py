"""What every verb that writes begins and ends with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import exc as sa_exc

from .. import access, catalog, db
from ..actor import Actor
from ..auth.people import end_absent
from ..catalog import EntityType
from ..errors import RelatumError
from . import checks, seeing
from .batch import Row, good, read

_RACES = 3


def guarded(
    entity_type: EntityType,
    batch: Sequence[Row],
    run: Callable[[list[Row]], None],
    *,
    actor: Actor,
    partial: bool,
    code: str = "duplicate",
) -> list[Row]:
    """Check unique keys, run the write, and return the rows that were written.

    On PostgreSQL another transaction may take a value between check and write; then the check
    is made again, sees it, and names the other record.
    """
    for _ in range(_RACES):
        checks.unique(entity_type, batch, code=code)
        seeing.mask((row.problems for row in batch), actor)
        rows = good(batch, partial=partial)
        if db.current().dialect == "sqlite" or not entity_type.keys:
            run(rows)
            return rows
        try:
            with db.savepoint():
                run(rows)
            return rows
        except sa_exc.IntegrityError as error:
            if getattr(error.orig, "sqlstate", "") != "23505":
                raise
    raise RelatumError("conflict", first="other writers took the same unique values; try again")


def opened(type_name: str, action: str, actor: Actor) -> EntityType:
    """Return the type that a verb writes to; raise `forbidden` or `type_unknown`."""
    db.for_writing()
    access.require(actor, action, f"records of '{type_name}'", type_name)
    return catalog.current().type(type_name)


def sent(
    entity_type: EntityType, rows: Sequence[Any], action: str, actor: Actor, **how: Any
) -> list[Row]:
    """Return rows as `batch.read` does, of a type as the actor sees it: hidden fields are unknown.

    `action` is create or update: some fields may be open to one of them only.
    """
    if actor.admin:
        return read(entity_type, rows, **how)
    if action == "create":
        return read(access.for_new(actor, entity_type.name), rows, **how)
    return read(access.seen(actor).type(entity_type.name), rows, **how)


def after(entity_type: EntityType, written: Sequence[Row]) -> None:
    """Check what can only be seen once rows are written: people, and trees."""
    ids = [row.id for row in written if row.id is not None and row.before is not None]
    if entity_type.name == "user" and ids:
        checks.administrators(ids)
        end_absent(ids)
    if entity_type.name == "team":
        access.changed()
    checks.trees(entity_type, written)
