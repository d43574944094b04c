"""Numbers that the kernel gives: counted in the transaction, so without gaps and never twice.

The counter of a field is one row; whoever takes numbers holds it until the commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from .. import catalog, clock, db, models, types
from ..actor import Actor
from ..catalog import EntityType
from ..fields import AutoNumber
from . import write
from .batch import Row

_COUNTER: sa.Table = models.Counter.__table__
_TAKE = sa.text(
    "UPDATE core_counter SET last = last + :count "
    "WHERE field_id = :field_id AND mask = :mask AND period = :period RETURNING last"
)
_RAISE = sa.text(
    "UPDATE core_counter SET last = :last "
    "WHERE field_id = :field_id AND mask = :mask AND period = :period AND last < :last"
)
_BEGIN = sa.text(
    "INSERT INTO core_counter (field_id, period, mask, last) "
    "VALUES (:field_id, :period, :mask, :last) ON CONFLICT (field_id, period) DO UPDATE "
    "SET mask = excluded.mask, last = excluded.last WHERE core_counter.mask <> excluded.mask"
)


def protect(
    entity_type: EntityType, batch: Sequence[Row], actor: Actor, *, given_back: bool = False
) -> None:
    """Refuse numbers that callers send, unless an undo gives back what its records had.

    An import may bring some if the field says so.
    """
    if not given_back and actor.source != "plugin":
        _refuse_computed(entity_type, batch, actor)
    for field in () if given_back else entity_type.numbered:
        if actor.source == "import" and field.settings.get("importable"):
            _keep(field, batch)
            continue
        for row in batch:
            if row.values.get(field.name) is not None or (
                row.before is not None and field.name in row.values
            ):
                row.refuse("read_only", field.name, field=field.name)
                del row.values[field.name]


def _refuse_computed(entity_type: EntityType, batch: Sequence[Row], actor: Actor) -> None:
    """Refuse values of fields that plugins compute, as far as they differ from what is stored.

    A file may have them, since an export does: they are computed anew.
    """
    for field in entity_type.own_fields:
        for row in batch if field.computed else ():
            if field.name not in row.sent or field.name not in row.values:
                continue
            value = row.values.pop(field.name)
            if actor.source != "import" and (value is not None or row.before is not None):
                row.refuse("read_only", field.name, field=field.name)


def _keep(field: AutoNumber, batch: Sequence[Row]) -> None:
    """Let records keep their numbers where a file has none."""
    for row in batch:
        if row.before is not None and row.values.get(field.name, "") is None:
            del row.values[field.name]


@contextmanager
def assigned(entity_type: EntityType, rows: Sequence[Row]) -> Iterator[None]:
    """Give every new row without one its number, in order, for the write inside the block.

    Numbers that an import brings are left behind. What the database undoes goes back.
    """
    given: list[tuple[Row, str]] = []
    for field in sorted(entity_type.numbered, key=lambda f: f.id):
        _note(entity_type, field, rows)
        bare = [row for row in rows if row.values.get(field.name) is None]
        _give(entity_type, field, bare)
        given += [(row, field.name) for row in bare]
    try:
        yield
    except BaseException:
        for row, name in given:
            del row.values[name]
        raise


def note(entity_type: EntityType, rows: Sequence[Row]) -> None:
    """Leave numbers that an import changes behind, so that no new record gets them."""
    for field in entity_type.numbered:
        _note(entity_type, field, rows)


def number(type_name: str, name: str, ids: Sequence[int], *, actor: Actor) -> None:
    """Give existing records their numbers, in the order of their ids; those in the trash too."""
    entity_type = catalog.current().type(type_name)
    field = entity_type.field(name)
    assert isinstance(field, AutoNumber)
    live = [Row(place, id=id_) for place, id_ in enumerate(ids)]
    write.lock(entity_type, live)
    trashed = [Row(row.place, id=row.id) for row in live if row.before is None]
    write.lock(entity_type, trashed, trashed=True)
    rows = sorted(
        (row for row in (*live, *trashed) if row.before is not None and row.id),
        key=lambda row: row.id or 0,
    )
    _give(entity_type, field, rows)
    write.update(entity_type, rows, actor=actor)


def _give(entity_type: EntityType, field: AutoNumber, rows: Sequence[Row]) -> None:
    if not rows:
        return
    day = clock.today(field.zone)
    last = _take(entity_type, field, field.period(day), len(rows))
    for place, row in enumerate(rows, last - len(rows) + 1):
        row.values[field.name] = field.written(place, day)


def _note(entity_type: EntityType, field: AutoNumber, rows: Sequence[Row]) -> None:
    highest: dict[str, int] = {}
    for row in rows:
        value = row.values.get(field.name)
        found = field.read(field.key(value) or "") if value is not None else None
        if found is not None:
            period, count = found
            highest[period] = max(count, highest.get(period, 0))
    for period, last in sorted(highest.items()):
        counter = _counter(field, period)
        _begin(entity_type, field, counter)
        db.for_writing().connection.execute(_RAISE, {**counter, "last": last})


def _take(entity_type: EntityType, field: AutoNumber, period: str, count: int) -> int:
    """Take numbers of a period in one statement, and return the last of them."""
    connection, counter = db.for_writing().connection, _counter(field, period)
    last = connection.execute(_TAKE, {**counter, "count": count}).scalar()
    if last is None:
        _begin(entity_type, field, counter)
        last = connection.execute(_TAKE, {**counter, "count": count}).scalar_one()
    return int(last)


def _counter(field: AutoNumber, period: str) -> dict[str, Any]:
    return {"field_id": field.id, "mask": field.mask, "period": period}


def _begin(entity_type: EntityType, field: AutoNumber, counter: dict[str, Any]) -> None:
    """Make the counter of a period, beyond every number by the mask that is there already."""
    connection = db.for_writing().connection
    known = sa.select(_COUNTER.c.last, _COUNTER.c.mask).where(
        _COUNTER.c.field_id == field.id, _COUNTER.c.period == counter["period"]
    )
    before = connection.execute(known).one_or_none()
    if before is not None and before.mask == field.mask:
        return
    last = before.last if before is not None else 0
    key = entity_type.table.c[field.key_column]
    begins = field.prefix(counter["period"])
    query = sa.select(key).where(key.is_not(None))
    if begins:
        first, after = types.arguments("starts", begins)
        query = query.where(key >= first, key < after)
    for text in connection.execute(query.execution_options(yield_per=5000)).scalars():
        found = field.read(text)
        if found is not None and found[0] == counter["period"]:
            last = max(last, found[1])
    connection.execute(_BEGIN, {**counter, "last": last})
