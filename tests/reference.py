"""A plain-Python reference of records and queries: what the databases must agree with.

It knows nothing of SQL and shares no code with the package. Values are Python values; a
condition is true, false or neither (an empty value), as the help says.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
STAGES = {"new": "open", "late": "open", "won": "won", "lost": "lost", "bare": None}
#: Options in their order, and with which stages each goes; one that names none goes with all.
SPOTS: dict[str, tuple[str, ...]] = {
    "east": (), "north": ("new", "late"), "west": ("won", "lost"), "south": ("bare", "new"),
}  # fmt: skip
WAYS: dict[str, tuple[str, ...]] = {
    "mail": (), "phone": (), "fax": ("new", "late", "bare"), "post": ("won",),
}  # fmt: skip
DEPENDENT = {"spot": SPOTS, "ways": WAYS}
ORDERED_OPTIONS = {"stage": list(STAGES), "spot": list(SPOTS)}
#: Fields that hold several values.
SETS = ("tags", "ways")
Record = dict[str, Any]


def folded(text: str) -> str:
    """Return text without case and marks."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))


class Reference:
    """Records by id; `trash` holds the ids of those in the trash."""

    def __init__(self, people: dict[int, Record]) -> None:
        self.records: dict[int, Record] = {}
        self.trash: set[int] = set()
        self.people = people

    def live(self) -> list[Record]:
        """Return the live records."""
        return [r for id_, r in self.records.items() if id_ not in self.trash]

    def value(self, record: Record, path: str) -> Any:
        """Return the value at a path; over a link to nothing or to the trash there is none."""
        *links, name = path.replace("home.", "home/").split(".")
        name = name.replace("/", ".")
        at: Record | None = record
        for link in links:
            id_ = at[link] if at else None
            known = self.people if link == "who" else self.records
            at = known.get(id_) if id_ is not None and id_ not in self.trash else None
        return at[name] if at else None

    def holds(self, record: Record, node: dict[str, Any]) -> bool | None:
        """Say whether a filter holds; None: neither."""
        if "not" in node:
            inner = self.holds(record, node["not"])
            return None if inner is None else not inner
        for word, absorbing in (("and", False), ("or", True)):
            if word in node:
                found = [self.holds(record, part) for part in node[word]]
                if absorbing in found:
                    return absorbing
                return None if None in found else not absorbing
        value = self.value(record, node["field"])
        if node["op"] == "empty":
            return (not value if isinstance(value, list) else value is None) is node["value"]
        return None if value is None else bool(OPERATORS[node["op"]](value, node["value"]))

    def matching(self, node: dict[str, Any]) -> list[Record]:
        """Return the live records for which a filter holds."""
        return [record for record in self.live() if self.holds(record, node) is True]

    def ordered(self, records: list[Record], sort: list[str]) -> list[Record]:
        """Return records in order: empty is smallest, the id decides in the last direction."""

        def compare(one: Record, other: Record) -> int:
            for text in sort:
                path, sign = text.removeprefix("-"), -1 if text.startswith("-") else 1
                a, b = (order_key(path, self.value(r, path)) for r in (one, other))
                if a != b:
                    return sign if a > b else -sign
            sign = -1 if sort and sort[-1].startswith("-") else 1
            return sign if one["id"] > other["id"] else -sign

        return sorted(records, key=functools.cmp_to_key(compare))

    def grouped(self, records: list[Record], group: str) -> dict[Any, list[Record]]:
        """Return records by their value at a path, or by a part of it."""
        found: dict[Any, list[Record]] = {}
        for record in records:
            several = self.value(record, group) if group.endswith(SETS) else None
            if isinstance(several, list):
                keys: list[str | None] = [matched(group, value) for value in several]
                for one in keys or [None]:
                    found.setdefault(one, []).append(record)
                continue
            path, _, part = group.rpartition(".")
            if part in PARTS:
                value = self.value(record, path)
                value = None if value is None else PARTS[part](value)
            else:
                value = self.value(record, group)
            found.setdefault(value, []).append(record)
        return found


