"""Verbs on records: the one way in (D8). All are batches; a single write is a batch of one.

A verb joins the open transaction, takes its actor by name and returns one `Outcome` per row.
All-or-nothing unless `partial`: then rows with problems come back as refused and the others
are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import access, catalog, db
from ..actor import Actor
from ..catalog import EntityType, Key
from ..errors import Invalid, RelatumError
from . import checks, write
from .batch import Outcome as Outcome
from .batch import Row, good, read, refused
from .deleting import release
from .filling import default_of as default_of
from .filling import fill_in
from .reading import get as get
from .reading import history as history
from .writing import guarded

Rows = Sequence[dict[str, Any]]


def create(
    type_name: str, rows: Rows, *, actor: Actor, partial: bool = False, dry_run: bool = False
) -> list[Outcome]:
    """Create records; a row is {field: value}. `dry_run` checks everything and writes nothing.

    Raises `Invalid` with every problem of every row, `type_unknown`, `forbidden`.
    """
    entity_type = _open(type_name, "create", actor)
    batch = read(entity_type, rows, with_id=False)
    return _create(entity_type, batch, actor, partial, dry_run)


def _create(
    entity_type: EntityType, batch: list[Row], actor: Actor, partial: bool, dry_run: bool
) -> list[Outcome]:
    fill_in(entity_type, batch, actor)
    _require(entity_type, batch)
    checks.zones(entity_type, batch)
    checks.references(catalog.current(), entity_type, batch)

    def run(rows: list[Row]) -> None:
        if not dry_run:
            write.insert(entity_type, rows, actor=actor)

    written = guarded(entity_type, batch, run, partial=partial)
    _after(entity_type, written)
    return _in_order(refused(batch), [Outcome(r.place, "created", r.id, 1) for r in written])


def update(
    type_name: str, rows: Rows, *, actor: Actor, partial: bool = False, check_required: bool = True
) -> list[Outcome]:
    """Change records; a row is {id, version?, field: value}, and only what differs is written.

    Raises `Invalid` (also `record_unknown`, `version_mismatch`), `type_unknown`, `forbidden`.
    """
    entity_type = _open(type_name, "update", actor)
    batch = read(entity_type, rows, with_id=True)
    return _update(entity_type, batch, actor, partial, check_required=check_required)


def _update(
    entity_type: EntityType,
    batch: list[Row],
    actor: Actor,
    partial: bool,
    *,
    check_required: bool = True,
    dry_run: bool = False,
) -> list[Outcome]:
    checks.people_in_turn(entity_type, batch)
    write.lock(entity_type, batch)
    fill_in(entity_type, batch, actor)
    for row in batch:
        if row.before is not None:
            row.values = {n: v for n, v in row.values.items() if v != row.before[n]}
    if check_required:
        _require(entity_type, batch)
    checks.zones(entity_type, batch)
    checks.references(catalog.current(), entity_type, batch)
    same = [r for r in batch if not r.values and not r.problems]
    changed = [r for r in batch if r.values or r.problems]

    def run(rows: list[Row]) -> None:
        if not dry_run:
            write.update(entity_type, rows, actor=actor)

    written = guarded(entity_type, changed, run, partial=partial)
    _after(entity_type, written)
    return _in_order(
        refused(batch),
        [Outcome(r.place, "unchanged", r.id, _version(r)) for r in same],
        [Outcome(r.place, "updated", r.id, _version(r) + 1) for r in written],
    )


def upsert(
    type_name: str,
    rows: Rows,
    *,
    key: Sequence[str],
    actor: Actor,
    partial: bool = False,
    dry_run: bool = False,
) -> list[Outcome]:
    """Create or update by a unique key; a row that repeats a key of the batch updates it again.

    `dry_run` checks everything and writes nothing.
    Raises `key_unknown` if the type has no such key, and what create and update raise.
    """
    entity_type = _open(type_name, "update", actor)
    wanted = _key(entity_type, key)
    waves = _waves(entity_type, wanted, read(entity_type, rows, with_id=False))
    # Every row is tried, so that every problem is named; then it is all or nothing.
    with db.savepoint():
        outcomes = [
            outcome
            for wave in waves
            for outcome in _wave(entity_type, wanted, wave, actor, dry_run)
        ]
        problems = [problem for outcome in outcomes for problem in outcome.problems]
        if problems and not partial:
            raise Invalid(sorted(problems, key=lambda problem: problem.row or 0))
    return _in_order(outcomes)


def _wave(
    entity_type: EntityType, key: Key, wave: list[Row], actor: Actor, dry_run: bool
) -> list[Outcome]:
    """Create or update rows of which no two hold the same key; refuse those with problems."""
    sound = [row for row in wave if not row.problems]
    held = checks.holders(entity_type, key, _keyed(entity_type, key, sound))
    ids = {values: found["id"] for values, found in held}
    fresh: list[Row] = []
    known: list[Row] = []
    for row in wave:
        values = None if row.problems else checks.key_values(entity_type, key, row)
        row.id = ids.get(values or ())
        (fresh if row.id is None else known).append(row)
    outcomes = _update(entity_type, known, actor, partial=True, dry_run=dry_run) if known else []
    if fresh:
        outcomes += _create(entity_type, fresh, actor, partial=True, dry_run=dry_run)
    return outcomes


def _keyed(entity_type: EntityType, key: Key, rows: list[Row]) -> list[tuple[Any, ...]]:
    return [values for r in rows if (values := checks.key_values(entity_type, key, r)) is not None]


def _waves(entity_type: EntityType, key: Key, batch: list[Row]) -> list[list[Row]]:
    """Part a batch so that no part holds the same key twice."""
    seen: dict[tuple[Any, ...], int] = {}
    waves: list[list[Row]] = [[]]
    for row in batch:
        values = checks.key_values(entity_type, key, row)
        if values is None and not row.problems:
            name = next(n for n in key.fields if row.after(n) is None)
            row.refuse("key_missing", name, field=name)
        place = seen.get(values, 0) if values is not None else 0
        if values is not None:
            seen[values] = place + 1
        while len(waves) <= place:
            waves.append([])
        waves[place].append(row)
    return waves


def _key(entity_type: EntityType, names: Sequence[str]) -> Key:
    for key in entity_type.keys:
        if set(key.fields) == set(names):
            return key
    known = "; ".join(", ".join(key.fields) for key in entity_type.keys) or "none"
    raise RelatumError("key_unknown", type=entity_type.name, fields=", ".join(names), known=known)


def delete(type_name: str, rows: Rows, *, actor: Actor, partial: bool = False) -> list[Outcome]:
    """Put records in the trash; a row is {id, version?}.

    Links that restrict refuse (`still_referenced`), links that clear are emptied.
    """
    entity_type = _open(type_name, "delete", actor)
    batch = read(entity_type, rows, with_id=True)
    checks.people_in_turn(entity_type, batch, deleting=True)
    write.lock(entity_type, batch, strongly=True)
    for referrer, lookup, children in release(catalog.current(), entity_type, batch):
        good(batch, partial=partial)
        emptied = [{"id": child, lookup: None} for child in children]
        # Partial: a child that somebody else has deleted meanwhile is no reason to refuse.
        update(referrer, emptied, actor=actor, check_required=False, partial=True)
    written = good(batch, partial=partial)
    write.trash(entity_type, written, actor=actor)
    _after(entity_type, written)
    return _flagged("deleted", batch, written)


def restore(type_name: str, rows: Rows, *, actor: Actor, partial: bool = False) -> list[Outcome]:
    """Take records out of the trash; a row is {id}.

    A unique value that is in use by now refuses (`restore_conflict`), naming the other record.
    """
    entity_type = _open(type_name, "restore", actor)
    batch = read(entity_type, rows, with_id=True)
    write.lock(entity_type, batch, trashed=True)

    def run(rows: list[Row]) -> None:
        write.restore(entity_type, rows, actor=actor)

    written = guarded(entity_type, batch, run, partial=partial, code="restore_conflict")
    return _flagged("restored", batch, written)


def _flagged(status: str, batch: list[Row], written: list[Row]) -> list[Outcome]:
    return _in_order(
        refused(batch), [Outcome(r.place, status, r.id, _version(r) + 1) for r in written]
    )


def _version(row: Row) -> int:
    assert row.before is not None
    return int(row.before["version"])


def _open(type_name: str, action: str, actor: Actor) -> EntityType:
    db.for_writing()
    access.require(actor, action, f"records of '{type_name}'")
    return catalog.current().type(type_name)


def _require(entity_type: EntityType, batch: list[Row]) -> None:
    """Note required fields without a value; an update answers only for the fields it changes."""
    needed = [f.name for f in entity_type.own_fields if f.required]
    for row in batch:
        broken = {problem.field for problem in row.problems}
        for name in needed:
            if row.before is not None and name not in row.values:
                continue
            if (
                row.values.get(name) is None
                and name not in broken
                and (row.before or row.id is None)
            ):
                row.refuse("required", name)


def _after(entity_type: EntityType, written: list[Row]) -> None:
    if entity_type.name in ("user", "team") and any(row.before is not None for row in written):
        checks.people(entity_type, [row.id for row in written if row.id is not None])


def _in_order(*parts: list[Outcome]) -> list[Outcome]:
    return sorted((o for part in parts for o in part), key=lambda outcome: outcome.row)
