"""What a field type is: a small class; an instance of it is one field of one entity type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

import orjson
import sqlalchemy as sa
from marshmallow import ValidationError
from marshmallow import fields as ma

from .. import types
from ..errors import Problem


class Setting(NamedTuple):
    """A setting that only one field type knows; `check` raises ValueError with the reason."""

    check: Callable[[Any], Any]
    help: str
    #: How a form asks for it: text (one of `words` if there are any), several (of them), flag,
    #: type, types, choice (a field of the same type).
    form: str = "text"
    #: All that it can be, where that is a few words.
    words: tuple[str, ...] = ()

    def read(self, text: str) -> Any:
        """Return the value that somebody typed; raise ValueError with the reason.

        Typed is what JSON has for it, or the bare text; a list may be parted by commas.
        """
        try:
            return self.check(text)
        except ValueError as refused:
            first = refused
        for value in _meant(text):
            try:
                return self.check(value)
            except ValueError:
                continue
        raise first


def _meant(text: str) -> Iterator[Any]:
    """Yield what a text may stand for."""
    with suppress(orjson.JSONDecodeError):
        yield orjson.loads(text)
    yield [part.strip() for part in text.split(",") if part.strip()]


class Refused(Exception):
    """A value does not fit a field: carries the problem, without its place."""

    def __init__(self, code: str, **params: Any) -> None:
        self.problem = Problem(code, params)
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a choice field."""

    id: int
    value: str
    label: str
    hue: int | None = None
    category: str | None = None
    retired: bool = False
    owner: str = "local"
    #: The values of the controlling choice with which it is possible; none: with all.
    when: tuple[str, ...] = ()
    #: Names of fields of the type that need a value while the choice holds it.
    needs: tuple[str, ...] = ()
    #: What entering it gives other fields of the type, by name: wire values, or words of
    #: computed defaults; None empties a field.
    sets: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """One field. Subclasses are the field types; they override what differs.

    `column` is the physical name of the first column. Stored values are the Python values
    that the columns' SQLAlchemy types give (`core.storage`).
    """

    #: The name of the field type, as administrators write it.
    kind: ClassVar[str]
    #: One sentence for help pages.
    summary: ClassVar[str]
    value_type: ClassVar[types.ValueType]
    #: A value as a caller may send it, in JSON, for help pages.
    EXAMPLE: ClassVar[str]
    SETTINGS: ClassVar[Mapping[str, Setting]] = {}
    #: Defaults that are computed when a record is made.
    DEFAULTS: ClassVar[tuple[str, ...]] = ()
    #: Parts a value can be grouped by besides itself, e.g. month.
    PARTS: ClassVar[tuple[str, ...]] = ()
    #: Whether the field can be made unique.
    CAN_BE_UNIQUE: ClassVar[bool] = True
    #: Whether the kernel gives the value of each new record, one that is never given twice.
    NUMBERED: ClassVar[bool] = False
    #: Whether the field has a list of options.
    HAS_OPTIONS: ClassVar[bool] = False

    id: int
    type_id: int
    name: str
    column: str
    label: str
    owner: str = "local"
    help: str | None = None
    required: bool = False
    unique: bool = False
    indexed: bool = False
    sortable: bool = False
    personal: bool = False
    default: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    position: int = 0
    trashed_in: int | None = None
    #: How it comes to take the place of another field, as JSON, while that goes on.
    conversion: str | None = None
    #: The field whose place it takes or has taken.
    retypes: int | None = None
    #: System fields are set by the kernel; a caller may only read them.
    read_only: bool = False
    #: The physical table of the field's records (filled by the catalog).
    table_name: str = ""
    #: The physical table a reference points to (filled by the catalog).
    target_table: str | None = None
    #: The tree that a link leads into (filled by the catalog).
    tree: Any = None
    #: The instance's time zone, currency and country (filled by the catalog).
    zone: str = "UTC"
    currency: str = ""
    country: str = ""

    # -- storage ---------------------------------------------------------------------------
    def columns(self) -> list[sa.Column[Any]]:
        """Return the physical columns, the value's own first."""
        raise NotImplementedError

    @property
    def members(self) -> Mapping[str, Field]:
        """The fields that a composite one is made of, by their short names."""
        return {}

    def whole(self, table: Any) -> types.Sql:
        """Return the stored value as SQL; `table` may be an alias."""
        column: types.Sql = table.c[self.column]
        return column

    @property
    def index_columns(self) -> tuple[tuple[str, ...], ...]:
        """The columns of indexes that the field always has."""
        return ()

    @property
    def key_column(self) -> str:
        """The column to sort, group and keep unique by."""
        return self.column

    def store(self, value: Any) -> tuple[Any, ...]:
        """Return the values of `columns()` for a checked value (None: empty)."""
        return (value,)

    def store_in(self, id_: int, value: Any) -> tuple[Any, ...]:
        """Return what `store` does, of the record with an id."""
        return self.store(value)

    def key(self, value: Any) -> Any:
        """Return what `key_column` holds for a stored value: what is unique, what is ordered."""
        return value

    # -- values ----------------------------------------------------------------------------
    @property
    def empty(self) -> Any:
        """The value that is stored for an empty one."""
        return None

    def check(self, value: Any) -> Any:
        """Return the value to store for what a caller sent; raise `Refused`.

        None and empty text are handled before (empty, required).
        """
        raise NotImplementedError

    def merge(self, before: Any, value: Any) -> Any:
        """Return the value to store for a checked one, where `before` is stored; raise `Refused`.

        Only fields of several members or values have more to say than the new value.
        """
        return value

    def parse(self, text: str, style: str | None = None) -> Any:
        """Return the value for text from a file or an address; `style` is a date format."""
        return self.check(text)

    def wire(self, value: Any) -> Any:
        """Return the JSON value of a stored value; orjson writes dates and instants itself."""
        return value

    def unwire(self, wire: Any) -> Any:
        """Return the stored value for a wire value that the field once gave.

        The rules that it has by now do not count. Raises ValueError for what it never gave.
        """
        return types.loaded(self.value_type, wire)

    def record(self, id_: int, value: Any) -> Any:
        """Return what the history keeps of a stored value of a record."""
        return self.wire(value)

    def recall(self, id_: int, recorded: Any) -> Any:
        """Return the wire value for what the history has kept."""
        return recorded

    def store_recorded(self, id_: int, recorded: Any) -> tuple[Any, ...]:
        """Return the values of `columns()` for what the history has kept of a record."""
        return self.store_in(id_, self.unwire(recorded))

    def text(self, wire: Any) -> str:
        """Return what a person reads for a wire value; `parse` reads it back."""
        if isinstance(wire, datetime):
            return wire.isoformat().replace("+00:00", "Z")
        return "" if wire is None else str(wire)

    def operand(self, value: Any) -> Any:
        """Return what a condition compares with; like `check`, but without the field's limits."""
        return self.check(value)

    def arguments(self, operator: str, operand: Any) -> tuple[Any, ...]:
        """Return the values that a condition binds, for an operand that was checked."""
        return types.arguments(operator, operand)

    @property
    def is_link(self) -> bool:
        """Whether the field points to records; then it always has an index."""
        return False

    @property
    def controlled_by(self) -> str | None:
        """The name of the choice that decides which of the options are possible."""
        return None

    @property
    def operators(self) -> tuple[str, ...]:
        """Names of the comparisons that the field knows."""
        return self.value_type.operators

    def condition(self, operator: str, column: types.Sql, *arguments: types.Sql) -> types.Sql:
        """Return the SQL of a comparison; `arguments` stand for what `arguments()` gives."""
        return types.condition(operator, column, *arguments)

    def condition_column(self, operator: str) -> str:
        """Return the column an operator looks at."""
        return self.column

    def bound_type(self, column: types.Sql) -> sa.types.TypeEngine[Any]:
        """Return the column type of what a condition binds; `column` is what it looks at."""
        return column.type

    def order(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return what records are ordered by; `column` is the key column."""
        return column

    # -- description -----------------------------------------------------------------------
    def openapi(self) -> dict[str, Any]:
        """Return the JSON schema of a value (without null)."""
        raise NotImplementedError

    def schema(self) -> ma.Field[Any]:
        """Return the marshmallow field that checks what comes in, through `check`."""
        return _Checked(self)

    def default_value(self) -> Any:
        """Return a constant default as wire value, or the word of a computed one; None: none."""
        if self.default is None or self.default in self.DEFAULTS:
            return self.default
        return orjson.loads(self.default)

    @property
    def computed(self) -> bool:
        """Whether a plugin gives the value: people read it, and nobody is asked for it."""
        return bool(self.settings.get("computed"))

    @property
    def aggregable(self) -> bool:
        """Whether sum and avg make sense."""
        return self.value_type.summable


class _Checked(ma.Field[Any]):
    """A marshmallow field whose rules are those of a Relatum field."""

    def __init__(self, checks: Field) -> None:
        super().__init__(allow_none=True)
        self.checks = checks

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if value == "":
            return None
        try:
            return self.checks.check(value)
        except Refused as refused:
            raise ValidationError([refused.problem]) from None


def kind_of(value: Any) -> str:
    """Return the JSON word for what was sent, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"{value}".lower()
    if isinstance(value, int) and value.bit_length() > 100:
        return "a number of many digits"  # which Python would refuse to write out
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"'{value[:40]}{'…' if len(value) > 40 else ''}'"
    return "a list" if isinstance(value, list) else "an object"


def flag(value: Any) -> bool:
    """Check a setting that is yes or no."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


#: The setting of fields whose value a plugin gives.
COMPUTED: Mapping[str, Setting] = {
    "computed": Setting(
        flag, "A plugin gives the value; forms do not ask for it, and who sends one is refused.",
        "flag",
    )
}  # fmt: skip


def whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    """Return a check for a setting that is a whole number in a range."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}")
        return value

    return check
