"""Records as they stood at an instant, rebuilt from what the history says of later changes.

A change counts by the instant of its change set: one at the very instant has happened. From the
first later one of a record on, all that came to it is taken back, in the order of its changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from .. import db, models
from ..catalog import EntityType
from ..errors import RelatumError
from ..storage import among
from .remade import Remade

_CHANGE: Final[Any] = models.Change.__table__
_SET: Final[Any] = models.ChangeSet.__table__
_RECORD: Final[Any] = models.Record.__table__
#: What the history does not keep of the fields of the kernel.
_KERNEL: Final = ("id", "created_at", "created_by", "updated_at", "updated_by", "version")


class _Line(NamedTuple):
    """A change of a record, with the instant, the actor and the generation of its set."""

    id: int
    record_id: int
    op: str
    version: int
    data: dict[str, list[Any]]
    at: datetime
    actor: int | None
    generation: int


_LINES: Final = sa.select(
    _CHANGE.c.id, _CHANGE.c.record_id, _CHANGE.c.op, _CHANGE.c.version, _CHANGE.c.data,
    _SET.c.at, _SET.c.actor_id, _SET.c.generation,
).join_from(_CHANGE, _SET)  # fmt: skip


class Rebuilt(NamedTuple):
    """What changed of a type's records since an instant."""

    #: Ids of all that were touched since, those that there were not then too.
    ids: list[int]
    #: Those that were alive then, as they were: {column: stored value}.
    rows: list[dict[str, Any]]
    #: Names of the fields that the type did not have then.
    added: frozenset[str]


def rebuild(entity_type: EntityType, at: datetime, only: Sequence[int] | None = None) -> Rebuilt:
    """Return the records that changed since an instant, as they stood then.

    `only` leaves those of some ids. Raises `as_of_limit` if there are more than that.
    """
    first = _first_later(entity_type, at, only)
    if not first:
        return Rebuilt([], [], Remade(entity_type, at, None).added)
    return _Rebuilding(entity_type, at, first).result()


def _first_later(
    entity_type: EntityType, at: datetime, only: Sequence[int] | None
) -> dict[int, int]:
    """Return the first change after an instant, by id of the record."""
    limit = db.settings().as_of_limit
    query = (
        sa.select(_CHANGE.c.record_id, sa.func.min(_CHANGE.c.id))
        .join_from(_SET, _CHANGE, _CHANGE.c.change_set_id == _SET.c.id)
        .join(_RECORD, _RECORD.c.id == _CHANGE.c.record_id)
        .where(_SET.c.at > at, _RECORD.c.type_id == entity_type.id)
        .group_by(_CHANGE.c.record_id)
        .limit(limit + 1)
    )
    if only is not None:
        query = query.where(among(_CHANGE.c.record_id))
    values = {} if only is None else {"ids": only}
    rows = db.current().connection.execute(query, values)
    found: dict[int, int] = dict(map(tuple, rows))
    if len(found) > limit:
        instant = at.isoformat().replace("+00:00", "Z")
        raise RelatumError("as_of_limit", limit=limit, type=entity_type.name, instant=instant)
    return found


