"""What the plugin declares, in the words of `relatum schema export`."""

from __future__ import annotations

from typing import Any

TYPES: list[dict[str, Any]] = [
    {
        "name": "loyalty_card",
        "label": "Card",
        "plural": "Cards",
        "icon": "credit-card",
        "title": "number",
        "fields": [
            {
                "name": "number",
                "kind": "text",
                "label": "Number",
                "required": True,
                "unique": True,
                "sortable": True,
            },
            {
                "name": "contact",
                "kind": "lookup",
                "label": "Contact",
                "settings": {"target": "contact"},
            },
            {
                "name": "status",
                "kind": "choice",
                "label": "Status",
                "default": "active",
                "options": [
                    {"value": "active", "label": "Active", "hue": 140},
                    {"value": "ended", "label": "Ended", "hue": 0},
                ],
            },
            {"name": "starts_on", "kind": "date", "label": "Starts on"},
            {"name": "ends_on", "kind": "date", "label": "Ends on", "sortable": True},
        ],
    },
    {
        "name": "loyalty_reward",
        "label": "Reward",
        "plural": "Rewards",
        "icon": "puzzle",
        "title": "name",
        "fields": [
            {"name": "name", "kind": "text", "label": "Name", "required": True, "sortable": True},
            {"name": "points", "kind": "integer", "label": "Points", "required": True},
        ],
    },
]

EXTENSIONS: list[dict[str, Any]] = [
    {
        "type": "contact",
        "fields": [
            {
                "name": "loyalty_level",
                "kind": "choice",
                "label": "Loyalty: level",
                "options": [
                    {"value": "basic", "label": "Basic"},
                    {"value": "plus", "label": "Plus"},
                ],
            },
            {"name": "loyalty_until", "kind": "date", "label": "Loyalty: until"},
        ],
    },
]

#: The types whose writes the plugin looks at.
WATCHED = ["loyalty_card", "loyalty_reward", "contact"]
#: The types that have the panel beside their records.
SHOWN = ("loyalty_card", "contact")
