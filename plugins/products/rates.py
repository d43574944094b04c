"""Rates of currencies, and what amounts are worth by them in the currency of the instance."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from relatum import Actor, WantedRates, WriteBatch, catalog, clock, fields, query

from .money import rounded

_PAGE: Final = 200


class Rate(NamedTuple):
    """A rate: `per` units of a currency are worth `rate` in that of the instance."""

    rate: Decimal
    per: int

    def worth(self, amount: Decimal, base: str) -> Decimal:
        """Return what an amount is worth, rounded as the currency of the instance is."""
        return rounded(amount * self.rate / self.per, base)

    def costs(self, amount: Decimal) -> Decimal:
        """Return what an amount in the currency of the instance is in this one, unrounded."""
        return amount * self.per / self.rate


class Rates:
    """The rates of some currencies that hold on some days, read at once."""

    def __init__(self, wanted: Iterable[tuple[str, date]], *, actor: Actor) -> None:
        """Read what is needed for pairs of a code and a day, in one query as a rule."""
        first: dict[str, date] = {}
        last = date.min
        for code, day in wanted:
            first[code] = min(first.get(code, day), day)
            last = max(last, day)
        #: The rates of a currency by the days from which they hold, in order.
        self._known: dict[str, list[tuple[date, Rate]]] = {code: [] for code in first}
        if first:
            for code, day, rate in _newest_first(list(first), last, actor):
                self._known[code].insert(0, (day, rate))
                if all(known and known[0][0] <= first[c] for c, known in self._known.items()):
                    break

    def on(self, code: str, day: date) -> Rate | None:
        """Return the rate that holds on a day: the last one before it, however old; None: none."""
        known = self._known.get(code, [])
        place = bisect_right(known, day, key=lambda each: each[0])
        return known[place - 1][1] if place else None


def _newest_first(codes: list[str], last: date, actor: Actor) -> Iterator[tuple[str, date, Rate]]:
    asked: dict[str, Any] = {
        "filter": {"and": [
            {"field": "currency.code", "op": "in", "value": codes},
            {"field": "valid_from", "op": "lte", "value": last.isoformat()},
        ]},
        "sort": ["-valid_from"], "fields": ["currency.code", "valid_from", "rate", "per"],
        "limit": _PAGE,
    }  # fmt: skip
    for row in query.every("exchange_rate", asked, actor=actor):
        rate = Rate(Decimal(row["rate"]), int(row["per"]))
        yield row["currency.code"], row["valid_from"], rate


def valued(entity_type: catalog.EntityType) -> list[fields.Money]:
    """Return the amounts of a type whose worth is kept beside them."""
    return [
        field
        for field in entity_type.own_fields
        if isinstance(field, fields.Money) and field.base in entity_type.fields
    ]


def day_of(value: Any) -> date:
    """Return the day of a date or an instant in the zone of the instance; today for none."""
    zone = catalog.current().zone
    if value is None:
        return clock.today(zone)
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).date()
    assert isinstance(value, date)
    return value


def give(wanted: WantedRates, actor: Actor) -> None:
    """Give the rates that amounts need which are written."""
    known = Rates(wanted.pairs, actor=actor)
    for code, day in wanted.pairs:
        rate = known.on(code, day)
        if rate is not None:
            wanted.give(code, day, rate.rate, rate.per)


def check_active(batch: WriteBatch, actor: Actor) -> None:
    """Refuse currencies that are not to be chosen any more, where they are chosen now."""
    names = {f.currency_by for f in valued(batch.entity_type)} & batch.entity_type.fields.keys()
    for name in names:
        chosen = {
            place: batch.value(place, name)
            for place in range(len(batch))
            if name in batch.changed(place) and batch.value(place, name) is not None
        }
        codes = set(chosen.values())
        retired = _retired(codes, actor) if codes else set()  # relatum: allow RLT014 per field
        for place, code in chosen.items():
            if code in retired and not batch.undoing:
                text = f"'{code}' is not active. Choose another currency, or activate it"
                batch.reject(place, text, field=name)


def _retired(codes: set[str], actor: Actor) -> set[str]:
    asked = {"filter": {"field": "active", "value": False}, "fields": ["code"]}
    found = query.every("currency", asked, among=("code", sorted(codes)), actor=actor)
    return {row["code"] for row in found}
