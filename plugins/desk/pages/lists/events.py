"""Records on a calendar: when one begins and ends for the reader, and where it is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from relatum import catalog, fields

from ... import values, words

#: How long an event is drawn that has no end, and the shortest that can be read, in minutes.
_SHORTEST: Final = 30
#: The hours that a week shows, unless an event lies outside.
_HOURS: Final = (7, 19)
_DAY: Final = 24 * 60
#: Events that stand side by side.
_LANES: Final = 4
#: Words by which the names of two fields say that one begins what the other ends.
_PAIRS: Final = (
    ("starts", "ends"), ("start", "end"), ("begins", "ends"), ("begin", "end"), ("from", "to"),
    ("from", "until"), ("since", "until"),
)  # fmt: skip


def partner(entity_type: catalog.EntityType, begin: fields.Field) -> fields.Field | None:
    """Return the field that says when what `begin` begins is over, told by their names."""
    known = {field.name: field for field in values.calendars(entity_type)}
    parts = begin.name.split("_")
    for first, last in _PAIRS:
        if first in parts:
            name = "_".join(last if part == first else part for part in parts)
            found = known.get(name)
            if found is not None and values.kind(found) == values.kind(begin):
                return found
    return None


@dataclass(frozen=True, slots=True)
class Event:
    """A record on the days that it takes, as the reader's clock shows them."""

    id: int
    label: str
    first: date
    last: date
    #: When it begins on the first day, and how many minutes it takes; None: the whole day.
    at: time | None
    minutes: int
    hue: int
    #: What its colour means, if it means anything.
    note: str
    #: Whether it is over at a time that is known.
    ends: time | None = None

    @property
    def begins(self) -> int:
        """The minute of the day at which it begins."""
        return 0 if self.at is None else self.at.hour * 60 + self.at.minute

    @property
    def is_timed(self) -> bool:
        """Whether it lies within one day, at a time of it."""
        return self.at is not None and self.first == self.last

    @property
    def said(self) -> str:
        """Its time in words; empty for whole days."""
        if self.at is None:
            return ""
        begins = words.of_day(self.at)
        return begins if self.ends is None else f"{begins} – {words.of_day(self.ends)}"


@dataclass(frozen=True, slots=True)
class Colours:
    """What an event is coloured by: a choice of its record, or its type."""

    choice: fields.Field | None
    plain: int

    def of(self, record: dict[str, Any]) -> tuple[int, str]:
        """Return the hue of a record, and what it means."""
        value = record.get(self.choice.name) if self.choice is not None else None
        options = self.choice.options if self.choice is not None else ()
        found = next((option for option in options if option.value == value), None)
        if found is None:
            return self.plain, ""
        return self.plain if found.hue is None else found.hue, found.label


def event(
    entity_type: catalog.EntityType,
    record: dict[str, Any],
    begin: fields.Field,
    end: fields.Field | None,
    colours: Colours,
) -> Event:
    """Return a record as an event; it has a value in `begin`."""
    label, (hue, note) = entity_type.label_of_wire(record), colours.of(record)
    ended = record[end.name] if end is not None else None
    if values.kind(begin) == "date":
        first = words.as_date(record[begin.name])
        last = max(first, words.as_date(ended)) if ended else first
        return Event(record["id"], label, first, last, None, 0, hue, note)
    zone = words.zone()
    start = words.as_instant(record[begin.name])
    stop = words.as_instant(ended) if ended else start
    here, there = start.astimezone(zone), max(start, stop).astimezone(zone)
    minutes = int((stop - start).total_seconds() // 60) if stop > start else 0
    last = there.date()
    if minutes and there.time() == time() and last > here.date():
        last -= timedelta(days=1)  # what ends at midnight takes nothing of the next day
    return Event(
        record["id"], label, here.date(), last, here.time(), minutes, hue, note,
        there.time() if minutes else None,
    )  # fmt: skip


# -- where they are drawn -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Box:
    """A timed event within the column of its day, in percent: top, height, left edge, width."""

    event: Event
    top: float
    height: float
    left: float
    width: float

    @property
    def short(self) -> bool:
        """Whether there is room for one line alone."""
        return self.event.minutes <= 45


def hours(found: Iterable[Event]) -> tuple[int, int]:
    """Return the first hour that a week shows, and the one after the last."""
    first, after = _HOURS
    for each in found:
        if each.is_timed:
            first = min(first, each.begins // 60)
            after = max(after, -(-(each.begins + max(each.minutes, _SHORTEST)) // 60))
    return first, min(after, 24)


def boxes(found: Iterable[Event], shown: tuple[int, int]) -> list[Box]:
    """Return where the timed events of one day are drawn, those at one time side by side.

    Those that have no room beside others are left out.
    """
    made: list[Box] = []
    for group in _groups(sorted(found, key=lambda e: (e.begins, -e.minutes, e.id))):
        lanes: list[int] = []
        placed: list[tuple[Event, int]] = []
        for each in group:
            free = next((n for n, until in enumerate(lanes) if until <= each.begins), len(lanes))
            if free < _LANES:
                lanes[free : free + 1] = [_until(each)]
                placed.append((each, free))
        made += [_box(each, lane, len(lanes), shown) for each, lane in placed]
    return made


def _groups(found: list[Event]) -> Iterable[list[Event]]:
    """Yield events that meet each other, directly or by others between them."""
    group: list[Event] = []
    until = 0
    for each in found:
        if group and each.begins >= until:
            yield group
            group = []
        group.append(each)
        until = max(until, _until(each)) if len(group) > 1 else _until(each)
    if group:
        yield group


def _until(each: Event) -> int:
    return min(each.begins + max(each.minutes, _SHORTEST), _DAY)


def _box(each: Event, lane: int, lanes: int, shown: tuple[int, int]) -> Box:
    first, span = shown[0] * 60, (shown[1] - shown[0]) * 60
    top = (each.begins - first) / span * 100
    height = (_until(each) - each.begins) / span * 100
    return Box(each, round(top, 3), round(height, 3), lane / lanes * 100, 100 / lanes)


def now_at(shown: tuple[int, int], now: datetime) -> float | None:
    """Return where the line of the present time is drawn, from 0 to 1; None if it is outside."""
    minutes = now.hour * 60 + now.minute - shown[0] * 60
    span = (shown[1] - shown[0]) * 60
    return minutes / span if 0 <= minutes <= span else None
