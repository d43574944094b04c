"""The verbs: create, update, delete, restore. They call each other for parts and links."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial as bound
from itertools import chain
from typing import Any

from .. import access, catalog
from ..actor import Actor
from ..catalog import EntityType
from ..errors import Invalid
from . import belonging, checks, hooking, merges, numbers, parts, seeing, trying, write
from .batch import Led, Outcome, Row, good, in_order, reduce, refused, told
from .deleting import Batches, Family, Going, emptied, family, others, returning, rows_of
from .filling import complete
from .hooking import EVERYTHING, accepting
from .writing import after, guarded, opened, sent

Rows = Sequence[dict[str, Any]]


def create(
    type_name: str,
    rows: Rows,
    *,
    actor: Actor,
    partial: bool = False,
    dry_run: bool = False,
    checked: frozenset[str] = frozenset(),
    accept: Collection[str] = (),
) -> list[Outcome]:
    """Create records; a row is {field: value}. `dry_run` checks everything and writes nothing.

    `checked` names fields whose values come from `Field.parse` and are not checked once more.
    `accept` names what plugins may ask and is answered with yes (`confirm_needed`).
    Raises `Invalid` with every problem of every row, `type_unknown`, `forbidden`.
    """
    entity_type = opened(type_name, "create", actor)
    batch = sent(entity_type, rows, "create", actor, with_id=False, checked=checked)
    with trying.tried(batch, dry_run=dry_run, accept=accept):
        return trying.each(
            batch,
            lambda some, partial: create_batch(entity_type, some, actor, partial, dry_run),
            partial=partial,
        )


def create_batch(
    entity_type: EntityType, batch: list[Row], actor: Actor, partial: bool, dry_run: bool
) -> list[Outcome]:
    """Create rows that were read, as `create` does; what is refused is noted in them."""
    writes = not dry_run or trying.with_parts(batch)
    complete(entity_type, batch, actor)
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
    # What follows from parts may have changed their whole.
    now = write.versions(entity_type, [r.id or 0 for r in written] if parted else ())
    made = [(r, now.get(r.id or 0, 1)) for r in written]
    told_ = _told(entity_type, "created", made, parted, actor, dry_run=dry_run)
    return in_order(refused(batch), told_)


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
        checks.required(entity_type, batch)
        checks.needs(entity_type, batch)
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
    if trying.with_parts(rows):
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
    dry_run: bool = False,
    checked: frozenset[str] = frozenset(),
    accept: Collection[str] = (),
) -> list[Outcome]:
    """Change records; a row is {id, version?, field: value}, and only what differs is written.

    `accept` is as in `create`. Raises `Invalid` (also `record_unknown`, `version_mismatch`),
    `type_unknown`, `forbidden`.
    """
    entity_type = opened(type_name, "update", actor)
    batch = sent(entity_type, rows, "update", actor, with_id=True, checked=checked)
    work = bound(
        update_batch, entity_type, actor=actor, check_required=check_required, dry_run=dry_run
    )
    with trying.tried(batch, dry_run=dry_run, accept=accept):
        return trying.each(batch, work, partial=partial)


def put_back(
    type_name: str, rows: Rows, *, actor: Actor, partial: bool, spared: Collection[Led]
) -> list[Outcome]:
    """Change records to what they held before, as `update` does, numbers included.

    Nothing asks before it is accepted; `spared` links may lead into the trash.
    """
    entity_type = opened(type_name, "update", actor)
    batch = sent(entity_type, rows, "update", actor, with_id=True)
    for row in batch:
        row.spared = spared
    work = bound(update_batch, entity_type, actor=actor, undoing=True)
    with trying.tried(batch, dry_run=False, accept=EVERYTHING):
        return trying.each(batch, work, partial=partial)


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
    complete(entity_type, batch, actor, entering=not undoing)
    seeing.limit(entity_type, batch, actor)
    numbers.protect(entity_type, batch, actor, given_back=undoing)
    hooking.before(entity_type, "update", batch, actor, dry_run=dry_run, undoing=undoing)
    reduce(batch)
    _check(entity_type, batch, actor, required=check_required)
    same = [r for r in batch if not r.values and not r.problems]
    changed = [r for r in batch if r.values or r.problems]

    def run(rows: list[Row]) -> None:
        if not dry_run or trying.with_parts(batch):
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

    The version of a whole speaks for its parts. What follows from parts may have raised it.
    """
    if not touched:
        return {}
    found = write.versions(entity_type, [row.id for row in rows if row.id is not None])
    behind = [row for row in same if row.id in touched and found[row.id or 0] == row.version]
    write.update(entity_type, behind, actor=actor)
    raised = {row.id for row in behind}
    return {id_: version + 1 if id_ in raised else version for id_, version in found.items()}


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


def restore(
    type_name: str,
    rows: Rows,
    *,
    actor: Actor,
    partial: bool = False,
    accept: Collection[str] = (),
) -> list[Outcome]:
    """Take records out of the trash, with all that went along; a row is {id}.

    A unique value that is in use by now refuses (`restore_conflict`), naming the other record;
    a part of something that is in the trash refuses too (`parent_trashed`).
    """
    entity_type = opened(type_name, "restore", actor)
    batch = sent(entity_type, rows, "update", actor, with_id=True)
    merges.marked(batch)
    with accepting(accept):
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
    merges.follow(entity_type, rows, actor=actor.unbound(), update=update)


def _flagged(status: str, batch: list[Row], now: dict[int, int]) -> list[Outcome]:
    rows = good(batch, partial=True)
    written = [Outcome(r.place, status, r.id, now.get(r.id or 0, r.version + 1)) for r in rows]
    return in_order(refused(batch), written)
