"""Read one record, the history of one, and what deleting some would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from .. import access, catalog, changes, db, query, spine
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields.number import INTEGER_LIMIT
from . import seeing, write
from .batch import Row, good
from .deleting import closure, emptied, family, sound_of

#: Changes that are read at once on the way back to a version.
_PAGE: Final = 50


def get(
    type_name: str,
    record_id: int,
    *,
    actor: Actor,
    trashed: bool = False,
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """Return one record: {field: wire value}; a trashed one only if `trashed`.

    `as_of` shows it as it stood at an instant, one too that was purged since. Raises
    `record_unknown`, `record_unknown_then`, `type_unknown`, `forbidden`.
    """
    entity_type = seeing.readable(type_name, actor)
    if as_of is not None:
        return _then(entity_type, record_id, as_of, actor)
    table = entity_type.table
    fields = tuple(entity_type.fields.values())
    wholes = (f.whole(table).label(f.name) for f in fields)
    asked = sa.select(*wholes).where(table.c.id == record_id, query.seen(entity_type, table))
    if not trashed:
        asked = asked.where(table.c.trashed_at.is_(None))
    possible = 0 < record_id <= INTEGER_LIMIT
    values = query.asker(actor)
    row = db.current().connection.execute(asked, values).one_or_none() if possible else None
    if row is None:
        raise RelatumError("record_unknown", type=type_name, id=record_id)
    return {field.name: field.wire(value) for field, value in zip(fields, row, strict=True)}


def _then(entity_type: EntityType, record_id: int, at: datetime, actor: Actor) -> dict[str, Any]:
    """Return a record as it stood at an instant, to who sees it today."""
    _known(entity_type, record_id, actor)
    past = query.Past(entity_type, at, only=[record_id])
    table, fields = past.table, tuple(entity_type.fields.values())

    def make() -> Any:
        wholes = (f.whole(table).label(f.name) for f in fields)
        one = table.c.id == sa.bindparam("id")
        return sa.select(*wholes).where(one, table.c.trashed_at.is_(None))

    statement = entity_type.statement(("then", past.shape), make)
    values = {"id": record_id, **past.values}
    row = db.current().connection.execute(statement, values).one_or_none()
    if row is None:
        instant = at.isoformat().replace("+00:00", "Z")
        raise RelatumError(
            "record_unknown_then", type=entity_type.name, id=record_id, instant=instant
        )
    return {field.name: field.wire(value) for field, value in zip(fields, row, strict=True)}


def history(
    type_name: str,
    record_id: int,
    *,
    actor: Actor,
    limit: int = 100,
    before: int | None = None,
    field: str | None = None,
) -> list[dict[str, Any]]:
    """Return a record's changes, newest first; `field` leaves those that gave it a value.

    Fields that are unknown by now have no values; `gone` names them. Raises `record_unknown`,
    `type_unknown`, `field_unknown`, `forbidden`.
    """
    entity_type = seeing.readable(type_name, actor)
    _known(entity_type, record_id, actor)
    if field is not None:
        entity_type.field(field)
    whole = catalog.current().type(type_name)
    found = changes.history(record_id, limit=limit, before=before, field=field)
    for change in found:
        change["gone"] = sorted(change["changes"].keys() - whole.fields.keys())
        change["changes"] = _recalled(entity_type, record_id, change["changes"])
    return found


def _recalled(
    entity_type: EntityType, record_id: int, given: dict[str, list[Any]]
) -> dict[str, list[Any]]:
    known = entity_type.fields
    return {
        name: [known[name].recall(record_id, value) for value in both]
        for name, both in given.items()
        if name in known
    }


def since(
    type_name: str, record_id: int, version: int, *, actor: Actor
) -> dict[str, dict[str, Any]]:
    """Return what was changed of a record after a version: what a stale form has not seen.

    By field {before, after, actor, at, change_set}: its values then and now, and who changed it
    last. Raises `record_unknown`, `type_unknown`, `forbidden`.
    """
    found: dict[str, dict[str, Any]] = {}
    before: int | None = None
    while True:
        page = history(type_name, record_id, actor=actor, limit=_PAGE, before=before)
        for change in page:
            if change["version"] <= version:
                return found
            last = {name: change[name] for name in ("actor", "at", "change_set")}
            for name, (was, became) in change["changes"].items():
                found.setdefault(name, {"after": became, **last})["before"] = was
        if len(page) < _PAGE:
            return found
        before = page[-1]["id"]


def _known(entity_type: EntityType, record_id: int, actor: Actor) -> None:
    possible = 0 < record_id <= INTEGER_LIMIT
    here = possible and spine.type_of(record_id) == entity_type.id
    if not here or not seeing.seen([record_id], actor):
        raise RelatumError("record_unknown", type=entity_type.name, id=record_id)


def deletion(type_name: str, ids: Sequence[int], *, actor: Actor) -> dict[str, Any]:
    """Say what deleting records would do, and write nothing.

    Returns {"deleted": {type: count}, "emptied": {"type.field": count}, "errors": [...]}, the
    records themselves counted. Raises `Invalid` for ids that are not there.
    """
    access.require(actor, "delete", f"records of '{type_name}'", type_name)
    known = catalog.current()
    entity_type = known.type(type_name)
    batch = [Row(place, id=id_) for place, id_ in enumerate(ids)]
    write.lock(entity_type, batch, hold=False)
    seeing.admit(entity_type, batch, "delete", actor)
    good(batch, partial=False)
    batches = {entity_type: batch}
    found = closure(known, sound_of(batches), hold=False)
    family(known, batches, hold=False)
    seeing.mask((row.problems for row in batch), actor)
    cleared = Counter(
        f"{each.type.name}.{name}"
        for each in emptied(known, found)
        for names in each.links.values()
        for name in names
    )
    shown = access.seen(actor).types
    return {
        "deleted": {
            e.type.name: len(e.members)
            for e in found.values()
            if e.members and e.type.name in shown
        },
        "emptied": {at: n for at, n in cleared.items() if at.partition(".")[0] in shown},
        "errors": [problem.as_json() for row in batch for problem in row.problems],
    }
