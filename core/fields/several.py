"""Sets of texts: several options of a list, or free tags.

The record's row holds the set as it is shown, so a page reads it like any column. A table of
(record, value) beside it, with an index both ways, is what filters, groups and suggestions use.
Both are written in the same batch by `core.records`.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Final, NamedTuple

import sqlalchemy as sa

from .. import types
from ..storage import Int64, Text, Texts
from .base import Field, Refused, Setting, kind_of, whole
from .choice import Choice
from .text import clean, fold

#: What parts the values in a cell of a file; a backslash before it makes it part of a value.
SEPARATOR: Final = ";"
#: Longest tag, and most tags of a record.
TAG_LIMIT: Final = 100
TAGS_LIMIT: Final = 1000
#: Longest name that PostgreSQL keeps.
_NAME_LIMIT: Final = 63


class Delta(NamedTuple):
    """A change of a set: what is put in, and what is taken out by what it matches."""

    add: tuple[str, ...]
    remove: tuple[str, ...]


class Several(Field):
    """A set of texts. Subclasses say what a text may be, and by what it is found."""

    value_type = types.SEVERAL
    CAN_BE_UNIQUE = False
    #: The column of the table of values that conditions compare.
    MATCHED: ClassVar[str] = "value"

    # -- storage ---------------------------------------------------------------------------
    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, Texts())]

    @cached_property
    def values(self) -> sa.Table:
        """The table of (record id, value), for queries: no MetaData in common with others."""
        made: list[sa.Column[Any]] = [sa.Column("id", Int64), sa.Column("value", Text)]
        if self.MATCHED != "value":
            made.append(sa.Column(self.MATCHED, Text))
        return sa.Table(self.values_name, sa.MetaData(), *made)

    @property
    def values_name(self) -> str:
        """The name of the table of values: `<table>__<column>`, or a digest if that is long."""
        name = f"{self.table_name}__{self.column}"
        if len(name) <= _NAME_LIMIT:
            return name
        return f"{self.table_name}__{hashlib.sha256(self.column.encode()).hexdigest()[:12]}"

    def rows(self, id_: int, value: tuple[str, ...] | None) -> Iterable[dict[str, Any]]:
        """Yield the rows of the table of values for a record's stored value."""
        for text in value or ():
            row = {"id": id_, "value": text}
            yield row if self.MATCHED == "value" else {**row, self.MATCHED: self.match(text)}

    # -- values ----------------------------------------------------------------------------
    def one(self, value: Any) -> str | None:
        """Return one value of the set as it is stored, None for a blank; raise `Refused`."""
        raise NotImplementedError

    def match(self, text: str) -> str:
        """Return what a value is found by."""
        return text

    @property
    def most(self) -> int:
        """How many values a record may have."""
        return TAGS_LIMIT

    def check(self, value: Any) -> Any:
        """Return a checked set, or a `Delta` for {"add": [...], "remove": [...]}."""
        if isinstance(value, Delta):
            return value
        if isinstance(value, dict) and value and value.keys() <= {"add", "remove"}:
            added = self._set(value.get("add", []))
            gone = value.get("remove", [])
            if not isinstance(gone, (list, tuple)):
                raise Refused("not_texts", got=kind_of(gone))
            return Delta(added or (), tuple(self.operand(item) for item in gone))
        return self._set(value)

    def _set(self, value: Any) -> tuple[str, ...] | None:
        if not isinstance(value, (list, tuple)):
            raise Refused("not_texts", got=kind_of(value))
        return self._sized(self.gather(self.one(item) for item in value))

    def _sized(self, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value and len(value) > self.most:
            raise Refused("too_many_values", count=len(value), max=self.most)
        return value

    def gather(self, texts: Iterable[str | None]) -> tuple[str, ...] | None:
        """Return a set in its normal form: each match once, in order; None for an empty one."""
        found: dict[str, str] = {}
        for text in texts:
            if text is not None:
                found.setdefault(self.match(text), text)
        return tuple(found[match] for match in sorted(found)) or None

    def merge(self, before: tuple[str, ...] | None, value: Any) -> Any:
        """Return what a change makes of a stored set; raise `Refused` if it gets too large."""
        if not isinstance(value, Delta):
            return value
        gone = {self.match(text) for text in value.remove}
        kept = [text for text in before or () if self.match(text) not in gone]
        return self._sized(self.gather([*kept, *value.add]))

    def parse(self, text: str, style: str | None = None) -> tuple[str, ...] | None:
        return self._set([part for part in _split(text) if part.strip()])

    def wire(self, value: tuple[str, ...] | None) -> list[str]:
        return list(value or ())

    def unwire(self, wire: Sequence[str] | None) -> tuple[str, ...] | None:
        return self.gather(wire or ())

    def text(self, wire: Sequence[str] | None) -> str:
        return f"{SEPARATOR} ".join(_escaped(self.shown(value)) for value in wire or ())

    def shown(self, value: str) -> str:
        """Return what a person reads for one value."""
        return value

    def looked_for_in(self, values: Any) -> Several:
        """Return the same field, whose conditions look in another table of values."""
        made = dataclasses.replace(self)
        made.__dict__["values"] = values
        return made

    # -- conditions ------------------------------------------------------------------------
    def condition_column(self, operator: str) -> str:
        return self.column if operator == "empty" else "id"

    def arguments(self, operator: str, operand: Any) -> tuple[Any, ...]:
        if operator == "has":
            return (self.match(operand),)
        if operator == "has_any":
            return (tuple(self.match(text) for text in operand),)
        return types.arguments(operator, operand)

    def condition(self, operator: str, column: types.Sql, *arguments: types.Sql) -> types.Sql:
        if operator == "empty":
            return types.condition(operator, column)
        # Under a name of its own, or it would be taken for a table of the outer statement.
        values = self.values.alias()
        asked: Any = arguments[0]
        matched = values.c[self.MATCHED]
        meets = matched == asked if operator == "has" else matched.in_(asked)
        if isinstance(column, sa.UnaryExpression):
            # Not to be driven from: asked of each record that another index leads to.
            return sa.exists().where(values.c.id == column.element, meets)
        return column.in_(sa.select(values.c.id).where(meets))

    def bound_type(self, column: types.Sql) -> sa.types.TypeEngine[Any]:
        return Text

    def openapi(self) -> dict[str, Any]:
        texts = {"type": "array", "items": {"type": "string"}}
        return {
            "type": ["array", "object"], "items": {"type": "string"}, "maxItems": self.most,
            "properties": {"add": texts, "remove": texts}, "additionalProperties": False,
            "minProperties": 1,
        }  # fmt: skip


class MultiChoice(Several):
    """Several of a list of options."""

    kind = "multi_choice"
    summary = (
        "Several of the field's options, each at most once, in the order of the list. Options are "
        "those of a choice."
    )
    EXAMPLE = '["open", "won"]'
    HAS_OPTIONS = True
    SETTINGS = Choice.SETTINGS

    @cached_property
    def single(self) -> Choice:
        """The choice of one of the same options."""
        return Choice(**{f.name: getattr(self, f.name) for f in dataclasses.fields(self)})

    def one(self, value: Any) -> str:
        return self.single.check(value)

    def merge(self, before: tuple[str, ...] | None, value: Any) -> Any:
        made = Several.merge(self, before, value)
        for added in set(made or ()) - set(before or ()):
            self.single.merge(None, added)
        return made

    @property
    def controlled_by(self) -> str | None:
        """The name of the choice that decides which options are possible."""
        return self.single.controlled_by

    @property
    def most(self) -> int:
        return max(len(self.options), 1)

    def operand(self, value: Any) -> str:
        return self.single.operand(value)

    def parse(self, text: str, style: str | None = None) -> tuple[str, ...] | None:
        """Find each option by its value, or by its label in any case."""
        return self.gather(self.single.parse(part) for part in _split(text) if part.strip())

    def wire(self, value: tuple[str, ...] | None) -> list[str]:
        if value is None:
            return []
        return [option.value for option in self.options if option.value in value]

    def shown(self, value: str) -> str:
        return self.single.text(value)

    def order(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return self.single.order(column)

    def openapi(self) -> dict[str, Any]:
        item = self.single.openapi()
        lists = {"type": "array", "items": item}
        known = {
            "type": "array",
            "items": {"type": "string", "enum": [o.value for o in self.options]},
        }
        return {
            **Several.openapi(self), "items": item, "properties": {"add": lists, "remove": known},
        }  # fmt: skip


class Tags(Several):
    """Free texts that many records share."""

    kind = "tags"
    summary = (
        "Free texts of up to 100 characters, each at most once: `VIP` and `vip` are one tag, "
        "written as it was sent last. The API suggests those in use."
    )
    EXAMPLE = '["VIP", "Trade fair"]'
    SETTINGS = {
        "max_values": Setting(whole(1, TAGS_LIMIT), "Most tags of a record; default 1,000."),
    }
    MATCHED = "value__k"

    @property
    def most(self) -> int:
        return int(self.settings.get("max_values", TAGS_LIMIT))

    def one(self, value: Any) -> str | None:
        text = clean(value.strip() if isinstance(value, str) else value, lines=False)
        if len(text) > TAG_LIMIT:
            raise Refused("too_long", length=len(text), max=TAG_LIMIT)
        return text or None

    def operand(self, value: Any) -> str:
        return self.one(value) or ""

    def match(self, text: str) -> str:
        return fold(text)


def _split(text: str) -> list[str]:
    """Return the values in a text, parted by the separator unless a backslash stands before."""
    parts, escaped = [""], False
    for character in text:
        if character == "\\" and not escaped:
            escaped = True
            continue
        if character == SEPARATOR and not escaped:
            parts.append("")
            continue
        if escaped and character not in ("\\", SEPARATOR):
            parts[-1] += "\\"
        parts[-1] += character
        escaped = False
    return [*parts[:-1], parts[-1] + ("\\" if escaped else "")]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(SEPARATOR, f"\\{SEPARATOR}")
