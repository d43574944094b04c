"""Amounts in several currencies: what each is worth in the currency of the instance.

The kernel knows the worth of what is in that currency. For all others a plugin gives the rates
(`relatum_rates`); without one that does their worth is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from .. import clock, hooks
from ..actor import Actor
from ..catalog import EntityType
from ..fields import Money, currencies, currency_digits
from .batch import Row

_RATES: Final = "relatum_rates"


class WantedRates:
    """The rates that some amounts need: `pairs` of the code of a currency and a day."""

    def __init__(self, pairs: Iterable[tuple[str, date]]) -> None:
        """Ask for the rates of some pairs."""
        self.pairs = frozenset(pairs)
        self._given: dict[tuple[str, date], tuple[Decimal, int]] = {}

    def __len__(self) -> int:
        return len(self.pairs)

    def give(self, code: str, day: date, rate: Decimal, per: int = 1) -> None:
        """Say that `per` units of a currency are worth `rate` in that of the instance on a day."""
        self._given[code, day] = rate, per

    def worth(self, code: str, day: date, amount: Decimal, base: str) -> Decimal | None:
        """Return what an amount is worth, with the decimals of `base`; None without a rate."""
        found = self._given.get((code, day))
        if found is None:
            return None
        exact = amount * found[0] / found[1]
        return exact.quantize(Decimal(1).scaleb(-currency_digits(base)), ROUND_HALF_UP)


def read_codes(entity_type: EntityType, rows: Sequence[Row]) -> None:
    """Write the codes of currencies in capital letters; note those that are none."""
    for name in {f.currency_by or "" for f in entity_type.own_fields if isinstance(f, Money)}:
        if name not in entity_type.fields:
            continue
        for row in rows:
            code = row.values.get(name)
            if code is not None:
                row.values[name] = made = str(code).strip().upper()
                if made not in currencies():
                    row.refuse("currency_unknown", name, value=made[:20])


def value(
    entity_type: EntityType, rows: Sequence[Row], actor: Actor, *, undoing: bool = False
) -> None:
    """Give rows the worth of amounts in the currency of the instance; note those without a rate.

    An undo gives back the worth that there was, whatever rates say by now.
    """
    for field in entity_type.own_fields:
        if isinstance(field, Money) and field.base in entity_type.fields:
            _value(field, [row for row in rows if _is_due(field, row, undoing)], actor)


def _is_due(field: Money, row: Row, undoing: bool) -> bool:  # the word of the caller
    if row.problems or (undoing and field.base in row.values):
        return False
    decides = {field.name, field.base, field.currency_by, field.rate_date}
    return row.before is None or bool(row.values.keys() & decides)


def _value(field: Money, rows: Sequence[Row], actor: Actor) -> None:
    assert field.base is not None
    abroad = []
    for row, amount, code in _amounts(field, rows):
        if amount is None or code == field.currency:
            row.values[field.base] = amount
        else:
            abroad.append((row, amount, code, _day(field, row)))
    if not abroad:
        return
    known = hooks.current()
    wanted = WantedRates((code, day) for _, _, code, day in abroad)
    known.strict(_RATES, actor=actor, wanted=wanted)
    for row, amount, code, day in abroad:
        row.values[field.base] = worth = wanted.worth(code, day, amount, field.currency)
        if worth is None and known.implemented(_RATES):
            row.refuse("rate_missing", field.currency_by, currency=code, day=day.isoformat())


def _amounts(field: Money, rows: Sequence[Row]) -> Iterator[tuple[Row, Decimal | None, str]]:
    for row in rows:
        yield row, row.after(field.name), row.after(field.currency_by or "") or field.currency


def _day(field: Money, row: Row) -> date:
    """Return the day whose rate holds, in the zone of the instance."""
    found: Any = row.after(field.rate_date) or row.after("created_at")
    if found is None:
        return clock.today(field.zone)
    if isinstance(found, datetime):
        return found.astimezone(ZoneInfo(field.zone)).date()
    assert isinstance(found, date)
    return found
