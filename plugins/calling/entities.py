"""The entity types of telephone sales: lists of people to call, and whoever stands on them."""

from __future__ import annotations

from typing import Any, Final

from . import views

#: The types whose records are called, each by a link of its own.
PEOPLE: Final = ("lead", "contact")
#: What somebody said about being called: two that forbid it, one that allows advertising.
NEVER: Final = ("do_not_call", "do_not_contact")
CONSENT: Final = "consent_phone"

_LIST: Final = {
    "name": "call_list",
    "label": "Call list",
    "plural": "Call lists",
    "icon": "phone-outgoing",
    "hue": 165,
    "description": "Leads and people who are called one after the other, with a script.",
    "title": "name",
    "fields": [
        {
            "name": "name", "kind": "text", "label": "Name", "required": True, "sortable": True,
            "indexed": True,
        },
        {
            "name": "status", "kind": "choice", "label": "Status", "required": True,
            "default": "draft", "indexed": True,
            "help": "Only a list that is active gives somebody to call.",
            "options": [
                {"value": "draft", "label": "Draft", "category": "open", "hue": 210},
                {"value": "active", "label": "Active", "category": "active", "hue": 140},
                {"value": "closed", "label": "Closed", "category": "closed", "hue": 0},
            ],
        },
        {
            "name": "script", "kind": "long_text", "label": "Script",
            "help": "What the caller says. {name}, {first}, {last}, {company}, {owner}, {caller} "
            "and names of fields in braces are filled in.",
        },
        {
            "name": "hours_from", "kind": "time", "label": "Calls from",
            "help": "By the clocks of the list's time zone; empty: from midnight on.",
        },
        {
            "name": "hours_to", "kind": "time", "label": "Calls until",
            "help": "Empty: until midnight.",
        },
        {
            "name": "days", "kind": "multi_choice", "label": "Days",
            "help": "Days of the week on which one calls; none chosen: every day.",
            "options": [
                {"value": value, "label": label}
                for value, label in (
                    ("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday"),
                    ("thu", "Thursday"), ("fri", "Friday"), ("sat", "Saturday"),
                    ("sun", "Sunday"),
                )
            ],
        },
        {
            "name": "timezone", "kind": "text", "label": "Time zone",
            "help": "Such as Europe/Berlin; empty: that of this instance.",
            "settings": {"max_length": 60, "example": "Europe/Berlin"},
        },
        {
            "name": "tries", "kind": "integer", "label": "Tries", "required": True, "default": 3,
            "help": "After so many calls that reached nobody somebody is given up.",
            "settings": {"min": 1, "max": 50},
        },
        {
            "name": "retry_hours", "kind": "integer", "label": "Hours until the next try",
            "required": True, "default": 4, "settings": {"min": 0, "max": 2000},
        },
        {
            "name": "needs_consent", "kind": "boolean", "label": "Only with consent",
            "help": "Only those are called who have consented to calls.",
        },
    ],
    "layout": {
        "highlights": ["status", "owner", "team"],
        "sections": [
            {"label": "When and how often", "fields": [
                "hours_from", "hours_to", "days", "timezone", "tries", "retry_hours",
                "needs_consent",
            ]},
            {"label": "What is said", "fields": ["script"]},
        ],
    },
    "views": views.LIST,
}  # fmt: skip


def _outcome(value: str, label: str, category: str, hue: int, *needs: str) -> dict[str, Any]:
    return {
        "value": value, "label": label, "category": category, "hue": hue, "needs": list(needs)
    }  # fmt: skip


def _person(name: str, label: str) -> dict[str, Any]:
    return {
        "name": name, "kind": "lookup", "label": label,
        "settings": {
            "target": name, "inverse": "call_targets", "inverse_label": "On call lists",
            "on_delete": "cascade",
        },
    }  # fmt: skip


