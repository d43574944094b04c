"""The end of a soak: look into the database itself, and say what is not as it must be."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
import sqlalchemy as sa

from relatum.core import catalog, db, doctor, models
from relatum.core.catalog import Catalog, EntityType
from relatum.core.changes import dump
from relatum.core.fields import Field

from .clients import Acknowledged, Board, Refusal
from .model import FieldUse
from .replay import SYSTEM, Log, Rules

_SHOWN = 5


def audit(board: Board) -> Iterator[str]:
    """Yield every violation; needs an application context of the instance."""
    for finding in doctor.examine():
        yield f"doctor: {finding.code}: {finding.text}"
    with db.reading(timed=False) as tx:
        known = catalog.current()
        log = read_log(tx.connection)
        yield from _catalog(known, log)
        yield from _generations(tx.connection)
        yield from _old_rules(tx.connection, known, log)
        yield from _histories(tx.connection, known)
        yield from _duplicates(tx.connection, known)
        yield from _acknowledged(tx.connection, known, board)


def read_log(connection: sa.Connection) -> Log:
    """Return the log of generations."""
    table = models.Generation.__table__
    rows = connection.execute(
        sa.select(table.c.number, table.c.at, table.c.changes)
        .where(table.c.changes != "[]")
        .order_by(table.c.number)
    )
    return Log((row.number, row.at, row.changes) for row in rows)


def _catalog(known: Catalog, log: Log) -> Iterator[str]:
    """The catalog is what the applied changes add up to."""
    if known.generation != log.last:
        yield f"the catalog is of generation {known.generation}, the log ends at {log.last}"
    for name in log.names:
        wanted, found = log.at(log.last, name), known.types.get(name)
        if (wanted is None) != (found is None):
            yield f"type {name} is {'there' if found else 'not there'}"
        elif wanted and found:
            fields = {f.name for f in found.fields.values() if f.owner != "system"}
            if fields != wanted.fields or {key.fields for key in found.keys} != wanted.keys:
                yield f"type {name} has {sorted(fields)} {found.keys}, the log says {wanted}"


def _generations(connection: sa.Connection) -> Iterator[str]:
    """Nobody writes by a generation that another one's write has left behind."""
    table = models.ChangeSet.__table__
    before = 0
    for id_, generation in connection.execute(
        sa.select(table.c.id, table.c.generation).order_by(table.c.id)
    ):
        if generation < before:
            yield f"change set {id_} obeyed generation {generation} after {before}"
        before = max(before, generation)


def _old_rules(connection: sa.Connection, known: Catalog, log: Log) -> Iterator[str]:
    """Every change names what was live at its generation; creates hold what was required."""
    change, change_set = models.Change.__table__.c, models.ChangeSet.__table__.c
    spine = models.Record.__table__.c
    query = (
        sa.select(change.id, change.op, change.data, change_set.generation, spine.type_id)
        .select_from(models.Change.__table__)
        .join(models.ChangeSet.__table__, change_set.id == change.change_set_id)
        .join(models.Record.__table__, spine.id == change.record_id)
    )
    found = 0
    for row in connection.execution_options(yield_per=2000).execute(query):
        entity_type = known.by_id[row.type_id]
        if entity_type.owner != "local":
            continue
        reason = _broken(log.at(row.generation, entity_type.name), row.op, orjson.loads(row.data))
        if reason and (found := found + 1) <= _SHOWN:
            yield f"change {row.id} of a {entity_type.name} at {row.generation}: {reason}"
    if found > _SHOWN:
        yield f"… and {found - _SHOWN} changes more by an old rule"


def _broken(rules: Rules | None, op: str, data: dict[str, list[Any]]) -> str:
    if rules is None:
        return "the type was not there"
    if unknown := set(data) - rules.fields - SYSTEM:
        return f"{sorted(unknown)} were not live"
    filled = {name for name, (_, after) in data.items() if after is not None}
    if op == "create" and (lost := rules.required - filled):
        return f"{sorted(lost)} were required"
    return ""


