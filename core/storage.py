"""Column types: how a value is stored on SQLite and on PostgreSQL (D15).

| value | SQLite | PostgreSQL | Python |
|---|---|---|---|
| text | TEXT | TEXT COLLATE "C" | str |
| decimal | INTEGER × 10^scale | NUMERIC(18, scale) | Decimal |
| instant | INTEGER µs since 1970 UTC | TIMESTAMPTZ | aware datetime, UTC |
| date | TEXT ISO | DATE | date |
| time of day | TEXT ISO | TIME | time |
| json | TEXT | JSONB | str: JSON with its keys in order |
| texts | TEXT | TEXT | tuple of str; stored as a JSON list |
| ids, only compared with | TEXT, a JSON list | BIGINT[] | list of int |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator, TypeEngine

T = TypeVar("T")
#: Values of one IN list; well under the limits of both databases.
SLICE: Final = 5000
#: Mean radius in kilometres.
EARTH_RADIUS = 6371.0088
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: Text whose order and equality are by code point on both databases.
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
#: Record ids and other 64-bit whole numbers (INTEGER is the rowid type on SQLite).
Int64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Instant(TypeDecorator[datetime]):
    """An instant in UTC; integer microseconds on SQLite, so that it sorts and indexes."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return (value - EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return EPOCH + timedelta(microseconds=value)
        return value.astimezone(UTC)  # type: ignore[no-any-return]


class Scaled(TypeDecorator[Decimal]):
    """A decimal of fixed scale, exact on both databases."""

    impl = sa.BigInteger
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(18, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return int(value.scaleb(self.scale))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return Decimal(value).scaleb(-self.scale)
        return Decimal(value)


class Json(TypeDecorator[str]):
    """A JSON document as its text, so that values compare alike on both databases."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Text())
        return dialect.type_descriptor(postgresql.JSONB(none_as_null=True))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "sqlite" else orjson.loads(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return value if value is None or dialect.name == "sqlite" else json_text(value)


class Texts(TypeDecorator[tuple[str, ...]]):
    """Several texts as a JSON list; no texts are NULL."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return sa.Text(collation="C" if dialect.name == "postgresql" else None)

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> Any:
        return json_text(value) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(orjson.loads(value))


class _Array(sa.types.UserDefinedType[str]):
    """Whole numbers of PostgreSQL as their text, which costs a tenth of a list at the driver.

    It would also send lists as one of three types, by what is in them: each is a statement to it.
    """

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: Any) -> str:
        return "BIGINT[]"


