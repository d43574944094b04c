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
from ..storage import among, plain
from .remade import Remade

_CHANGE: Final[Any] = models.Change.__table__
_SET: Final[Any] = models.ChangeSet.__table__
_RECORD: Final[Any] = models.Record.__table__
#: The number of a change, where it is the records that lead to the changes.
_number: Final = plain(_CHANGE.c.id)
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
    record = _CHANGE.c.record_id
    if only is None:
        # SQLite would rather look through all changes there are than begin with those change sets.
        record = plain(record)
        later = sa.select(_SET.c.id).where(_SET.c.at > at)
        found_in = [_CHANGE.c.change_set_id.in_(later), plain(_RECORD.c.type_id) == entity_type.id]
        query = sa.select(record, sa.func.min(_CHANGE.c.id)).join_from(_CHANGE, _RECORD)
    else:
        found_in = [_SET.c.at > at, among(record)]
        query = sa.select(record, sa.func.min(_CHANGE.c.id)).join_from(_CHANGE, _SET)
    values = {} if only is None else {"ids": only}
    query = query.where(*found_in).group_by(record)
    rows = db.current().connection.execute(query.limit(limit + 1), values)
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
            (field, tuple(str(column.name) for column in field.columns()))
            for field in entity_type.fields.values()
            if field.name not in _KERNEL
        ]
        self.later: dict[int, list[_Line]] = {id_: [] for id_ in first}
        self.earlier: dict[int, list[_Line]] = {}

    def result(self) -> Rebuilt:
        """Read and rebuild them."""
        ids, least = sorted(self.first), min(self.first.values())
        for line in _lines(ids, _number >= least):
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
        names = [str(column.name) for f in self.type.fields.values() for column in f.columns()]
        query = sa.select(*(table.c[name] for name in names)).where(among(table.c.id))
        rows = db.current().connection.execute(query, {"ids": ids})
        return {row.id: dict(zip(names, row, strict=True)) for row in rows}

    def _read_earlier(self, ids: Sequence[int], least: int) -> None:
        found: dict[int, list[_Line]] = {}
        for line in _lines(ids, _number < least):
            found.setdefault(line.record_id, []).append(line)
        for id_, lines in found.items():
            self.earlier[id_] = [*lines, *self.earlier.get(id_, ())]

    def _row(
        self, id_: int, current: dict[str, Any] | None, last: tuple[datetime, int | None] | None
    ) -> dict[str, Any]:
        later, earlier = self.later[id_], self.earlier.get(id_, [])
        if earlier:
            last = earlier[-1].at, earlier[-1].actor
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
            row |= self._system(updated_at=last[0], updated_by=last[1])
        return row

    def _system(self, **values: Any) -> dict[str, Any]:
        """Return values of fields of the kernel by their columns, of those that the type has."""
        known = self.type.fields
        return {str(known[name].column): value for name, value in values.items() if name in known}


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
        id_, record_id, op, version, data, *of_set = row
        yield _Line(id_, record_id, op, version, orjson.loads(data), *of_set)


def _last_before(ids: Sequence[int], least: int) -> dict[int, tuple[datetime, int | None]]:
    """Return when and by whom records were last changed before the change with an id."""
    if not ids:
        return {}
    newest = (
        sa.select(sa.func.max(_CHANGE.c.id))
        .where(among(_CHANGE.c.record_id), _number < least)
        .group_by(_CHANGE.c.record_id)
    )
    query = sa.select(_CHANGE.c.record_id, _SET.c.at, _SET.c.actor_id).join_from(_CHANGE, _SET)
    rows = db.current().connection.execute(query.where(_CHANGE.c.id.in_(newest)), {"ids": ids})
    return {id_: (at, actor) for id_, at, actor in rows}
