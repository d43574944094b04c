"""Order and keyset paging: one order on both databases, pages that start where the last ended.

Empty is the smallest value (M11). A page after a cursor is read in branches, each of which an
index can bound: textbook keyset conditions walk the index from its start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ..catalog import Catalog, EntityType
from ..errors import RelatumError
from . import paths
from .compiling import live, target
from .paths import Path
from .terms import Query, SortKey

Sql = sa.ColumnElement[Any]


def read(catalog: Catalog, entity_type: EntityType, texts: Sequence[str]) -> tuple[SortKey, ...]:
    """Return the sort keys of texts such as `-amount`; the id always decides last.

    Raises `field_unknown`, `path_invalid` or `not_sortable`.
    """
    keys: list[SortKey] = []
    for text in texts:
        path = paths.read(catalog, entity_type, text.removeprefix("-"))
        if not path.field.value_type.ordered:
            raise RelatumError("not_sortable", field=path.text, kind=path.field.kind)
        if all(key.path.text != path.text for key in keys):
            compared = paths.comparable(path, entity_type)
            keys.append(SortKey(compared, text.startswith("-")))
        if path.text == "id":
            return tuple(keys)
    descending = keys[-1].descending if keys else False
    return (*keys, SortKey(paths.read(catalog, entity_type, "id"), descending))


def check(query: Query, known: Catalog) -> None:
    """Raise what listing a query would say of its order; nothing is asked."""
    read(known, query.type, query.sort)


def expression(path: Path, table: Any) -> Sql:
    """Return what records of `table` are ordered by; over a path it is a subquery, never a join."""
    tables = target(table, path)
    made = path.field.order(tables[-1].c[path.field.key_column])
    for place in range(len(path.steps), 0, -1):
        after, before = tables[place], tables[place - 1]
        link = before.c[path.steps[place - 1].lookup.column]
        held = sa.and_(after.c.id == link, live(path.steps[place - 1].target, after))
        made = sa.select(made).where(held).correlate(before).scalar_subquery()
    return made


@dataclass(frozen=True, slots=True)
class Term:
    """A sort key as SQL, and the direction in which this page reads it."""

    expression: Sql
    descending: bool
    #: Whether the value can be missing; an id can't.
    nullable: bool

    def ordered(self) -> Sql:
        """Return the term for ORDER BY."""
        if not self.nullable:
            return self.expression.desc() if self.descending else self.expression.asc()
        if self.descending:
            return self.expression.desc().nulls_last()
        return self.expression.asc().nulls_first()


def terms(keys: Sequence[SortKey], table: Any, *, backwards: bool) -> list[Term]:
    """Return the sort keys as SQL; `backwards` reads the page before a cursor."""
    return [
        Term(
            expression(key.path, table),
            key.descending is not backwards,
            bool(key.path.steps) or key.path.field.name != "id",
        )
        for key in keys
    ]


# -- after a cursor -------------------------------------------------------------------------
Shape = tuple[bool, ...]


def branches(known: Sequence[Term], empty: Shape) -> Iterator[Sql]:
    """Yield the conditions that together, in order, give the rows after a position.

    `empty` says which values of the position are missing; the others are the parameters
    `s0`, `s1`, … of the statement.
    """
    first, rest = known[0], known[1:]
    column = first.expression
    if empty[0]:
        beyond = _beyond(rest, empty[1:], 1)
        yield sa.and_(column.is_(None), beyond)
        if not first.descending:
            yield column.is_not(None)
        return
    value = sa.bindparam("s0", type_=column.type)
    strictly, bounded = _compare(column, value, descending=first.descending)
    if not rest:
        yield strictly
    else:
        equal = sa.and_(column == value, _beyond(rest, empty[1:], 1))
        yield sa.and_(bounded, sa.or_(strictly, equal))
    if first.nullable and first.descending:
        yield column.is_(None)


def _compare(column: Sql, value: Sql, *, descending: bool) -> tuple[Sql, Sql]:
    if descending:
        return column < value, column <= value
    return column > value, column >= value


def _beyond(rest: Sequence[Term], empty: Shape, place: int) -> Sql:
    """Return the condition of rows after a position, of the terms from `place` on."""
    if not rest:
        return sa.false()
    term, column = rest[0], rest[0].expression
    deeper = _beyond(rest[1:], empty[1:], place + 1)
    if empty[0]:
        same = sa.and_(column.is_(None), deeper)
        return same if term.descending else sa.or_(column.is_not(None), same)
    value = sa.bindparam(f"s{place}", type_=column.type)
    strictly, _ = _compare(column, value, descending=term.descending)
    after = sa.or_(strictly, sa.and_(column == value, deeper)) if len(rest) > 1 else strictly
    if term.nullable and term.descending:
        return sa.or_(after, column.is_(None))
    return after
