"""Value types: the operators each kind of value knows, compiled to SQL alike on both databases.

A field hands over the columns it compares by; an operator never sees a name from a request.
`None` operands are refused before they get here (emptiness has its own operator).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from .storage import spelled

Sql = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Operator:
    """One comparison.

    `operands`: one, many (a list), pair (from, to), circle (latitude, longitude, kilometres) or
    flag (true/false).
    """

    name: str
    operands: str
    label: str


@dataclass(frozen=True, slots=True)
class ValueType:
    """A kind of value: its operators, and whether it has an order, groups and a sum."""

    name: str
    operators: tuple[str, ...]
    ordered: bool = True
    summable: bool = False
    groupable: bool = True
    #: The operator of a condition that names none.
    plain: str = "eq"


OPERATORS: Final[dict[str, Operator]] = {
    op.name: op
    for op in (
        Operator("eq", "one", "is"),
        Operator("ne", "one", "is not"),
        Operator("in", "many", "is one of"),
        Operator("nin", "many", "is none of"),
        Operator("gt", "one", "is greater than"),
        Operator("gte", "one", "is at least"),
        Operator("lt", "one", "is less than"),
        Operator("lte", "one", "is at most"),
        Operator("between", "pair", "is between (both included)"),
        Operator("ieq", "one", "is, whatever case and accents"),
        Operator("contains", "one", "contains, whatever case and accents"),
        Operator("starts", "one", "starts with, whatever case and accents"),
        Operator("has", "one", "contains exactly"),
        Operator("has_any", "many", "contains at least one of"),
        Operator("has_all", "many", "contains all of"),
        Operator("has_none", "many", "contains none of"),
        Operator("category", "many", "has an option of the category"),
        Operator("under", "one", "is that record or one below it"),
        Operator("above", "one", "is that record or one above it"),
        Operator("near", "circle", "is within a circle"),
        Operator("empty", "flag", "is empty"),
    )
}

_SET = ("eq", "ne", "in", "nin", "empty")
_ORDER = ("gt", "gte", "lt", "lte", "between")

TEXT: Final = ValueType("text", (*_SET, "ieq", "contains", "starts"))
LONG_TEXT: Final = ValueType("long text", ("has", "empty"), ordered=False, groupable=False)
RICH_TEXT: Final = ValueType("rich text", ("contains", "empty"), ordered=False, groupable=False)
JSON: Final = ValueType("json", ("has", "empty"), ordered=False, groupable=False)
PERSON_NAME: Final = ValueType("name", ("contains", "starts", "ieq", "empty"), groupable=False)
ADDRESS: Final = ValueType("address", ("contains", "empty"), ordered=False, groupable=False)
GEO: Final = ValueType("geo", ("near", "empty"), ordered=False, groupable=False)
INTEGER: Final = ValueType("integer", (*_SET, *_ORDER), summable=True)
DECIMAL: Final = ValueType("decimal", (*_SET, *_ORDER), summable=True)
BOOLEAN: Final = ValueType("boolean", ("eq", "ne", "empty"))
DATE: Final = ValueType("date", (*_SET, *_ORDER))
TIME: Final = ValueType("time", (*_SET, *_ORDER))
INSTANT: Final = ValueType("instant", (*_SET, *_ORDER))
CHOICE: Final = ValueType("choice", (*_SET, "category"))
SEVERAL: Final = ValueType(
    "several", ("has", "has_any", "has_all", "has_none", "empty"),
    ordered=False, plain="has",
)  # fmt: skip
ENCRYPTED: Final = ValueType("encrypted", ("empty",), ordered=False, groupable=False)
REFERENCE: Final = ValueType("reference", _SET)

#: Operators of links into a tree, and of the ids of its records.
TREE: Final = ("under", "above")
#: Operators that look at the fold key of a text, so that both databases agree (M7).
FOLDED: Final = frozenset({"ieq", "contains", "starts"})

#: Position of a text in another; 0 if it is not in it.
_position = spelled(
    "relatum_position", sa.Integer(), sqlite="instr({0}, {1})", postgresql="strpos({0}, {1})"
)

_COMPILE: Final[dict[str, Callable[..., Sql]]] = {
    "eq": lambda c, v: c == v,
    # A missing value is not equal to anything, and it is not "not equal" either (M8).
    "ne": lambda c, v: c != v,
    "in": lambda c, v: c.in_(v),
    "category": lambda c, v: c.in_(v),
    "nin": lambda c, v: c.not_in(v),
    "gt": lambda c, v: c > v,
    "gte": lambda c, v: c >= v,
    "lt": lambda c, v: c < v,
    "lte": lambda c, v: c <= v,
    "between": lambda c, low, high: sa.and_(c >= low, c <= high),
    "ieq": lambda c, v: c == v,
    "contains": lambda c, v: _position(c, v) > 0,
    "has": lambda c, v: _position(c, v) > 0,
    "starts": lambda c, v, after: sa.and_(c >= v, c < after),
    "empty": lambda c: c.is_(None),
}


def condition(operator: str, column: Sql, *arguments: Sql) -> Sql:
    """Return the SQL of one comparison; `arguments` stand for what `arguments()` gives."""
    return _COMPILE[operator](column, *arguments)


def arguments(operator: str, operand: Any) -> tuple[Any, ...]:
    """Return the values that a comparison binds, for an operand checked by its field."""
    match operator:
        case "empty":
            return ()
        case "between":
            return tuple(operand)
        case "starts":
            return operand, _after(operand)
    return (operand,)


#: What makes a stored value of one in JSON, where JSON has no such values.
_LOADED: Final[dict[str, Callable[[Any], Any]]] = {
    "decimal": lambda value: Decimal(str(value)),
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "instant": datetime.fromisoformat,
}


def loaded(value_type: ValueType, value: Any) -> Any:
    """Return the stored value for one that went out as JSON; raise ValueError for another."""
    load = _LOADED.get(value_type.name)
    return value if value is None or load is None else load(value)


def _after(prefix: str) -> str:
    """Return the smallest text after all texts that begin with `prefix`, by code point."""
    if not prefix:
        return prefix
    last = ord(prefix[-1]) + 1
    if 0xD800 <= last <= 0xDFFF:
        last = 0xE000
    return prefix[:-1] + chr(last) if last <= 0x10FFFF else prefix + "\U0010ffff" * 8
