"""What the fields of a type were before: under one name there may have been several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import db, models
from ..catalog import EntityType
from ..fields import Conversion, Field, Refused

#: Operations of a plan after which a field of the same name is another one, or those of a change
#: of type that tell whether it came to that.
_REMADE: Final = ("add_field", "retype_field", "finish_retype", "cancel_retype", "revert_field")
_TABLE: Final[Any] = models.Generation.__table__
#: How values of an earlier field become those of the one there is; None: not at all.
_Then = tuple[Conversion, ...] | None
#: What a value that never was one of a field raises.
_STRANGE: Final = (Refused, ValueError, TypeError, AttributeError, KeyError, ArithmeticError)


class Remade:
    """What became of the fields of a type since an instant, or an earlier generation."""

    def __init__(self, entity_type: EntityType, at: datetime, generation: int | None) -> None:
        self.type = entity_type
        self._known = {f.id: f for f in (*entity_type.fields.values(), *entity_type.trashed_fields)}
        operations: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        added, then = set(), _written_in(at)
        for number, when, change in _since(at, generation):
            name = change.get("field") or change["name"]
            if change["type"] == entity_type.name and name in entity_type.fields:
                operations.setdefault(name, []).append((number, change))
                if change["op"] == "add_field" and when > at and number > then:
                    added.add(name)
        #: The fields that there were not at the instant.
        self.added = frozenset(added)
        self._before = {name: [*self._steps(name, found)] for name, found in operations.items()}

    def stored(self, field: Field, id_: int, recorded: Any, generation: int) -> tuple[Any, ...]:
        """Return the values of a field's columns for what a generation has kept of a record.

        A value of the type that the field had then becomes what it would by the change of type;
        one that does not fit is empty.
        """
        then: _Then = ()
        for number, steps in self._before.get(field.name, ()):
            if number > generation:
                then = steps
        try:
            if then == ():
                return field.store_recorded(id_, recorded)
            value = None if then is None else then[0].old.unwire(recorded)
            for step in then or ():
                value = step.convert(value)
        except _STRANGE:
            value = None
        return field.store_in(id_, field.empty if value is None else value)

    def _steps(
        self, name: str, operations: Sequence[tuple[int, dict[str, Any]]]
    ) -> Iterator[tuple[int, _Then]]:
        """Yield, newest first, the generations in which a field became another one.

        Each comes with what makes values of the one before those of the one that is there now.
        """
        now = field = self.type.fields[name]
        steps: tuple[Conversion, ...] = ()
        running = any(shadow.old.id == field.id for shadow in self.type.shadows)
        for place, (number, change) in enumerate(operations):
            op = change["op"]
            if op == "cancel_retype" or (op == "retype_field" and running):
                # Only the beginning of a change of type that ended, or was given up, later.
                running = op == "cancel_retype"
                continue
            said = change
            if op == "finish_retype":
                rest = (c for _, c in operations[place + 1 :] if c["op"] == "retype_field")
                said, running = next(rest, change), True
            before = self._predecessor(field, op, number)
            if before is None:
                yield number, None
                return
            steps = (_conversion(before, field, said), *steps) if before is not now else ()
            yield number, steps
            field = before

    def _predecessor(self, field: Field, op: str, number: int) -> Field | None:
        """Return the field whose place one took in a generation; None if it is not there."""
        if op == "add_field":
            return None
        if op != "revert_field":
            return self._known.get(field.retypes or 0)
        newer = (field.id, number)
        return next((f for f in self._known.values() if (f.retypes, f.trashed_in) == newer), None)


def _written_in(at: datetime) -> int:
    """Return the newest generation that wrote something up to an instant.

    History that was brought along, as the demonstration's, is older than the model that it is of.
    """
    sets = models.ChangeSet.__table__
    wrote = sa.exists().where(sets.c.generation == _TABLE.c.number, sets.c.at <= at)
    newest = sa.select(sa.func.max(_TABLE.c.number)).where(wrote)
    return int(db.current().connection.execute(newest).scalar() or 0)


def _conversion(old: Field, new: Field, said: dict[str, Any]) -> Conversion:
    """Return how values became those of another type, by what was asked for."""
    answer = said.get("existing")
    fill = answer.get("fill") if isinstance(answer, dict) else None
    if answer == "default" and new.default not in new.DEFAULTS:
        fill = new.default_value()
    return Conversion(old, new, said.get("style"), lossy=True, fill=fill)


def _since(at: datetime, generation: int | None) -> Iterator[tuple[int, datetime, dict[str, Any]]]:
    """Yield the operations that made fields other ones, newest first: (generation, when, what)."""
    since = _TABLE.c.at > at
    if generation is not None:
        since = sa.or_(since, _TABLE.c.number > generation)
    made = sa.or_(*(_TABLE.c.changes.contains(f'"{op}"') for op in _REMADE))
    query = sa.select(_TABLE.c.number, _TABLE.c.at, _TABLE.c.changes).where(since, made)
    for number, when, text in db.current().connection.execute(
        query.order_by(_TABLE.c.number.desc())
    ):
        for change in reversed(_read(text)):
            if change["op"] in _REMADE:
                yield number, when, change


@lru_cache(maxsize=64)
def _read(text: str) -> tuple[dict[str, Any], ...]:
    return tuple(orjson.loads(text))