class _Rebuilding:
    """Some records on their way back: read in a few statements, however many there are."""

    def __init__(self, entity_type: EntityType, at: datetime, first: dict[int, int]) -> None:
        self.type, self.at, self.first = entity_type, at, first
        self.fields = [
            (field, tuple(column.name for column in field.columns()))
            for field in entity_type.fields.values()
            if field.name not in _KERNEL
        ]
        self.later: dict[int, list[_Line]] = {id_: [] for id_ in first}
        self.earlier: dict[int, list[_Line]] = {}

    def result(self) -> Rebuilt:
        """Read and rebuild them."""
        ids, least = sorted(self.first), min(self.first.values())
        for line in _lines(ids, _CHANGE.c.id >= least):
            later = line.id >= self.first[line.record_id]
            (self.later if later else self.earlier).setdefault(line.record_id, []).append(line)
        # What was made since was not there, what came out of the trash since was in it.
        there = [id_ for id_ in ids if self.later[id_][0].op in ("update", "delete")]
        current = self._current(there)
        # Links are emptied in the trash without a word, and a purged record has only its history.
        unsure = [id_ for id_ in there if any(c.op == "delete" for c in self.later[id_])]
        self._read_earlier(unsure, least)
        last = _last_before([id_ for id_ in there if id_ not in self.earlier], least)
        rows = [self._row(id_, current.get(id_), last.get(id_)) for id_ in there]
        return Rebuilt(ids, rows, self.remade.added)

    @cached_property
    def remade(self) -> Remade:
        """What became of the fields since the oldest change that was read."""
        lines = chain.from_iterable((*self.earlier.values(), *self.later.values()))
        return Remade(self.type, self.at, min(line.generation for line in lines))

    def _current(self, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        table = self.type.table
        names = [
            n for field in self.type.fields.values() for n in (c.name for c in field.columns())
        ]
        query = sa.select(*(table.c[name] for name in names)).where(among(table.c.id))
        rows = db.current().connection.execute(query, {"ids": ids})
        return {row.id: dict(zip(names, row, strict=True)) for row in rows}

    def _read_earlier(self, ids: Sequence[int], least: int) -> None:
        found: dict[int, list[_Line]] = {}
        for line in _lines(ids, _CHANGE.c.id < least):
            found.setdefault(line.record_id, []).append(line)
        for id_, lines in found.items():
            self.earlier[id_] = [*lines, *self.earlier.get(id_, ())]

    def _row(self, id_: int, current: dict[str, Any] | None, last: _Line | None) -> dict[str, Any]:
        later, earlier = self.later[id_], self.earlier.get(id_, [])
        last = earlier[-1] if earlier else last
        row = dict(current or {})
        if current is None and earlier:
            row |= self._system(created_at=earlier[0].at, created_by=earlier[0].actor)
        known = _recorded(earlier, later)
        for field, columns in self.fields:
            if field.name in known and field.name not in self.remade.added:
                recorded, generation = known[field.name]
                made = self.remade.stored(field, id_, recorded, generation)
                row.update(zip(columns, made, strict=True))
            elif current is None or field.name in self.remade.added:
                row.update(dict.fromkeys(columns))
        row |= self._system(id=id_, version=later[0].version - 1)
        if last is not None:
            row |= self._system(updated_at=last.at, updated_by=last.actor)
        return row

    def _system(self, **values: Any) -> dict[str, Any]:
        """Return values of fields of the kernel by their columns, of those that the type has."""
        known = self.type.fields
        return {known[name].column: value for name, value in values.items() if name in known}


def _recorded(earlier: Sequence[_Line], later: Sequence[_Line]) -> dict[str, tuple[Any, int]]:
    """Return what the history says that fields were: (value, generation that kept it)."""
    found: dict[str, tuple[Any, int]] = {}
    for line in earlier:
        found.update((name, (both[1], line.generation)) for name, both in line.data.items())
    for line in reversed(later):
        found.update((name, (both[0], line.generation)) for name, both in line.data.items())
    return found


def _lines(ids: Sequence[int], where: Any) -> Iterator[_Line]:
    if not ids:
        return
    query = _LINES.where(among(_CHANGE.c.record_id), where).order_by(_CHANGE.c.id)
    for row in db.current().connection.execute(query, {"ids": ids}):
        yield _line(row)


def _line(row: Any) -> _Line:
    id_, record_id, op, version, data, *of_set = row
    return _Line(id_, record_id, op, version, orjson.loads(data), *of_set)


def _last_before(ids: Sequence[int], least: int) -> dict[int, _Line]:
    """Return the last change of records before the one with an id, by id of the record."""
    if not ids:
        return {}
    newest = (
        sa.select(sa.func.max(_CHANGE.c.id))
        .where(among(_CHANGE.c.record_id), _CHANGE.c.id < least)
        .group_by(_CHANGE.c.record_id)
    )
    query = _LINES.where(_CHANGE.c.id.in_(newest))
    rows = db.current().connection.execute(query, {"ids": ids})
    return {line.record_id: line for line in map(_line, rows)}
