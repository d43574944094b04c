"""Days, weeks and months as the reader's language counts and writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from babel import Locale, dates

from relatum import clock

from ... import words

MONTH, WEEK, AGENDA = WAYS = ("month", "week", "agenda")
_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
#: The first and last day that a calendar opens at; a month on either side can still be drawn.
_EARLIEST, _LATEST = date(1, 3, 1), date(9999, 10, 31)


def locale() -> Locale:
    """Return the reader's locale."""
    return Locale.parse(words.language(), sep="-")


def today() -> date:
    """Return the day that it is for the reader."""
    return clock.now().astimezone(words.zone()).date()


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a calendar shows: a way of looking, and the day that it was opened at."""

    way: str
    day: date

    @property
    def first(self) -> date:
        """The first day."""
        if self.way == WEEK:
            return monday(self.day)
        return monday(self.day.replace(day=1)) if self.way == MONTH else self.day.replace(day=1)

    @property
    def after(self) -> date:
        """The day after the last one."""
        if self.way == WEEK:
            return self.first + _WEEK
        following = _months(self.day, 1)
        if self.way == AGENDA:
            return following
        start = monday(following)
        return start if start == following else start + _WEEK

    @property
    def days(self) -> list[date]:
        """Every day, in order."""
        return [self.first + _DAY * n for n in range((self.after - self.first).days)]

    @property
    def weeks(self) -> Iterator[tuple[int, list[date]]]:
        """The days by weeks, each with its number."""
        found = self.days
        for start in range(0, len(found), 7):
            yield number_of_week(found[start]), found[start : start + 7]

    @property
    def title(self) -> str:
        """What the days are called together."""
        if self.way == WEEK:
            last = self.after - _DAY
            return str(dates.format_interval(self.first, last, "yMMMd", locale=locale()))
        return str(dates.format_skeleton("yMMMM", self.day, locale=locale()))

    @property
    def before_day(self) -> date:
        """The day at which the days before these are opened."""
        return within(self.day - _WEEK if self.way == WEEK else _months(self.day, -1))

    @property
    def next_day(self) -> date:
        """The day at which the days after these are opened."""
        return within(self.day + _WEEK if self.way == WEEK else _months(self.day, 1))

    def is_beside(self, day: date) -> bool:
        """Say whether a day is shown beside the month that is meant."""
        return self.way == MONTH and (day.year, day.month) != (self.day.year, self.day.month)


def _months(day: date, count: int) -> date:
    """Return the first day of a month so many months later."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, 1)


def within(day: date) -> date:
    """Return a day, or the nearest one that a calendar opens at."""
    return min(max(day, _EARLIEST), _LATEST)


def read(text: str | None) -> date:
    """Return the day of an address; today where it names none."""
    try:
        return within(datetime.strptime(text or "", "%Y-%m-%d").date())  # noqa: DTZ007  # a date has no zone
    except ValueError:
        return today()


def monday(day: date) -> date:
    """Return the first day of a week, whichever weekday that is for the reader."""
    return day - _DAY * ((day.weekday() - locale().first_week_day) % 7)


def number_of_week(first: date) -> int:
    """Return the number of a week by its first day.

    Where weeks begin on Monday they are counted by ISO 8601, whatever a locale without a country
    says of it.
    """
    if locale().first_week_day == 0:
        return first.isocalendar().week
    return int(dates.format_date(first, "w", locale=locale()))


def is_weekend(day: date) -> bool:
    """Say whether a day is free for most people."""
    return day.weekday() in (locale().weekend_start, locale().weekend_end)


def weekday(day: date) -> str:
    """Return what a weekday is called, in short."""
    return str(dates.get_day_names("abbreviated", locale=locale())[day.weekday()]).rstrip(".")


def spoken(day: date) -> str:
    """Return a day in full: weekday, day, month and year."""
    return str(dates.format_date(day, "full", locale=locale()))


def hour(number: int) -> str:
    """Return a full hour as it is written."""
    return str(dates.format_time(time(number % 24), "short", locale=locale()))


def start_of(day: date) -> datetime:
    """Return the instant in UTC at which a day begins for the reader."""
    return datetime.combine(day, time(), words.zone()).astimezone(UTC)


def at(day: date, of_day: time) -> datetime:
    """Return the instant in UTC of a time of a day, as the reader's clock shows it."""
    return datetime.combine(day, of_day, words.zone()).astimezone(UTC)
