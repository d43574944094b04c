"""Calendars as text: tasks and meetings as events of iCalendar (RFC 5545).

Tasks are events, not VTODOs: of a calendar that is subscribed to, Google and Apple show events
alone. An event of a task takes no time away, so others may still be planned. Times are instants in
UTC, which every program shows by its own clocks: no zone is described, which some read wrong. So a
series at a time of the day is written out as far as it is near; one of days is a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from dateutil.rrule import rrulestr
from icalendar import Calendar, Event, vCalAddress, vRecur, vText

from relatum import fields

from . import repeating
from .agenda import Agenda, Row
from .words import translated

#: Times of a series that are written out at most.
_SERIES: Final = 100
#: How long a task with a time is shown.
_TASK: Final = timedelta(minutes=30)
_STATES: Final = {"canceled": "CANCELLED", "held": "CONFIRMED", "planned": "CONFIRMED"}
_ANSWERS: Final = {
    "accepted": "ACCEPTED", "tentative": "TENTATIVE", "declined": "DECLINED",
    "open": "NEEDS-ACTION",
}  # fmt: skip
_PRIORITIES: Final = {"high": 1, "normal": 5, "low": 9}
#: Who has no address; an attendee needs one.
_NOBODY: Final = "invalid:nomail"
#: How often programs should look again.
_AGAIN: Final = timedelta(minutes=30)


def text(agenda: Agenda, *, name: str, address: str) -> bytes:
    """Return a calendar; `address` is that of the instance, for links. The same for the same."""
    made = Calendar()
    made.add("prodid", "-//Relatum//Activities//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("name", name)
    made.add("x-wr-calname", name)
    made.add("x-wr-timezone", agenda.zone.key)
    made.add("refresh-interval", _AGAIN, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT30M")
    for row in agenda.tasks:
        for event in _tasks(row, agenda, address):
            made.add_component(event)
    for row in agenda.meetings:
        made.add_component(_meeting(row, agenda, address))
    return bytes(made.to_ical())


def _event(type_name: str, row: Row, address: str, nth: str = "") -> Event:
    made = Event()
    made.add("uid", f"{type_name}-{row['id']}{nth}@{urlsplit(address).hostname or 'relatum'}")
    made.add("dtstamp", _instant(row["updated_at"]))
    made.add("last-modified", _instant(row["updated_at"]))
    made.add("created", _instant(row["created_at"]))
    made.add("sequence", int(row["version"]) - 1)
    made.add("summary", row["label"])
    link = f"{address}/records/{type_name}/{row['id']}"
    told = [fields.without_marks(row["description"])] if row.get("description") else []
    if address:
        made.add("url", link)
        told.append(link)
    if told:
        made.add("description", "\n\n".join(told))
    return made


def _tasks(row: Row, agenda: Agenda, address: str) -> Iterator[Event]:
    """Yield the event of a task; one that repeats at a time of the day, for each time to come."""
    day = date.fromisoformat(str(row["due_date"]))
    if not row.get("due_time"):
        made = _task(row, address)
        made.add("dtstart", day)
        made.add("dtend", day + timedelta(days=1))
        _repeat(made, row.get("recurrence"))
        yield made
        return
    at = time.fromisoformat(str(row["due_time"]))
    for each in _days(row, day, agenda.until):
        begins = datetime.combine(each, at, agenda.zone).astimezone(UTC)
        made = _task(row, address, "" if each == day else f"-{each:%Y%m%d}")
        made.add("dtstart", begins)
        made.add("dtend", begins + _TASK)
        yield made


def _task(row: Row, address: str, nth: str = "") -> Event:
    made = _event("task", row, address, nth)
    made.add("transp", "TRANSPARENT")
    made.add("categories", [translated("Task")])
    if row.get("priority") in _PRIORITIES:
        made.add("priority", _PRIORITIES[row["priority"]])
    return made


def _parts(rule: Any) -> dict[str, str]:
    """Return the parts of a rule; of none, and of one that can't be read any more, none."""
    try:
        return repeating.read(rule) if rule else {}
    except ValueError:
        return {}


def _repeat(made: Event, rule: Any) -> None:
    """Let a task of whole days repeat by its rule."""
    parts = _parts(rule)
    if not parts:
        return
    read = vRecur.from_ical(";".join(f"{name}={value}" for name, value in parts.items()))
    if "UNTIL" in parts:
        read["UNTIL"] = [_day(parts["UNTIL"])]
    made.add("rrule", read)


def _day(text: str) -> date:
    return datetime.strptime(text[:8], "%Y%m%d").date()  # noqa: DTZ007  # a day, no instant


def _days(row: Row, day: date, until: date) -> Iterator[date]:
    """Yield the days on which a task is due up to a day, as far as they are known."""
    yield day
    parts = _parts(row.get("recurrence"))
    if not parts:
        return
    if "UNTIL" in parts:
        until = min(until, _day(parts.pop("UNTIL")))
    rule = ";".join(f"{name}={value}" for name, value in parts.items())
    if "COUNT" not in parts:
        rule += f";UNTIL={until:%Y%m%d}"
    found = rrulestr(rule, dtstart=datetime.combine(day, time.min))
    days = (moment.date() for moment in islice(found, _SERIES))
    yield from (each for each in days if day < each <= until)


def _meeting(row: Row, agenda: Agenda, address: str) -> Event:
    made = _event("meeting", row, address)
    begins = _instant(row["starts_at"]).astimezone(agenda.zone)
    ends = _instant(row["ends_at"]).astimezone(agenda.zone)
    if row.get("all_day"):
        made.add("dtstart", begins.date())
        made.add("dtend", max(ends.date(), begins.date()) + timedelta(days=1))
    else:
        made.add("dtstart", begins.astimezone(UTC))
        made.add("dtend", max(begins, ends).astimezone(UTC))
    made.add("status", _STATES.get(str(row.get("status")), "CONFIRMED"))
    if row.get("place"):
        made.add("location", row["place"])
    organiser = agenda.people.get(row.get("organiser") or 0)
    if organiser is not None:
        made["organizer"] = _address(organiser)
    for person in agenda.attendees.get(row["id"], ()):
        each = _address(person)
        each.params["PARTSTAT"] = vText(_ANSWERS.get(str(person["answer"]), "NEEDS-ACTION"))
        each.params["ROLE"] = vText("REQ-PARTICIPANT")
        made.add("attendee", each, encode=False)
    return made


def _address(person: Row) -> vCalAddress:
    made = vCalAddress(f"mailto:{person['email']}" if person["email"] else _NOBODY)
    made.params["CN"] = vText(person["label"])
    return made


def _instant(value: Any) -> datetime:
    """Return an instant, to the second: iCalendar knows no more."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(microsecond=0)
