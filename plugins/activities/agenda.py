"""What stands in somebody's calendar: his open tasks with a day, and his meetings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from relatum import Actor, catalog, clock, query, seen

Row = dict[str, Any]
#: Days back and ahead that a calendar shows, and entries of each type in it at most.
BACK: Final = timedelta(days=60)
AHEAD: Final = timedelta(days=366)
MOST: Final = 500
_SLICE: Final = 100
_FIELDS: Final = {
    "task": (
        "subject", "due_date", "due_time", "priority", "recurrence", "description", "status",
        "updated_at", "created_at", "version",
    ),
    "meeting": (
        "subject", "starts_at", "ends_at", "all_day", "place", "status", "organiser",
        "description", "updated_at", "created_at", "version",
    ),
}  # fmt: skip
_NEEDED: Final = {"task": {"status", "due_date"}, "meeting": {"starts_at", "ends_at"}}


@dataclass(frozen=True, slots=True)
class Agenda:
    """Tasks and meetings as their reader sees them."""

    zone: ZoneInfo
    #: The last day that is shown.
    until: date
    tasks: list[Row] = field(default_factory=list)
    meetings: list[Row] = field(default_factory=list)
    #: Attendees by meeting: {label, email, answer}.
    attendees: dict[int, list[Row]] = field(default_factory=dict)
    #: Organisers by their ids: {label, email}.
    people: dict[int, Row] = field(default_factory=dict)


def of(actor: Actor) -> Agenda:
    """Return what stands in the calendar of an actor, by what he may see."""
    zone = catalog.zone_of(actor.timezone)
    today = clock.now().astimezone(zone).date()
    first, last = today - BACK, today + AHEAD
    tasks = _rows("task", [
        {"field": "status", "op": "category", "value": ["open"]},
        {"field": "owner", "op": "eq", "value": "me"},
        {"field": "due_date", "op": "gte", "value": first.isoformat()},
        {"field": "due_date", "op": "lte", "value": last.isoformat()},
    ], ["due_date", "id"], actor)  # fmt: skip
    meetings = _rows("meeting", [
        {"field": "ends_at", "op": "gte", "value": _midnight(first, zone)},
        {"field": "starts_at", "op": "lt", "value": _midnight(last, zone)},
        _mine(actor),
    ], ["starts_at", "id"], actor)  # fmt: skip
    return _with_people(Agenda(zone, last, tasks, meetings), actor)


def of_meeting(meeting: Row, actor: Actor) -> Agenda:
    """Return one meeting with those who take part in it."""
    alone = Agenda(catalog.zone_of(actor.timezone), date.max, meetings=[meeting])
    return _with_people(alone, actor)


def _midnight(day: date, zone: ZoneInfo) -> str:
    return datetime.combine(day, time.min, zone).isoformat()


def _mine(actor: Actor) -> Row:
    """Return the filter of meetings that the actor owns, organises, or is asked to."""
    known = seen(actor)
    parts: list[Row] = [{"field": "owner", "op": "eq", "value": "me"}]
    if "organiser" in known.type("meeting").fields:
        parts.append({"field": "organiser", "op": "eq", "value": "me"})
    there = known.types.get("meeting_attendee")
    if there is not None and "user" in there.fields:
        where = {"field": "user", "op": "eq", "value": "me"}
        parts.append({"has": "attendees", "where": where})
    return {"or": parts}


def _rows(type_name: str, conditions: list[Row], sort: list[str], actor: Actor) -> list[Row]:
    known = seen(actor).types.get(type_name)
    if known is None or not _NEEDED[type_name] <= known.fields.keys():
        return []
    asked: Row = {
        "filter": {"and": conditions}, "sort": sort, "limit": _SLICE,
        "fields": [name for name in _FIELDS[type_name] if name in known.fields],
    }  # fmt: skip
    found = islice(query.every(type_name, asked, actor=actor), MOST)
    return [{**row, "label": known.label_of_wire(row)} for row in found]


# -- who takes part ---------------------------------------------------------------------------
def _with_people(agenda: Agenda, actor: Actor) -> Agenda:
    """Add those who organise meetings and take part: a query for these, and one per type."""
    rows = _attending([row["id"] for row in agenda.meetings], actor)
    users = {row.get("user") for row in rows} | {m.get("organiser") for m in agenda.meetings}
    contacts = {row.get("contact") for row in rows}
    known = {"user": _people("user", users, actor), "contact": _people("contact", contacts, actor)}
    for row in rows:
        for name, people in known.items():
            person = people.get(row.get(name))
            if person is not None:
                told = {**person, "answer": row.get("answer")}
                agenda.attendees.setdefault(row["meeting"], []).append(told)
    agenda.people.update(known["user"])
    return agenda


def _attending(meetings: list[int], actor: Actor) -> list[Row]:
    """Return the attendees of some meetings, as far as the actor sees them."""
    known = seen(actor).types.get("meeting_attendee")
    if known is None or "meeting" not in known.fields:
        return []
    names = [n for n in ("meeting", "contact", "user", "answer") if n in known.fields]
    asked = {"sort": ["id"], "fields": names}
    return [*query.every("meeting_attendee", asked, among=("meeting", meetings), actor=actor)]


def _people(type_name: str, ids: Iterable[Any], actor: Actor) -> dict[Any, Row]:
    """Return what people are called and their addresses, for those whom the actor sees."""
    known, found = seen(actor).types.get(type_name), dict[Any, Row]()
    if known is None:
        return found
    titled = [each.name for each in known.title_fields]
    names = list(dict.fromkeys([*titled, *(n for n in ("email",) if n in known.fields)]))
    for row in query.every(type_name, {"fields": names}, among=("id", ids), actor=actor):
        found[row["id"]] = {"label": known.label_of_wire(row), "email": row.get("email")}
    return found
