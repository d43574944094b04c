"""Write checked rows: one statement per shape of change, history in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial as bound
from itertools import repeat
from typing import Any, Final

import sqlalchemy as sa

from .. import changes, db
from ..actor import Actor
from ..catalog import EntityType
from ..fields import Field
from ..fields.number import INTEGER_LIMIT
from ..storage import among, slices
from . import sets
from .batch import Row

_RESERVE_SQLITE = sa.text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
    "INSERT INTO core_record (type_id) SELECT :type FROM n RETURNING id"
)
_RESERVE_POSTGRESQL = sa.text(
    "INSERT INTO core_record (type_id) SELECT :type FROM generate_series(1, :count) RETURNING id"
)


def reserve(entity_type: EntityType, count: int) -> list[int]:
    """Register `count` new records on the spine in one statement; return their ids in order."""
    tx = db.for_writing()
    statement = _RESERVE_POSTGRESQL if tx.dialect == "postgresql" else _RESERVE_SQLITE
    found = tx.connection.execute(statement, {"type": entity_type.id, "count": count}).scalars()
    return sorted(found)


def stored(entity_type: EntityType, id_: int, values: dict[str, Any]) -> dict[str, Any]:
    """Return column values for stored field values of a record."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        columns = entity_type.columns_of[name]
        made.update(zip(columns, entity_type.fields[name].store_in(id_, value), strict=True))
    for shadow in entity_type.shadows:
        if shadow.old.name in values:
            made.update(shadow.columns(values[shadow.old.name]))
    return made


