"""The entity types of duplicate rules: a rule and its conditions, edited like any record."""

from __future__ import annotations

from typing import Any, Final

from .comparing import COMPARISONS

#: What becomes of a row that matches.
WARN, BLOCK, SHOW = "warn", "block", "show"

_RULE: Final = {
    "name": "duplicate_rule",
    "label": "Duplicate rule",
    "plural": "Duplicate rules",
    "icon": "copy",
    "hue": 20,
    "description": "Says which records are likely to be the same, and what happens on saving one.",
    "title": "name",
    "fields": [
        {"name": "name", "kind": "text", "label": "Name", "required": True, "sortable": True},
        {
            "name": "entity_type", "kind": "text", "label": "Records of", "required": True,
            "indexed": True, "help": "The name of an entity type, such as contact.",
        },
        {
            "name": "against", "kind": "text", "label": "Compared with", "indexed": True,
            "help": "The name of another entity type; empty: the same.",
        },
        {
            "name": "action", "kind": "choice", "label": "On saving", "required": True,
            "default": "warn", "indexed": True,
            "options": [
                {"value": WARN, "label": "Ask", "hue": 45},
                {"value": BLOCK, "label": "Refuse", "hue": 0},
                {"value": SHOW, "label": "Only show", "hue": 210},
            ],
        },
        {
            "name": "threshold", "kind": "integer", "label": "Threshold", "required": True,
            "default": 80, "settings": {"min": 1, "max": 100},
            "help": "From so many points on two records match.",
        },
        {
            "name": "active", "kind": "boolean", "label": "Active", "default": True,
            "indexed": True,
        },
    ],
    "views": [
        {
            "name": "all", "label": "All rules",
            "query": {
                "sort": ["name"],
                "fields": ["name", "entity_type", "against", "action", "threshold", "active"],
            },
        },
    ],
}  # fmt: skip

_CONDITION: Final = {
    "name": "duplicate_condition",
    "label": "Condition",
    "plural": "Conditions",
    "icon": "equal",
    "hue": 20,
    "description": "What a duplicate rule compares, and how many points that is worth.",
    "title": "fields",
    "fields": [
        {
            "name": "rule", "kind": "lookup", "label": "Rule", "required": True,
            "settings": {"target": "duplicate_rule", "part": True, "inverse": "conditions"},
        },
        {"name": "position", "kind": "integer", "label": "Position", "settings": {"min": 0}},
        {
            "name": "fields", "kind": "text", "label": "Fields", "required": True,
            "help": "Names of fields, separated by commas; what is in any of them counts.",
        },
        {
            "name": "against_fields", "kind": "text", "label": "Fields there",
            "help": "Names of fields of the other type; empty: the same.",
        },
        {
            "name": "comparison", "kind": "choice", "label": "Comparison", "required": True,
            "default": "same", "options": [
                {"value": each.name, "label": each.label} for each in COMPARISONS.values()
            ],
        },
        {
            "name": "points", "kind": "integer", "label": "Points", "required": True,
            "default": 50, "settings": {"min": 1, "max": 100},
        },
    ],
}  # fmt: skip

TYPES: Final[list[dict[str, Any]]] = [_RULE, _CONDITION]
