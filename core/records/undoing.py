"""Undo of a change set: what it wrote is put back by the verbs, step by step from its end.

Every step goes back to a state that was there before, so links lead somewhere and unique values
are free whenever they were so on the way. What is undone is a change set as well: undoing it
does again what was undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from .. import access, changes, db
from ..actor import Actor
from ..catalog import EntityType
from ..changes import Line
from ..errors import Invalid, Problem, RelatumError
from . import hooking, merges, verbs, write
from .batch import Row
from .former import Former, of_change_set
from .hooking import EVERYTHING, accepting
from .obstacles import by_type
from .touched import Op, Touched
from .writing import opened

#: Refusals that can only be seen when all is written, so they refuse partial undos as well.
_RULES: Final = frozenset({"circular", "last_admin"})
#: A record, and the values that it gets.
Item = tuple[Touched, dict[str, Any]]
#: The place of a unique key, and what is held in it.
Held = tuple[int, tuple[str, ...]]


class Step(NamedTuple):
    """What is done at once."""

    op: Op
    items: list[Item]


def look(change_set_id: int, *, actor: Actor) -> dict[str, Any]:
    """Say what undoing a change set would do, and write nothing.

    Returns {"change_set": null, "undoes": id, "records": [...]}, a record as {type, id, label, op,
    fields, conflicts}: `op` is update, delete or restore, `fields` {name: [now, back]} in wire
    form, `conflicts` problems; one without a field keeps the whole record as it is. Raises
    `change_unknown`, `undo_done`, `undo_purged`, `undo_limit`, `forbidden`.
    """
    require_own(change_set_id, actor)
    return of_change_set(change_set_id, actor=actor, hold=False).as_json()


def undo(change_set_id: int, *, actor: Actor, partial: bool = False) -> dict[str, Any]:
    """Put back what a change set wrote, in a change set of its own; return what `look` does.

    `change_set` is the new one. What is in conflict refuses the whole (`undo_conflict`, with all
    problems); with `partial` it stays as it is, and the conflicts say so. Raises what `look` does.
    """
    db.for_writing()
    require_own(change_set_id, actor)
    former = of_change_set(change_set_id, actor=actor, hold=True)
    if former.conflicts and not partial:
        raise refusal(former, former.conflicts)
    with db.savepoint(), changes.apart():
        number = changes.change_set(actor, undoes=change_set_id)
        written = WayBack(former, partial).run()
        if former.conflicts and not written:
            raise refusal(former, former.conflicts)
    return former.as_json(number)


def require_own(change_set_id: int, actor: Actor) -> None:
    """Refuse who is neither an administrator nor made the change set himself."""
    access.require_any(actor, "undo", "changes")
    if not actor.admin and changes.header(change_set_id).actor != actor.user_id:
        access.require(actor, "undo", "changes of others")


def refusal(former: Former, problems: Sequence[Problem]) -> RelatumError:
    """Return the refusal of an undo, which says the first of its problems."""
    first = problems[0]
    told = first.message
    if not first.code.startswith("undo_") and first.row is not None:
        each = former.records[first.row]
        field = f"{first.field}: " if first.field else ""
        told = f"{each.type_name} {each.id} ({each.label}): {field}{told}"
    more = f" (And {len(problems) - 1} more.)" if len(problems) > 1 else ""
    error = RelatumError("undo_conflict", id=former.header.id, first=told + more)
    error.problems = tuple(problems)
    return error


class WayBack:
    """The way back of one change set, or of a piece of it."""

    def __init__(self, former: Former, partial: bool) -> None:
        self.former, self.actor, self.partial = former, former.actor, partial
        self.written = 0

    def run(self) -> int:
        """Do all steps; return how many records were written."""
        with hooking.undone():
            self._run()
        self._raise_versions()
        return self.written

    def _run(self) -> None:
        for step in self._steps():
            items = [item for item in step.items if not item[0].stuck]
            try:
                if step.op == "update":
                    for entity_type, some in _waves(items):
                        self._update(entity_type, some)
                else:
                    self._flip(step.op, [each for each, _ in items])
            except Invalid as error:
                raise refusal(self.former, error.problems) from error
            except RelatumError as error:
                if error.code not in _RULES:
                    raise
                each = self.former.by_id.get(error.params["id"])
                row = each.place if each is not None else None
                told = Problem(error.code, error.params, row=row)
                raise refusal(self.former, [told]) from error

    def _steps(self) -> Iterator[Step]:
        """Yield what to do, from the last change of the set to the first."""
        shown = {each.id: each for each in self.former.records}
        step: Step | None = None
        for line in reversed(self.former.lines):
            each = shown.get(line.record_id)
            item = _item(each, line) if each is not None and not each.stuck else None
            if item is None:
                continue
            op = "update" if line.op == "update" else item[0].op
            assert op is not None
            if step is not None and step.op != op:
                yield step
                step = None
            step = step or Step(op, [])
            step.items.append(item)
        if step is not None:
            yield step

    def _flip(self, op: Op, some: list[Touched]) -> None:
        """Delete or restore records of any types at once: they may point to each other.

        Types are written in the order that they are come upon, parts before wholes where they go
        and after them where they come, so that this can be undone piece by piece as well.
        """
        batches: dict[EntityType, list[Row]] = {}
        for each in some:
            assert each.type is not None
            batches.setdefault(each.type, []).append(
                Row(each.place, id=each.id, spared=each.spared)
            )
        for entity_type in batches:
            opened(entity_type.name, op, self.actor)
        rows = [row for batch in batches.values() for row in batch]
        if op == "delete":
            self._merge_again(batches, rows)
        else:
            marked = merges.marked(rows)
            with accepting(EVERYTHING):
                verbs.bring_back(batches, actor=self.actor, partial=self.partial, along=False)
            merges.part(marked, {row.id for row in rows if row.problems}, self.actor)
        for row in rows:
            self._done(self.former.records[row.place], row.problems)

    def _merge_again(self, batches: dict[EntityType, list[Row]], rows: list[Row]) -> None:
        """Put records in the trash, those that a merge had put there marked as merged again."""
        into = merges.former([row.id for row in rows if row.id], self.former.header.id)
        for row in rows:
            row.into = into.get(row.id or 0)
        verbs.trash(batches, actor=self.actor, partial=self.partial)
        again = {row.id: row.into for row in rows if row.id and row.into and not row.problems}
        if again:
            merges.note(again, self.actor)

    def _update(self, entity_type: EntityType, items: list[Item]) -> None:
        rows = [{"id": each.id, **_with_team(each, values)} for each, values in items]
        places = [each.place for each, _ in items]
        spared = set().union(*(each.spared for each, _ in items))
        try:
            outcomes = verbs.put_back(
                entity_type.name, rows, actor=self.actor, partial=self.partial, spared=spared
            )
        except Invalid as error:
            raise Invalid([p.at(row=places[p.row or 0]) for p in error.problems]) from None
        for (each, values), outcome in zip(items, outcomes, strict=True):
            self._done(each, outcome.problems)
            each.put.update(values)

    def _done(self, each: Touched, problems: Sequence[Problem]) -> None:
        for problem in problems:
            each.refuse(problem, whole=True)
        self.written += not problems

    def _raise_versions(self) -> None:
        """Raise versions of wholes of which only parts changed: they speak for their parts."""
        bare = [each for each in self.former.records if each.bare and not each.stuck]
        for entity_type, some in by_type(bare).items():
            opened(entity_type.name, "update", self.actor)
            rows = {each.id: Row(each.place, id=each.id) for each in some}
            write.lock(entity_type, list(rows.values()))
            behind = [
                rows[each.id]
                for each in some
                if rows[each.id].before is not None and rows[each.id].version == each.row.version
            ]
            write.update(entity_type, behind, actor=self.actor)
            self.written += len(behind)


def _item(each: Touched, line: Line) -> Item | None:
    """Return what undoing one change of a record takes; None if there is nothing to do."""
    if line.op != "update":
        states = [known for known in each.lines if known.op != "update"]
        # It goes to the trash last of all, and comes back first of all.
        turning = states[0] if each.op == "delete" else states[-1]
        return (each, {}) if each.flips and line.id == turning.id else None
    assert each.type is not None
    values = {
        name: each.type.fields[name].recall(each.id, before)
        for name, (before, _) in line.data.items()
        if name in each.fields and name not in each.left and not each.keeps(name)
    }
    return (each, values) if values else None


def _with_team(each: Touched, values: dict[str, Any]) -> dict[str, Any]:
    """Keep the team of a record that gets back its owner: else it would be that one's team now."""
    assert each.row.before is not None
    if "owner" in values and "team" not in values and each.type_name != "user":
        return {**values, "team": each.put.get("team", each.row.before["team"])}
    return values


def _waves(items: Sequence[Item]) -> Iterator[tuple[EntityType, list[Item]]]:
    """Part updates by type, so that no record and no unique value stands twice in one."""
    for entity_type in by_type(each for each, _ in items):
        wave = list[Item]()
        ids, freed = set[int](), set[Held]()
        for each, values in items:
            if each.type is not entity_type:
                continue
            if each.id in ids or freed & set(_held(entity_type, each, values)):
                yield entity_type, wave
                wave, ids, freed = [], set(), set()
            wave.append((each, values))
            ids.add(each.id)
            freed.update(_held(entity_type, each, {}))
        yield entity_type, wave


def _held(entity_type: EntityType, each: Touched, values: dict[str, Any]) -> Iterator[Held]:
    """Yield what a record holds in its unique keys, with some values changed."""
    assert each.row.before is not None
    for place, key in enumerate(entity_type.keys):
        held = []
        for name in key.fields:
            stored = entity_type.fields[name].wire(each.row.before[name])
            held.append(values.get(name, each.put.get(name, stored)))
        if None not in held:
            yield place, tuple(str(value).casefold() for value in held)
