"""Periods of whole days that reports offer by a name."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, NamedTuple

#: The periods that are offered, by their names for programs, with how many months each has.
PERIODS: Final = {
    "this_month": 1, "last_month": 1, "this_quarter": 3, "last_quarter": 3, "this_year": 12,
    "last_year": 12, "last_12_months": 12,
}  # fmt: skip
USUAL: Final = "last_12_months"
_DAY: Final = timedelta(days=1)


class Span(NamedTuple):
    """Days from a first one to a last one, both of them included."""

    first: date
    last: date


def of(period: str, today: date) -> Span:
    """Return the days of a period by its name, as seen from a day.

    The last twelve months are the current one and the eleven before.
    """
    months = PERIODS[period]
    if period == USUAL:
        return Span(_moved(today, 1 - months), _moved(today, 1) - _DAY)
    first = _moved(today, -((today.month - 1) % months))
    if period.startswith("last_"):
        first = _moved(first, -months)
    return Span(first, _moved(first, months) - _DAY)


def _moved(day: date, months: int) -> date:
    """Return the first day of a month so many months from that of a day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