class Numbers:
    """What the kernel counts, over all records of the type; and who bears a number."""

    def __init__(self) -> None:
        self.last = 0
        self.bearers: dict[str, set[int]] = {}
        self.gone: set[int] = set()

    @staticmethod
    def written(number: int) -> str:
        """Return a number as it is written."""
        return f"T-{number:02}"

    def next(self) -> str:
        """Return the number of a new record."""
        self.last += 1
        return self.written(self.last)

    def bear(self, id_: int, number: str) -> None:
        """Remember who has a number; no new record gets one that was brought."""
        self.bearers.setdefault(number, set()).add(id_)
        self.last = max(self.last, int(number.removeprefix("T-")))

    def is_held(self, number: str, but: int | None = None) -> bool:
        """Say whether a live record has a number."""
        return bool(self.bearers.get(number, set()) - self.gone - {but})


def impossible(before: Record | None, after: Record) -> set[str]:
    """Return the fields whose new options do not go with the stage."""
    found = set()
    for name, options in DEPENDENT.items():
        value = after.get(name) or []
        chosen = [value] if isinstance(value, str) else value
        touched = before is None or any(before[n] != after[n] for n in (name, "stage"))
        wrong = [v for v in chosen if options[v] and after.get("stage") not in options[v]]
        if touched and wrong:
            found.add(name)
    return found


def matched(path: str, value: str) -> str:
    """Return what a value of a set is found by."""
    return folded(value) if path.endswith("tags") else value


def _held(value: list[str], wanted: Any) -> bool:
    """Say whether a set has a value; texts without case, as tags are."""
    return folded(wanted) in map(folded, value)


def order_key(path: str, value: Any) -> tuple[bool, Any]:
    """Return what a value is ordered by."""
    if value is None:
        return (False, 0)
    options = ORDERED_OPTIONS.get(path.rpartition(".")[2])
    if options is not None:
        return (True, options.index(value))
    return (True, folded(value) if isinstance(value, str) else value)


def _local(value: date | datetime) -> date:
    return value.astimezone(ZONE).date() if isinstance(value, datetime) else value


def _week(value: Any) -> str:
    year, week, _ = _local(value).isocalendar()
    return f"{year:04}-W{week:02}"


PARTS: dict[str, Callable[[Any], Any]] = {
    "year": lambda v: f"{_local(v).year:04}",
    "quarter": lambda v: f"{_local(v).year:04}-Q{(_local(v).month + 2) // 3}",
    "month": lambda v: f"{_local(v).year:04}-{_local(v).month:02}",
    "week": _week,
    "day": lambda v: _local(v).isoformat(),
    "hour": lambda v: f"{v.hour:02}",
    "category": lambda v: STAGES[v],
}

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda v, w: v == w,
    "ne": lambda v, w: v != w,
    "in": lambda v, w: v in w,
    "nin": lambda v, w: v not in w,
    "gt": lambda v, w: v > w,
    "gte": lambda v, w: v >= w,
    "lt": lambda v, w: v < w,
    "lte": lambda v, w: v <= w,
    "between": lambda v, w: w[0] <= v <= w[1],
    "ieq": lambda v, w: folded(v) == folded(w),
    "contains": lambda v, w: folded(w) in folded(v),
    "starts": lambda v, w: folded(v).startswith(folded(w)),
    "has": lambda v, w: _held(v, w) if isinstance(v, list) else w in v,
    "has_any": lambda v, w: any(_held(v, one) for one in w),
    "has_all": lambda v, w: all(_held(v, one) for one in w),
    "has_none": lambda v, w: not any(_held(v, one) for one in w),
    "category": lambda v, w: STAGES[v] in w,
}


def computed(function: str, values: list[Any]) -> Any:
    """Return count, sum, avg, min or max of the values that are there."""
    there = [value for value in values if value is not None]
    if function == "count":
        return len(there)
    if not there:
        return None
    if function == "avg":
        exact = Decimal(sum(there)) / len(there)
        return exact.quantize(Decimal("0.000001"), ROUND_HALF_UP)
    if function == "sum":
        return sum(there)
    return min(there) if function == "min" else max(there)
