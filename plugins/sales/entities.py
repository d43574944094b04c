"""The entity types of selling."""

from __future__ import annotations

from typing import Any, Final

from . import rivals, stages, views

_SOURCES: Final = [
    {"value": value, "label": label}
    for value, label in (
        ("website", "Website"),
        ("referral", "Referral"),
        ("trade_fair", "Trade fair"),
        ("call", "Call"),
        ("campaign", "Campaign"),
        ("partner", "Partner"),
        ("existing_customer", "Existing customer"),
        ("social_media", "Social media"),
        ("tender", "Tender"),
        ("other", "Other"),
    )
]

_LEAD: Final = {
    "name": "lead",
    "label": "Lead",
    "plural": "Leads",
    "icon": "sparkles",
    "hue": 45,
    "description": "Somebody who may want to buy, before it is known who exactly and what.",
    "title": "subject",
    "fields": [
        {
            "name": "subject", "kind": "text", "label": "Subject", "required": True,
            "sortable": True, "help": "What it is about, in a few words.",
        },
        {
            "name": "name", "kind": "person_name", "label": "Name", "sortable": True,
            "personal": True,
        },
        {"name": "company", "kind": "text", "label": "Company", "indexed": True, "sortable": True},
        {"name": "job_title", "kind": "text", "label": "Job title"},
        {
            "name": "status", "kind": "choice", "label": "Status", "required": True,
            "default": "new", "indexed": True,
            "options": [
                {"value": "new", "label": "New", "category": "open", "hue": 210},
                {"value": "contacted", "label": "Contacted", "category": "open", "hue": 45},
                {"value": "qualified", "label": "Qualified", "category": "won", "hue": 140},
                {"value": "lost", "label": "Lost", "category": "lost", "hue": 0},
                {
                    "value": "cannot_contact", "label": "Cannot contact", "category": "lost",
                    "hue": 10,
                },
                {
                    "value": "no_longer_interested", "label": "No longer interested",
                    "category": "lost", "hue": 20,
                },
                {"value": "canceled", "label": "Canceled", "category": "lost", "hue": 330},
            ],
        },
        {
            "name": "rating", "kind": "choice", "label": "Rating", "indexed": True,
            "options": [
                {"value": "hot", "label": "Hot", "hue": 0},
                {"value": "warm", "label": "Warm", "hue": 35},
                {"value": "cold", "label": "Cold", "hue": 220},
            ],
        },
        {
            "name": "source", "kind": "choice", "label": "Source", "indexed": True,
            "options": _SOURCES,
        },
        {
            "name": "email", "kind": "email", "label": "E-mail", "indexed": True,
            "personal": True,
        },
        {"name": "phone", "kind": "phone", "label": "Phone", "indexed": True, "personal": True},
        {"name": "mobile", "kind": "phone", "label": "Mobile", "personal": True},
        {"name": "website", "kind": "url", "label": "Website"},
        {
            "name": "address", "kind": "address", "label": "Address", "personal": True,
            "settings": {"indexed_members": ["city", "country"]},
        },
        {
            "name": "employees", "kind": "integer", "label": "Employees",
            "settings": {"min": 0},
        },
        {
            "name": "estimated_amount", "kind": "money", "label": "Estimated amount",
            "sortable": True, "settings": {"min": "0"},
        },
        {
            "name": "estimated_close_date", "kind": "date", "label": "Estimated close date",
            "sortable": True,
        },
        {
            "name": "account", "kind": "lookup", "label": "Resulting company",
            "help": "The company that it turned out to be.",
            "settings": {"target": "account", "inverse": "leads", "on_delete": "clear"},
        },
        {
            "name": "contact", "kind": "lookup", "label": "Resulting person",
            "help": "The person that it turned out to be.",
            "settings": {"target": "contact", "inverse": "leads", "on_delete": "clear"},
        },
        {"name": "description", "kind": "rich_text", "label": "Description"},
    ],
    "views": views.LEAD,
}  # fmt: skip


def _sums(*named: tuple[str, str], by: str) -> list[dict[str, Any]]:
    """Return fields with figures that are computed of lines."""
    settings = {"computed": True, "currency_by": by}
    return [
        {"name": name, "kind": "money", "label": label, "settings": settings}
        for name, label in named
    ]


