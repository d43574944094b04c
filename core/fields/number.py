"""Whole numbers, decimals, money and yes/no."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

import sqlalchemy as sa
from babel import Locale, numbers

from .. import types
from ..storage import Int64, Scaled
from .base import COMPUTED, Field, Refused, Setting, flag, kind_of, whole

#: Largest whole number that JSON carries exactly.
INTEGER_LIMIT = 2**53 - 1
#: Decimals stay below this in size, so that sums and scaled integers are exact.
DECIMAL_LIMIT = Decimal(10) ** 12
#: Digits after the point that amounts are stored with.
AMOUNT_DIGITS = 4


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > INTEGER_LIMIT:
        raise ValueError("must be a whole number")
    return value


def _decimal(value: Any) -> str:
    try:
        return str(to_decimal(value))
    except Refused as refused:
        raise ValueError(refused.problem.message) from None


def to_decimal(value: Any) -> Decimal:
    """Return the exact decimal of a JSON number or text; raise `Refused`."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise Refused("not_decimal", got=kind_of(value))
    if isinstance(value, int) and abs(value) >= DECIMAL_LIMIT:
        raise Refused("too_large", max="999999999999")
    text = str(value).strip()
    if len(text) > 40:
        raise Refused("not_decimal", got=kind_of(text))
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Refused("not_decimal", got=kind_of(value)) from None
    if not number.is_finite() or "_" in text:
        raise Refused("not_decimal", got=kind_of(value))
    # The exponent first: numbers beyond all limits can't even be compared.
    if number and (number.adjusted() > 12 or abs(number) >= DECIMAL_LIMIT):
        raise Refused("too_large", max="999999999999")
    return number


class Integer(Field):
    """A whole number."""

    kind = "integer"
    summary = "A whole number between -(2^53 - 1) and 2^53 - 1."
    EXAMPLE = "42"
    value_type = types.INTEGER
    SETTINGS = {
        "min": Setting(_integer, "Least value."),
        "max": Setting(_integer, "Largest value."),
        **COMPUTED,
    }

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, Int64)]

    def check(self, value: Any) -> int:
        number = self.operand(value)
        if number < self.settings.get("min", -INTEGER_LIMIT):
            raise Refused("too_small", min=self.settings.get("min", -INTEGER_LIMIT))
        if number > self.settings.get("max", INTEGER_LIMIT):
            raise Refused("too_large", max=self.settings.get("max", INTEGER_LIMIT))
        return number

    def operand(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Refused("not_integer", got=kind_of(value))
        if isinstance(value, float):
            if not value.is_integer():
                raise Refused("not_integer", got=kind_of(value))
            value = int(value)
        if abs(value) > INTEGER_LIMIT:
            raise Refused("too_large", max=INTEGER_LIMIT)
        return int(value)

    def parse(self, text: str, style: str | None = None) -> int:
        try:
            number = int(text.strip()) if len(text) < 30 and "_" not in text else None
        except ValueError:
            number = None
        if number is None:
            raise Refused("not_integer", got=kind_of(text))
        return self.check(number)

    def openapi(self) -> dict[str, Any]:
        return {
            "type": "integer",
            "minimum": self.settings.get("min", -INTEGER_LIMIT),
            "maximum": self.settings.get("max", INTEGER_LIMIT),
        }


class Rating(Integer):
    """A number of stars."""

    kind = "rating"
    summary = "A number of stars from 1 to max; empty means not rated."
    EXAMPLE = "4"
    CAN_BE_UNIQUE = False
    SETTINGS = {"max": Setting(whole(2, 10), "Most stars, 2 to 10; default 5.")}

    def check(self, value: Any) -> int:
        stars = self.operand(value)
        most = self.settings.get("max", 5)
        if stars < 1:
            raise Refused("too_small", min=1)
        if stars > most:
            raise Refused("too_large", max=most)
        return stars

    def openapi(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": self.settings.get("max", 5)}


class DecimalField(Field):
    """An exact decimal of fixed scale; text in JSON."""

    kind = "decimal"
    summary = "An exact decimal with 0 to 6 digits after the point, below 10^12; text in JSON."
    EXAMPLE = '"12.50"'
    value_type = types.DECIMAL
    SETTINGS = {
        "scale": Setting(whole(0, 6), "Digits after the point; default 2."),
        "min": Setting(_decimal, "Least value."),
        "max": Setting(_decimal, "Largest value."),
        **COMPUTED,
    }

    @property
    def scale(self) -> int:
        """Digits after the point that are stored."""
        return int(self.settings.get("scale", 2))

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, Scaled(self.scale))]

    def check(self, value: Any) -> Decimal:
        number = self.operand(value)
        least, largest = self.settings.get("min"), self.settings.get("max")
        if least is not None and number < Decimal(least):
            raise Refused("too_small", min=least)
        if largest is not None and number > Decimal(largest):
            raise Refused("too_large", max=largest)
        return number

    def operand(self, value: Any) -> Decimal:
        number = to_decimal(value)
        exact = number.quantize(Decimal(1).scaleb(-self.scale))
        if exact != number:
            raise Refused("too_many_digits", scale=self.scale)
        return exact + 0  # no negative zero

    def wire(self, value: Decimal | None) -> str | None:
        return None if value is None else format(value, "f")

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "decimal", "maxLength": 40}


