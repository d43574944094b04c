"""A page of records: one statement for the rows, one per type for what they point to (D17)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from .. import access, catalog, db
from ..errors import RelatumError
from . import compiling, cursors, density, filters, merging, past, sorting
from .expanding import expand
from .related import Related, all_fields
from .terms import Query, SortKey


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    `records` holds {"id": …, field or path: wire value}; `labels` says what each record that is
    pointed to is called: {"id": {type, label, trashed}}. `next` and `previous` are cursors, and
    `count` is {value, exact} if it was asked for.
    """

    records: list[dict[str, Any]]
    labels: dict[str, dict[str, Any]]
    next: str | None
    previous: str | None
    count: dict[str, Any] | None


def page(query: Query) -> Page:
    """Return a page of records.

    Raises `not_sortable`, `sort_too_costly`, `bad_cursor`, `cursor_expired`,
    `bad_parameter`, `as_of_refused` and `as_of_limit`.
    """
    if query.group or query.select or query.tz:
        raise RelatumError(
            "bad_parameter", name="group", reason="groups have an address of their own"
        )
    if query.after is not None and query.before is not None:
        raise RelatumError("bad_parameter", name="after", reason="it can't go with before")
    return _List(query).page()


def count(query: Query) -> dict[str, Any]:
    """Return how many records a list has, up to `count_cap`: {value, exact}."""
    return _List(query).count()


#: From so many matching records on, a page is read along the order's index.
DENSE = 2000


class _List:
    """One list on its way: its order, its shown fields and the values of its filter."""

    def __init__(self, query: Query) -> None:
        actor = self.actor = query.actor
        known = access.seen(actor)
        self.query, self.catalog, self.type = query, known, query.type
        self.connection = db.current().connection
        self.keys = sorting.read(known, query.type, query.sort)
        self.limit = query.limit or db.settings().page_default
        self.values = filters.values(query.filter, actor)
        self.table: Any = query.type.table
        self.past: tuple[object, ...] = ()
        self.density = density.of(query)
        self.few = self.density.few
        if query.as_of is not None:
            self._look_back(query, query.as_of)
        self.digest = cursors.digest(query, self.keys)
        self.backwards = query.before is not None
        self.dense = False
        #: How many records match, and up to how many they were counted.
        self.counted: tuple[int, int] | None = None
        shown = query.fields or all_fields(known, query.type)
        self.related = Related(known, shown, actor, labelled=query.labelled)
        #: The teams of which pages are merged; None: the page is read in one piece.
        self.teams = None if self.few else merging.teams(query, self.keys)

    def _look_back(self, query: Query, at: datetime) -> None:
        """Ask the records as they stood at an instant."""
        past.check(query)
        for key in self.keys:
            past.check_path(key.path)
        then = past.Past(query.type, at)
        self.table, self.past = then.table, then.shape
        self.values |= then.values
        self.query = replace(query, filter=then.filter(query.filter))

    def page(self) -> Page:
        """Read the page."""
        self._check_cost()
        self.dense = self._is_dense()
        position = None
        cursor = self.query.before or self.query.after
        if cursor is not None:
            position = cursors.read(self.catalog, self.digest, self.keys, cursor)
        rows = self._rows(position)
        more = len(rows) > self.limit
        rows = rows[: self.limit]
        if self.backwards:
            rows.reverse()
        records, labels = self.related.records(rows)
        for name, relation in self.query.expand:
            labels |= expand(self.catalog, self.type, records, name, relation, actor=self.actor)
        following, before = (True, more) if self.backwards else (more, position is not None)
        return Page(
            records,
            labels,
            self._cursor(rows[-1]) if rows and following else None,
            self._cursor(rows[0]) if rows and before else None,
            self.count() if self.query.count else None,
        )

    def _cursor(self, row: Any) -> str:
        position = row[-len(self.keys) :]
        return cursors.write(self.catalog, self.digest, self.keys, tuple(position))

    # -- statements --------------------------------------------------------------------------
    def _rows(self, position: cursors.Position | None) -> list[Any]:
        """Return up to one row more than the page has, in the order of reading."""
        empty = None if position is None else tuple(value is None for value in position)
        values = {**self.values, **merging.values(self.teams or ()), "limit": self.limit + 1}
        for place, value in enumerate(position or ()):
            values[f"s{place}"] = value
        found: list[Any] = []
        for statement in self._statements(empty):
            values["limit"] = self.limit + 1 - len(found)
            found += self.connection.execute(statement, values).all()
            if len(found) > self.limit:
                break
        return found

    @property
    def _sight(self) -> tuple[object, ...]:
        return self.past, self.few, self.query.also

    @property
    def _longest(self) -> int:
        """How many rows a statement may be for, and one more: a power of two, so they are few."""
        return 1 << self.limit.bit_length()

    @property
    def _merges(self) -> tuple[object, ...] | None:
        if self.teams is None:
            return None
        return len(self.teams), self.density.many_shared, self._longest

    def _statements(self, empty: sorting.Shape | None) -> list[Any]:
        shape = (
            "rows",
            filters.shape(self.query.filter),
            self.query.trashed,
            tuple((*key.path.shape, key.descending) for key in self.keys),
            self.related.columns,
            self.backwards,
            self.dense,
            empty,
            self._merges,
            *self._sight,
        )
        made: list[Any] = self.type.statement(shape, lambda: list(self._made(empty)))
        return made

    def _made(self, empty: sorting.Shape | None) -> Any:
        """Yield the statements that together, in order, give the rows after a position."""
        for place in range(len(self._after(self.table, empty))):
            rows = merging.Rows(
                partial(self._met, empty, place), self._terms, self.related.shown, self._longest
            )
            if self.teams is None:
                made = rows.asked(self.table, *rows.met(self.table))
                yield rows.ordered(made, self.table).limit(merging.LIMIT)
            else:
                many = self.density.many_shared
                yield merging.page(self.query, len(self.teams), rows, many_shared=many)

    def _terms(self, table: Any) -> list[sorting.Term]:
        return sorting.terms(self.keys, table, backwards=self.backwards)

    def _after(self, table: Any, empty: sorting.Shape | None) -> list[Any]:
        """Return the conditions of the rows after the cursor, one for each statement."""
        return [sa.true()] if empty is None else [*sorting.branches(self._terms(table), empty)]

    def _met(self, empty: sorting.Shape | None, place: int, table: Any) -> list[Any]:
        """Return what the rows of one statement meet; who sees them is up to `merging` if it is."""
        if self.teams is None:
            made = conditions(self.query, table=table, dense=self.dense, few=self.few)
        else:
            made = matching(self.query, table)
        return [*made, self._after(table, empty)[place]]

    # -- counts ------------------------------------------------------------------------------
    def count(self) -> dict[str, Any]:
        """Return how many records match, up to a cap."""
        cap = db.settings().count_cap
        found = self._matching(cap + 1)
        return {"value": min(found, cap), "exact": found <= cap}

    def _matching(self, most: int) -> int:
        """Return how many records match, up to `most`; who counted further does not count again."""
        if self.counted is None or self.counted[0] == self.counted[1] < most:
            self.counted = self._counted(most), most
        return min(self.counted[0], most)

    def _counted(self, most: int) -> int:
        shape = (
            "count",
            filters.shape(self.query.filter),
            self.query.trashed,
            *self._sight,
        )
        statement = self.type.statement(shape, self._counting)
        return int(self.connection.execute(statement, {**self.values, "limit": most}).scalar_one())

    def _counting(self) -> Any:
        limit = sa.bindparam("limit", type_=sa.Integer())
        found: Any = sa.select(sa.literal_column("1")).select_from(self.table)
        found = found.where(*conditions(self.query, table=self.table, few=self.few)).limit(limit)
        return sa.select(sa.func.count()).select_from(found.subquery())

    def _is_dense(self) -> bool:
        """Say whether so many records match that the order's own index is the way to the page.

        SQLite plans without a look at LIMIT: it would rather sort all of them.
        """
        first: SortKey = self.keys[0]
        if db.current().dialect != "sqlite" or not first.indexed:
            return False
        if filters.is_ordered(self.query.filter, self.type, first.path.field.key_column):
            return False
        return filters.is_driven(self.query.filter) and self._matching(DENSE) == DENSE

    def _check_cost(self) -> None:
        """Refuse to sort many records by what no index is ordered by."""
        first: SortKey = self.keys[0]
        cap = db.settings().sort_cap
        if not first.indexed and self._matching(cap + 1) > cap:
            raise RelatumError("sort_too_costly", field=first.path.text, limit=cap)


