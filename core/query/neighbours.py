"""Where a record stands in a list: what comes before it, what after, and how far down it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from .. import access, db
from ..errors import RelatumError
from ..fields.number import INTEGER_LIMIT
from . import density, filters, sorting
from .compiling import seen
from .lists import DENSE, conditions
from .terms import Query, SortKey

_PREVIOUS, _NEXT, _BEFORE, _ALL = range(4)
_WHOLE: Final = sa.Integer()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The records around one in a list, by id; None where the list ends.

    `position` counts from 1; it is None if the record does not meet the filter (any more), or is
    further down than `count_cap`. `count` is {value, exact}, as of a page.
    """

    previous: int | None
    next: int | None
    position: int | None
    count: dict[str, Any]


def neighbours(query: Query, record_id: int) -> Neighbours:
    """Return what stands around a record in a list, in two statements however long that is.

    A record that does not meet the filter has neighbours, too: those that it would stand between.
    Raises `record_unknown`, `not_sortable` and `sort_too_costly`.
    """
    if query.as_of is not None:
        reason = "what stands around a record is asked for as it is now"
        raise RelatumError("bad_parameter", name="as_of", reason=reason)
    return _Around(query).of(record_id)


class _Around:
    """One list, looked at from one of its records."""

    def __init__(self, query: Query) -> None:
        actor = query.actor
        self.query, self.type = query, query.type
        self.keys = sorting.read(access.seen(actor), query.type, query.sort)
        self.values = filters.values(query.filter, actor)
        self.cap = db.settings().count_cap
        self.most = self._most()
        self.few = density.is_few(query)
        self.shape = (
            self.few,
            filters.shape(query.filter),
            query.trashed,
            tuple((*key.path.shape, key.descending) for key in self.keys),
        )

    def of(self, record_id: int) -> Neighbours:
        """Read the neighbours of a record."""
        inside, matching, position = self._place(record_id)
        dense = matching is not None and self.keys[0].indexed and matching >= DENSE
        empty = tuple(value is None for value in position)
        shape = ("neighbours", *self.shape, empty, dense)
        statement = self.type.statement(shape, lambda: sa.union_all(*self._parts(empty, dense)))
        values = {f"s{place}": value for place, value in enumerate(position)}
        values |= {**self.values, "cap": self.cap + 1}
        found: dict[int, dict[int, int]] = {}
        for side, rank, value in db.current().connection.execute(statement, values):
            found.setdefault(side, {})[rank] = value
        before, count = sum(found[_BEFORE].values()), found[_ALL][0]
        return Neighbours(
            _first(found.get(_PREVIOUS)),
            _first(found.get(_NEXT)),
            before + 1 if inside and before < self.cap else None,
            {"value": min(count, self.cap), "exact": count <= self.cap},
        )

    # -- where it stands ---------------------------------------------------------------------
    def _place(self, record_id: int) -> tuple[bool, int | None, tuple[Any, ...]]:
        """Return whether the list holds a record, how many it holds if that matters, its place."""
        statement = self.type.statement(("placed", *self.shape, self.most), self._placing)
        values = {**self.values, "id": record_id, "most": self.most}
        possible = 0 < record_id <= INTEGER_LIMIT
        row = db.current().connection.execute(statement, values).one_or_none() if possible else None
        if row is None:
            raise RelatumError("record_unknown", type=self.type.name, id=record_id)
        inside, matching, *position = row
        if not self.keys[0].indexed and matching >= self.most:
            field = self.keys[0].path.text
            raise RelatumError("sort_too_costly", field=field, limit=db.settings().sort_cap)
        return bool(inside), matching, tuple(position)

    def _placing(self) -> Any:
        table = self.type.table
        met = sa.and_(*conditions(self.query, table=table, few=self.few))
        terms = sorting.terms(self.keys, table, backwards=False)
        placed = [term.expression.label(f"k{place}") for place, term in enumerate(terms)]
        matching: Any = sa.null().cast(_WHOLE)
        if self.most is not None:
            matching = self._count(sa.bindparam("most", type_=_WHOLE))
        inside = sa.case((met, 1), else_=0)
        return sa.select(inside, matching.label("matching"), *placed).where(
            table.c.id == sa.bindparam("id"), seen(self.type, table)
        )

    def _most(self) -> int | None:
        """Return up to which number it matters how many records match, as for a page."""
        first: SortKey = self.keys[0]
        if not first.indexed:
            return db.settings().sort_cap + 1
        if db.current().dialect != "sqlite" or not filters.is_driven(self.query.filter):
            return None
        ordered = filters.is_ordered(self.query.filter, self.type, first.path.field.key_column)
        return None if ordered else DENSE

    # -- what stands around it ---------------------------------------------------------------
    def _parts(self, empty: sorting.Shape, dense: bool) -> Iterator[Any]:
        limit = sa.bindparam("cap", type_=_WHOLE)
        for side, backwards in ((_NEXT, False), (_PREVIOUS, True)):
            for rank, (rows, table) in enumerate(self._beyond(empty, dense, backwards)):
                one = rows.with_only_columns(table.c.id).limit(1).subquery()
                yield sa.select(_number(side), _number(rank), one.c.id)
                if backwards:
                    some = rows.with_only_columns(table.c.id).limit(limit).subquery()
                    counted = sa.select(sa.func.count()).select_from(some).scalar_subquery()
                    yield sa.select(_number(_BEFORE), _number(rank), counted)
        yield sa.select(_number(_ALL), _number(0), self._count(limit))

    def _beyond(
        self, empty: sorting.Shape, dense: bool, backwards: bool
    ) -> Iterator[tuple[Any, Any]]:
        table = self.type.table.alias()
        terms = sorting.terms(self.keys, table, backwards=backwards)
        rows = sa.select(table.c.id).where(
            *conditions(self.query, table=table, dense=dense, few=self.few)
        )
        rows = rows.order_by(*(term.ordered() for term in terms))
        for branch in sorting.branches(terms, empty):
            yield rows.where(branch), table

    def _count(self, limit: Any) -> Any:
        table = self.type.table.alias()
        met = conditions(self.query, table=table, few=self.few)
        some = sa.select(table.c.id).where(*met).limit(limit).subquery()
        return sa.select(sa.func.count()).select_from(some).scalar_subquery()


def _number(value: int) -> Any:
    return sa.literal_column(str(value), _WHOLE)


def _first(found: dict[int, int] | None) -> int | None:
    """Return the id of the first branch that found one."""
    return found[min(found)] if found else None
