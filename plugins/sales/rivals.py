"""Who competes for a deal, and how they stand."""

from __future__ import annotations

from typing import Any, Final

RIVAL: Final[dict[str, Any]] = {
    "name": "opportunity_competitor",
    "label": "Competitor in a deal",
    "plural": "Competitors in deals",
    "icon": "flag",
    "hue": 20,
    "description": "Who else wants the order, and how they stand.",
    "title": "",
    "fields": [
        {
            "name": "opportunity", "kind": "lookup", "label": "Deal", "required": True,
            "settings": {
                "target": "opportunity", "on_delete": "cascade", "inverse": "competitors",
                "inverse_label": "Competitors",
            },
        },
        {
            "name": "competitor", "kind": "lookup", "label": "Competitor", "required": True,
            "settings": {
                "target": "account", "on_delete": "cascade", "inverse": "competes_in",
                "inverse_label": "Deals it competes for",
            },
        },
        {
            "name": "threat", "kind": "choice", "label": "Threat", "indexed": True,
            "options": [
                {"value": "high", "label": "High", "hue": 0},
                {"value": "medium", "label": "Medium", "hue": 35},
                {"value": "low", "label": "Low", "hue": 210},
            ],
        },
        {"name": "strengths", "kind": "long_text", "label": "Strengths"},
        {"name": "weaknesses", "kind": "long_text", "label": "Weaknesses"},
        {
            "name": "price", "kind": "money", "label": "Their price", "settings": {"min": "0"},
            "help": "If you know it.",
        },
    ],
    "keys": [["opportunity", "competitor"]],
}  # fmt: skip
