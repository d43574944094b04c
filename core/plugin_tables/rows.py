"""Rows of a plugin's own table, read and written in the open transaction by batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from .. import catalog, db, spine
from ..errors import Invalid, Problem, RelatumError, nearest
from ..fields import Refused, kind_of
from ..storage import Ids, among, slices
from . import ledger
from .definitions import Column, Table

Row = Mapping[str, Any]
#: Conditions on columns by name.
Where = Mapping[str, Any] | None
_ID: Final = Column(name="id", kind="integer")
_SLICE: Final = 1000


def open_table(plugin: str, name: str) -> OwnTable:
    """Return a table of a plugin in the open transaction; raise `own_table_unknown`."""
    tables = ledger.tables_of(plugin)
    if name not in tables:
        near = nearest(str(name)[:40], sorted(tables))
        raise RelatumError("own_table_unknown", plugin=plugin, table=str(name)[:40], nearest=near)
    return OwnTable(tables[name])


class OwnTable:
    """A plugin's own table, as `ctx.table(NAME)` gives it: in the transaction of whoever calls.

    Rows are dictionaries with Python values: str, int, Decimal, bool, date, time, datetime with a
    zone, and what JSON has; never a float outside of JSON. `where` names what columns must equal:
    one value, any of a list, or None for empty; `at_least` and `below` are for ranges. Writing
    needs a transaction that writes; values that don't fit raise `Invalid`, a column that is not
    there `own_column_unknown`. No access rights apply: who may see what is the plugin's to say.
    """

    def __init__(self, table: Table) -> None:
        self._table, self._sql = table, table.sql

    @property
    def name(self) -> str:
        """The short name."""
        return self._table.name

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, `id` first."""
        return ("id", *self._table.by_name)

    # -- writing ---------------------------------------------------------------------------
    def insert(self, rows: Iterable[Row]) -> list[int]:
        """Write new rows and return their ids; columns that a row leaves out get their default."""
        tx = db.for_writing()
        given = [dict(row) for row in rows]
        made = self._checked(given, self._table.columns, _with_default)
        # SQLite counts ids up row by row, so they need no statement for each row to be in order.
        lite = tx.dialect == "sqlite"
        key = self._sql.c.id
        statement = sa.insert(self._sql).returning(key, sort_by_parameter_order=not lite)
        ids: list[int] = []
        for piece in slices(made, _SLICE):
            written = tx.connection.execute(statement, piece).scalars()
            ids += sorted(written) if lite else written
        return ids

    def update(self, rows: Iterable[Row]) -> int:
        """Change rows by `id`: the columns that each names. Return how many of them there are."""
        tx = db.for_writing()
        given = [dict(row) for row in rows]
        ids = [_stored_id(row.pop("id", None), place) for place, row in enumerate(given)]
        there = self._locked(ids)
        groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for id_, row in zip(ids, self._checked(given, (), _given), strict=True):
            if id_ in there and row:
                groups.setdefault(tuple(sorted(row)), []).append({**row, "id_": id_})
        for names, changed in groups.items():
            values: dict[str, Any] = {name: sa.bindparam(name) for name in names}
            here = self._sql.c.id == sa.bindparam("id_")
            statement = sa.update(self._sql).where(here).values(**values)
            tx.connection.execute(statement, changed)
        return len(there)

    def delete(self, where: Where = None, *, at_least: Where = None, below: Where = None) -> int:
        """Delete the rows that meet conditions, at least one; return how many."""
        found = self._conditions(where, at_least, below)
        if not found:
            raise ValueError("delete() needs a condition; at_least={'id': 0} means every row")
        statement = sa.delete(self._sql).where(*found)
        return int(db.for_writing().connection.execute(statement).rowcount)

    # -- reading ---------------------------------------------------------------------------
    def select(
        self,
        where: Where = None,
        *,
        at_least: Where = None,
        below: Where = None,
        order: Sequence[str] = (),
        limit: int,
        hold: bool = False,
    ) -> list[dict[str, Any]]:
        """Return at most `limit` rows that meet conditions, by `order` and then `id`.

        `order` are names of columns, with a - before them for the largest first; empty is
        smallest. The next rows follow by `at_least={"id": last + 1}`. Rows that are read to be
        changed are held: nobody else changes them until the commit, which needs a transaction
        that writes.
        """
        query = sa.select(self._sql).where(*self._conditions(where, at_least, below))
        ordered = query.order_by(*map(self._ordered, order), self._sql.c.id).limit(limit)
        tx = db.for_writing() if hold else db.current()
        found = tx.connection.execute(ordered.with_for_update() if hold else ordered).mappings()
        return [self._shown(dict(row)) for row in found]

    def select_each(
        self, column: str, values: Iterable[int], *, limit: int
    ) -> dict[int, list[dict[str, Any]]]:
        """Return for each value of a column of whole numbers at most `limit` of its rows.

        One statement, whatever their number; which rows of more than `limit` is not said. The
        column needs an index. Values without rows are left out.
        """
        known = self._column(column)
        if known.kind not in ("integer", "ref"):
            raise ValueError(f"'{column}' holds no whole numbers")
        name = known.name
        found: dict[int, list[dict[str, Any]]] = {}
        make = _each_lateral if db.current().dialect == "postgresql" else _each_by_id
        query = make(self._sql, name)
        for piece in slices(set(values), _SLICE):
            asked = {"each": piece, "most": limit}
            for row in db.current().connection.execute(query, asked).mappings():
                found.setdefault(row[name], []).append(self._shown(dict(row)))
        return found

    def count(self, where: Where = None, *, at_least: Where = None, below: Where = None) -> int:
        """Return how many rows meet conditions."""
        query = sa.select(sa.func.count()).select_from(self._sql)
        counted = query.where(*self._conditions(where, at_least, below))
        return int(db.current().connection.execute(counted).scalar_one())

    def sums(
        self,
        column: str,
        *,
        by: str,
        where: Where = None,
        at_least: Where = None,
        below: Where = None,
    ) -> dict[Any, Any]:
        """Return the sum of a column of numbers by the values of another column."""
        known = self._column(column)
        if known.kind not in ("integer", "decimal"):
            raise ValueError(f"'{column}' holds no numbers")
        key, summed = self._sql.c[self._column(by).name], sa.func.sum(self._sql.c[column])
        query = sa.select(key, summed).where(*self._conditions(where, at_least, below))
        found = db.current().connection.execute(query.group_by(key))
        whole = known.kind == "integer"
        return {k: int(v) if whole and v is not None else v for k, v in found}

    # -- values ----------------------------------------------------------------------------
    def _column(self, name: str) -> Column:
        found = _ID if name == "id" else self._table.by_name.get(name)
        if found is None:
            raise RelatumError(
                "own_column_unknown", plugin=self._table.plugin, table=self.name,
                column=str(name)[:40], nearest=nearest(str(name)[:40], self.columns),
            )  # fmt: skip
        return found

    def _checked(
        self,
        rows: Sequence[dict[str, Any]],
        always: Sequence[Column],
        take: Callable[[Column, Row], Any],
    ) -> list[dict[str, Any]]:
        """Return rows as they are stored, with the columns they name and some others."""
        problems: list[Problem] = []
        made: list[dict[str, Any]] = []
        for place, row in enumerate(rows):
            named = {name: self._table.by_name.get(name) or self._column(name) for name in row}
            stored: dict[str, Any] = {}
            for column in {**{c.name: c for c in always}, **named}.values():
                try:
                    stored[column.name] = take(column, row)
                except Refused as refused:
                    problems.append(refused.problem.at(field=column.name, row=place))
            made.append(stored)
        problems += [p for c in self._table.references for p in _unknown(c, made)]
        if problems:
            raise Invalid(sorted(problems, key=lambda problem: problem.row or 0))
        return made

    def _locked(self, ids: Sequence[int]) -> set[int]:
        """Return those ids that are there; their rows are nobody else's until the commit."""
        query = sa.select(self._sql.c.id).where(among(self._sql.c.id)).order_by(self._sql.c.id)
        connection = db.current().connection
        return set(connection.execute(query.with_for_update(), {"ids": list(ids)}).scalars())

    def _conditions(self, where: Where, at_least: Where, below: Where) -> list[Any]:
        made = []
        for name, value in (where or {}).items():
            column, sql = self._column(name), self._sql.c[name]
            if isinstance(value, (list, tuple, set, frozenset)):
                made.append(sql.in_([_operand(column, each) for each in value]))
            elif value is None:
                made.append(sql.is_(None))
            else:
                made.append(sql == _operand(column, value))
        for name, value in (at_least or {}).items():
            made.append(self._sql.c[name] >= _operand(self._column(name), value))
        for name, value in (below or {}).items():
            made.append(self._sql.c[name] < _operand(self._column(name), value))
        return made

    def _ordered(self, name: str) -> Any:
        sql = self._sql.c[self._column(name.removeprefix("-")).name]
        return sql.desc().nulls_last() if name.startswith("-") else sql.asc().nulls_first()

    def _shown(self, shown: dict[str, Any]) -> dict[str, Any]:
        for column in self._table.columns:
            if column.kind == "json":
                shown[column.name] = column.field.wire(shown[column.name])
        return shown