_TARGET: Final = {
    "name": "call_target",
    "label": "Call target",
    "plural": "Call targets",
    "icon": "phone-call",
    "hue": 165,
    "description": "Somebody on a call list: a lead or a person, and how far one got.",
    "title": "",
    "fields": [
        {
            "name": "list", "kind": "lookup", "label": "Call list", "required": True,
            "settings": {"target": "call_list", "inverse": "targets", "on_delete": "cascade"},
        },
        _person("lead", "Lead"),
        _person("contact", "Person"),
        {
            "name": "phone", "kind": "phone", "label": "Other number", "personal": True,
            "help": "Called instead of the number of the lead or the person.",
        },
        {
            "name": "state", "kind": "choice", "label": "State", "required": True,
            "default": "open", "indexed": True,
            "options": [
                {"value": "open", "label": "Open", "category": "open", "hue": 210},
                {"value": "call_back", "label": "Call back", "category": "open", "hue": 45},
                {"value": "done", "label": "Done", "category": "done", "hue": 140},
                {"value": "given_up", "label": "Given up", "category": "closed", "hue": 0},
            ],
        },
        {
            "name": "outcome", "kind": "choice", "label": "Last outcome", "indexed": True,
            "help": "Its category says what follows: retry, later, done, won, lost, unreachable "
            "or never.",
            "options": [
                _outcome("not_reached", "Not reached", "retry", 30),
                _outcome("busy", "Busy", "retry", 15),
                _outcome("call_back", "Call back at …", "later", 45, "next_call_at"),
                _outcome("reached", "Reached", "done", 200),
                _outcome("interested", "Interested", "won", 140),
                _outcome("not_interested", "Not interested", "lost", 0),
                _outcome("wrong_number", "Wrong number", "unreachable", 330),
                _outcome("do_not_call", "Wants no more calls", "never", 350),
            ],
        },
        {
            "name": "attempts", "kind": "integer", "label": "Calls so far", "required": True,
            "default": 0, "indexed": True, "settings": {"min": 0},
        },
        {"name": "last_call_at", "kind": "datetime", "label": "Last call", "sortable": True},
        {
            "name": "next_call_at", "kind": "datetime", "label": "Next call", "sortable": True,
            "indexed": True, "help": "Not called before that.",
        },
        {
            "name": "caller", "kind": "user", "label": "Last caller", "indexed": True,
            "settings": {"on_delete": "clear"},
        },
        {"name": "note", "kind": "long_text", "label": "Note"},
    ],
    "keys": [["list", "lead"], ["list", "contact"]],
    "layout": {"highlights": ["list", "lead", "contact", "state", "next_call_at", "outcome"]},
    "views": views.TARGET,
}  # fmt: skip

TYPES: Final[list[dict[str, Any]]] = [_LIST, _TARGET]


def _flag(name: str, label: str, said: str) -> dict[str, Any]:
    return {"name": name, "kind": "boolean", "label": label, "help": said}


_NO_CALLS: Final = _flag("do_not_call", "Do not call", "Wants no calls; stands on no call list.")
EXTENSIONS: Final[list[dict[str, Any]]] = [
    {"type": "contact", "fields": [_NO_CALLS]},
    {
        "type": "lead",
        "fields": [
            _flag(CONSENT, "Consents to calls", "Agreed to advertising by telephone."), _NO_CALLS,
        ],
    },
    {
        "type": "call",
        "fields": [
            {
                "name": "call_target", "kind": "lookup", "label": "For the call list",
                "help": "The entry of a call list by which it was made.",
                "settings": {
                    "target": "call_target", "inverse": "calls", "inverse_label": "Calls",
                    "on_delete": "clear",
                },
            },
        ],
    },
]  # fmt: skip

#: Roles that come with Relatum see another number that is called, too.
_PERSONAL: Final = ["call_target"]
GRANTS: Final = dict.fromkeys(("manager", "member", "read_only"), _PERSONAL)
DECLARED: Final = {"types": TYPES, "extensions": EXTENSIONS, "grants": GRANTS}
