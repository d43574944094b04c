"""Read one record, the history of one, and what deleting some would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from .. import access, catalog, changes, db, query, spine
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RecordMerged, RelatumError
from ..fields.number import INTEGER_LIMIT
from ..storage import among
from . import merges, seeing, write
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
        raise _missing(type_name, record_id, actor)
    return {field.name: field.wire(value) for field, value in zip(fields, row, strict=True)}


def _missing(type_name: str, record_id: int, actor: Actor) -> RelatumError:
    """Return the refusal of a record that is not there, with where it went if it was merged."""
    into = merged_into(type_name, record_id, actor=actor)
    if into is None:
        return RelatumError("record_unknown", type=type_name, id=record_id)
    return RecordMerged(type_name, record_id, into)


def merged_into(type_name: str, record_id: int, *, actor: Actor) -> int | None:
    """Return the live record that one was merged into; None if it was not, or for who may not know.

    To know it takes to see both; of a merged one that was purged, the one that is left.
    """
    entity_type = seeing.readable(type_name, actor)
    if not 0 < record_id <= INTEGER_LIMIT or spine.type_of(record_id) != entity_type.id:
        return None
    into = merges.masters([record_id]).get(record_id)
    if into is None:
        return None
    table = catalog.current().type(type_name).table
    query = sa.select(table.c.id, table.c.trashed_at.is_(None)).where(among(table.c.id))
    rows = db.current().connection.execute(query, {"ids": [record_id, into]})
    live = {row[0]: row[1] for row in rows}
    needed = {into} | ({record_id} & live.keys())
    return into if live.get(into) and needed <= seeing.seen(needed, actor) else None


def survivors(ids: Collection[int], *, actor: Actor) -> dict[int, int]:
    """Return for records of any type that were merged what `merged_into` says of each."""
    left = merges.masters(ids)
    if not left:
        return {}
    made: dict[int, int | None] = {}
    known = access.seen(actor).by_id
    for type_id, some in spine.types_of(left).items():
        if type_id in known:
            made |= {id_: merged_into(known[type_id].name, id_, actor=actor) for id_ in some}
    return {id_: into for id_, into in made.items() if into is not None}


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
    own: bool = False,
) -> list[dict[str, Any]]:
    """Return a record's changes, newest first; `field` leaves those that gave it a value.

    Those of records that were merged into it are among them, as far as the actor sees those: each
    names its `record`, and `merged` are the records that a change merged into that one. Fields that
    are unknown by now have no values; `gone` names them. `own` leaves the record's own changes.
    Raises `record_unknown`, `type_unknown`,
    `field_unknown`, `forbidden`.
    """
    entity_type = seeing.readable(type_name, actor)
    _known(entity_type, record_id, actor)
    if field is not None:
        entity_type.field(field)
    whole = catalog.current().type(type_name)
    marks = {} if own else merges.merged(record_id)
    visible = seeing.seen({id_ for some in marks.values() for id_, _ in some}, actor)
    chosen = merges.together(record_id, visible, marks) if visible else None
    found = changes.history(record_id, limit=limit, before=before, field=field, chosen=chosen)
    for change in found:
        change["gone"] = sorted(change["changes"].keys() - whole.fields.keys())
        change["changes"] = _recalled(entity_type, change["record"], change["changes"])
        some = marks.get(change["change_set"], ())
        change["merged"] = sorted(
            id_ for id_, into in some if into == change["record"] and id_ in visible
        )
        # Only the last of several changes in one set says so.
        marks[change["change_set"]] = [each for each in some if each[1] != change["record"]]
    return found


def histories(
    ids: Sequence[int],
    *,
    actor: Actor,
    limit: int,
    before: tuple[datetime, int] | None = None,
    having: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return the changes of records of any types by time, newest first, for a timeline.

    As `history` tells them, with `record` and `type`; `before` and `having` are as with
    `changes.latest`. Records that the actor does not see have none, and an update of nothing that
    he sees is left out as if it had never been.
    """
    visible = seeing.seen(ids, actor)
    known = access.seen(actor).by_id
    types = {
        id_: known[type_id]
        for type_id, theirs in spine.types_of(visible).items()
        if type_id in known and known[type_id].trashed_in is None
        for id_ in theirs
    }
    found: list[dict[str, Any]] = []
    while types and len(found) < limit:
        page = changes.latest(list(types), limit=limit, before=before, having=having)
        for change in page:
            entity_type = types[change["record"]]
            told = _recalled(entity_type, change["record"], change["changes"])
            if having and told.keys().isdisjoint(having):
                continue
            if told or change["op"] != "update":
                found.append({**change, "type": entity_type.name, "changes": told, "gone": []})
        if len(page) < limit:
            break
        before = (page[-1]["at"], page[-1]["id"])
    return found[:limit]


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
        page = history(type_name, record_id, actor=actor, limit=_PAGE, before=before, own=True)
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