class Ids(TypeDecorator[Sequence[int]]):
    """Ids as one value, so that a statement is the same for any number of them."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return sa.Text() if dialect.name == "sqlite" else _Array()

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "sqlite":
            return value if value is None else json_text(value)
        return f"{{{','.join(map('{:d}'.format, value))}}}"


def spelled(
    name: str, type_: TypeEngine[Any] = sa.types.NULLTYPE, **spellings: str
) -> type[GenericFunction[Any]]:
    """Return a function of SQL that databases spell in their own ways, each given by its dialect.

    A spelling is a format: {0} stands for the first argument, {all} for all of them. A database
    without one calls the function by its name.
    """
    made = type(name, (GenericFunction,), {"name": name, "type": type_, "inherit_cache": True})

    def spell(spelling: str, element: Any, compiler: Any, **kw: Any) -> str:
        parts = [compiler.process(clause, **kw) for clause in element.clauses]
        return spelling.format(*parts, all=", ".join(parts))

    for dialect, spelling in spellings.items():
        compiles(made, dialect)(partial(spell, spelling))
    return made


# No Boolean: SQLite would be asked whether it = 1, and use no index.
_among = spelled(
    "relatum_among",
    sqlite="{0} IN (SELECT value FROM json_each({1}))",
    postgresql="{0} = ANY ({1})",
)


def among(column: Any) -> sa.ColumnElement[Any]:
    """Return the condition that a column holds one of the ids that are bound to `ids`."""
    return held_in(column, "ids")


def held_in(column: Any, name: str) -> sa.ColumnElement[Any]:
    """Return the condition that a column holds one of the ids that are bound to a name."""
    return _among(column, sa.bindparam(name, type_=Ids()))


# PostgreSQL keeps one plan for all values only where that seems to cost no more than those that it
# made for single ones. Of a value that it does not see it guesses the same for everybody, so a
# connection soon plans no more: half of what a short statement takes. It would guess by how many
# values there are, and read whatever is there if that is but one: the ranges, which say nothing
# new, make it a third of that, or a two-hundredth.
_ordered_by = spelled(
    "relatum_ordered_by",
    sqlite="{0} = {1}",
    postgresql="({0} = (SELECT {1}) AND {0} >= (SELECT {1}))",
)
_found_by = spelled(
    "relatum_found_by",
    sqlite="{0} = {1}",
    postgresql="({0} = (SELECT {1}) AND {0} BETWEEN (SELECT {1}) AND (SELECT {1}))",
)
_found_among = spelled(
    "relatum_found_among", sqlite="{0} IN {1}", postgresql="{0} = ANY (ARRAY{1})"
)


def ordered_by(column: Any, parameter: Any) -> sa.ColumnElement[Any]:
    """Return the condition that a column is a parameter, whose index gives an order besides.

    PostgreSQL plans for all values at once: to be read along that index, from its beginning.
    """
    return _ordered_by(column, parameter)


def found_by(column: Any, parameter: Any) -> sa.ColumnElement[Any]:
    """Return the condition that a column is a parameter, of which there are few.

    PostgreSQL plans for all values at once: to be found by the index of the column.
    """
    return _found_by(column, parameter)


def found_among(column: Any, few: sa.ScalarSelect[Any]) -> sa.ColumnElement[Any]:
    """Return the condition that a column holds one of a few selected ids.

    PostgreSQL takes them for ten, and finds each by the index of the column.
    """
    return _found_among(column, few)


_apart = spelled(
    "relatum_apart",
    sqlite="{0} NOT IN (SELECT value FROM json_each({1}))",
    postgresql="{0} NOT IN (SELECT unnest({1}))",
)


def apart(column: Any, name: str) -> sa.ColumnElement[Any]:
    """Return the condition that a column holds none of the ids that are bound to a name."""
    return _apart(column, sa.bindparam(name, type_=Ids()))


_plain = spelled("relatum_plain", sqlite="+{0}", postgresql="{0}")


def plain(column: Any) -> sa.ColumnElement[Any]:
    """Return a column as a value that no index is looked up by: SQLite's unary plus.

    SQLite plans without a look at LIMIT and at how many rows it will find.
    """
    made: sa.ColumnElement[Any] = _plain(column, type_=column.type)
    return made


def slices(items: Iterable[T], size: int = SLICE) -> Iterator[list[T]]:
    """Yield lists of at most `size` items: one statement takes no more."""
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece


_each_text = spelled(
    "relatum_each_text",
    sqlite="json_each({0})",
    postgresql="json_array_elements_text(CAST({0} AS JSON))",
)


def each_text(column: Any) -> sa.TableValuedAlias:
    """Return a table, with the column `value`, of the texts in a column of `Texts`."""
    return _each_text(column).table_valued("value")


def json_text(value: Any) -> str:
    """Return a JSON value as the text that is stored: keys in order, no blanks."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def local_day(micros: int | None, zone: str) -> str | None:
    """Return the day of an instant in a zone, as text; SQLite knows no zones."""
    if micros is None:
        return None
    moment = EPOCH + timedelta(microseconds=micros)
    try:
        return moment.astimezone(ZoneInfo(zone)).date().isoformat()
    except OverflowError:
        return moment.astimezone(UTC).date().isoformat()


def distance(lat: int | None, lng: int | None, lat0: int, lng0: int) -> int | None:
    """Return the millionths of a kilometre between points in millionths of degrees, on a sphere.

    Not every SQLite has sines; PostgreSQL works it out by the same formula.
    """
    if lat is None or lng is None:
        return None
    one, two = radians(lat / 1e6), radians(lat0 / 1e6)
    across = sin(radians((lng - lng0) / 1e6) / 2) ** 2
    half = sin((one - two) / 2) ** 2 + cos(one) * cos(two) * across
    return round(2 * EARTH_RADIUS * asin(min(1.0, sqrt(half))) * 1e6)
