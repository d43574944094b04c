"""A choice: one of the field's options, stored by its stable value."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa

from .. import types
from ..errors import nearest
from ..storage import Text
from .base import COMPUTED, Field, Option, Refused, Setting, kind_of

#: The setting that names the choice which an option's `when` speaks of.
CONTROLLED_BY: Final = "controlled_by"
_CONTROLLED: Final = (
    "Name of a choice of the same type: an option with `when` is possible only while that choice "
    "has one of the values in it."
)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be the name of a choice of the same type")
    return value


class Choice(Field):
    """One of a list of options; ordered as the list is."""

    kind = "choice"
    summary = (
        "One of the field's options. An option has a value that never changes, a label, a hue, "
        "an order and a category such as open, won or lost."
    )
    EXAMPLE = '"open"'
    value_type = types.CHOICE
    PARTS = ("category",)
    CAN_BE_UNIQUE = False
    HAS_OPTIONS = True
    SETTINGS = {CONTROLLED_BY: Setting(_name, _CONTROLLED, "choice"), **COMPUTED}

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, Text)]

    def _find(self, value: Any) -> Option:
        if not isinstance(value, str):
            raise Refused("not_text", got=kind_of(value))
        for option in self.options:
            if option.value == value:
                return option
        known = [option.value for option in self.options]
        raise Refused(
            "option_unknown", value=value[:80], field=self.name, nearest=nearest(value, known)
        )

    def check(self, value: Any) -> str:
        return self._find(value).value

    def merge(self, before: Any, value: Any) -> Any:
        """Return the new value; a retired option is refused unless the record has it already."""
        if value is not None and value != before and value in self._retired:
            raise Refused("option_retired", value=value)
        return value

    @cached_property
    def _retired(self) -> frozenset[str]:
        return frozenset(option.value for option in self.options if option.retired)

    @property
    def controlled_by(self) -> str | None:
        """The name of the choice that decides which options are possible."""
        return self.settings.get(CONTROLLED_BY)

    def operand(self, value: Any) -> str:
        return self._find(value).value

    def parse(self, text: str, style: str | None = None) -> str:
        """Find an option by its value, or by its label in any case."""
        wanted = text.strip()
        for option in self.options:
            if wanted == option.value:
                return self.check(wanted)
        for option in self.options:
            if wanted.casefold() == option.label.casefold():
                return self.check(option.value)
        labels = [option.label for option in self.options]
        raise Refused(
            "option_unknown", value=wanted[:80], field=self.name, nearest=nearest(wanted, labels)
        )

    def text(self, wire: str | None) -> str:
        """Return the label of an option."""
        found = next((option.label for option in self.options if option.value == wire), wire)
        return found or ""

    def category_values(self, categories: list[str]) -> list[str]:
        """Return the values of the options in any of the categories."""
        return [option.value for option in self.options if option.category in categories]

    def arguments(self, operator: str, operand: Any) -> tuple[Any, ...]:
        if operator == "category":
            operand = self.category_values(operand)
        return types.arguments(operator, operand)

    def order(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        if not self.options:
            return column
        places = {option.value: place for place, option in enumerate(self.options)}
        return sa.case(places, value=column)

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "enum": [o.value for o in self.options if not o.retired]}
