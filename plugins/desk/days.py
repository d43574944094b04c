"""Today, and periods of days, as people write them where the reader is."""

from __future__ import annotations

from datetime import date
from typing import Final

from babel import Locale, dates

from . import words
from .words import translated

#: How the days of a part of dates are written, as patterns of CLDR.
_PATTERNS: Final = {"year": "y", "quarter": "QQQ y", "month": "MMM y"}


def today() -> str:
    """Return the date where the reader is, with the day of the week."""
    shown = words.now().astimezone(words.zone()).date()
    return str(dates.format_date(shown, "full", locale=Locale.parse(words.language())))


def period(part: str, start: date) -> str:
    """Return a year, quarter, month, week or day, which begins on a day, as it is written."""
    if part in _PATTERNS:
        locale = Locale.parse(words.language())
        return str(dates.format_date(start, _PATTERNS[part], locale=locale))
    if part == "week":
        year, number, _ = start.isocalendar()
        return translated("Week {number}, {year}", number=number, year=year)
    return words.day(start)
