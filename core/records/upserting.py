"""The verb upsert: rows create records or change those that they match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from functools import partial as bound
from typing import Any

from .. import db
from ..actor import Actor
from ..catalog import EntityType, Key
from ..errors import Invalid, RelatumError
from . import checks, seeing, trying, verbs
from .batch import Outcome, Row, in_order
from .writing import opened, sent


def upsert(
    type_name: str,
    rows: Sequence[dict[str, Any]],
    *,
    key: Sequence[str],
    actor: Actor,
    partial: bool = False,
    dry_run: bool = False,
    checked: frozenset[str] = frozenset(),
    loose: bool = False,
    creates: bool = True,
    accept: Collection[str] = (),
) -> list[Outcome]:
    """Create or update by a unique key; a row that repeats a key of the batch updates it again.

    `dry_run` checks everything and writes nothing, `checked` and `accept` are as in `create`. With
    `loose` any fields may be the key: a row that several records match is refused. Without
    `creates` a row that no record matches is refused.
    Raises `key_unknown` if the type has no such key, and what create and update raise.
    """
    if creates:
        opened(type_name, "create", actor)
    entity_type = opened(type_name, "update", actor)
    wanted = Key(None, tuple(key), "") if loose else _key(entity_type, key)
    batch = sent(entity_type, rows, "update", actor, with_id=False, checked=checked)
    work = bound(_upserted, entity_type, wanted, actor=actor, dry_run=dry_run, creates=creates)
    with trying.tried(batch, dry_run=dry_run, accept=accept):
        return trying.each(batch, work, partial=partial)


def _upserted(
    entity_type: EntityType,
    key: Key,
    batch: list[Row],
    *,
    actor: Actor,
    partial: bool,
    dry_run: bool,
    creates: bool,
) -> list[Outcome]:
    # Every row is tried, so that every problem is named; then it is all or nothing.
    with db.savepoint():
        outcomes = [
            outcome
            for wave in _waves(entity_type, key, batch)
            for outcome in _wave(entity_type, key, wave, actor, dry_run, creates)
        ]
        problems = [problem for outcome in outcomes for problem in outcome.problems]
        if problems and not partial:
            raise Invalid(sorted(problems, key=lambda problem: problem.row or 0))
    return in_order(outcomes)


def _wave(
    entity_type: EntityType, key: Key, wave: list[Row], actor: Actor, dry_run: bool, creates: bool
) -> list[Outcome]:
    """Create or update rows of which no two hold the same key; refuse those with problems."""
    sound = [row for row in wave if not row.problems]
    held = list(checks.holders(entity_type, key, _keyed(entity_type, key, sound)))
    visible = seeing.admitted(entity_type, (found["id"] for _, found in held), "read", actor)
    held = [each for each in held if each[1]["id"] in visible]
    ids = {values: found["id"] for values, found in held}
    counts = Counter(values for values, _ in held)
    names = ", ".join(key.fields)
    fresh: list[Row] = []
    known: list[Row] = []
    for row in wave:
        values = None if row.problems else checks.key_values(entity_type, key, row)
        row.id = ids.get(values or ())
        if values is not None and counts[values] > 1:
            row.refuse("match_ambiguous", names, fields=names, count=counts[values])
        elif values is not None and row.id is None and not creates:
            row.refuse("match_missing", names, fields=names, type=entity_type.name)
        (fresh if row.id is None else known).append(row)
    outcomes: list[Outcome] = []
    if known:
        outcomes = verbs.update_batch(
            entity_type, known, actor=actor, partial=True, dry_run=dry_run
        )
    if fresh:
        outcomes += verbs.create_batch(entity_type, fresh, actor, partial=True, dry_run=dry_run)
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
