"""The calendar of a type: its records on the days of a date of theirs, moved from day to day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
from flask import Response, request

from relatum import RelatumError, catalog, clock, fields, query

from ... import ui, values, words
from ...words import translated
from . import days, events, lists, moving, ways
from .days import AGENDA, MONTH, WEEK, Span
from .events import Event

#: Words of the address: the field where an event begins and the one where it ends, how to look
#: at the days, and a day among them.
BY, TO, AS, DAY = _OWN = ("_by", "_to", "_as", "_day")
#: Records that are drawn at once.
_MOST: Final = 500
#: Events of a day that have room in a month, in a week of whole days, in the line above the hours
#: and in the list of days; more are in the list.
_ROOM: Final = {MONTH: 3, WEEK: 3, AGENDA: 50}
_WHOLE_DAYS: Final = 12
#: What began earlier before the first day that is shown is not looked for: a bound for the index.
_LONGEST: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its events: those that there is room for, and how many more there are."""

    date: date
    beside: bool
    events: list[Event]
    more: int

    @property
    def is_today(self) -> bool:
        """Whether it is today for the reader."""
        return self.date == days.today()

    @property
    def timed(self) -> list[Event]:
        """The events at a time of the day."""
        return [each for each in self.events if each.is_timed]

    @property
    def whole(self) -> list[Event]:
        """The events that take the whole day, or more than it."""
        return [each for each in self.events if not each.is_timed]


@dataclass(frozen=True)
class Calendar:
    """The records of a list on the days that its address names."""

    listing: lists.Listing
    by: fields.Field
    to: fields.Field | None
    span: Span
    all: list[Event]
    #: Whether there are more records than are drawn, and how many begin on each day then.
    counts: dict[date, int] | None

    @property
    def opened(self) -> lists.Opened:
        """The view that is open, with the words of the address laid over it."""
        return self.listing.opened

    @property
    def type(self) -> catalog.EntityType:
        """The type of the records."""
        return self.opened.type

    @property
    def has_times(self) -> bool:
        """Whether events have a time of the day."""
        return values.kind(self.by) == "datetime"

    @property
    def has_hours(self) -> bool:
        """Whether the hours of the days are drawn."""
        return self.has_times and self.span.way == WEEK

    @property
    def movable(self) -> bool:
        """Whether records can be moved to another day."""
        return not self.by.read_only and not self.opened.body.get("trashed")

    def address(self, **more: str | None) -> str:
        """Return the address of this calendar with some words other than they are."""
        given = [(n, more.get(n, v)) for n, v in self.words() if more.get(n, v) is not None]
        return f"/records/{self.type.name}/calendar?{urlencode(given)}"

    def words(self, *without: str) -> list[tuple[str, str]]:
        """Return the words of the address of this calendar, but for some."""
        own = {BY: self.by.name, TO: request.args.get(TO, ""), AS: self.span.way,
               DAY: self.span.day.isoformat()}  # fmt: skip
        given = [*self.opened.kept, *((name, value) for name, value in own.items() if value)]
        return [(name, value) for name, value in given if name not in without]

    def here(self, address: str, page: str = "calendar", **more: str) -> str:
        """Return the address of a list as one of this calendar, or of a form that leads back."""
        own = [pair for pair in self.words() if pair[0] in _OWN]
        words_ = [*parse_qsl(urlsplit(address).query), *own, *more.items()]
        return f"/records/{self.type.name}/{page}?{urlencode(words_)}"

    def filter(self, address: str) -> str:
        """Return the address of a form of filters that leads back to this calendar."""
        return self.here(address, "filter", **{ways.PAGE: "calendar"})

    @property
    def choices(self) -> list[fields.Field]:
        """The dates that the calendar can go by."""
        return values.calendars(self.type)

    @property
    def ends(self) -> list[fields.Field]:
        """The dates that can say when what the calendar goes by is over."""
        kind = values.kind(self.by)
        return [f for f in self.choices if f is not self.by and values.kind(f) == kind]

    def new(self, day: date) -> str:
        """Return the address of the form of a record on a day."""
        value = day.isoformat()
        if self.has_times:
            value = f"{value}T09:00"
        return f"/records/{self.type.name}/new?{urlencode({self.by.name: value})}"

    @cached_property
    def days(self) -> list[Day]:
        """The days that are shown, each with its events."""
        by_day: dict[date, list[Event]] = {day: [] for day in self.span.days}
        for each in self.all:
            day = max(each.first, self.span.first)
            while day <= each.last and day in by_day:
                by_day[day].append(each)
                day += timedelta(days=1)
        return [self._day(day, found) for day, found in by_day.items()]

    def _day(self, day: date, found: list[Event]) -> Day:
        found = sorted(found, key=lambda e: (e.is_timed, e.begins if e.is_timed else 0, e.first))
        whole = [each for each in found if not (self.has_hours and each.is_timed)]
        room = _WHOLE_DAYS if self.span.way == WEEK and not self.has_hours else _ROOM[self.span.way]
        # One more takes the place of the line that says so.
        kept = whole if len(whole) <= room + 1 else whole[:room]
        if self.has_hours:
            timed = [each for each in found if each.is_timed]
            kept = [*kept, *(box.event for box in events.boxes(timed, self.hours))]
        count = max(len(found), (self.counts or {}).get(day, 0))
        return Day(day, self.span.is_beside(day), kept, count - len(kept))

    @cached_property
    def by_date(self) -> dict[date, Day]:
        """The days by their dates."""
        return {day.date: day for day in self.days}

    @cached_property
    def hours(self) -> tuple[int, int]:
        """The first hour of a week that is drawn, and the one after the last."""
        return events.hours(self.all)

    def boxes(self, day: Day) -> list[events.Box]:
        """Return where the timed events of a day are drawn."""
        return events.boxes(day.timed, self.hours)

    def now(self, day: Day) -> float | None:
        """Return where the line of the present time crosses a day; None on any other day."""
        if not day.is_today:
            return None
        return events.now_at(self.hours, clock.now().astimezone(words.zone()))

    def listed(self, day: Day) -> str:
        """Return the address of the list of a day."""
        found: list[tuple[str, str]]
        taken = {name for name, _ in self.opened.kept}
        if self.to is not None and "_filter" not in taken:
            narrowed = _within(self.by, self.to, day.date, day.date + timedelta(days=1))
            found = [("_filter", orjson.dumps(narrowed).decode())]
        else:
            low = _bound(self.by, day.date)
            high = _bound(self.by, day.date + timedelta(days=1))
            spelt = [(f"{self.by.name}__gte", low), (f"{self.by.name}__lt", high)]
            found = [pair for pair in spelt if pair[0] not in taken]
        return f"/records/{self.type.name}?{urlencode([*self.opened.kept, *found])}"


