"""Pipelines and their stages: what a deal needs in each, and what entering it brings."""

from __future__ import annotations

from typing import Any, Final

PIPELINE: Final[dict[str, Any]] = {
    "name": "pipeline", "kind": "choice", "label": "Pipeline", "required": True,
    "default": "standard", "indexed": True,
    "help": "The way that the deal goes; another one begins at its first stage.",
    "options": [
        {"value": "standard", "label": "Standard", "hue": 210, "sets": {"stage": "qualify"}},
        {"value": "renewal", "label": "Renewals", "hue": 270, "sets": {"stage": "due"}},
    ],
}  # fmt: skip


def _open(
    value: str, label: str, hue: int, pipeline: str, probability: int, forecast: str, *needs: str
) -> dict[str, Any]:
    """Return a stage in which nothing is decided."""
    return {
        "value": value, "label": label, "category": "open", "hue": hue, "when": [pipeline],
        "needs": list(needs),
        "sets": {
            "probability": probability, "forecast_category": forecast, "closed_at": None,
            "lost_reason": None,
        },
    }  # fmt: skip


STAGE: Final[dict[str, Any]] = {
    "name": "stage", "kind": "choice", "label": "Stage", "required": True,
    "default": "qualify", "indexed": True, "settings": {"controlled_by": "pipeline"},
    "options": [
        _open("qualify", "Qualify", 210, "standard", 10, "pipeline"),
        _open("develop", "Develop", 190, "standard", 30, "pipeline"),
        _open("propose", "Propose", 50, "standard", 50, "best_case", "amount", "close_date"),
        _open("negotiate", "Negotiate", 30, "standard", 80, "commit", "amount", "close_date"),
        _open("due", "Due", 210, "renewal", 60, "pipeline"),
        _open("review", "Review", 190, "renewal", 70, "best_case"),
        _open("talks", "In talks", 50, "renewal", 75, "best_case", "amount", "close_date"),
        _open("offered", "Offered", 30, "renewal", 90, "commit", "amount", "close_date"),
        {
            "value": "won", "label": "Won", "category": "won", "hue": 140,
            "needs": ["amount", "close_date"],
            "sets": {
                "probability": 100, "forecast_category": "closed", "closed_at": "now",
                "lost_reason": None,
            },
        },
        {
            "value": "lost", "label": "Lost", "category": "lost", "hue": 0,
            "needs": ["lost_reason"],
            "sets": {"probability": 0, "forecast_category": "omitted", "closed_at": "now"},
        },
    ],
}  # fmt: skip

HISTORY: Final[dict[str, Any]] = {
    "name": "stage_change",
    "label": "Stage history",
    "plural": "Stage history",
    "icon": "clock",
    "hue": 140,
    "description": "One stay of a deal in one stage; Relatum writes it, people read it.",
    "title": "{pipeline} {stage}",
    "fields": [
        {
            "name": "opportunity", "kind": "lookup", "label": "Deal", "required": True,
            "settings": {
                "target": "opportunity", "on_delete": "cascade", "inverse": "stage_changes",
                "inverse_label": "Stage history",
            },
        },
        {
            "name": "pipeline", "kind": "text", "label": "Pipeline", "indexed": True,
            "help": "The value of the deal's pipeline then.",
        },
        {
            "name": "stage", "kind": "text", "label": "Stage", "required": True, "indexed": True,
            "help": "The value of the deal's stage then.",
        },
        {
            "name": "category", "kind": "text", "label": "Category", "indexed": True,
            "help": "What the stage meant then: open, won or lost.",
        },
        {
            "name": "entered_at", "kind": "datetime", "label": "Entered at", "required": True,
            "indexed": True, "sortable": True,
        },
        {
            "name": "left_at", "kind": "datetime", "label": "Left at", "indexed": True,
            "sortable": True, "help": "Empty as long as the deal is in the stage.",
        },
        {"name": "duration", "kind": "duration", "label": "Time in the stage", "sortable": True},
        {
            "name": "amount", "kind": "money", "label": "Amount on entering",
            "settings": {"currency_by": "currency"},
        },
        {
            "name": "currency", "kind": "text", "label": "Currency",
            "help": "That of the deal then; empty: your own.", "settings": {"max_length": 3},
        },
        {
            "name": "amount_base", "kind": "money", "label": "Amount in own currency",
            "help": "What the amount on entering was worth then.",
        },
        {"name": "probability", "kind": "percent", "label": "Probability on entering"},
    ],
    "views": [
        {
            "name": "all", "label": "Stage history",
            "query": {
                "sort": ["-entered_at"],
                "fields": [
                    "opportunity", "pipeline", "stage", "entered_at", "left_at", "duration",
                    "amount", "probability",
                ],
            },
        },
    ],
}  # fmt: skip
