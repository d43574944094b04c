"""The entity types of accounts and people."""

from __future__ import annotations

from typing import Any, Final

from . import views
from .further import lists_of

_STATUS: Final = {
    "name": "status", "kind": "choice", "label": "Status", "required": True, "default": "active",
    "indexed": True,
    "options": [
        {"value": "active", "label": "Active", "category": "open", "hue": 140},
        {"value": "inactive", "label": "Inactive", "category": "closed", "hue": 0},
    ],
}  # fmt: skip

#: Sectors of the economy, coarse enough to choose from at a glance.
_INDUSTRIES: Final = [
    {"value": value, "label": label, "hue": hue}
    for value, label, hue in (
        ("agriculture", "Agriculture", 95),
        ("chemicals", "Chemicals", 300),
        ("construction", "Construction", 30),
        ("consulting", "Consulting", 215),
        ("consumer_goods", "Consumer goods", 330),
        ("education", "Education", 50),
        ("energy", "Energy", 60),
        ("financial_services", "Financial services", 160),
        ("food", "Food and drink", 20),
        ("government", "Government", 230),
        ("healthcare", "Health care", 350),
        ("hospitality", "Hospitality", 280),
        ("insurance", "Insurance", 175),
        ("logistics", "Transport and logistics", 40),
        ("manufacturing", "Manufacturing", 205),
        ("media", "Media", 310),
        ("nonprofit", "Non-profit", 120),
        ("real_estate", "Real estate", 15),
        ("retail", "Retail", 340),
        ("technology", "Technology", 245),
        ("telecommunications", "Telecommunications", 260),
        ("utilities", "Utilities", 190),
        ("other", "Other", None),
    )
]

_ACCOUNT: Final = {
    "name": "account",
    "label": "Company",
    "plural": "Companies",
    "icon": "building",
    "hue": 210,
    "description": "An organisation that you deal with: who buys, may buy, supplies or competes.",
    "title": "name",
    "fields": [
        {
            "name": "name", "kind": "text", "label": "Name", "required": True, "indexed": True,
            "sortable": True,
        },
        {
            "name": "type", "kind": "choice", "label": "Type", "default": "prospect",
            "indexed": True, "help": "What it is to you.",
            "options": [
                {"value": "prospect", "label": "Prospect", "hue": 45},
                {"value": "customer", "label": "Customer", "hue": 140},
                {"value": "partner", "label": "Partner", "hue": 200},
                {"value": "supplier", "label": "Supplier", "hue": 270},
                {"value": "competitor", "label": "Competitor", "hue": 10},
                {"value": "former", "label": "Former customer", "hue": 0},
            ],
        },
        {
            "name": "industry", "kind": "choice", "label": "Industry", "indexed": True,
            "options": _INDUSTRIES,
        },
        _STATUS,
        {"name": "phone", "kind": "phone", "label": "Phone", "personal": False},
        {
            "name": "email", "kind": "email", "label": "E-mail", "indexed": True,
            "personal": False,
        },
        {"name": "website", "kind": "url", "label": "Website"},
        {
            "name": "billing_address", "kind": "address", "label": "Billing address",
            "settings": {"indexed_members": ["city", "country"]},
        },
        {"name": "shipping_address", "kind": "address", "label": "Shipping address"},
        {
            "name": "employees", "kind": "integer", "label": "Employees", "sortable": True,
            "settings": {"min": 0},
        },
        {
            "name": "annual_revenue", "kind": "money", "label": "Annual revenue",
            "sortable": True,
            "settings": {
                "min": "0", "currency_by": "currency", "base": "annual_revenue_base",
            },
        },
        {
            "name": "currency", "kind": "text", "label": "Currency", "indexed": True,
            "help": "Three letters, such as USD; empty: your own. Its amounts are in it.",
            "settings": {"max_length": 3},
        },
        {
            "name": "annual_revenue_base", "kind": "money",
            "label": "Annual revenue in own currency", "sortable": True,
            "settings": {"computed": True},
        },
        {
            "name": "parent", "kind": "lookup", "label": "Parent company",
            "help": "The organisation that it belongs to.",
            "settings": {
                "target": "account", "tree": True, "inverse": "subsidiaries",
                "inverse_label": "Subsidiaries", "on_delete": "clear",
            },
        },
        {
            "name": "primary_contact", "kind": "lookup", "label": "Primary person",
            "help": "Whom to ask first.",
            "settings": {"target": "contact", "on_delete": "clear"},
        },
        {"name": "description", "kind": "rich_text", "label": "Description"},
    ],
    "views": views.ACCOUNT,
}  # fmt: skip

_HOUSEHOLD: Final = {
    "name": "household",
    "label": "Household",
    "plural": "Households",
    "icon": "home",
    "hue": 25,
    "description": "People who live together and are one customer.",
    "title": "name",
    "fields": [
        {
            "name": "name", "kind": "text", "label": "Name", "required": True, "indexed": True,
            "sortable": True,
        },
        {"name": "phone", "kind": "phone", "label": "Phone", "personal": True},
        {
            "name": "address", "kind": "address", "label": "Address", "personal": True,
            "settings": {"indexed_members": ["city", "country"]},
        },
        {"name": "description", "kind": "rich_text", "label": "Description"},
    ],
    "views": views.HOUSEHOLD,
}  # fmt: skip