@lru_cache(maxsize=64)
def _each_lateral(table: sa.Table, name: str) -> Any:
    given = sa.func.unnest(sa.bindparam("each", type_=Ids())).table_valued("value")
    given = given.render_derived()
    some = (
        sa.select(table).where(table.c[name] == given.c.value).limit(sa.bindparam("most")).lateral()
    )
    return sa.select(some).select_from(sa.join(given, some, sa.true()))


@lru_cache(maxsize=64)
def _each_by_id(table: sa.Table, name: str) -> Any:
    """Return what PostgreSQL does by LATERAL, which SQLite does not have."""
    given = sa.func.json_each(sa.bindparam("each", type_=Ids())).table_valued("value")
    other = table.alias()
    some = sa.select(other.c.id).where(other.c[name] == given.c.value)
    some = some.limit(sa.bindparam("most")).correlate(given)
    found = sa.join(given, table, table.c.id.in_(some.scalar_subquery()))
    return sa.select(table).select_from(found)


def _stored(column: Column, value: Any) -> Any:
    """Return a value as it is stored; raise `Refused`."""
    stored = None if value is None or value == "" else _operand(column, value)
    if stored is None:
        if column.required:
            raise Refused("required")
        return column.field.empty
    return stored


def _operand(column: Column, value: Any) -> Any:
    if isinstance(value, float) and column.kind in ("decimal", "integer", "ref"):
        raise Refused("not_decimal" if column.kind == "decimal" else "not_integer",
                      got=kind_of(value))  # fmt: skip
    return column.field.check(value)


