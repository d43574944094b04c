"""Aggregates: records in groups, counted, summed and averaged by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from .. import access, db, types
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields import Lookup, Money, Several
from . import filters, past
from .compiling import live
from .dateparts import part_of
from .lists import conditions
from .paths import Path
from .related import Labels, labels_of
from .terms import Aggregate, Query

#: Sums stay within 64 bits on both databases, scaled digits included.
_SUM_LIMIT = 2**63
_SIX_DIGITS = Decimal("0.000001")
_COUNT = Aggregate("count", None, "count")


@dataclass(frozen=True, slots=True)
class Groups:
    """What was computed: one row per group, {group or function as it was asked for: value}.

    Averages are decimals with six digits at most, rounded half up. `labels` names the records
    that groups point to: {"id": {type, label, trashed}}. `currencies` says in which currency the
    amounts of each function are: {function as it was asked for: code}.
    """

    groups: list[dict[str, Any]]
    labels: Labels
    currencies: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return it as answers show it."""
        return {"groups": self.groups, "labels": self.labels, "currencies": self.currencies}


def aggregate(query: Query) -> Groups:
    """Return the groups of a query, at most group_limit; without functions they are counted.

    Raises `not_groupable`, `group_limit`, `sum_overflow`, `bad_parameter`,
    `as_of_refused`, `as_of_limit`.
    """
    for word in ("fields", "expand", "after", "before", "count"):
        if getattr(query, word):
            raise RelatumError("bad_parameter", name=word, reason="it is for lists, not for groups")
    for path in query.group:
        if not path.field.value_type.groupable or path.field.name == "id":
            raise RelatumError("not_groupable", field=path.text, kind=path.field.kind)
    return _Grouping(query).groups()


