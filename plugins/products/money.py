"""Exact amounts: how many decimals a currency has, and what a line of a document comes to."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from relatum import fields

_HUNDRED: Final = Decimal(100)
_ZERO: Final = Decimal(0)
_WAYS: Final = {"nearest": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}


def rounded(amount: Decimal, code: str) -> Decimal:
    """Return an amount with the decimals of its currency; halves go away from zero."""
    return amount.quantize(Decimal(1).scaleb(-fields.currency_digits(code)), ROUND_HALF_UP)


def stepped(amount: Decimal, code: str, step: Decimal | None, way: str | None) -> Decimal:
    """Return an amount rounded to a step, such as 0.05; None: to what its currency has."""
    step = step or Decimal(1).scaleb(-fields.currency_digits(code))
    steps = (amount / step).quantize(Decimal(1), _WAYS[way or "nearest"])
    return (steps * step).quantize(Decimal("0.0001"))


class Figures(NamedTuple):
    """What a line, or a document of lines, comes to: `total` is `net` with tax."""

    discount: Decimal = _ZERO
    net: Decimal = _ZERO
    tax: Decimal = _ZERO
    total: Decimal = _ZERO


def figures(
    code: str,
    quantity: Decimal | None,
    price: Decimal | None,
    percent: Decimal | None = None,
    off: Decimal | None = None,
    tax_rate: Decimal | None = None,
) -> Figures:
    """Return what a line comes to in a currency, each figure rounded.

    `percent` is a discount in percent, `off` one in money for the whole line; together they take
    no more than there is.
    """
    gross = rounded((quantity or _ZERO) * (price or _ZERO), code)
    wanted = gross * (percent or _ZERO) / _HUNDRED + (off or _ZERO)
    discount = min(rounded(wanted, code), gross)
    net = gross - discount
    tax = rounded(net * (tax_rate or _ZERO) / _HUNDRED, code)
    return Figures(discount, net, tax, net + tax)


def summed(lines: Iterable[Figures]) -> Figures:
    """Return what a document comes to: the sums of what its lines do, to the cent."""
    return Figures(*(sum(column, _ZERO) for column in zip(Figures(), *lines, strict=True)))
