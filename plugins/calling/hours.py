"""The hours within which a list calls, by the clocks of its own time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from relatum import catalog, plugin_host

from .frame import LIST

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT: Final = time(0)
Row = Mapping[str, Any]


def is_zone(text: str) -> bool:
    """Say whether a text names a time zone."""
    return text in available_timezones()


def zone_of(row: Row) -> ZoneInfo:
    """Return the time zone of a call list: its own, else the instance's."""
    return catalog.zone_of(row.get("timezone"))


def is_open(row: Row, moment: datetime) -> bool:
    """Say whether a call list calls at an instant."""
    local = moment.astimezone(zone_of(row))
    days = row.get("days") or DAYS
    if DAYS[local.weekday()] not in days:
        return False
    begins, ends = _bounds(row)
    now = local.time()
    return begins <= now and (ends is None or now < ends)


def _bounds(row: Row) -> tuple[time, time | None]:
    """Return when calls begin and end; the same time twice is round the clock."""
    begins, ends = as_time(row.get("hours_from")) or _MIDNIGHT, as_time(row.get("hours_to"))
    return (_MIDNIGHT, None) if begins == ends else (begins, ends)


def as_time(value: Any) -> time | None:
    """Return a time of day, from the wire or from a batch."""
    return time.fromisoformat(value) if isinstance(value, str) else value


def opens_at(row: Row, moment: datetime) -> datetime:
    """Return when a call list calls again that does not at an instant."""
    zone, (begins, _) = zone_of(row), _bounds(row)
    local = moment.astimezone(zone)
    for ahead in range(8):
        day = local.date() + timedelta(days=ahead)
        first = datetime.combine(day, begins, zone).astimezone(UTC)
        if first > moment and is_open(row, first):
            return first
    return moment


def told(row: Row) -> str:
    """Return the hours as a sentence has them: 09:00–17:00, Monday–Friday (Europe/Berlin)."""
    begins, ends = _bounds(row)
    upto = ends.isoformat("minutes") if ends else "24:00"
    said = f"{begins.isoformat('minutes')}–{upto}"
    places = [place for place, day in enumerate(DAYS) if day in (row.get("days") or ())]
    if places:
        options = catalog.current(plugin_host.language()).type(LIST).fields["days"].options
        known = {option.value: option.label for option in options}
        names = [known[DAYS[place]] for place in places]
        in_turn = len(places) > 2 and places[-1] - places[0] == len(places) - 1
        said += f", {f'{names[0]}–{names[-1]}' if in_turn else ', '.join(names)}"
    return f"{said} ({zone_of(row).key})"
