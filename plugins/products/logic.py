"""What holds of the catalogue, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from babel import Locale, numbers

from relatum import WriteBatch, fields


def fill_currency(batch: WriteBatch) -> None:
    """Give currencies what their codes say: decimals always, name and symbol if they have none."""
    for place in range(len(batch)):
        code = batch.value(place, "code")
        if code is None:
            continue
        batch.set(place, "digits", fields.currency_digits(code))
        if batch.value(place, "name") is None:
            batch.set(place, "name", Locale("en").currencies.get(code, code))
        if batch.value(place, "symbol") is None:
            batch.set(place, "symbol", numbers.get_currency_symbol(code, locale="en"))


def check_days(batch: WriteBatch) -> None:
    """Refuse what ends before it begins."""
    days = zip(batch.column("valid_from"), batch.column("valid_to"), strict=True)
    for place, (begins, ends) in enumerate(days):
        if begins and ends and ends < begins:
            batch.reject(place, "It ends before it begins", field="valid_to")


def check_price(batch: WriteBatch) -> None:
    """Refuse margins that no price has."""
    for place, method in enumerate(batch.column("method")):
        percent = batch.value(place, "percent")
        if method == "margin" and percent is not None and percent >= 100:
            batch.reject(place, "A margin is less than 100 percent", field="percent")


_CHECKS: Final[dict[str, Callable[[WriteBatch], None]]] = {
    "currency": fill_currency,
    "price_list": check_days,
    "product": check_days,
    "price_list_item": check_price,
}


def check(batch: WriteBatch) -> None:
    """Check the rows of the catalogue's own types."""
    if batch.type in _CHECKS:
        _CHECKS[batch.type](batch)
