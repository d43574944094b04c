"""Parts of dates and instants to group by: year, quarter, month, week, day, in a time zone.

Both databases give the same text: `2026`, `2026-Q3`, `2026-07`, `2026-W31` (ISO), `2026-07-31`,
and `09` for the hour of a time of day.
SQLite knows no zones: an instant is moved by the offset of its zone, one CASE for the changes of
offset within the window that is asked for (M8); over centuries a function of ours does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from .. import db, types
from ..storage import EPOCH
from .paths import Path

_FORMATS: Final = {
    "year": "YYYY",
    "quarter": 'YYYY-"Q"Q',
    "month": "YYYY-MM",
    "week": 'IYYY-"W"IW',
    "day": "YYYY-MM-DD",
    "hour": "HH24",
}
#: Changes of offset within one CASE; beyond it every row is asked by itself.
_CHANGES: Final = 400
#: Offsets never change twice within this time.
_STEP: Final = timedelta(days=7)
_SECOND: Final = 1_000_000

Sql = Any
Window = Callable[[Sql], tuple[datetime | None, datetime | None]]


def part_of(path: Path, value: Sql, zone: str, window: Window) -> Sql:
    """Return the part of a date or instant as SQL; `window` tells the least and largest instant."""
    assert path.part is not None
    instant = path.field.value_type is types.INSTANT
    if db.current().dialect == "postgresql":
        local = sa.func.timezone(zone, value) if instant else value
        return sa.func.to_char(
            local, sa.literal_column(f"'{_FORMATS[path.part]}'"), type_=sa.Text()
        )
    day = _local_day(value, zone, window) if instant else sa.type_coerce(value, sa.Text())
    return _of_text(path.part, day)


def _of_text(part: str, day: Sql) -> Sql:
    """Return the part of a date YYYY-MM-DD, or of a time of day HH:MM:SS, that is text."""
    lengths = {"year": 4, "month": 7, "day": 10, "hour": 2}
    if part in lengths:
        return sa.func.substr(day, 1, lengths[part], type_=sa.Text())
    if part == "quarter":
        month = sa.cast(sa.func.substr(day, 6, 2), sa.Integer)
        quarter = sa.cast((month + 2) // 3, sa.Text)
        return sa.func.substr(day, 1, 4, type_=sa.Text()) + "-Q" + quarter
    # The Thursday of an ISO week lies in the year that the week belongs to.
    thursday = sa.func.date(day, "-3 days", "weekday 4")
    number = (sa.cast(sa.func.strftime("%j", thursday), sa.Integer) + 6) // 7
    year = sa.func.strftime("%Y", thursday, type_=sa.Text())
    return year + "-W" + sa.func.printf("%02d", number, type_=sa.Text())


def _local_day(value: Sql, zone: str, window: Window) -> Sql:
    least, largest = window(value)
    micros = sa.type_coerce(value, sa.BigInteger())
    if least is None or largest is None:
        return sa.null()
    changes = list(_changes(zone, least, largest))
    if len(changes) > _CHANGES:
        return sa.func.relatum_local_day(micros, zone, type_=sa.Text())
    *earlier, (_, last) = changes
    offset: Sql = sa.literal(last * _SECOND, sa.BigInteger())
    if earlier:
        whens = [
            (micros < until, sa.literal(seconds * _SECOND, sa.BigInteger()))
            for until, seconds in earlier
        ]
        offset = sa.case(*whens, else_=offset)
    moved = micros + offset
    # Whole seconds, rounded down before 1970 too.
    rest = ((moved % _SECOND) + _SECOND) % _SECOND
    return sa.func.date((moved - rest) // _SECOND, "unixepoch", type_=sa.Text())


def _changes(zone: str, least: datetime, largest: datetime) -> Iterator[tuple[int, int]]:
    """Yield (until in µs, offset in seconds) over a window; the last one holds to its end."""
    known = ZoneInfo(zone)
    here = least
    offset = _offset(known, here)
    while here < largest:
        further = min(here + _STEP, largest) if largest - here > _STEP else largest
        after = _offset(known, further)
        if after != offset:
            yield _micros(_change(known, here, further, offset)), offset
            offset = after
        here = further
    yield 0, offset


def _change(zone: ZoneInfo, before: datetime, after: datetime, offset: int) -> datetime:
    """Return the first second between two instants at which the offset is another."""
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _offset(zone: ZoneInfo, moment: datetime) -> int:
    try:
        shift = moment.astimezone(zone).utcoffset()
    except OverflowError:
        return 0
    assert shift is not None
    return int(shift.total_seconds())


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
