"""Periods of days where the reader is: this week, month, quarter, year, the last twelve months."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from relatum import fields

_QUARTER, _YEAR = 3, 12


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `start` to before `end`; `part` of a date is the same on all of them, if any."""

    start: date
    end: date
    part: str = ""

    def filters(self, path: str, field: fields.Field, zone: ZoneInfo) -> list[dict[str, Any]]:
        """Return the conditions that a date, or an instant where the reader is, lies within."""
        if field.value_type.name == "instant":
            start, end = (
                datetime.combine(day, time(), zone).isoformat() for day in (self.start, self.end)
            )
        else:
            start, end = self.start.isoformat(), self.end.isoformat()
        return [
            {"field": path, "op": "gte", "value": start},
            {"field": path, "op": "lt", "value": end},
        ]


def span(period: str, today: date) -> Span:
    """Return the days of the period that a day lies in."""
    month = today.replace(day=1)
    match period:
        case "week":
            monday = today - timedelta(days=today.weekday())
            return Span(monday, monday + timedelta(days=7), "week")
        case "month":
            return Span(month, _later(month, 1), "month")
        case "quarter":
            first = month.replace(month=(month.month - 1) // _QUARTER * _QUARTER + 1)
            return Span(first, _later(first, _QUARTER), "quarter")
        case "year":
            first = month.replace(month=1)
            return Span(first, _later(first, _YEAR), "year")
    return Span(_later(month, 1 - _YEAR), _later(month, 1))


def with_before(now: Span) -> Span:
    """Return the days of a period and of the one before."""
    before = now.start - timedelta(days=1)
    return Span(span(now.part, before).start, now.end)


def of_group(part: str, text: str) -> Span | None:
    """Return the days of a group such as 2026-07; None for what is no days, such as an hour."""
    try:
        match part:
            case "year":
                return span("year", date(int(text), 1, 1))
            case "quarter":
                year, _, number = text.partition("-Q")
                return span("quarter", date(int(year), int(number) * _QUARTER, 1))
            case "month":
                return span("month", date.fromisoformat(f"{text}-01"))
            case "week":
                year, _, number = text.partition("-W")
                return span("week", date.fromisocalendar(int(year), int(number), 1))
            case "day":
                day = date.fromisoformat(text)
                return Span(day, day + timedelta(days=1), "day")
    except (ValueError, OverflowError):
        return None
    return None


def named(part: str, day: date) -> str:
    """Return what the database calls the group that a day lies in."""
    match part:
        case "year":
            return f"{day.year:04}"
        case "quarter":
            return f"{day.year:04}-Q{(day.month + 2) // _QUARTER}"
        case "month":
            return f"{day:%Y-%m}"
        case "week":
            year, number, _ = day.isocalendar()
            return f"{year:04}-W{number:02}"
    return day.isoformat()


def between(part: str, first: str, last: str, most: int) -> list[str]:
    """Return all groups from one to another, those without records too; none if too many."""
    start, end = of_group(part, first), of_group(part, last)
    found: list[str] = []
    while start is not None and end is not None and start.start <= end.start:
        found.append(named(part, start.start))
        if len(found) > most:
            return []
        start = of_group(part, named(part, start.end))
    return found


def _later(month: date, count: int) -> date:
    place = month.year * 12 + month.month - 1 + count
    year, number = divmod(place, 12)
    last = calendar.monthrange(year, number + 1)[1]
    return date(year, number + 1, min(month.day, last))


PARTS: Final = ("year", "quarter", "month", "week", "day")
