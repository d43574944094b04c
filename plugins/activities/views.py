"""The lists of activities that everybody begins with."""

from __future__ import annotations

from typing import Any, Final

_MINE: Final = {"field": "owner", "op": "eq", "value": "me"}
_OPEN: Final = {"field": "status", "op": "category", "value": ["open"]}
_OVER: Final = {"field": "status", "op": "category", "value": ["done", "canceled"]}
_LATE: Final = {"field": "due_date", "op": "lt", "value": "today"}
_TODAY: Final = {"field": "due_date", "op": "eq", "value": "today"}
_WEEK: Final = {"field": "due_date", "op": "between", "value": ["today", "today+7d"]}
_COMING: Final = {"field": "starts_at", "op": "gte", "value": "today"}
_PINNED: Final = {"field": "pinned", "op": "eq", "value": True}

_TASK: Final = {
    "sort": ["due_date"],
    "fields": ["subject", "status", "priority", "due_date", "regarding", "owner"],
}
_CALL: Final = {
    "sort": ["-started_at"],
    "fields": ["subject", "direction", "contact", "started_at", "duration", "outcome", "owner"],
}
_MEETING: Final = {
    "sort": ["starts_at"],
    "fields": ["subject", "starts_at", "ends_at", "place", "status", "regarding", "organiser"],
}
_NOTE: Final = {
    "sort": ["-written_at"], "fields": ["subject", "regarding", "pinned", "written_at", "owner"]
}  # fmt: skip


def _and(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"and": list(parts)}


TASK: Final[list[dict[str, Any]]] = [
    {"name": "mine", "label": "My open tasks", "query": {**_TASK, "filter": _and(_OPEN, _MINE)}},
    {
        "name": "overdue", "label": "Overdue tasks",
        "query": {**_TASK, "filter": _and(_OPEN, _LATE)},
    },
    {"name": "today", "label": "Due today", "query": {**_TASK, "filter": _and(_OPEN, _TODAY)}},
    {
        "name": "week", "label": "Due within 7 days",
        "query": {**_TASK, "filter": _and(_OPEN, _WEEK)},
    },
    {"name": "open", "label": "Open tasks", "query": {**_TASK, "filter": _OPEN}},
    {
        "name": "done", "label": "Completed tasks",
        "query": {**_TASK, "sort": ["-completed_at"], "filter": _OVER},
    },
    {"name": "all", "label": "All tasks", "query": _TASK},
]  # fmt: skip

CALL: Final[list[dict[str, Any]]] = [
    {"name": "all", "label": "All calls", "query": _CALL},
    {"name": "mine", "label": "My calls", "query": {**_CALL, "filter": _MINE}},
]

MEETING: Final[list[dict[str, Any]]] = [
    {"name": "coming", "label": "Coming meetings", "query": {**_MEETING, "filter": _COMING}},
    {
        "name": "mine", "label": "My coming meetings",
        "query": {**_MEETING, "filter": _and(_COMING, _MINE)},
    },
    {"name": "all", "label": "All meetings", "query": {**_MEETING, "sort": ["-starts_at"]}},
]  # fmt: skip

NOTE: Final[list[dict[str, Any]]] = [
    {"name": "all", "label": "All notes", "query": _NOTE},
    {"name": "mine", "label": "My notes", "query": {**_NOTE, "filter": _MINE}},
    {"name": "pinned", "label": "Pinned notes", "query": {**_NOTE, "filter": _PINNED}},
]
