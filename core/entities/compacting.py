"""A table without the columns that were dropped from it: PostgreSQL counts those for ever.

The rows are copied into a table of another name, in one transaction that keeps writers waiting;
a generation of the catalog leads to it. Who reads by an older one still finds the old table,
which is dropped once nobody does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from .. import catalog, db, ddl
from ..actor import Actor
from ..catalog import EntityType
from ..fields import Several
from ..languages import Phrase
from . import existing
from .draft import Draft, Step
from .limits import columns_used


def compact_type(draft: Draft, change: dict[str, Any]) -> None:
    """Copy the records of a type into a table with as many columns as it needs."""
    row = draft.type_row(change["type"])
    old = draft.types[row["id"]]
    step = Step("compact_type", old.name, Phrase("Compact the table of {types}", types=old.plural))
    if draft.connection.dialect.name == "sqlite" or row["owner"] == "core":
        step.notes.append(Phrase("there is nothing to compact: its dropped columns take no place"))
        draft.touch(step)
        return
    taken = {row["table_name"] for row in draft.rows.types.values()} | {old.table_name}
    present = {name for name, *_ in draft.connection.exec_driver_sql(_TABLES)}
    row["table_name"] = _other_name(old.name, taken | present)
    step.rows = existing.count_rows(draft.connection, old, trashed=True)
    step.notes.append(
        Phrase("writers wait while {count} rows are copied; readers do not", count=step.rows)
    )
    draft.touch(step, row["id"])
    made = draft.types[row["id"]]
    sets = list(_sets(old, made))
    links = _links(draft.connection, old.table_name, made.table_name, {was for was, _ in sets})
    # The old table keeps its indexes for those who still read it.
    kept = [s for s in step.statements if not isinstance(s, ddl.DropIndex)]
    step.statements = [
        *(ddl.RunSql(sql) for sql in _copied(old.table_name, made.table_name)),
        *kept,
        *(ddl.RunSql(f'INSERT INTO "{new}" SELECT * FROM "{was}"') for was, new in sets),
        *(ddl.RunSql(sql) for sql in links),
    ]


def _sets(old: EntityType, made: EntityType) -> Iterator[tuple[str, str]]:
    """Yield the names of each table of values, as it was and as it will be."""
    after = {field.id: field for field in (*made.fields.values(), *made.trashed_fields)}
    for field in (*old.fields.values(), *old.trashed_fields):
        new = after.get(field.id)
        if isinstance(field, Several) and isinstance(new, Several):
            yield field.values_name, new.values_name


_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"


def _other_name(name: str, taken: set[str]) -> str:
    number = 2
    if name not in taken:
        return name
    while f"{name}__{number}" in taken:
        number += 1
    return f"{name}__{number}"


def _copied(old: str, new: str) -> Iterator[str]:
    yield f'CREATE TABLE "{new}" (LIKE "{old}" INCLUDING DEFAULTS)'
    yield f'INSERT INTO "{new}" SELECT * FROM "{old}"'
    yield f'ALTER TABLE "{new}" ADD PRIMARY KEY (id)'


def _links(connection: sa.Connection, old: str, new: str, sets: set[str]) -> Iterator[str]:
    """Yield what gives the new table the old one's references, and leads those to it over."""
    query = sa.text(
        "SELECT c.conname, r.relname, f.relname, pg_get_constraintdef(c.oid) "
        "FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid "
        "JOIN pg_class f ON f.oid = c.confrelid WHERE c.contype = 'f' "
        "AND :old IN (r.relname, f.relname) ORDER BY 1"
    )
    for name, holder, target, text in connection.execute(query, {"old": old}):
        there = text
        if target == old:
            there = re.sub(r"REFERENCES \S+\(", lambda _: f'REFERENCES "{new}"(', text, count=1)
        if holder == old:
            yield f'ALTER TABLE "{new}" ADD {there}'
        elif holder not in sets:
            yield f'ALTER TABLE "{holder}" DROP CONSTRAINT "{name}"'
            yield f'ALTER TABLE "{holder}" ADD CONSTRAINT "{name}" {there}'


def compact(type_name: str, *, actor: Actor, apply: Callable[..., Any]) -> tuple[int, int]:
    """Compact the table of a type; return how many columns it had had, and has.

    Opens its own transactions: it copies in one and drops the old table in another.
    """
    from_ = _used(type_name)
    change = {"op": "compact_type", "type": type_name}
    made = db.transact(lambda: apply([change], actor=actor), exclusive=True)
    db.transact(lambda: _drop_left(type_name, made.generation), exclusive=True)
    return from_, _used(type_name)


def _used(type_name: str) -> int:
    with db.reading(timed=False) as tx:
        table = catalog.current().type(type_name).table_name
        return columns_used(tx.connection)[table]


def _drop_left(type_name: str, generation: int) -> None:
    """Drop the tables that the type had before, also those that a killed compaction left."""
    tx = db.for_writing()
    if tx.dialect == "sqlite":
        return
    db.no_older_readers(generation)
    known = set()
    for entity_type in catalog.current().by_id.values():
        known |= {entity_type.table_name, *(table.name for table in entity_type.value_tables)}
    left = re.compile(rf"{re.escape(type_name)}(__\d+)?(__[a-z0-9_]+)?")
    query = f"{_TABLES} AND relkind = 'r'"
    gone = [name for (name,) in tx.connection.exec_driver_sql(query) if left.fullmatch(name)]
    for name in sorted(set(gone) - known, key=len, reverse=True):
        ddl.execute([ddl.DropTable(name)], tx.connection)
