"""The lists of leads and opportunities that everybody begins with."""

from __future__ import annotations

from typing import Any, Final

_MINE: Final = {"field": "owner", "op": "eq", "value": "me"}
_NEW_LEADS: Final = {"field": "status", "op": "category", "value": ["open"]}
_HOT: Final = {"field": "rating", "op": "eq", "value": "hot"}
_OPEN: Final = {"field": "stage", "op": "category", "value": ["open"]}
_WON: Final = {"field": "stage", "op": "category", "value": ["won"]}
_LOST: Final = {"field": "stage", "op": "category", "value": ["lost"]}
_SOON: Final = {"field": "close_date", "op": "between", "value": ["today", "today+30d"]}
_IDLE: Final = {"field": "updated_at", "op": "lt", "value": "today-21d"}
_RENEWALS: Final = {"field": "pipeline", "op": "eq", "value": "renewal"}
_OVERDUE: Final = {"field": "close_date", "op": "lt", "value": "today"}

_LEAD: Final = {
    "sort": ["-id"], "fields": ["subject", "name", "company", "status", "rating", "source", "owner"]
}  # fmt: skip
_OPPORTUNITY: Final = {
    "sort": ["close_date"],
    "fields": ["name", "account", "stage", "amount", "probability", "close_date", "owner"],
}
_CLOSED: Final = {
    "sort": ["-closed_at"],
    "fields": ["name", "account", "amount", "lost_reason", "closed_at", "owner"],
}

LEAD: Final[list[dict[str, Any]]] = [
    {"name": "open", "label": "Open leads", "query": {**_LEAD, "filter": _NEW_LEADS}},
    {
        "name": "mine", "label": "My open leads",
        "query": {**_LEAD, "filter": {"and": [_NEW_LEADS, _MINE]}},
    },
    {
        "name": "hot", "label": "Hot leads",
        "query": {**_LEAD, "filter": {"and": [_NEW_LEADS, _HOT]}},
    },
    {"name": "all", "label": "All leads", "query": _LEAD},
]  # fmt: skip

OPPORTUNITY: Final[list[dict[str, Any]]] = [
    {"name": "open", "label": "Open deals", "query": {**_OPPORTUNITY, "filter": _OPEN}},
    {
        "name": "mine", "label": "My open deals",
        "query": {**_OPPORTUNITY, "filter": {"and": [_OPEN, _MINE]}},
    },
    {
        "name": "closing", "label": "Closing within 30 days",
        "query": {**_OPPORTUNITY, "filter": {"and": [_OPEN, _SOON]}},
    },
    {
        "name": "overdue", "label": "Overdue",
        "query": {**_OPPORTUNITY, "filter": {"and": [_OPEN, _OVERDUE]}},
    },
    {
        "name": "renewals", "label": "Open renewals",
        "query": {**_OPPORTUNITY, "filter": {"and": [_OPEN, _RENEWALS]}},
    },
    {
        "name": "idle", "label": "Idle for three weeks",
        "query": {**_OPPORTUNITY, "sort": ["id"], "filter": {"and": [_OPEN, _IDLE]}},
    },
    {"name": "won", "label": "Won", "query": {**_CLOSED, "filter": _WON}},
    {"name": "lost", "label": "Lost", "query": {**_CLOSED, "filter": _LOST}},
    {"name": "all", "label": "All deals", "query": {**_OPPORTUNITY, "sort": ["name"]}},
]  # fmt: skip
