"""From one field type to another: which can become which, and what a value becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from .base import Field, Refused
from .choice import Choice

_TEXTS: Final = ("text", "long_text", "email", "url", "phone")
_NUMBERS: Final = ("integer", "decimal", "money", "percent", "rating")
#: What a field of each type can become; a type that stands for itself takes other settings.
CONVERSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(_TEXTS, (*_TEXTS, *_NUMBERS, "choice", "boolean", "date", "datetime")),
    **dict.fromkeys(_NUMBERS, ("text", "long_text", "choice", *_NUMBERS)),
    "integer": ("text", "long_text", "choice", "boolean", *_NUMBERS),
    "choice": ("text", "long_text", *_NUMBERS, "boolean"),
    "boolean": ("text", "long_text", "choice", "integer", "boolean"),
    "date": ("text", "long_text", "datetime"),
    "datetime": ("text", "long_text", "date"),
}


@dataclass(frozen=True)
class Conversion:
    """How the values of one field become those of another.

    `style` is the date format of texts. A value that does not fit is refused, or becomes `fill`
    (a wire value; None: empty) if `lossy` says so.
    """

    old: Field
    new: Field
    style: str | None = None
    lossy: bool = False
    fill: Any = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns of the new field."""
        return tuple(column.name for column in self.new.columns())

    def convert(self, value: Any) -> Any:
        """Return the new stored value of an old one; raise `Refused` unless lossy."""
        try:
            return self.exact(value)
        except Refused:
            if not self.lossy:
                raise
            return None if self.fill is None else self.new.check(self.fill)

    def exact(self, value: Any) -> Any:
        """Return the new stored value of an old one; raise `Refused` if it does not fit."""
        return None if value is None else self.new.merge(None, self._exact(value))

    def _exact(self, value: Any) -> Any:
        if isinstance(value, datetime) and self.new.kind == "date":
            return self.new.check(value.astimezone(ZoneInfo(self.new.zone)).date())
        if isinstance(value, date) and self.new.kind == "datetime":
            midnight = datetime.combine(value, time(), ZoneInfo(self.new.zone))
            return self.new.check(midnight.astimezone(UTC))
        if isinstance(value, bool):
            return self._flag(value)
        if self.old.kind in _NUMBERS and self.new.kind in _NUMBERS:
            return self._number(value)
        if self.old.kind == "integer" and self.new.kind == "boolean" and value not in (0, 1):
            raise Refused("not_boolean", got=f"the number {value}")
        return self._text(value)

    def _flag(self, value: bool) -> Any:
        if self.new.kind == "integer":
            return self.new.check(int(value))
        if self.new.kind == "boolean":
            return value
        return self.new.parse("true" if value else "false")

    def _number(self, value: Any) -> Any:
        whole = self.new.kind in ("integer", "rating")
        if whole and value != int(value):
            raise Refused("not_integer", got=self.old.text(self.old.wire(value)))
        return self.new.check(int(value) if whole else value)

    def text_of(self, value: Any) -> str:
        """Return what a person reads for an old value."""
        if isinstance(self.old, Choice) and self.new.kind not in _NUMBERS:
            labels = {option.value: option.label for option in self.old.options}
            return labels.get(value, str(value))
        return self.old.text(self.old.wire(value)).removesuffix(" %")

    def _text(self, value: Any) -> Any:
        text = self.text_of(value)
        if self.new.kind not in _TEXTS:
            text = text.strip()
        elif self.new.kind != "long_text":
            text = " ".join(text.split()) if "\n" in text else text
        return self.new.parse(text, self.style) if text else None

    def columns(self, value: Any) -> dict[str, Any]:
        """Return what the columns of the new field hold for an old stored value."""
        return dict(zip(self.names, self.new.store(self.convert(value)), strict=True))