@ui.page("/records/<type_name>/calendar")
def calendar(type_name: str) -> Response:
    """Show the records of a type on the days of a month or a week."""
    found = opened(type_name)
    template = "_calendar.html" if ui.is_fragment() else "calendar.html"
    return ui.render(template, calendar=found, type=found.type, days=days)


def opened(type_name: str) -> Calendar:
    """Return the calendar that the address asks for. Raises what asking for it raises."""
    args = [pair for pair in lists.args() if pair[0] not in _OWN]
    found = lists.opened(type_name, args)
    by, to = _fields(found.type)
    way = request.args.get(AS, MONTH)
    span = Span(way if way in days.WAYS else MONTH, days.read(request.args.get(DAY)))
    asked, colours = _asked(found, by, to, span)
    page = query.page(asked)
    named = lists.named(found.type, found.parts, page.labels)
    listing = lists.Listing(found, asked, page, page.labels | named, found.paths)
    made = [events.event(found.type, record, by, to, colours) for record in page.records]
    counts = _counts(found, by, span) if page.next else None
    return Calendar(listing, by, to, span, made, counts)


def _fields(entity_type: catalog.EntityType) -> tuple[fields.Field, fields.Field | None]:
    """Return the fields that the address names for the begin and the end of an event."""
    known = {field.name: field for field in values.calendars(entity_type)}
    if not known:
        reason = translated("{types} have no date to go by", types=entity_type.plural)
        raise RelatumError("bad_parameter", name=BY, reason=reason)
    by = _named(BY, known) or next(iter(known.values()))
    to = _named(TO, known)
    if to is not None and values.kind(to) != values.kind(by):
        reason = translated("{field} and {other} are of two kinds", field=to.label, other=by.label)
        raise RelatumError("bad_parameter", name=TO, reason=reason)
    # The same field twice says that events have no end, where one would be found by its name.
    return by, None if to is by else to or events.partner(entity_type, by)


def _named(word: str, known: dict[str, fields.Field]) -> fields.Field | None:
    name = request.args.get(word)
    if name and name not in known:
        raise RelatumError(
            "bad_parameter",
            name=word,
            reason=translated("'{name}' is no date to go by", name=name[:80]),
        )
    return known[name] if name else None


# -- asking -------------------------------------------------------------------------------------
def _bound(by: fields.Field, day: date) -> str:
    """Return the begin of a day as a filter takes it."""
    return day.isoformat() if values.kind(by) == "date" else days.start_of(day).isoformat()


