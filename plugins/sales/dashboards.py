"""What sales puts on the home page, and the dashboard that it brings."""

from __future__ import annotations

from typing import Any, Final

#: A deal is idle after so many days in one stage.
_IDLE: Final = {"field": "stage_changed_at", "op": "lt", "value": "now-30d"}


def _widget(id_: str, kind: str, label: str, type_: str = "opportunity", **more: Any) -> Any:
    return {"id": id_, "kind": kind, "label": label, "type": type_, **more}


_HOME: Final = [
    _widget(
        "pipeline", "chart", "My pipeline", size="full", view="open", measure="sum(amount)",
        group=["stage"],
    ),
    _widget("overdue", "list", "Overdue deals", view="overdue"),
    _widget("idle", "list", "Idle for 30 days", view="open", filter=_IDLE),
]  # fmt: skip

_SALES: Final = [
    _widget(
        "won", "number", "Won", size="small", view="won", measure="sum(amount)",
        date="closed_at", period="month", compare="before",
    ),
    _widget(
        "win_rate", "number", "Win rate", size="small", date="closed_at", period="quarter",
        compare="before", share={"path": "stage.category", "part": "won", "of": ["won", "lost"]},
    ),
    _widget("open", "number", "Open deals", size="small", view="open"),
    _widget("worth", "number", "Worth of open deals", size="small", view="open",
            measure="sum(amount)"),
    _widget(
        "by_month", "chart", "Won by month", size="wide", view="won", measure="sum(amount)",
        group=["closed_at.month"], chart="area", date="closed_at", period="months",
    ),
    _widget(
        "lost_reasons", "chart", "Lost reasons", size="small", view="lost",
        group=["lost_reason"], chart="donut", date="closed_at", period="months",
    ),
    _widget(
        "pipeline", "funnel", "Deals by stage", measure="count", group=["stage"],
        date="created_at", period="months", filter={"field": "pipeline", "value": "standard"},
    ),
    _widget(
        "by_owner", "chart", "Open by owner", view="open", measure="sum(amount)",
        group=["owner"],
    ),
    _widget(
        "leads", "chart", "New leads by source", "lead", group=["created_at.month", "source"],
        date="created_at", period="months", size="wide",
    ),
    _widget("lead_status", "chart", "Open leads by status", "lead", size="small", view="open",
            group=["status"], chart="donut"),
    _widget(
        "stages_by_owner", "table", "Stages by owner", view="open", measure="sum(amount)",
        group=["owner", "stage"],
    ),
    _widget("closing", "list", "Closing within 30 days", view="closing"),
]  # fmt: skip

DASHBOARDS: Final[list[dict[str, Any]]] = [
    {
        "name": "home", "label": "Your deals", "icon": "target", "at_home": True, "owner": "me",
        "widgets": _HOME,
    },
    {"name": "sales", "label": "Sales", "icon": "target", "widgets": _SALES},
]  # fmt: skip
