"""Dates and instants."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from .. import clock, types
from ..storage import Instant
from .base import Field, Refused, Setting, kind_of

#: Date formats of files: the words of the map format and what they mean to strptime.
STYLES = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYY/MM/DD": "%Y/%m/%d",
    "YYYYMMDD": "%Y%m%d",
    "M/D/YYYY": "%m/%d/%Y",
    "D/M/YYYY": "%d/%m/%Y",
    "D.M.YYYY": "%d.%m.%Y",
    "M-D-YYYY": "%m-%d-%Y",
    "D-M-YYYY": "%d-%m-%Y",
}
_RELATIVE = re.compile(r"(today|now)(?:([+-])(\d{1,4})([dhm]))?")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def _shaped(text: str, style: str) -> bool:
    """Say whether a text is as long as its style, where months and days have two digits."""
    return "MM" not in style or len(text) == len(style)


def _relative(value: Any) -> tuple[str, timedelta] | None:
    """Read `today`, `now`, `today-30d`, `now+2h`; None if it is none of these."""
    found = _RELATIVE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    base, sign, count, unit = found.groups()
    shift = timedelta(**{_UNITS[unit]: int(count)}) if count else timedelta()
    return base, -shift if sign == "-" else shift


def to_date(value: Any, wanted: str = "YYYY-MM-DD") -> date:
    """Return the date of text in ISO form, or in one of `STYLES`; raise `Refused`."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        text = value.strip()
        try:
            if wanted != "YYYY-MM-DD" and _shaped(text, wanted):
                return datetime.strptime(text, STYLES[wanted]).date()  # noqa: DTZ007  # a date has no zone
            # Python reads more forms than this one, such as weeks.
            if wanted == "YYYY-MM-DD" and len(text) == 10 and text[7] == "-":
                return date.fromisoformat(text)
        except ValueError:
            pass
    raise Refused("not_date", wanted=wanted, got=kind_of(value))


def to_instant(value: Any, zone: str | None = None) -> datetime:
    """Return the instant in UTC; text without an offset is refused, or read in `zone`."""
    moment = value if isinstance(value, datetime) else None
    if isinstance(value, str) and 10 < len(value.strip()) <= 40:
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            moment = None
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone)) if zone else None
    try:
        if moment is not None:
            return moment.astimezone(UTC)
    except OverflowError:
        pass
    raise Refused("not_datetime", got=kind_of(value))


def _bounds(read: Callable[[Any], Any], what: str) -> dict[str, Setting]:
    """Return the settings for the earliest and latest value, kept as ISO text."""

    def check(value: Any) -> str:
        try:
            return str(read(value).isoformat())
        except Refused as refused:
            raise ValueError(refused.problem.message) from None

    return {"min": Setting(check, f"Earliest {what}."), "max": Setting(check, f"Latest {what}.")}


_Value = TypeVar("_Value", date, datetime, time)


def _within(field: Field, value: _Value) -> _Value:
    """Return a value that lies within the bounds of a field; raise `Refused`."""
    read, bounds = type(value).fromisoformat, field.settings
    if "min" in bounds and value < read(bounds["min"]):
        raise Refused("too_small", min=bounds["min"])
    if "max" in bounds and value > read(bounds["max"]):
        raise Refused("too_large", max=bounds["max"])
    return value


class Date(Field):
    """A calendar date, without time or zone."""

    kind = "date"
    summary = "A calendar date, YYYY-MM-DD. Filters also take today, today-30d, today+1d."
    EXAMPLE = '"2026-01-31"'
    value_type = types.DATE
    DEFAULTS = ("today",)
    PARTS = ("year", "quarter", "month", "week", "day")

    SETTINGS = _bounds(to_date, "date")

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, sa.Date)]

    def check(self, value: Any) -> date:
        return _within(self, to_date(value))

    def parse(self, text: str, style: str | None = None) -> date:
        return _within(self, to_date(text, style or "YYYY-MM-DD"))

    def operand(self, value: Any) -> date:
        relative = _relative(value)
        if relative:
            try:
                return clock.today(self.zone) + relative[1]
            except OverflowError:
                raise Refused("not_date", wanted="YYYY-MM-DD", got=kind_of(value)) from None
        return to_date(value)

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}


class Datetime(Field):
    """An instant, stored in UTC."""

    kind = "datetime"
    summary = (
        "A date and time with a zone, stored in UTC with microseconds. Filters also take now, "
        "now-2h, today and today-30d."
    )
    EXAMPLE = '"2026-01-31T09:30:00Z"'
    value_type = types.INSTANT
    DEFAULTS = ("now",)
    PARTS = Date.PARTS

    SETTINGS = _bounds(to_instant, "instant")

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, Instant)]

    def check(self, value: Any) -> datetime:
        return _within(self, to_instant(value))

    def parse(self, text: str, style: str | None = None) -> datetime:
        """Read ISO text; without an offset it is in the instance's zone. A date is its midnight."""
        if style or len(text.strip()) == 10:
            midnight = datetime.combine(to_date(text, style or "YYYY-MM-DD"), datetime.min.time())
            return _within(self, to_instant(midnight, self.zone))
        return _within(self, to_instant(text, self.zone))

    def operand(self, value: Any) -> datetime:
        relative = _relative(value)
        if relative is None and isinstance(value, str) and len(value.strip()) == 10:
            return to_instant(datetime.combine(to_date(value), datetime.min.time()), self.zone)
        if relative is None:
            return to_instant(value)
        base, shift = relative
        start = clock.now()
        if base == "today":
            local = start.astimezone(ZoneInfo(self.zone))
            start = local.replace(hour=0, minute=0, second=0, microsecond=0)
        try:
            return (start + shift).astimezone(UTC)
        except OverflowError:
            raise Refused("not_datetime", got=kind_of(value)) from None

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([ap])\.?m\.?)?", re.IGNORECASE | re.ASCII)


def to_time(value: Any) -> time:
    """Return the time of day of text such as 09:30, 9:30:15 or 9:30 pm; raise `Refused`."""
    if isinstance(value, time) and value.tzinfo is None and not value.microsecond:
        return value
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found:
        hour, minute, second = (int(part or 0) for part in found.groups()[:3])
        half = (found[4] or "").lower()
        if half:
            # Twelve o'clock begins each half of a day.
            hour = hour % 12 + (12 if half == "p" else 0) if 1 <= hour <= 12 else 24
        if hour < 24 and minute < 60 and second < 60:
            return time(hour, minute, second)
    raise Refused("not_time", got=kind_of(value))


class Time(Field):
    """A time of day, without date or zone."""

    kind = "time"
    summary = "A time of day to the second, HH:MM or HH:MM:SS; 9:30 pm is taken too. No zone."
    EXAMPLE = '"09:30"'
    value_type = types.TIME
    PARTS = ("hour",)

    SETTINGS = _bounds(to_time, "time")

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, sa.Time)]

    def check(self, value: Any) -> time:
        return _within(self, to_time(value))

    def operand(self, value: Any) -> time:
        return to_time(value)

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "time"}