def insert(entity_type: EntityType, rows: Sequence[Row], *, actor: Actor) -> None:
    """Insert rows that passed every check, and their history; gives them ids."""
    if not rows:
        return
    moment = changes.moment(actor)
    for row, id_ in zip(rows, reserve(entity_type, len(rows)), strict=True):
        row.id = id_
    ids, count = [row.id or 0 for row in rows], len(rows)
    # Column by column: an import writes thousands of rows with the same few fields.
    columns: dict[str, Iterable[Any]] = {"id": ids}
    base = {
        "created_at": moment, "created_by": actor.user_id, "updated_at": moment,
        "updated_by": actor.user_id, "version": 1,
    }  # fmt: skip
    columns.update((name, repeat(value, count)) for name, value in base.items())
    for field, names in entity_type.written:
        values = [row.values.get(field.name) for row in rows]
        columns.update(_stored(field, names, ids, values))
    for shadow in entity_type.shadows:
        made = [shadow.columns(row.values.get(shadow.old.name)) for row in rows]
        columns.update((name, [each[name] for each in made]) for name in made[0])
    names = tuple(columns)
    parameters = [
        dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    statement = entity_type.statement("insert", lambda: sa.insert(entity_type.table))
    db.for_writing().connection.execute(statement, parameters)
    sets.write(entity_type, rows)
    kept = _recorders(entity_type, rows)
    changes.record((_created(row, kept) for row in rows), actor)


def _stored(
    field: Field, names: tuple[str, ...], ids: Sequence[int], values: Sequence[Any]
) -> Iterable[tuple[str, Iterable[Any]]]:
    """Return (column, its value of each row) for the values of a field."""
    own = type(field)
    if own.store_in is Field.store_in and field.empty is None:
        if not any(value is not None for value in values):
            return [(name, repeat(None, len(values))) for name in names]
        if len(names) == 1 and own.store is Field.store:
            return [(names[0], values)]
    made = [field.store_in(id_, value) for id_, value in zip(ids, values, strict=True)]
    return zip(names, zip(*made, strict=True), strict=True)


def _recorders(entity_type: EntityType, rows: Sequence[Row]) -> dict[str, Any]:
    """Return by name of a field what the history keeps of its values; None: the value itself."""
    made: dict[str, Any] = {}
    for name in {name for row in rows for name in row.values}:
        field = entity_type.fields[name]
        own = type(field)
        same = own.record is Field.record and own.wire is Field.wire
        made[name] = None if same else field.record
    return made


def _created(row: Row, kept: dict[str, Any]) -> changes.Change:
    id_ = row.id or 0
    data = {
        name: [None, value if (record := kept[name]) is None else record(id_, value)]
        for name, value in row.values.items()
        if value is not None
    }
    return changes.Change(id_, "create", 1, data)


def update(entity_type: EntityType, rows: Sequence[Row], *, actor: Actor) -> None:
    """Update rows whose `values` hold only what changes; `before` is what was locked."""
    if not rows:
        return
    moment, shapes = changes.moment(actor), {}  # type: ignore[var-annotated]
    for row in rows:
        assert row.before is not None
        assert row.id is not None
        made = stored(entity_type, row.id, row.values)
        parameters = {
            "_id": row.id, "updated_at": moment, "updated_by": actor.user_id,
            "version": row.before["version"] + 1, **made,
        }  # fmt: skip
        shapes.setdefault(tuple(sorted(made)), []).append(parameters)
    connection = db.for_writing().connection
    for columns, batch in shapes.items():
        make = bound(_updating, entity_type.table, columns)
        connection.execute(entity_type.statement(("update", columns), make), batch)
    sets.write(entity_type, rows)
    changes.record((_updated(entity_type, row) for row in rows), actor)


def _updating(table: sa.Table, columns: tuple[str, ...]) -> Any:
    names = (*columns, "updated_at", "updated_by", "version")
    changed: dict[str, Any] = {name: sa.bindparam(name) for name in names}
    return sa.update(table).where(table.c.id == sa.bindparam("_id")).values(changed)


def _updated(entity_type: EntityType, row: Row) -> changes.Change:
    assert row.id is not None and row.before is not None
    data = {}
    for name, value in row.values.items():
        record = entity_type.fields[name].record
        data[name] = [record(row.id, row.before[name]), record(row.id, value)]
    return changes.Change(row.id, "update", row.before["version"] + 1, data)


def trash(entity_type: EntityType, rows: Sequence[Row], *, actor: Actor) -> None:
    """Put locked rows in the trash."""
    if not rows:
        return
    _flag(entity_type, rows, actor, "delete", changes.moment(actor), changes.change_set(actor))


def restore(entity_type: EntityType, rows: Sequence[Row], *, actor: Actor) -> None:
    """Take locked rows out of the trash."""
    if not rows:
        return
    _flag(entity_type, rows, actor, "restore", None, None)


def _flag(
    entity_type: EntityType,
    rows: Sequence[Row],
    actor: Actor,
    op: str,
    at: Any,
    change_set: int | None,
) -> None:
    table, moment = entity_type.table, changes.moment(actor)
    connection = db.for_writing().connection
    values = {
        "trashed_at": at, "trashed_in": change_set, "updated_at": moment,
        "updated_by": actor.user_id, "version": table.c.version + 1,
    }  # fmt: skip
    statement = sa.update(table).where(among(table.c.id)).values(values)
    for piece in slices(rows):
        connection.execute(statement, {"ids": [row.id for row in piece]})
    changes.record((_flagged(row, op) for row in rows), actor)


def _flagged(row: Row, op: str) -> changes.Change:
    assert row.id is not None and row.before is not None
    return changes.Change(row.id, op, row.before["version"] + 1, {})


def versions(entity_type: EntityType, ids: Iterable[int]) -> dict[int, int]:
    """Return the versions that records have by now."""
    table = entity_type.table
    found: dict[int, int] = {}
    for piece in slices(ids):
        query = sa.select(table.c.id, table.c.version).where(table.c.id.in_(piece))
        found.update((id_, version) for id_, version in db.current().connection.execute(query))
    return found


#: When a row that was locked went to the trash; no field is called so.
_TRASHED: Final = "_trashed"


def lock(
    entity_type: EntityType,
    rows: Sequence[Row],
    *,
    trashed: bool = False,
    strongly: bool = False,
    hold: bool = True,
) -> None:
    """Read and lock the stored rows in id order; note those that are missing or have changed.

    `strongly` also stops others from pointing to them meanwhile (before trashing); without
    `hold` they are only read.
    """
    make = bound(_locking, entity_type, strongly=strongly, hold=hold)
    query = entity_type.statement(("lock", strongly, hold), make)
    found: dict[int, Any] = {}
    wanted = {row.id for row in rows if row.id is not None and 0 < row.id <= INTEGER_LIMIT}
    for piece in slices(sorted(wanted)):
        result = db.current().connection.execute(query, {"ids": piece})
        found.update(
            (record["id"], record)
            for record in result.mappings()
            if (record[_TRASHED] is not None) == trashed
        )
    places: dict[int, int] = {}
    for row in rows:
        if row.id is None:
            continue
        row.before = found.get(row.id)
        if row.id in places:
            row.refuse("row_twice", "id", id=row.id, other=places[row.id])
        elif row.before is None:
            row.refuse("record_unknown", type=entity_type.name, id=row.id)
        elif row.expected is not None and row.before["version"] != row.expected:
            row.refuse(
                "version_mismatch", type=entity_type.name, id=row.id, current=row.before["version"],
                expected=row.expected,
            )  # fmt: skip
        places.setdefault(row.id, row.place)


def _locking(entity_type: EntityType, *, strongly: bool, hold: bool) -> Any:
    """Return the statement that reads rows by id, alive or not.

    PostgreSQL takes live rows for few as long as it has no statistics, and would go through an
    index of live rows once per id: so who is alive is asked of what was read.
    """
    table = entity_type.table
    columns = [f.whole(table).label(f.name) for f in entity_type.fields.values()]
    query = sa.select(*columns, table.c.trashed_at.label(_TRASHED)).where(among(table.c.id))
    query = query.order_by(table.c.id)
    return query.with_for_update(key_share=not strongly) if hold else query
