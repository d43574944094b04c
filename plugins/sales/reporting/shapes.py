"""What a report is made of: figures and tables, each number with the records behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

#: What a number is, which says how people read it.
NUMBER, MONEY, PERCENT, DAYS, TEXT = "number", "money", "percent", "days", "text"
_TENTH: Final = Decimal("0.1")
_HUNDRED: Final = Decimal(100)
#: Filters by ids are kept short enough for an address.
_IDS: Final = 100

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Where:
    """The records behind a number: their type, the filter of their list, the instant it is of."""

    type: str
    filters: tuple[Node, ...] = ()
    as_of: str | None = None

    def and_(self, *more: Node) -> Where:
        """Return those of the records that meet more."""
        return Where(self.type, (*self.filters, *more), self.as_of)


def among(type_name: str, ids: Sequence[int]) -> Where | None:
    """Return the place of some records by their ids; None for more than an address holds."""
    if not ids or len(ids) > _IDS:
        return None
    return Where(type_name, ({"field": "id", "op": "in", "value": sorted(ids)},))


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name for programs, its label for people, and what its numbers are."""

    name: str
    label: str
    kind: str = NUMBER


@dataclass(frozen=True, slots=True)
class Cell:
    """A number, if there is one, and the records behind it, if a list can show them."""

    value: Any = None
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: what it is about, and its cells by the names of the columns.

    `record` is the id of the deal that it is about, if it is about one.
    """

    key: Any
    label: str
    cells: Mapping[str, Cell] = field(default_factory=dict)
    record: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading; `drawn` names the columns that its chart shows."""

    name: str
    label: str
    head: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row | None = None
    drawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """One number above the tables."""

    name: str
    label: str
    cell: Cell
    kind: str = NUMBER


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of a report; `notes` say what the numbers leave out."""

    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()


def without(columns: Sequence[Column], hidden: bool) -> tuple[Column, ...]:
    """Return the columns, those of amounts only if they are not hidden."""
    return tuple(c for c in columns if not hidden or c.kind != MONEY)


# -- numbers --------------------------------------------------------------------------------------
def share(part: Any, whole: Any) -> Decimal | None:
    """Return how large a part of a whole is, in percent with one digit; None of nothing."""
    if part is None or not whole:
        return None
    return (Decimal(part) * _HUNDRED / Decimal(whole)).quantize(_TENTH, ROUND_HALF_UP)


def days(seconds: Any) -> Decimal | None:
    """Return a time in days with one digit."""
    if seconds is None:
        return None
    return (Decimal(str(seconds)) / 86_400).quantize(_TENTH, ROUND_HALF_UP)