_CONTACT: Final = {
    "name": "contact",
    "label": "Person",
    "plural": "People",
    "icon": "user",
    "hue": 190,
    "description": "Somebody you deal with: at a company, in a household, or alone.",
    "title": "name",
    "fields": [
        {
            "name": "name", "kind": "person_name", "label": "Name", "required": True,
            "sortable": True, "personal": True, "settings": {"required_members": ["last"]},
        },
        {"name": "job_title", "kind": "text", "label": "Job title", "indexed": True},
        {"name": "department", "kind": "text", "label": "Department"},
        {
            "name": "account", "kind": "lookup", "label": "Company",
            "help": "The company that the person belongs to first; others go by roles.",
            "settings": {"target": "account", "inverse": "contacts"},
        },
        _STATUS,
        {
            "name": "email", "kind": "email", "label": "E-mail", "indexed": True,
            "sortable": True, "personal": True,
        },
        {"name": "phone", "kind": "phone", "label": "Phone", "indexed": True, "personal": True},
        {"name": "mobile", "kind": "phone", "label": "Mobile", "indexed": True, "personal": True},
        {
            "name": "address", "kind": "address", "label": "Address", "personal": True,
            "settings": {"indexed_members": ["city", "country"]},
        },
        {"name": "birthday", "kind": "date", "label": "Birthday", "personal": True},
        {
            "name": "reports_to", "kind": "lookup", "label": "Reports to",
            "settings": {
                "target": "contact", "tree": True, "inverse": "reports",
                "inverse_label": "Direct reports", "on_delete": "clear",
            },
        },
        {
            "name": "household", "kind": "lookup", "label": "Household",
            "settings": {
                "target": "household", "inverse": "members",
                "inverse_label": "Members", "on_delete": "clear",
            },
        },
        {
            "name": "consent_email", "kind": "boolean", "label": "Consents to e-mail",
            "indexed": True, "help": "Agreed to advertising by e-mail.",
        },
        {
            "name": "consent_phone", "kind": "boolean", "label": "Consents to calls",
            "help": "Agreed to advertising by telephone.",
        },
        {
            "name": "consent_post", "kind": "boolean", "label": "Consents to letters",
            "help": "Agreed to advertising by letter.",
        },
        {
            "name": "do_not_contact", "kind": "boolean", "label": "Do not contact",
            "indexed": True, "help": "Wants to hear nothing more, whatever was agreed to before.",
        },
        {"name": "description", "kind": "rich_text", "label": "Description", "personal": True},
    ],
    "views": views.CONTACT,
}  # fmt: skip

_ROLE: Final = {
    "name": "account_contact",
    "label": "Company role",
    "plural": "Company roles",
    "icon": "link",
    "hue": 200,
    "description": "A person's role in a company, beside the company that he belongs to.",
    "title": "",
    "fields": [
        {
            "name": "account", "kind": "lookup", "label": "Company", "required": True,
            "settings": {
                "target": "account", "on_delete": "cascade", "inverse": "account_contacts",
                "inverse_label": "More people",
            },
        },
        {
            "name": "contact", "kind": "lookup", "label": "Person", "required": True,
            "settings": {
                "target": "contact", "on_delete": "cascade", "inverse": "account_roles",
                "inverse_label": "More companies",
            },
        },
        {
            "name": "role", "kind": "choice", "label": "Role", "required": True,
            "default": "other", "indexed": True,
            "options": [
                {"value": "employee", "label": "Employee"},
                {"value": "board_member", "label": "Board member"},
                {"value": "consultant", "label": "Consultant"},
                {"value": "decision_maker", "label": "Decision maker"},
                {"value": "influencer", "label": "Influencer"},
                {"value": "technical", "label": "Technical contact"},
                {"value": "billing", "label": "Billing contact"},
                {"value": "other", "label": "Other"},
            ],
        },
        {"name": "valid_from", "kind": "date", "label": "From", "sortable": True},
        {
            "name": "valid_to", "kind": "date", "label": "To", "sortable": True,
            "help": "The last day; empty: until today.",
        },
    ],
    "keys": [["account", "contact"]],
}  # fmt: skip

TYPES: Final[list[dict[str, Any]]] = [
    _ACCOUNT, _HOUSEHOLD, _CONTACT, _ROLE,
    *lists_of("account", "Company", 210, personal=False),
    *lists_of("contact", "Person", 190, personal=True),
]  # fmt: skip

#: Roles that come with Relatum see the personal fields of these types, too.
_PERSONAL: Final = [
    each["name"] for each in TYPES if any(field.get("personal") for field in each["fields"])
]
GRANTS: Final = dict.fromkeys(("manager", "member", "read_only"), _PERSONAL)