def _within(by: fields.Field, to: fields.Field | None, first: date, after: date) -> dict[str, Any]:
    """Return the filter of what takes any of the days; bounded on both sides for the index."""
    begins = {"field": by.name, "op": "gte", "value": _bound(by, first)}
    ends = {"field": by.name, "op": "lt", "value": _bound(by, after)}
    if to is None:
        return {"and": [begins, ends]}
    earliest = max(first, date.min + _LONGEST) - _LONGEST
    bounded = {"field": by.name, "op": "gte", "value": _bound(by, earliest)}
    # An event that ends as a day begins takes nothing of that day; one with whole days does.
    until = "gte" if values.kind(by) == "date" else "gt"
    still = {"field": to.name, "op": until, "value": _bound(to, first)}
    return {"and": [bounded, ends, {"or": [begins, still]}]}


def _asked(
    found: lists.Opened, by: fields.Field, to: fields.Field | None, span: Span
) -> tuple[query.Query, events.Colours]:
    entity_type = found.type
    choice = next(iter(values.boards(entity_type)), None)
    plain = entity_type.hue if entity_type.hue is not None else ui.hue(entity_type.name)
    named = [field.name for field in entity_type.title_fields]
    wanted = dict.fromkeys([*named, *(f.name for f in (by, to, choice) if f is not None)])
    base = {w: value for w, value in found.body.items() if w in ("filter", "trashed")}
    narrowed = {"filter": _within(by, to, span.first, span.after)}
    asked = {**query.over(base, narrowed), "fields": list(wanted), "limit": _MOST}
    if by.sortable:
        asked["sort"] = [by.name]
    return query.from_json(entity_type.name, asked, actor=ui.actor()), events.Colours(choice, plain)


def _counts(found: lists.Opened, by: fields.Field, span: Span) -> dict[date, int]:
    """Return how many records begin on each day."""
    base = {"filter": found.body.get("filter")}
    part = f"{by.name}.day"
    asked = {
        **query.over(base, {"filter": _within(by, None, span.first, span.after)}),
        "group": [part], "select": ["count"],
    }  # fmt: skip
    if values.kind(by) == "datetime":
        asked["tz"] = words.zone().key
    groups = query.aggregate(query.from_json(found.type.name, asked, actor=ui.actor())).groups
    return {date.fromisoformat(row[part]): row["count"] for row in groups if row[part]}


# -- moving -------------------------------------------------------------------------------------
@ui.page("/records/<type_name>/calendar/move", "POST")
def move_event(type_name: str) -> Response:
    """Move a record to another day or time; what ends later is moved along.

    A refusal says why, and the calendar puts the record back.
    """
    entity_type = words.known().type(type_name)
    by, to = _fields(entity_type)

    def said(record: dict[str, Any], row: dict[str, Any]) -> str:
        value, is_day = row[by.name], values.kind(by) == "date"
        day = words.day(value) if is_day else words.instant(value)
        return translated("{label} is on {day}", label=entity_type.label_of_wire(record), day=day)

    found = moving.moved(
        entity_type, by, lambda record: _moved(by, to, record), said, place_of=_day_of(by)
    )
    return moving.answer(found)


def _day_of(by: fields.Field) -> Callable[[Any], str]:
    """Return what says on which day of the reader a value is; none: an empty text."""
    if values.kind(by) == "date":
        return lambda value: words.as_date(value).isoformat() if value else ""
    zone = words.zone()
    return lambda value: (
        words.as_instant(value).astimezone(zone).date().isoformat() if value else ""
    )


def _moved(by: fields.Field, to: fields.Field | None, record: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a record that was moved by the form: a day, and a time if it has one."""
    try:
        day = date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        reason = translated("it must be a day, as YYYY-MM-DD")
        raise RelatumError("bad_parameter", name="day", reason=reason) from None
    before, ended = record[by.name], record[to.name] if to is not None else None
    if values.kind(by) == "date":
        made: dict[str, Any] = {by.name: day.isoformat()}
        if to is not None and before and ended:
            shift = day - words.as_date(before)
            made[to.name] = (words.as_date(ended) + shift).isoformat()
        return made
    start = days.at(day, _time(before))
    made = {by.name: start.isoformat()}
    if to is not None and before and ended:
        lasts = words.as_instant(ended) - words.as_instant(before)
        made[to.name] = (start + lasts).isoformat()
    return made


def _time(before: Any) -> time:
    """Return the time of day that the form says, else the one that the record has."""
    given = request.form.get("time", "")
    if given:
        try:
            return time.fromisoformat(given)
        except ValueError:
            reason = translated("it must be a time of the day, as 09:30")
            raise RelatumError("bad_parameter", name="time", reason=reason) from None
    if not before:
        return time(9)
    return words.as_instant(before).astimezone(words.zone()).time()