def _histories(connection: sa.Connection, known: Catalog) -> Iterator[str]:
    """A record's version is the number of its changes, and they are numbered without a gap."""
    change = models.Change.__table__
    for entity_type in known.by_id.values():
        table = entity_type.table
        lengths = (
            sa.select(
                change.c.record_id, sa.func.count().label("n"),
                sa.func.count(change.c.version.distinct()).label("d"),
                sa.func.max(change.c.version).label("top"),
            )
            .group_by(change.c.record_id)
            .subquery()
        )  # fmt: skip
        query = (
            sa.select(table.c.id, table.c.version, lengths.c.n, lengths.c.d, lengths.c.top)
            .join_from(table, lengths, lengths.c.record_id == table.c.id, isouter=True)
            .where(
                sa.or_(
                    lengths.c.n.is_distinct_from(table.c.version),
                    lengths.c.d.is_distinct_from(table.c.version),
                    lengths.c.top.is_distinct_from(table.c.version),
                )
            )
        )
        for row in connection.execute(query.limit(_SHOWN)):
            history = (row.n, row.d, row.top)
            yield f"{entity_type.name} {row.id} has version {row.version}, its history {history}"


def _duplicates(connection: sa.Connection, known: Catalog) -> Iterator[str]:
    """No two live records share the values of a key that is on."""
    for entity_type in known.types.values():
        table = entity_type.table
        for key in entity_type.keys:
            columns = [table.c[entity_type.fields[name].key_column] for name in key.fields]
            query = (
                sa.select(sa.func.count(), *columns)
                .where(table.c.trashed_at.is_(None), *(c.is_not(None) for c in columns))
                .group_by(*columns)
                .having(sa.func.count() > 1)
            )
            for row in connection.execute(query.limit(_SHOWN)):
                yield f"{entity_type.name} has {row[0]} records of {key.fields} {tuple(row[1:])}"


def _acknowledged(connection: sa.Connection, known: Catalog, board: Board) -> Iterator[str]:
    """Every acknowledged write is there, with the values of the last one."""
    by_name = {t.name: t for t in known.by_id.values()}
    expected: dict[str, dict[int, Acknowledged]] = {}
    for (type_name, id_), told in board.acknowledged.items():
        expected.setdefault(type_name, {})[id_] = told
    for type_name, records in expected.items():
        wrong = list(_compared(connection, by_name[type_name], records))
        yield from wrong[:_SHOWN]
        if len(wrong) > _SHOWN:
            yield f"… and {len(wrong) - _SHOWN} more of {type_name}"
    spine = models.Record.__table__
    there = set(connection.execute(sa.select(spine.c.id)).scalars())
    if lost := set(board.racer_ids) - there:
        yield f"{len(lost)} records that the racer made are lost"


def _compared(
    connection: sa.Connection, entity_type: EntityType, records: dict[int, Acknowledged]
) -> Iterator[str]:
    table, name = entity_type.table, entity_type.name
    left = dict(records)
    for row in connection.execute(sa.select(table)).mappings():
        told = left.pop(row["id"], None)
        if told is None:
            yield f"{name} {row['id']} was never acknowledged"
            continue
        if (row["version"], row["trashed_at"] is not None) != (told.version, told.trashed):
            yield f"{name} {row['id']} is at version {row['version']}, told was {told.version}"
        for each, value in told.values.items():
            if isinstance(each, FieldUse) and each.purged:
                continue
            field = _field(entity_type, each)
            stored = orjson.loads(dump(field.wire(row[field.column])))
            if not _same(field, stored, value):
                yield f"{name} {row['id']}.{field.name} is {stored!r}, acknowledged was {value!r}"
    for id_ in left:
        yield f"{name} {id_} was acknowledged and is not there"


def _same(field: Field, stored: Any, value: Any) -> bool:
    if field.kind in ("decimal", "money") and None not in (stored, value):
        return Decimal(stored) == Decimal(value)
    if field.kind in ("text", "long_text"):
        return bool(stored == (value.strip() if value else value) or stored == value)
    return bool(stored == value)


def _field(entity_type: EntityType, each: str | FieldUse) -> Field:
    """Return a field by name, or the incarnation of one, trashed or not."""
    every = [*entity_type.fields.values(), *entity_type.trashed_fields]
    if isinstance(each, str):
        return entity_type.fields[each]
    return sorted((f for f in every if f.name == each.name), key=lambda f: f.id)[
        -1 if each.retyped else each.number
    ]


def explained(refusal: Refusal, log: Log) -> bool:
    """Say whether a refusal follows from a change that the client could not know yet."""
    window = range(refusal.known, log.newest(refusal.at) + 1)
    rules = [log.at(generation, refusal.type_name) for generation in window]
    if refusal.code == "duplicate":
        return any(
            each is not None and (name,) in each.keys for each in rules for name in refusal.names
        )
    if refusal.code == "type_unknown":
        return any(each is None for each in rules)
    return all(
        any(each is None or name not in each.fields for each in rules) for name in refusal.names
    )