def narrowed(query: Query, action: str) -> Query:
    """Return a query about those records only that who asks may do something with.

    Raises `forbidden`, `type_unknown`.
    """
    name = query.type.name
    access.require(query.actor, action, f"records of '{name}'", name)
    rule = access.rule(query.actor, action, catalog.current().type(name))
    return query if rule is None else replace(query, also=rule)


def conditions(query: Query, *, table: Any, dense: bool = False, few: bool = False) -> list[Any]:
    """Return what the records of a query must meet: alive (or trashed), and the filter.

    `table` is that of the type, or an alias where one stands beside others of the same; `few` says
    that who asks sees few records (`density`).
    """
    return matching(query, table, dense=dense) + _allowed(query, table, few)


def matching(query: Query, table: Any, *, dense: bool = False) -> list[Any]:
    """Return what the records of a query must meet, whoever asks."""
    alive = table.c.trashed_at.is_not(None) if query.trashed else table.c.trashed_at.is_(None)
    return [alive, compiling.compile(query.filter, table, dense=dense)]


def _allowed(query: Query, table: Any, few: bool) -> list[Any]:
    """Return which records whoever asks sees, and of those the ones that the query is about."""
    of, also = query.type, query.also
    if of.rule is None and also is None:
        return []
    # What was, is for those who see the record today.
    at = table if query.as_of is None else of.table
    made = [compiling.among_few(of, at) if few else compiling.seen(of, at)]
    if also is not None:
        made.append(compiling.admitted(of, also, at, shared=None))
    return made if at is table else [table.c.id.in_(sa.select(at.c.id).where(*made))]
