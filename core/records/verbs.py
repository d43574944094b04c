"""The verbs: create, update, delete, restore. They call each other for parts and links."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial as bound
from itertools import chain
from typing import Any, Final

from .. import access, catalog, db
from ..actor import Actor
from ..catalog import EntityType
from ..errors import Invalid, Problem
from . import belonging, checks, hooking, numbers, parts, seeing, write
from .batch import Outcome, Row, good, in_order, refused, settle, told
from .deleting import Batches, Family, Going, emptied, family, others, returning, rows_of
from .filling import fill_in
from .writing import after, guarded, opened, sent

Rows = Sequence[dict[str, Any]]
#: How often a batch is tried without the rows that were refused, before it goes row by row.
_TRIES: Final = 5


def create(
    type_name: str,
    rows: Rows,
    *,
    actor: Actor,
    partial: bool = False,
    dry_run: bool = False,
    checked: frozenset[str] = frozenset(),
) -> list[Outcome]:
    """Create records; a row is {field: value}. `dry_run` checks everything and writes nothing.

    `checked` names fields whose values come from `Field.parse` and are not checked once more.
    Raises `Invalid` with every problem of every row, `type_unknown`, `forbidden`.
    """
    entity_type = opened(type_name, "create", actor)
    batch = sent(entity_type, rows, "create", actor, with_id=False, checked=checked)
    with tried(batch, dry_run=dry_run):
        return each(
            batch,
            lambda some, partial: create_batch(entity_type, some, actor, partial, dry_run),
            partial=partial,
        )


def tried(batch: Sequence[Row], *, dry_run: bool) -> AbstractContextManager[None]:
    """Take back what a dry run of rows with parts writes: parts are checked below their whole."""
    return db.attempt() if dry_run and _with_parts(batch) else nullcontext()


def _with_parts(batch: Sequence[Row]) -> bool:
    return any(row.parts for row in batch)


def each(batch: list[Row], work: Callable[..., list[Outcome]], *, partial: bool) -> list[Outcome]:
    """Write a batch; of a partial one with parts, those rows of which no part is refused.

    A part may undo its whole, so the batch is written whole and, if rows are refused, again
    without them; row by row in the end, should that find more and more.
    """
    if not partial or not _with_parts(batch):
        return work(batch, partial=partial)
    left, outcomes = batch, list[Outcome]()
    for attempt in range(_TRIES):
        try:
            with db.savepoint():
                return in_order(outcomes, work([_copy(row) for row in left], partial=False))
        except Invalid as error:
            wrong = _by_row(error)
        if attempt == _TRIES - 1 or not wrong.keys() <= {row.place for row in left}:
            break
        outcomes += [
            Outcome(row.place, "refused", row.id, problems=tuple(wrong[row.place]))
            for row in left
            if row.place in wrong
        ]
        left = [row for row in left if row.place not in wrong]
        if not left:
            break
    return in_order(outcomes, [_alone(row, work) for row in left])


def _copy(row: Row) -> Row:
    return dataclasses.replace(row, values=dict(row.values), problems=list(row.problems))


def _by_row(error: Invalid) -> dict[int | None, list[Problem]]:
    found: dict[int | None, list[Problem]] = {}
    for problem in error.problems:
        found.setdefault(problem.row, []).append(problem)
    return found


def _alone(row: Row, work: Callable[..., list[Outcome]]) -> Outcome:
    try:
        with db.savepoint():
            return work([row], partial=False)[0]
    except Invalid as error:
        return Outcome(row.place, "refused", row.id, problems=tuple(error.problems))


def create_batch(
    entity_type: EntityType, batch: list[Row], actor: Actor, partial: bool, dry_run: bool
) -> list[Outcome]:
    """Create rows that were read, as `create` does; what is refused is noted in them."""
    writes = not dry_run or _with_parts(batch)
    fill_in(entity_type, batch, actor)
    settle(entity_type, batch)
    seeing.limit(entity_type, batch, actor)
    numbers.protect(entity_type, batch, actor)
    hooking.before(entity_type, "create", batch, actor, dry_run=dry_run)
    _check(entity_type, batch, actor)

    def run(rows: list[Row]) -> None:
        if writes:
            with numbers.assigned(entity_type, rows):
                write.insert(entity_type, rows, actor=actor)

    written = guarded(entity_type, batch, run, actor=actor, partial=partial)
    after(entity_type, written)
    parted = _save_parts(entity_type, written, actor, dry_run)
    if not dry_run:
        hooking.after(entity_type, "create", written, actor)
    made = _told(
        entity_type, "created", [(row, 1) for row in written], parted, actor, dry_run=dry_run
    )
    return in_order(refused(batch), made)


def _told(
    entity_type: EntityType,
    status: str,
    versions: Sequence[tuple[Row, int]],
    parted: parts.Parted,
    actor: Actor,
    *,
    dry_run: bool,
) -> list[Outcome]:
    shown = access.seen(actor).types.get(entity_type.name, entity_type)
    return [
        told(shown, row, status, version, parts=parted.get(row.id or 0, {}), dry_run=dry_run)
        for row, version in versions
    ]


def _check(
    entity_type: EntityType, batch: list[Row], actor: Actor, *, required: bool = True
) -> None:
    """Note what is wrong with final values."""
    if required:
        _require(entity_type, batch)
    checks.shadows(entity_type, batch)
    checks.options(entity_type, batch)
    checks.people(entity_type, batch)
    checks.references(entity_type, batch, actor)
    checks.mixed_references(entity_type, batch, actor)


def _save_parts(
    entity_type: EntityType, rows: list[Row], actor: Actor, dry_run: bool
) -> parts.Parted:
    """Write the parts of rows, and let all of them follow; return the parts that changed."""
    touched: parts.Parted = {}
    if _with_parts(rows):
        verbs: dict[str, parts.Verb] = {"create": create, "update": update, "delete": delete}
        if dry_run:
            # Parts that go are gone for those that stay; these are only checked.
            verbs |= {n: bound(verb, dry_run=True) for n, verb in verbs.items() if n != "delete"}
        # New parts are numbered in the order that they were sent in, whatever became of wholes.
        in_place = sorted(rows, key=lambda row: row.place)
        touched = parts.save(entity_type, in_place, actor=actor, verbs=verbs)
    if not dry_run:
        belonging.hand_on(entity_type, rows, actor=actor.unbound(), update=update)
    return touched


def update(
    type_name: str,
    rows: Rows,
    *,
    actor: Actor,
    partial: bool = False,
    check_required: bool = True,
    undoing: bool = False,
    dry_run: bool = False,
    checked: frozenset[str] = frozenset(),
) -> list[Outcome]:
    """Change records; a row is {id, version?, field: value}, and only what differs is written.

    `undoing` takes numbers that the records had before. Raises `Invalid` (also `record_unknown`,
    `version_mismatch`), `type_unknown`, `forbidden`.
    """
    entity_type = opened(type_name, "update", actor)
    batch = sent(entity_type, rows, "update", actor, with_id=True, checked=checked)
    work = bound(
        update_batch, entity_type, actor=actor, check_required=check_required, undoing=undoing,
        dry_run=dry_run,
    )  # fmt: skip
    with tried(batch, dry_run=dry_run):
        return each(batch, work, partial=partial)


def update_batch(
    entity_type: EntityType,
    batch: list[Row],
    *,
    actor: Actor,
    partial: bool,
    check_required: bool = True,
    undoing: bool = False,
    dry_run: bool = False,
) -> list[Outcome]:
    """Change rows that were read, as `update` does; what is refused is noted in them."""
    _take_up(entity_type, batch, actor)
    fill_in(entity_type, batch, actor)
    settle(entity_type, batch)
    _reduce(batch)
    seeing.limit(entity_type, batch, actor)
    numbers.protect(entity_type, batch, actor, given_back=undoing)
    hooking.before(entity_type, "update", [r for r in batch if r.values], actor, dry_run=dry_run)
    _reduce(batch)
    _check(entity_type, batch, actor, required=check_required)
    same = [r for r in batch if not r.values and not r.problems]
    changed = [r for r in batch if r.values or r.problems]

    def run(rows: list[Row]) -> None:
        if not dry_run or _with_parts(batch):
            numbers.note(entity_type, rows)
            write.update(entity_type, rows, actor=actor)

    written = guarded(entity_type, changed, run, actor=actor, partial=partial)
    after(entity_type, written)
    touched = _save_parts(entity_type, [*written, *same], actor, dry_run)
    now = _raised(entity_type, [*written, *same], same, touched, actor).get
    written = [*written, *(r for r in same if r.id in touched)]
    same = [r for r in same if r.id not in touched]
    if not dry_run:
        hooking.after(entity_type, "update", written, actor)
    made = [Outcome(r.place, "unchanged", r.id, now(r.id or 0, r.version)) for r in same]
    versions = [(r, now(r.id or 0, r.version + 1)) for r in written]
    made += _told(entity_type, "updated", versions, touched, actor, dry_run=dry_run)
    return in_order(refused(batch), made)


def _take_up(entity_type: EntityType, batch: list[Row], actor: Actor) -> None:
    """Lock the records that are to be changed, those that the actor may change."""
    checks.in_turn(entity_type, batch)
    write.lock(entity_type, batch)
    seeing.admit(entity_type, batch, "update", actor)


def _raised(
    entity_type: EntityType, rows: list[Row], same: list[Row], touched: parts.Parted, actor: Actor
) -> dict[int, int]:
    """Raise the versions of `same` rows of which only parts changed; return those of all rows.

    The version of a whole speaks for its parts. Deleting parts may have raised one already, by
    emptying a link to them.
    """
    if not touched:
        return {}
    found = write.versions(entity_type, [row.id for row in rows if row.id is not None])
    behind = [row for row in same if row.id in touched and found[row.id or 0] == row.version]
    write.update(entity_type, behind, actor=actor)
    raised = {row.id for row in behind}
    return {id_: version + 1 if id_ in raised else version for id_, version in found.items()}


def _reduce(batch: list[Row]) -> None:
    """Leave in each row what differs from what is stored."""
    for row in batch:
        if row.before is not None:
            row.values = {n: v for n, v in row.values.items() if v != row.before[n]}


def delete(type_name: str, rows: Rows, *, actor: Actor, partial: bool = False) -> list[Outcome]:
    """Put records in the trash; a row is {id, version?}.

    Links that restrict refuse (`still_referenced`), links that clear are emptied, and what
    points by a link that cascades goes along, in the same change set.
    """
    entity_type = opened(type_name, "delete", actor)
    batch = sent(entity_type, rows, "update", actor, with_id=True)
    trash({entity_type: batch}, actor=actor, partial=partial)
    return _flagged("deleted", batch, {})


def trash(batches: Batches, *, actor: Actor, partial: bool) -> None:
    """Put the rows of batches in the trash at once, as `delete` does those of one type."""
    for entity_type, batch in batches.items():
        checks.in_turn(entity_type, batch, deleting=True)
        write.lock(entity_type, batch, strongly=True)
        seeing.admit(entity_type, batch, "delete", actor)
        hooking.before(entity_type, "delete", batch, actor)
    found = family(catalog.current(), batches)
    seeing.mask((row.problems for row in chain(*batches.values())), actor)
    good(chain(*batches.values()), partial=partial)
    _empty(found, actor)
    for each in others(found, batches):
        _trash(each.type, _along(each, "delete", actor), actor)
    for entity_type, batch in batches.items():
        _trash(entity_type, good(batch, partial=True), actor)


def _trash(entity_type: EntityType, rows: list[Row], actor: Actor) -> None:
    write.trash(entity_type, rows, actor=actor)
    after(entity_type, rows)
    hooking.after(entity_type, "delete", rows, actor)


def _empty(found: Family, actor: Actor) -> None:
    """Empty the links that clear; what a plugin refuses refuses the whole."""
    for each in emptied(catalog.current(), found):
        rows = [{"id": id_, **dict.fromkeys(names)} for id_, names in each.links.items()]
        # Partial: a record that somebody else has deleted meanwhile is no reason to refuse.
        outcomes = update(
            each.type.name, rows, actor=actor.unbound(), check_required=False, partial=True
        )
        problems = [
            problem.at(row=each.members[outcome.id].place)
            for outcome in outcomes
            for problem in outcome.problems
            if outcome.id is not None and problem.code != "record_unknown"
        ]
        if problems:
            raise Invalid(problems)


def _along(each: Going, operation: str, actor: Actor) -> list[Row]:
    """Lock what goes or comes along and let plugins look; what they refuse refuses the whole."""
    rows = rows_of(each)
    checks.in_turn(each.type, rows, deleting=operation == "delete")
    write.lock(each.type, rows, trashed=operation == "restore", strongly=operation == "delete")
    there = good(rows, partial=True)
    hooking.before(each.type, operation, there, actor)
    return good(there, partial=False)


def restore(type_name: str, rows: Rows, *, actor: Actor, partial: bool = False) -> list[Outcome]:
    """Take records out of the trash, with all that went along; a row is {id}.

    A unique value that is in use by now refuses (`restore_conflict`), naming the other record;
    a part of something that is in the trash refuses too (`parent_trashed`).
    """
    entity_type = opened(type_name, "restore", actor)
    batch = sent(entity_type, rows, "update", actor, with_id=True)
    bring_back({entity_type: batch}, actor=actor, partial=partial)
    # Parts may have caught up with their wholes, which is one version more.
    again = [row.id or 0 for row in good(batch, partial=True) if entity_type.part_of]
    return _flagged("restored", batch, write.versions(entity_type, again))


def bring_back(batches: Batches, *, actor: Actor, partial: bool, along: bool = True) -> None:
    """Take the rows of batches out of the trash at once; without `along`, them alone."""
    for entity_type, batch in batches.items():
        write.lock(entity_type, batch, trashed=True)
        seeing.admit(entity_type, batch, "restore", actor)
        hooking.before(entity_type, "restore", batch, actor)
    found = returning(catalog.current(), batches, along=along)
    seeing.mask((row.problems for row in chain(*batches.values())), actor)
    good(chain(*batches.values()), partial=partial)
    for entity_type, batch in batches.items():
        _bring_back(entity_type, good(batch, partial=True), actor)
    for each in others(found, batches):
        more = _along(each, "restore", actor)
        _bring_back(each.type, more, actor)
        hooking.after(each.type, "restore", more, actor)
    for entity_type, batch in batches.items():
        hooking.after(entity_type, "restore", good(batch, partial=True), actor)


def _bring_back(entity_type: EntityType, rows: list[Row], actor: Actor) -> None:
    run = bound(write.restore, entity_type, actor=actor)
    guarded(entity_type, rows, run, actor=actor, partial=False, code="restore_conflict")
    belonging.catch_up(entity_type, rows, actor=actor.unbound(), update=update)


def _flagged(status: str, batch: list[Row], now: dict[int, int]) -> list[Outcome]:
    rows = good(batch, partial=True)
    written = [Outcome(r.place, status, r.id, now.get(r.id or 0, r.version + 1)) for r in rows]
    return in_order(refused(batch), written)


def _require(entity_type: EntityType, batch: list[Row]) -> None:
    """Note required fields without a value; an update answers only for the fields it changes."""
    needed = [f.name for f in entity_type.own_fields if f.required]
    for row in batch:
        broken = {(problem.field or "").partition(".")[0] for problem in row.problems}
        for name in needed:
            if row.before is not None and name not in row.values:
                continue
            missing = row.values.get(name) is None and name not in broken
            if missing and (row.before or row.id is None):
                row.refuse("required", name)