_OPPORTUNITY: Final = {
    "name": "opportunity",
    "label": "Deal",
    "plural": "Deals",
    "icon": "target",
    "hue": 140,
    "description": "A sale that is being worked on, until it is won or lost.",
    "title": "name",
    "fields": [
        {"name": "name", "kind": "text", "label": "Name", "required": True, "sortable": True},
        {
            "name": "account", "kind": "lookup", "label": "Company",
            "help": "Who buys; empty while it is not known, or if it is a person alone.",
            "settings": {"target": "account", "inverse": "opportunities"},
        },
        {
            "name": "contact", "kind": "lookup", "label": "Primary person",
            "settings": {"target": "contact", "inverse": "opportunities", "on_delete": "clear"},
        },
        stages.PIPELINE,
        stages.STAGE,
        {
            "name": "amount", "kind": "money", "label": "Amount", "sortable": True,
            "help": "What it is worth to you, without tax.",
            "settings": {
                "min": "0", "currency_by": "currency", "base": "amount_base",
                "rate_date": "close_date", "fixed_by": "stage",
            },
        },
        {
            "name": "currency", "kind": "text", "label": "Currency", "indexed": True,
            "help": "Three letters, such as USD; empty: your own. Its amounts are in it.",
            "settings": {"max_length": 3},
        },
        {
            "name": "amount_from_lines", "kind": "boolean", "label": "Amount follows lines",
            "help": "The amount is what the lines come to, without tax.",
        },
        {
            "name": "amount_base", "kind": "money", "label": "Amount in own currency",
            "sortable": True, "help": "By the rate that holds on the close date.",
            "settings": {"computed": True},
        },
        {
            "name": "probability", "kind": "percent", "label": "Probability", "sortable": True,
            "help": "That it is won. Follows the stage unless you say otherwise.",
            "settings": {"min": "0", "max": "100"},
        },
        {
            "name": "close_date", "kind": "date", "label": "Close date", "sortable": True,
            "help": "The day on which you expect the decision.",
        },
        {"name": "next_step", "kind": "text", "label": "Next step"},
        {
            "name": "type", "kind": "choice", "label": "Type", "indexed": True,
            "options": [
                {"value": "new_business", "label": "New business", "hue": 200},
                {"value": "expansion", "label": "Expansion", "hue": 150},
                {"value": "renewal", "label": "Renewal", "hue": 270},
            ],
        },
        {
            "name": "source", "kind": "choice", "label": "Source", "indexed": True,
            "options": _SOURCES,
        },
        {
            "name": "forecast_category", "kind": "choice", "label": "Forecast category",
            "indexed": True, "help": "Decided ones go by their stage.",
            "options": [
                {"value": "pipeline", "label": "Pipeline", "hue": 210},
                {"value": "best_case", "label": "Best case", "hue": 50},
                {"value": "commit", "label": "Commit", "hue": 110},
                {"value": "closed", "label": "Closed", "hue": 140},
                {"value": "omitted", "label": "Omitted", "hue": 0},
            ],
        },
        {
            "name": "lost_reason", "kind": "choice", "label": "Lost reason", "indexed": True,
            "options": [
                {"value": "price", "label": "Price"},
                {"value": "competitor", "label": "Competitor"},
                {"value": "no_budget", "label": "No budget"},
                {"value": "no_decision", "label": "No decision"},
                {"value": "no_contact", "label": "No answer any more"},
                {"value": "timing", "label": "Timing"},
                {"value": "missing_feature", "label": "Something was missing"},
                {"value": "terms", "label": "Terms or delivery"},
                {"value": "own_solution", "label": "Does it without a supplier"},
                {"value": "canceled", "label": "Canceled by the customer"},
                {"value": "not_qualified", "label": "Was no real opportunity"},
                {"value": "other", "label": "Other"},
                {"value": "unknown", "label": "Not recorded"},
            ],
        },
        {
            "name": "competitor", "kind": "lookup", "label": "Competitor",
            "help": "Who got the order instead, or is the strongest of the others.",
            "settings": {
                "target": "account", "inverse": "competing_opportunities",
                "inverse_label": "Deals lost to it", "on_delete": "clear",
            },
        },
        {
            "name": "lead", "kind": "lookup", "label": "Originating lead",
            "settings": {"target": "lead", "inverse": "opportunities", "on_delete": "clear"},
        },
        {
            "name": "price_list", "kind": "lookup", "label": "Price list",
            "settings": {"target": "price_list", "inverse": "opportunities", "on_delete": "clear"},
        },
        {
            "name": "stage_changed_at", "kind": "datetime", "label": "In this stage since",
            "sortable": True, "help": "Set when the stage changes.",
        },
        {
            "name": "closed_at", "kind": "datetime", "label": "Decided at", "sortable": True,
            "help": "Set when it is won or lost.",
        },
        *_sums(
            ("lines_discount", "Discount of lines"), ("lines_net", "Net of lines"),
            ("lines_tax", "Tax of lines"), ("lines_total", "Total of lines"), by="currency",
        ),
        {"name": "description", "kind": "rich_text", "label": "Description"},
    ],
    "views": views.OPPORTUNITY,
}  # fmt: skip

