"""The entity types of web forms."""

from __future__ import annotations

from typing import Any, Final

_FORM: Final = {
    "name": "web_form",
    "label": "Web form",
    "plural": "Web forms",
    "icon": "forms",
    "hue": 165,
    "description": "A page on which anybody tells you something: each becomes a record.",
    "title": "name",
    "fields": [
        {
            "name": "name", "kind": "text", "label": "Name", "required": True, "sortable": True,
            "help": "What you call it; visitors read the heading.",
        },
        {
            "name": "makes", "kind": "text", "label": "Makes records of", "required": True,
            "help": "The name of an entity type, such as lead.",
            "settings": {"max_length": 40, "example": "web_form"},
        },
        {"name": "active", "kind": "boolean", "label": "Open", "default": True, "indexed": True,
         "help": "Closed, its page says that nothing is taken any more."},
        {
            "name": "address", "kind": "text", "label": "Address", "unique": True,
            "help": "The last part of the page's address. Given by itself; choose your own if you "
            "like.",
            "settings": {"max_length": 60, "pattern": "[A-Za-z0-9_-]{4,60}"},
        },
        {"name": "heading", "kind": "text", "label": "Heading", "required": True},
        {"name": "intro", "kind": "long_text", "label": "Introduction"},
        {"name": "button", "kind": "text", "label": "Button", "default": "Send",
         "settings": {"max_length": 40}},
        {
            "name": "thanks", "kind": "long_text", "label": "Thanks",
            "default": "Thank you. We will be in touch.", "help": "What is shown afterwards.",
        },
        {
            "name": "consent", "kind": "long_text", "label": "Consent",
            "help": "What visitors agree to, word by word; it is kept with what they send.",
        },
        {
            "name": "consent_field", "kind": "text", "label": "Consent goes to",
            "help": "The name of a yes-or-no field that says so, such as consent_email.",
            "settings": {"max_length": 40, "example": "active"},
        },
        {
            "name": "sites", "kind": "text", "label": "Shown within",
            "help": "Sites that may show the page within theirs, such as https://www.example.org, "
            "with commas between them.",
        },
        {
            "name": "for_team", "kind": "lookup", "label": "Assigned to team",
            "help": "Its active members get what comes in; empty: whoever owns the form.",
            "settings": {"target": "team", "inverse": "web_forms", "on_delete": "clear"},
        },
        {
            "name": "turns", "kind": "choice", "label": "Assigned by", "default": "round_robin",
            "options": [
                {"value": "round_robin", "label": "Turns"},
                {"value": "least_open", "label": "Least open work"},
            ],
        },
        {
            "name": "last", "kind": "user", "label": "Last assigned to",
            "help": "Whose turn it was; kept by itself.", "settings": {"on_delete": "clear"},
        },
    ],
    "views": [
        {
            "name": "all", "label": "All web forms",
            "query": {"sort": ["name"], "fields": ["name", "makes", "active", "for_team", "turns"]},
        },
    ],
}  # fmt: skip

_FIELD: Final = {
    "name": "web_form_field",
    "label": "Question",
    "plural": "Questions",
    "icon": "help-circle",
    "hue": 165,
    "description": "What a web form asks, or sets by itself.",
    "title": "field",
    "fields": [
        {
            "name": "form", "kind": "lookup", "label": "Web form", "required": True,
            "settings": {"target": "web_form", "part": True, "inverse": "questions"},
        },
        {"name": "position", "kind": "integer", "label": "Position", "settings": {"min": 0}},
        {
            "name": "field", "kind": "text", "label": "Field", "required": True,
            "help": "The name of a field, such as email, or of a part of one, such as name.last.",
            "settings": {"max_length": 81, "example": "heading"},
        },
        {"name": "label", "kind": "text", "label": "Question",
         "help": "What visitors read; empty: the label of the field."},
        {"name": "required", "kind": "boolean", "label": "Required"},
        {
            "name": "value", "kind": "text", "label": "Set to",
            "help": "Not asked, but set to this, such as website for the source.",
        },
    ],
    "keys": [["form", "field"]],
}  # fmt: skip

_ENTRY: Final = {
    "name": "web_form_entry",
    "label": "Form entry",
    "plural": "Form entries",
    "icon": "inbox",
    "hue": 165,
    "description": "What somebody sent by a web form: when, from where, and what was agreed to.",
    "title": "",
    "fields": [
        {
            "name": "form", "kind": "lookup", "label": "Web form",
            "settings": {"target": "web_form", "inverse": "entries", "on_delete": "clear"},
        },
        {"name": "made_type", "kind": "text", "label": "Made a record of", "indexed": True},
        {"name": "made_id", "kind": "integer", "label": "Made record", "indexed": True},
        {"name": "sent_at", "kind": "datetime", "label": "Sent at", "sortable": True},
        {"name": "assigned", "kind": "text", "label": "Assigned because"},
        {
            "name": "consent", "kind": "long_text", "label": "Agreed to",
            "help": "The words that were agreed to, as they stood there.",
        },
        {"name": "from_address", "kind": "text", "label": "Sent from", "personal": True},
        {"name": "referrer", "kind": "text", "label": "Came from",
         "help": "The page that led to the form, as the browser says."},
        {"name": "campaign", "kind": "text", "label": "Campaign", "indexed": True,
         "help": "utm_campaign of the address, with source and medium in front."},
    ],
    "views": [
        {
            "name": "newest", "label": "Newest entries",
            "query": {
                "sort": ["-sent_at"],
                "fields": ["form", "sent_at", "assigned", "campaign", "consent"],
            },
        },
    ],
}  # fmt: skip

TYPES: Final[list[dict[str, Any]]] = [_FORM, _FIELD, _ENTRY]
GRANTS: Final = {"manager": ["web_form_entry"]}
