"""The dashboard of companies and people."""

from __future__ import annotations

from typing import Any, Final

_NEW: Final = {"date": "created_at", "compare": "before"}
_BY_MONTH: Final = {"date": "created_at", "period": "months", "group": ["created_at.month"]}
_MAY_MAIL: Final = {"path": "consent_email", "part": True, "of": [True, False]}

DASHBOARDS: Final[list[dict[str, Any]]] = [
    {
        "name": "contacts", "label": "Companies and people", "icon": "building",
        "widgets": [
            {
                "id": "new_accounts", "kind": "number", "type": "account",
                "label": "New companies", "size": "small", "period": "quarter", **_NEW,
            },
            {
                "id": "new_contacts", "kind": "number", "type": "contact", "label": "New people",
                "size": "small", "period": "quarter", **_NEW,
            },
            {
                "id": "customers", "kind": "number", "type": "account", "view": "customers",
                "label": "Customers", "size": "small",
            },
            {
                "id": "may_mail", "kind": "number", "type": "contact", "size": "small",
                "label": "People who may be mailed", "share": _MAY_MAIL,
            },
            {
                "id": "by_month", "kind": "chart", "type": "account", "chart": "bar",
                "label": "New companies by month", **_BY_MONTH,
            },
            {
                "id": "industries", "kind": "chart", "type": "account", "group": ["industry"],
                "label": "Companies by industry",
            },
            {
                "id": "types", "kind": "table", "type": "account", "group": ["type", "status"],
                "label": "Companies by type and status",
            },
            {
                "id": "recent", "kind": "list", "type": "account", "view": "recent",
                "label": "Last added companies",
            },
        ],
    }
]  # fmt: skip
