"""The lists of the catalogue that everybody begins with."""

from __future__ import annotations

from typing import Any, Final

_ACTIVE: Final = {"field": "active", "op": "eq", "value": True}
_VALID: Final = {
    "and": [
        _ACTIVE,
        {
            "or": [
                {"field": "valid_to", "op": "empty", "value": True},
                {"field": "valid_to", "op": "gte", "value": "today"},
            ]
        },
    ]
}
_SOLD: Final = {"field": "status", "op": "eq", "value": "active"}
_PRODUCT: Final = ["name", "sku", "family", "type", "unit", "list_price"]

FAMILY: Final[list[dict[str, Any]]] = [
    {
        "name": "all", "label": "All families",
        "query": {"sort": ["name"], "fields": ["name", "parent"]},
    },
]  # fmt: skip

PRODUCT: Final[list[dict[str, Any]]] = [
    {
        "name": "active", "label": "Active products",
        "query": {"filter": _SOLD, "sort": ["name"], "fields": _PRODUCT},
    },
    {
        "name": "all", "label": "All products",
        "query": {"sort": ["name"], "fields": [*_PRODUCT, "status"]},
    },
]  # fmt: skip

PRICE_LIST: Final[list[dict[str, Any]]] = [
    {
        "name": "valid", "label": "Valid price lists",
        "query": {
            "filter": _VALID, "sort": ["name"],
            "fields": ["name", "currency", "valid_from", "valid_to"],
        },
    },
]  # fmt: skip

UNIT_GROUP: Final[list[dict[str, Any]]] = [
    {"name": "all", "label": "All unit groups", "query": {"sort": ["name"], "fields": ["name"]}},
]  # fmt: skip

CURRENCY: Final[list[dict[str, Any]]] = [
    {
        "name": "all", "label": "All currencies",
        "query": {"sort": ["code"], "fields": ["code", "name", "symbol", "digits", "active"]},
    },
]  # fmt: skip

RATE: Final[list[dict[str, Any]]] = [
    {
        "name": "newest", "label": "Newest first",
        "query": {"sort": ["-valid_from"], "fields": ["currency", "valid_from", "rate", "per"]},
    },
]  # fmt: skip