class Percent(DecimalField):
    """A number of hundredths."""

    kind = "percent"
    summary = "A percentage: 12.5 means 12.5 %. An exact decimal; text in JSON."
    EXAMPLE = '"12.5"'

    def parse(self, text: str, style: str | None = None) -> Decimal:
        return self.check(text.strip().removesuffix("%"))

    def text(self, wire: str | None) -> str:
        if wire is None:
            return ""
        shown = wire.rstrip("0").rstrip(".") if "." in wire else wire
        return f"{shown} %"


@cache
def currencies() -> frozenset[str]:
    """Return the codes of all currencies of ISO 4217, those that are history too."""
    return frozenset(Locale("en").currencies)


def currency_digits(code: str) -> int:
    """Return how many decimals amounts of a currency have: 2 for EUR, 0 for JPY, 3 for KWD.

    One that has more has as many as amounts are stored with.
    """
    return min(int(numbers.get_currency_precision(code)), AMOUNT_DIGITS)


def _currency(value: Any) -> str:
    if not (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isupper()):
        raise ValueError("must be a currency code of three capital letters, such as EUR")
    return value


def _named(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be the name of a field of the same type")
    return value


class Money(DecimalField):
    """An amount in the field's currency, or in the one that its record names."""

    kind = "money"
    summary = (
        "An amount with four exact digits after the point, in the field's currency "
        "(default: the instance's) or in the one that the record names; text in JSON."
    )
    EXAMPLE = '"1200.00"'
    SETTINGS = {
        "currency": Setting(_currency, "Currency code; default: the instance's."),
        "currency_by": Setting(
            _named,
            "Name of a text of the same type, or of the record that it is a part of "
            "(`order.currency`), with the code of the currency; empty there: the instance's.",
        ),
        "base": Setting(
            _named,
            "Name of a computed money field of the same type: its worth in the currency of the "
            "instance, by which records are sorted and summed up.",
        ),
        "rate_date": Setting(
            _named, "Name of a date of the same type whose rate holds; default: created_at."
        ),
        "fixed_by": Setting(
            _named,
            "Name of a choice of the same type: once its option is of a category other than open, "
            "rates that come later leave the worth as it is.",
        ),
        **{name: DecimalField.SETTINGS[name] for name in ("min", "max", "computed")},
    }

    @property
    def scale(self) -> int:
        return AMOUNT_DIGITS

    def wire(self, value: Decimal | None) -> str | None:
        """Return the amount with two digits, or four where it has more than two."""
        if value is None:
            return None
        cents = value.quantize(Decimal("0.01"))
        return format(cents if cents == value else value, "f")

    @property
    def code(self) -> str:
        """The code of the currency that its amounts are in, unless their record says it."""
        return str(self.settings.get("currency", self.currency))

    @property
    def currency_by(self) -> str | None:
        """The path to the code of the currency that an amount is in; None: all are in `code`."""
        return self.settings.get("currency_by")

    @property
    def base(self) -> str | None:
        """The name of the field with the amount in the currency of the instance."""
        return self.settings.get("base")

    @property
    def rate_date(self) -> str:
        """The name of the date whose rate holds."""
        return str(self.settings.get("rate_date", "created_at"))

    @property
    def fixed_by(self) -> str | None:
        """The name of the choice that fixes the worth once it is decided."""
        return self.settings.get("fixed_by")

    def openapi(self) -> dict[str, Any]:
        by = {"x-currency-by": self.currency_by} if self.currency_by else {}
        return {**DecimalField.openapi(self), "x-currency": self.code, **by}


class Boolean(Field):
    """Yes or no; with `tri_state` also unknown."""

    kind = "boolean"
    summary = "True or false; empty counts as false unless tri_state is set."
    EXAMPLE = "true"
    value_type = types.BOOLEAN
    CAN_BE_UNIQUE = False

    SETTINGS = {"tri_state": Setting(flag, "Keep empty apart from false.", "flag")}

    @property
    def tri_state(self) -> bool:
        """Whether empty is a value of its own."""
        return bool(self.settings.get("tri_state"))

    @property
    def empty(self) -> bool | None:
        return None if self.tri_state else False

    def columns(self) -> list[sa.Column[Any]]:
        if self.tri_state:
            return [sa.Column(self.column, sa.Boolean)]
        return [sa.Column(self.column, sa.Boolean, nullable=False, server_default=sa.false())]

    def store(self, value: bool | None) -> tuple[bool | None]:
        return (self.empty if value is None else value,)

    def check(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise Refused("not_boolean", got=kind_of(value))
        return value

    def text(self, wire: bool | None) -> str:
        return "" if wire is None else "yes" if wire else "no"

    def parse(self, text: str, style: str | None = None) -> bool:
        word = text.strip().casefold()
        if word in ("true", "yes", "1", "y"):
            return True
        if word in ("false", "no", "0", "n"):
            return False
        raise Refused("not_boolean", got=kind_of(text))

    def openapi(self) -> dict[str, Any]:
        return {"type": "boolean"}
