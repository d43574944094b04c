"""The records of a type as they stood at an instant, as a table to ask.

Most records have not changed since: they are read where they are. Those that have are rebuilt
from the history and handed to the database as one value, in the place of their rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final, NoReturn
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from .. import catalog, clock, db, dialects, types
from ..catalog import Catalog, EntityType
from ..errors import RelatumError
from ..fields import Refused, Several
from ..fields.moment import to_date, to_instant
from ..storage import Int64, Text, apart, each_text
from .paths import Path
from .rebuilding import rebuild
from .terms import Condition, Filter, Has, Junction, Not, Query

#: What follows the column of a set where the texts stand that its values are found by.
_MATCHES: Final = "__m"
#: Characters of a date.
_DATE: Final = 10


def instant(text: str, *, known: Catalog | None = None) -> datetime:
    """Return the instant that an address names; a date alone is the end of that day.

    Raises `bad_parameter` for what is no date or instant, and for one that is still to come.
    """
    text, zone = text.strip(), (known or catalog.current()).zone
    try:
        if len(text) > _DATE:
            # The plus of an offset that was written into an address as it is came as a blank.
            at = to_instant(text[: _DATE + 1] + text[_DATE + 1 :].replace(" ", "+"), zone)
            later = at > clock.now()
        else:
            at = _end_of(to_date(text), zone)
            later = to_date(text) > clock.today(zone)
    except (Refused, OverflowError):
        reason = (
            "it must be an instant such as 2026-01-31T12:00:00Z, or a date: the end of that day"
        )
        raise RelatumError("bad_parameter", name="as_of", reason=reason) from None
    if later:
        reason = "it is still to come. Name an instant up to now"
        raise RelatumError("bad_parameter", name="as_of", reason=reason)
    return at


def _end_of(day: date, zone: str) -> datetime:
    following = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return to_instant(following) - timedelta(microseconds=1)


class Past:
    """The records of a type as of an instant; `only` those with some ids.

    Raises `as_of_limit` if more have changed since than the setting says.
    """

    def __init__(
        self, entity_type: EntityType, at: datetime, *, only: Sequence[int] | None = None
    ) -> None:
        self.type = entity_type
        self._rebuilt = rebuild(entity_type, at, only)
        self._added = tuple(sorted(self._rebuilt.added))
        #: What statements that ask the table depend on.
        self.shape = ("past", self._added)

    @cached_property
    def table(self) -> Any:
        """The table: that of the type, with the columns of live fields."""
        return self.type.statement(self.shape, self._made)

    @cached_property
    def values(self) -> dict[str, Any]:
        """The values of the parameters of the table."""
        dialect = db.current().connection.dialect
        makers = {c.name: dialects.json_value(dialect, c.type) for c in self._columns()}
        rows = [
            {
                name: value if (make := makers[name]) is None else make(value)
                for name, value in row.items()
                if value is not None
            }
            for row in self._rebuilt.rows
        ]
        for field in self.type.sets:
            for row, made in zip(self._rebuilt.rows, rows, strict=True):
                made[f"{field.column}{_MATCHES}"] = [*map(field.match, row[field.column] or ())]
        return {"past_ids": self._rebuilt.ids, "past_rows": dialects.json_rows(rows)}

    def _columns(self) -> list[sa.Column[Any]]:
        made = [column for field in self.type.fields.values() for column in field.columns()]
        return [*made, sa.Column("trashed_at", self.type.table.c.trashed_at.type)]

    def _made(self) -> Any:
        table, columns = self.type.table, self._columns()
        new = {c.name for name in self._added for c in self.type.fields[name].columns()}
        same = [
            sa.cast(sa.null(), c.type).label(c.name) if c.name in new else table.c[c.name]
            for c in columns
        ]
        untouched = sa.select(*same).where(apart(table.c.id, "past_ids"))
        former = dialects.rows_of(db.current().dialect, "past_rows", columns)
        return sa.union_all(untouched, former).subquery("past")

    # -- sets, whose values have a table beside the records ----------------------------------
    def filter(self, node: Filter) -> Filter:
        """Return a filter whose conditions look at the sets as they were."""
        match node:
            case Condition(path) if isinstance(path.field, Several):
                field = path.field.looked_for_in(self._sets(path.field))
                return replace(node, path=replace(path, field=field))
            case Not(part):
                return Not(self.filter(part))
            case Junction(all_, parts):
                return Junction(all_, tuple(map(self.filter, parts)))
        return node

    def _sets(self, field: Several) -> Any:
        """Return the table of a field's values as they were, by what they are found by."""
        live, name = field.values, f"{field.column}{_MATCHES}"
        there = sa.false() if field.name in self._added else apart(live.c.id, "past_ids")
        untouched = sa.select(live.c.id, live.c[field.MATCHED]).where(there)
        columns: list[sa.Column[Any]] = [sa.Column("id", Int64), sa.Column(name, Text)]
        rows = dialects.rows_of(db.current().dialect, "past_rows", columns).subquery("rows_")
        each = each_text(rows.c[name])
        former = sa.select(rows.c.id, each.c.value).select_from(rows.join(each, sa.true()))
        return sa.union_all(untouched, former).subquery("past_sets")


# -- what can be asked of it ----------------------------------------------------------------
def check(query: Query) -> None:
    """Raise `as_of_refused` for what is only known as it is now, naming it."""
    if query.trashed:
        only_now("_trashed", "the trash has no past")
    if query.expand:
        only_now("_expand", "it leads to other records")
    selected = [wanted.path for wanted in query.select if wanted.path is not None]
    for path in (*query.fields, *query.group, *selected):
        check_path(path)
    for path in query.group:
        if isinstance(path.field, Several):
            only_now(path.text, "groups by several values are made of a table beside the records")
    for path, operator in _compared(query.filter):
        check_path(path)
        if operator in types.TREE:
            only_now(path.text, f"'{operator}' follows the tree of today")


def check_path(path: Path) -> None:
    """Raise `as_of_refused` for a path that leads to other records."""
    if path.steps:
        only_now(path.text, "it leads to other records")


def _compared(node: Filter) -> Iterator[tuple[Path, str]]:
    match node:
        case Condition(path, operator):
            yield path, operator
        case Not(part):
            yield from _compared(part)
        case Junction(_, parts):
            for part in parts:
                yield from _compared(part)
        case Has(_, relation, _):
            only_now(relation.name, "it asks other records")


def only_now(name: str, reason: str) -> NoReturn:
    """Raise `as_of_refused`."""
    raise RelatumError("as_of_refused", name=name, reason=reason)
