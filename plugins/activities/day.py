"""My day: what somebody has to do, late, today and soon, and whom he talks to today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from relatum import Actor, clock, plugin_host, query, seen

#: Tasks and dates of each part that are shown; all of them are in a list.
_SHOWN: Final = 15
#: Days ahead that are soon.
SOON: Final = 7
_OPEN: Final = {"field": "status", "op": "category", "value": ["open"]}
_MINE: Final = {"field": "owner", "op": "eq", "value": "me"}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Day:
    """What somebody has to do; rows are of lists, `labels` say what they point to."""

    today: date
    late: list[Row]
    due: list[Row]
    soon: list[Row]
    #: Meetings and calls of today by their time: (type, row, when).
    dates: list[tuple[str, Row, datetime]]
    labels: dict[str, dict[str, Any]]
    #: Whether there are more tasks of a part than are shown.
    more: frozenset[str]

    @property
    def is_free(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.late or self.due or self.soon or self.dates)


def read(actor: Actor, zone: ZoneInfo) -> Day:
    """Return the day of an actor by the clocks of his zone, in three queries and those of labels.

    Types and fields that he does not see leave their part empty.
    """
    today = clock.now().astimezone(zone).date()
    tasks, labels, more = list[Row](), dict[str, Any](), set[str]()
    for part, condition in _parts(today).items():
        found = _page("task", [_OPEN, _MINE, condition], ["due_date", "id"], actor)
        if found is not None:
            tasks += [{**row, "part": part} for row in found.records]
            labels |= found.labels
            more |= {part} if found.next else set()
    dates = _dates(today, zone, actor, labels)
    by = {part: [row for row in tasks if row["part"] == part] for part in _parts(today)}
    return Day(today, by["late"], by["due"], by["soon"], dates, labels, frozenset(more))


def _parts(today: date) -> dict[str, dict[str, Any]]:
    last = today + timedelta(days=SOON)
    return {
        "late": {"field": "due_date", "op": "lt", "value": today.isoformat()},
        "due": {"field": "due_date", "op": "eq", "value": today.isoformat()},
        "soon": {
            "and": [
                {"field": "due_date", "op": "gt", "value": today.isoformat()},
                {"field": "due_date", "op": "lte", "value": last.isoformat()},
            ]
        },
    }


def _dates(
    today: date, zone: ZoneInfo, actor: Actor, labels: dict[str, Any]
) -> list[tuple[str, Row, datetime]]:
    """Return the meetings and calls of today, in order; add what they point to to labels."""
    first = datetime.combine(today, time.min, zone)
    after = datetime.combine(today + timedelta(days=1), time.min, zone)
    found: list[tuple[str, Row, datetime]] = []
    for type_name, begins, ends in (
        ("meeting", "starts_at", "ends_at"), ("call", "started_at", "started_at"),
    ):  # fmt: skip
        within: list[Row] = [
            {"field": begins, "op": "lt", "value": after.isoformat()},
            {"field": ends, "op": "gte", "value": first.isoformat()},
        ]
        if type_name == "meeting":
            within += [_invited(actor), {"not": {**_OPEN, "value": ["canceled"]}}]
        else:
            within.append(_MINE)
        page = _page(type_name, within, [begins], actor)
        if page is not None:
            found += [(type_name, row, row[begins]) for row in page.records]
            labels |= page.labels
    return sorted(found, key=lambda each: (each[2], each[1]["id"]))


def _invited(actor: Actor) -> Row:
    """Return the filter of the meetings of the actor: his own, and those that he is asked to."""
    there = seen(actor).types.get("meeting_attendee")
    if there is None or "user" not in there.fields:
        return _MINE
    where = {"field": "user", "op": "eq", "value": "me"}
    return {"or": [_MINE, {"has": "attendees", "where": where}]}


_FIELDS: Final = {
    "task": ("subject", "status", "priority", "due_date", "due_time", "regarding"),
    "meeting": ("subject", "starts_at", "ends_at", "all_day", "place", "regarding"),
    "call": ("subject", "started_at", "direction", "outcome", "regarding"),
}
#: The fields without which a part can't be made.
_NEEDED: Final = {
    "task": {"owner", "status", "due_date"}, "call": {"owner", "started_at"},
    "meeting": {"owner", "starts_at", "ends_at", "status"},
}  # fmt: skip


def _page(
    type_name: str, conditions: list[Row], sort: list[str], actor: Actor
) -> query.Page | None:
    known = seen(actor).types.get(type_name)
    if known is None or not _NEEDED[type_name] <= known.fields.keys():
        return None
    asked = {
        "filter": {"and": conditions}, "sort": sort, "limit": _SHOWN,
        "fields": [name for name in _FIELDS[type_name] if name in known.fields],
    }  # fmt: skip
    return query.page(query.from_json(type_name, asked, actor=actor))


def shown(actor: Actor, zone: ZoneInfo) -> dict[str, Any]:
    """Return what the templates of the day are given."""

    def title(type_name: str, row: Row) -> str:
        return seen(actor, plugin_host.language()).type(type_name).label_of_wire(row)

    return {"day": read(actor, zone), "title": title}
