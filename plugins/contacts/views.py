"""The lists of accounts and people that everybody begins with."""

from __future__ import annotations

from typing import Any, Final

_MINE: Final = {"field": "owner", "op": "eq", "value": "me"}
_CUSTOMERS: Final = {"field": "type", "op": "eq", "value": "customer"}
_MAY_MAIL: Final = {
    "and": [
        {"field": "consent_email", "op": "eq", "value": True},
        {"field": "do_not_contact", "op": "eq", "value": False},
        {"field": "email", "op": "empty", "value": False},
    ]
}
_ACCOUNT: Final = ["name", "type", "industry", "billing_address.city", "annual_revenue", "owner"]
_CONTACT: Final = ["name", "job_title", "account", "email", "phone", "owner"]
_CHANGED: Final = ["name", "updated_at", "updated_by"]
_BY_NAME: Final = {"sort": ["name"]}
_LATEST: Final = {"sort": ["-updated_at"], "fields": _CHANGED}

ACCOUNT: Final[list[dict[str, Any]]] = [
    {"name": "all", "label": "All companies", "query": {**_BY_NAME, "fields": _ACCOUNT}},
    {
        "name": "mine", "label": "My companies",
        "query": {**_BY_NAME, "filter": _MINE, "fields": _ACCOUNT},
    },
    {
        "name": "customers", "label": "Customers",
        "query": {**_BY_NAME, "filter": _CUSTOMERS, "fields": _ACCOUNT},
    },
    {"name": "recent", "label": "Recently changed", "query": _LATEST},
]  # fmt: skip

HOUSEHOLD: Final[list[dict[str, Any]]] = [
    {
        "name": "all", "label": "All households",
        "query": {**_BY_NAME, "fields": ["name", "phone", "address.city", "owner"]},
    },
]  # fmt: skip

CONTACT: Final[list[dict[str, Any]]] = [
    {"name": "all", "label": "All people", "query": {**_BY_NAME, "fields": _CONTACT}},
    {
        "name": "mine", "label": "My people",
        "query": {**_BY_NAME, "filter": _MINE, "fields": _CONTACT},
    },
    {
        "name": "may_mail", "label": "May be mailed",
        "query": {**_BY_NAME, "filter": _MAY_MAIL, "fields": ["name", "email", "account"]},
    },
    {"name": "recent", "label": "Recently changed", "query": _LATEST},
]  # fmt: skip
