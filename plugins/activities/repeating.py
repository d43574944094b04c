"""Series of tasks: the day of the next one by a rule of iCalendar (RFC 5545).

Days are reckoned as days and times as times of the day, so a change of the clocks moves nothing.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from dateutil.rrule import rrulestr

#: How far ahead the next day of a rule is looked for: beyond two leap years in a row that are none.
HORIZON: Final = timedelta(days=13 * 366)
#: Words of a rule that say on which days; a task is due on a day, so none says at which times.
_WORDS: Final = frozenset(
    "FREQ INTERVAL COUNT UNTIL BYDAY BYMONTHDAY BYMONTH BYYEARDAY BYWEEKNO BYSETPOS WKST".split()
)
_OFTEN: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


class Next(NamedTuple):
    """The next task of a series: when it is due, and the rule for those after it."""

    due: date
    rule: str


def read(rule: str) -> dict[str, str]:
    """Return the parts of a rule by name; raise ValueError if it is none for days."""
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        if name not in _WORDS or name in parts or not value:
            raise ValueError(f"{part or 'it'} is no part of a rule")
        parts[name] = value
    if parts.get("FREQ") not in _OFTEN:
        raise ValueError("FREQ must be one of DAILY, WEEKLY, MONTHLY and YEARLY")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("it ends by COUNT or by UNTIL, not by both")
    if int(parts.get("COUNT", "1")) < 1 or int(parts.get("INTERVAL", "1")) < 1:
        raise ValueError("COUNT and INTERVAL are at least 1")
    return parts


def following(rule: str, due: date, today: date) -> Next | None:
    """Return the next task after the one that was due; None: the series is over.

    It is never due before today: what was missed is skipped, and counts. The task at hand is the
    first that COUNT counts. Raises ValueError if the rule can't be read.
    """
    parts = read(rule)
    left = int(parts.pop("COUNT")) - 1 if "COUNT" in parts else None
    last = max(due, today) + HORIZON
    if "UNTIL" in parts:
        last = min(last, datetime.strptime(parts["UNTIL"][:8], "%Y%m%d").date())  # noqa: DTZ007
    kept = {name: value for name, value in parts.items() if name != "UNTIL"}
    ends = f";UNTIL={last:%Y%m%d}"
    days = rrulestr(_text(kept) + ends, dtstart=datetime.combine(due, time.min))
    for moment in days:
        if moment.date() <= due:
            continue
        if left == 0:
            return None
        if moment.date() >= today:
            ahead = parts if left is None else {**parts, "COUNT": str(left)}
            return Next(moment.date(), _text(ahead))
        left = None if left is None else left - 1
    return None


def _text(parts: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())
