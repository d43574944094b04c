"""The views of call lists and their targets that everybody begins with."""

from __future__ import annotations

from typing import Any, Final

_SHOWN: Final = ["name", "status", "owner", "team", "hours_from", "hours_to", "tries"]
_ACTIVE: Final = {"field": "status", "op": "eq", "value": "active"}
_MINE: Final = {"field": "owner", "op": "eq", "value": "me"}

LIST: Final[list[dict[str, Any]]] = [
    {
        "name": "active", "label": "Active",
        "query": {"sort": ["name"], "fields": _SHOWN, "filter": _ACTIVE},
    },
    {
        "name": "mine", "label": "My call lists",
        "query": {"sort": ["name"], "fields": _SHOWN, "filter": _MINE},
    },
    {"name": "all", "label": "All call lists", "query": {"sort": ["name"], "fields": _SHOWN}},
]  # fmt: skip

_TARGET: Final = [
    "list", "lead", "contact", "state", "outcome", "attempts", "next_call_at", "caller",
]  # fmt: skip
_OPEN: Final = {"field": "state", "op": "category", "value": ["open"]}
_BACK: Final = {"field": "state", "op": "eq", "value": "call_back"}
_WON: Final = {"field": "outcome", "op": "category", "value": ["won"]}

TARGET: Final[list[dict[str, Any]]] = [
    {
        "name": "open", "label": "To be called",
        "query": {"sort": ["id"], "fields": _TARGET, "filter": _OPEN},
    },
    {
        "name": "call_backs", "label": "Call backs",
        "query": {"sort": ["next_call_at"], "fields": _TARGET, "filter": _BACK},
    },
    {
        "name": "interested", "label": "Interested",
        "query": {"sort": ["-last_call_at"], "fields": _TARGET, "filter": _WON},
    },
    {"name": "all", "label": "All call targets", "query": {"sort": ["id"], "fields": _TARGET}},
]  # fmt: skip