_LINE: Final = {
    "name": "opportunity_line",
    "label": "Line",
    "plural": "Lines",
    "icon": "list-numbers",
    "hue": 150,
    "description": "What a deal is about: a product, or something described in words.",
    "title": "description",
    "fields": [
        {
            "name": "opportunity", "kind": "lookup", "label": "Deal", "required": True,
            "settings": {"target": "opportunity", "part": True, "inverse": "lines"},
        },
        {"name": "position", "kind": "integer", "label": "Position", "settings": {"min": 0}},
        {
            "name": "product", "kind": "lookup", "label": "Product",
            "settings": {"target": "product", "inverse": "opportunity_lines"},
        },
        {
            "name": "description", "kind": "text", "label": "Description",
            "help": "What is sold, if it is no product or more must be said.",
        },
        {
            "name": "unit", "kind": "lookup", "label": "Unit",
            "help": "Empty: that of the product.",
            "settings": {"target": "unit", "inverse": "opportunity_lines"},
        },
        {
            "name": "quantity", "kind": "decimal", "label": "Quantity", "required": True,
            "default": "1", "settings": {"scale": 3, "min": "0"},
        },
        {
            "name": "price", "kind": "money", "label": "Price",
            "help": "For one unit, before the discount, without tax. Empty: by the price list of "
                    "the deal, else the list price.",
            "settings": {"min": "0", "currency_by": "opportunity.currency"},
        },
        {
            "name": "price_source", "kind": "choice", "label": "Price from",
            "help": "A price that somebody has typed stays when quantities or price lists change.",
            "settings": {"computed": True},
            "options": [
                {"value": "price_list", "label": "Price list", "hue": 235},
                {"value": "list_price", "label": "List price", "hue": 200},
                {"value": "typed", "label": "Typed", "hue": 45},
            ],
        },
        {
            "name": "discount", "kind": "percent", "label": "Discount",
            "settings": {"min": "0", "max": "100"},
        },
        {
            "name": "discount_amount", "kind": "money", "label": "Discount, amount",
            "help": "Of the whole line, beside that in percent.",
            "settings": {"min": "0", "currency_by": "opportunity.currency"},
        },
        {
            "name": "tax_rate", "kind": "percent", "label": "Tax rate",
            "settings": {"min": "0", "max": "100"},
        },
        *_sums(
            ("discount_total", "Whole discount"), ("net", "Net"), ("tax", "Tax"),
            ("total", "Total"), by="opportunity.currency",
        ),
    ],
}  # fmt: skip

_PERSON: Final = {
    "name": "opportunity_contact",
    "label": "Deal role",
    "plural": "Deal roles",
    "icon": "users",
    "hue": 170,
    "description": "A person's role in the decision on a deal.",
    "title": "",
    "fields": [
        {
            "name": "opportunity", "kind": "lookup", "label": "Deal", "required": True,
            "settings": {
                "target": "opportunity", "on_delete": "cascade", "inverse": "contact_roles",
                "inverse_label": "People involved",
            },
        },
        {
            "name": "contact", "kind": "lookup", "label": "Person", "required": True,
            "settings": {
                "target": "contact", "on_delete": "cascade", "inverse": "opportunity_roles",
                "inverse_label": "Deals with a role",
            },
        },
        {
            "name": "role", "kind": "choice", "label": "Role", "indexed": True,
            "options": [
                {"value": "decision_maker", "label": "Decision maker", "hue": 140},
                {"value": "economic_buyer", "label": "Holds the budget", "hue": 120},
                {"value": "evaluator", "label": "Evaluator", "hue": 200},
                {"value": "influencer", "label": "Influencer", "hue": 50},
                {"value": "sponsor", "label": "Executive sponsor", "hue": 270},
                {"value": "technical", "label": "Technical buyer", "hue": 230},
                {"value": "purchasing", "label": "Purchasing", "hue": 30},
                {"value": "coach", "label": "Coach", "hue": 160},
                {"value": "user", "label": "User", "hue": 100},
                {"value": "other", "label": "Other"},
            ],
        },
        {
            "name": "attitude", "kind": "choice", "label": "Attitude", "indexed": True,
            "help": "To you and what you offer.",
            "options": [
                {"value": "supporter", "label": "Supporter", "hue": 140},
                {"value": "neutral", "label": "Neutral", "hue": 210},
                {"value": "opponent", "label": "Opponent", "hue": 0},
            ],
        },
        {"name": "note", "kind": "text", "label": "Note"},
    ],
    "keys": [["opportunity", "contact"]],
}  # fmt: skip

TYPES: Final[list[dict[str, Any]]] = [
    _LEAD, _OPPORTUNITY, _LINE, _PERSON, rivals.RIVAL, stages.HISTORY,
]  # fmt: skip

#: Roles that come with Relatum see the personal fields of these types, too.
_PERSONAL: Final = [
    each["name"] for each in TYPES if any(field.get("personal") for field in each["fields"])
]
GRANTS: Final = dict.fromkeys(("manager", "member", "read_only"), _PERSONAL)