class _Grouping:
    """One aggregate: the tables it joins, what it groups by and computes."""

    def __init__(self, query: Query) -> None:
        actor = query.actor
        self.query, self.catalog = query, access.seen(actor)
        self.actor = actor
        self.select = query.select or (_COUNT,)
        self.order = _order(query, self.select)
        self.values = filters.values(query.filter, actor)
        self.connection = db.current().connection
        self.table: Any = query.type.table
        if query.as_of is not None:
            past.check(query)
            then = past.Past(query.type, query.as_of)
            self.table = then.table
            self.values |= then.values
            self.query = replace(query, filter=then.filter(query.filter))
        self.source: Any = self.table
        self.joined: dict[tuple[str, ...], Any] = {(): self.table}

    def groups(self) -> Groups:
        """Run the statement."""
        limit = db.settings().group_limit
        try:
            rows = self.connection.execute(self._statement(limit + 1), self.values).all()
        except sa_exc.DBAPIError as error:
            if "integer overflow" in str(error.orig):
                names = [
                    a.path.text for a in self.select if a.path and a.function in ("sum", "avg")
                ]
                raise RelatumError("sum_overflow", field=", ".join(names)) from None
            raise
        if len(rows) > limit:
            raise RelatumError("group_limit", limit=limit)
        groups = [self._row(row) for row in rows]
        for text, descending in reversed(self.order):
            groups.sort(key=lambda group: _smallest_first(group[text]), reverse=descending)
        groups = groups[: self.query.limit]
        wired = [self._wired(group) for group in groups]
        return Groups(wired, self._labels(groups), self._currencies())

    # -- the statement -----------------------------------------------------------------------
    def _statement(self, limit: int) -> Any:
        shown: list[Any] = []
        grouped: list[Any] = []
        order: list[Any] = []
        for place, path in enumerate(self.query.group):
            name: Any = sa.literal_column(f"g{place}_")
            table = self._join(path)
            if isinstance(path.field, Several):
                key = self._parted(table, path.field)
                shown.append(sa.func.min(key.table.c.value).label(f"g{place}_"))
                grouped.append(key)
                order.append(path.field.order(key).asc().nulls_first())
                continue
            value = table.c[path.field.column]
            shown.append(self._grouped_value(path, value).label(f"g{place}_"))
            grouped.append(name)
            key = table.c[path.field.key_column]
            if path.part is None and path.field.key_column != path.field.column:
                grouped.append(key)
            ordered = name if path.part is not None else path.field.order(key)
            order.append(ordered.asc().nulls_first())
        for place, wanted in enumerate(self.select):
            shown += [c.label(f"a{place}_{n}") for n, c in enumerate(self._computed(wanted))]
        return (
            sa.select(*shown)
            .select_from(self.source)
            .where(*conditions(self.query, table=self.table))
            .group_by(*grouped)
            .order_by(*order)
            .limit(limit)
        )

    def _join(self, path: Path) -> Any:
        """Return the table of a path's field, joined once; a trashed record counts as none."""
        names: tuple[str, ...] = ()
        for step in path.steps:
            before = self.joined[names]
            names = (*names, step.lookup.name)
            if names not in self.joined:
                table = step.target.table.alias()
                link = before.c[step.lookup.column]
                here = sa.and_(table.c.id == link, live(step.target, table))
                self.source = self.source.outerjoin(table, here)
                self.joined[names] = table
        return self.joined[names]

    def _parted(self, table: Any, field: Several) -> Any:
        """Join the values of a set, so that a record counts in the group of each; return them."""
        values = field.values.alias()
        self.source = self.source.outerjoin(values, values.c.id == table.c.id)
        return values.c[field.MATCHED]

    def _grouped_value(self, path: Path, value: Any) -> Any:
        if path.part is None:
            return value
        if path.part == "category":
            categories = {o.value: o.category for o in path.field.options if o.category}
            return sa.case(categories, value=value) if categories else sa.null()
        zone = self.query.tz or self.catalog.zone
        return part_of(path, value, zone, self._window)

    def _window(self, value: Any) -> tuple[Any, Any]:
        """Return the least and the largest of the instants that the query meets."""
        found = sa.select(sa.func.min(value), sa.func.max(value)).select_from(self.source)
        row = self.connection.execute(
            found.where(*conditions(self.query, table=self.table)), self.values
        ).one()
        return row[0], row[1]

    def _computed(self, wanted: Aggregate) -> list[Any]:
        if wanted.path is None:
            return [sa.func.count()]
        table, field = self._join(wanted.path), wanted.path.field
        if wanted.function == "count":
            return [sa.func.count(table.c[field.condition_column("empty")])]
        column = table.c[field.column]
        match wanted.function:
            case "avg":
                return [sa.func.sum(column, type_=column.type), sa.func.count(column)]
            case "sum":
                return [sa.func.sum(column, type_=column.type)]
        return [getattr(sa.func, wanted.function)(column, type_=column.type)]

    # -- the answer --------------------------------------------------------------------------
    def _row(self, row: Any) -> dict[str, Any]:
        values = iter(row)
        made: dict[str, Any] = {}
        for path in self.query.group:
            made[path.text] = _value(path, next(values))
        for wanted in self.select:
            made[wanted.text] = _result(wanted, values)
        return made

    def _wired(self, group: dict[str, Any]) -> dict[str, Any]:
        """Return a group as it goes out: decimals as text, as their fields write them."""
        for wanted in self.select:
            value = group[wanted.text]
            if wanted.function == "avg" and value is not None:
                group[wanted.text] = format(value, "f")
            elif wanted.path is not None and wanted.function != "count":
                group[wanted.text] = wanted.path.field.wire(value)
        return group

    def _currencies(self) -> dict[str, str]:
        amounts = (
            (wanted.text, wanted.path.field)
            for wanted in self.select
            if wanted.path is not None and wanted.function != "count"
        )
        return {
            text: field.code
            for text, field in amounts
            if isinstance(field, Money) and field.currency_by is None
        }

    def _labels(self, groups: Sequence[dict[str, Any]]) -> Labels:
        labels: Labels = {}
        for path in self.query.group:
            if isinstance(path.field, Lookup):
                target: EntityType = self.catalog.type(path.field.target)
                ids = [group[path.text] for group in groups]
                labels |= labels_of(target, ids, actor=self.actor)
        return labels


def _value(path: Path, value: Any) -> Any:
    as_it_is = path.part is not None or isinstance(path.field, Several)
    return value if as_it_is else path.field.wire(value)


def _result(wanted: Aggregate, values: Any) -> Any:
    found = next(values)
    if wanted.path is None or wanted.function == "count":
        return found
    field = wanted.path.field
    if wanted.function in ("sum", "avg"):
        _check_sum(wanted.path, found)
    if wanted.function == "avg":
        count = next(values)
        if found is None:
            return None
        average = (Decimal(found) / count).quantize(_SIX_DIGITS, ROUND_HALF_UP)
        return average.normalize() + 0
    # PostgreSQL sums whole numbers to a decimal.
    return int(found) if found is not None and field.value_type is types.INTEGER else found


def _check_sum(path: Path, found: Any) -> None:
    if found is None:
        return
    scaled = Decimal(found).scaleb(getattr(path.field, "scale", 0))
    if abs(scaled) >= _SUM_LIMIT:
        raise RelatumError("sum_overflow", field=path.text)


def _order(query: Query, select: Sequence[Aggregate]) -> list[tuple[str, bool]]:
    known = [*(path.text for path in query.group), *(wanted.text for wanted in select)]
    order = []
    for text in query.sort:
        name = text.removeprefix("-")
        if name not in known:
            reason = f"groups are sorted by what they show: {', '.join(known)}"
            raise RelatumError("bad_parameter", name="sort", reason=reason)
        order.append((name, text.startswith("-")))
    return order


def _smallest_first(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)
