"""How far a call list is, and who called how many on which day: by what the reader sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from relatum import Actor, catalog, clock, query, seen

from .frame import TARGET, Row
from .outcomes import TALKED, WON

#: Days of callers that are shown, the newest ones.
_DAYS: Final = 60


@dataclass(slots=True)
class Progress:
    """Figures of one call list; `days` has {day, caller, calls, reached, success}, newest first."""

    total: int = 0
    open: int = 0
    untried: int = 0
    called: int = 0
    reached: int = 0
    success: int = 0
    given_up: int = 0
    call_backs: int = 0
    call_backs_due: int = 0
    days: list[Row] = field(default_factory=list)
    labels: dict[str, Any] = field(default_factory=dict)

    @property
    def over(self) -> int:
        """How many need not be called any more."""
        return self.total - self.open

    def as_json(self) -> Row:
        """Return it as answers show it."""
        names = (
            "total", "open", "untried", "called", "reached", "success", "given_up", "call_backs",
            "call_backs_due", "days", "labels",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def progress_of(list_id: int, *, actor: Actor, zone: ZoneInfo) -> Progress:
    """Return the figures of a list that the actor sees, days by the clocks of a zone.

    Fields that he does not see leave out what is counted by them.
    """
    made = Progress()
    known = seen(actor).types.get(TARGET)
    if known is None or not {"list", "state", "outcome"} <= known.fields.keys():
        return made
    of_list = {"field": "list", "op": "eq", "value": list_id}
    _count(made, of_list, actor)
    if {"next_call_at", "attempts"} <= known.fields.keys():
        due = {"field": "next_call_at", "op": "lte", "value": clock.now().isoformat()}
        back = {"field": "state", "op": "eq", "value": "call_back"}
        words = {"filter": {"and": [of_list, back, due]}, "select": ["count"]}
        [found] = query.aggregate(query.from_json(TARGET, words, actor=actor)).groups
        made.call_backs_due = found["count"]
    _count_days(made, list_id, actor, zone)
    return made


def _count(made: Progress, of_list: Row, actor: Actor) -> None:
    """Count the targets by state and outcome."""
    fields = catalog.current().type(TARGET).fields
    open_ = {o.value for o in fields["state"].options if o.category == "open"}
    category = {o.value: o.category for o in fields["outcome"].options}
    words = {"filter": of_list, "group": ["state", "outcome"], "select": ["count"]}
    for group in query.aggregate(query.from_json(TARGET, words, actor=actor)).groups:
        count, outcome = group["count"], group["outcome"]
        made.total += count
        made.open += count if group["state"] in open_ else 0
        made.call_backs += count if group["state"] == "call_back" else 0
        made.given_up += count if group["state"] == "given_up" else 0
        made.untried += count if outcome is None and group["state"] in open_ else 0
        made.called += count if outcome is not None else 0
        made.reached += count if category.get(outcome) in TALKED else 0
        made.success += count if category.get(outcome) == WON else 0


def _count_days(made: Progress, list_id: int, actor: Actor, zone: ZoneInfo) -> None:
    """Count the calls of each caller and day, and the successes, which are somebody's last call."""
    days: dict[tuple[str, Any], Row] = {}

    def at(day: Any, caller: Any) -> Row:
        fresh = {"day": str(day), "caller": caller, "calls": 0, "reached": 0, "success": 0}
        return days.setdefault((str(day), caller), fresh)

    calls = seen(actor).types.get("call")
    if calls is not None and {"call_target", "outcome", "started_at"} <= calls.fields.keys():
        found = _groups(
            "call", {"field": "call_target.list", "op": "eq", "value": list_id},
            ["owner", "started_at.day", "outcome"], actor, zone,
        )  # fmt: skip
        made.labels |= found.labels
        for group in found.groups:
            row = at(group["started_at.day"], group["owner"])
            row["calls"] += group["count"]
            row["reached"] += group["count"] if group["outcome"] == "reached" else 0
    if {"caller", "last_call_at"} <= seen(actor).type(TARGET).fields.keys():
        of_list = {"field": "list", "op": "eq", "value": list_id}
        won = {"field": "outcome", "op": "category", "value": [WON]}
        found = _groups(
            TARGET, {"and": [of_list, won]}, ["caller", "last_call_at.day"], actor, zone
        )  # fmt: skip
        made.labels |= found.labels
        for group in found.groups:
            at(group["last_call_at.day"], group["caller"])["success"] += group["count"]
    newest = sorted(days.values(), key=lambda row: (row["day"], row["calls"]), reverse=True)
    made.days = newest[:_DAYS]


def _groups(
    type_name: str, filter_: Row, group: list[str], actor: Actor, zone: ZoneInfo
) -> query.Groups:
    words = {"filter": filter_, "group": group, "select": ["count"], "tz": zone.key}
    return query.aggregate(query.from_json(type_name, words, actor=actor))
