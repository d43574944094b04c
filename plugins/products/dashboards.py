"""The dashboard of the catalogue."""

from __future__ import annotations

from typing import Any, Final

DASHBOARDS: Final[list[dict[str, Any]]] = [
    {
        "name": "catalogue", "label": "Catalogue", "icon": "package",
        "widgets": [
            {
                "id": "active", "kind": "number", "type": "product", "view": "active",
                "label": "Active products", "size": "small",
            },
            {
                "id": "price", "kind": "number", "type": "product", "view": "active",
                "measure": "avg(list_price)", "label": "Average list price", "size": "small",
            },
            {
                "id": "lists", "kind": "number", "type": "price_list", "view": "valid",
                "label": "Valid price lists", "size": "small",
            },
            {
                "id": "families", "kind": "chart", "type": "product", "view": "active",
                "group": ["family"], "label": "Products by family", "size": "wide",
            },
            {
                "id": "types", "kind": "chart", "type": "product", "view": "active",
                "group": ["type"], "chart": "donut", "label": "Products by type", "size": "small",
            },
        ],
    }
]  # fmt: skip