def _with_default(column: Column, row: Row) -> Any:
    if column.name not in row and column.default is not None:
        return column.field.unwire(column.default)
    return _stored(column, row.get(column.name))


def _given(column: Column, row: Row) -> Any:
    return _stored(column, row[column.name])


def _stored_id(value: Any, place: int) -> int:
    try:
        return int(_ID.field.check(value))
    except Refused as refused:
        raise Invalid([refused.problem.at(field="id", row=place)]) from None


# -- references -------------------------------------------------------------------------------
def _unknown(column: Column, rows: Sequence[Row]) -> Iterator[Problem]:
    """Yield what refers to no record; those that it refers to stay until the commit."""
    ids = {row[column.name] for row in rows if row.get(column.name) is not None}
    lost = ids - there(column, ids) if ids else set()
    for place, row in enumerate(rows):
        if row.get(column.name) in lost:
            shown = {"type": column.type or "record", "id": row[column.name]}
            yield Problem("reference_unknown", shown, field=column.name, row=place)


def there(column: Column, ids: Iterable[int]) -> set[int]:
    """Return those ids that a reference may have: of records of its type, in the trash too.

    Nobody purges them before the open transaction ends.
    """
    known = catalog.current()
    if column.type is None:
        types = [known.by_id[id_] for id_ in spine.types_of(list(ids)) if id_ in known.by_id]
    else:
        types = [known.types[column.type]] if column.type in known.types else []
    found: set[int] = set()
    for entity_type in types:
        table = entity_type.table
        query = sa.select(table.c.id).where(among(table.c.id)).order_by(table.c.id)
        held = query.with_for_update(read=True, key_share=True)
        found.update(db.current().connection.execute(held, {"ids": list(ids)}).scalars())
    return found


# -- rows that come back ----------------------------------------------------------------------
def put_back(plugin: str, name: str, rows: Sequence[Row]) -> int:
    """Write rows of stored values, with their ids; return how many there are."""
    tx, table = db.for_writing(), ledger.tables_of(plugin)[name]
    made = [
        {"id": row["id"], **{c.name: _kept(c, row) for c in table.columns}} for row in rows
    ]  # fmt: skip
    if made:
        tx.connection.execute(sa.insert(table.sql), made)
    follow_ids(tx.connection, table)
    return len(made)


def _kept(column: Column, row: Row) -> Any:
    value = row.get(column.name)
    if column.name not in row and column.default is not None:
        value = column.field.unwire(column.default)
    return column.field.empty if value is None else value


def follow_ids(connection: sa.Connection, table: Table) -> None:
    """Let new ids follow those that rows came with; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    name = connection.dialect.identifier_preparer.quote(table.physical)
    connection.exec_driver_sql(
        f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), "
        f"(SELECT COALESCE(max(id), 0) + 1 FROM {name}), false)"
    )
