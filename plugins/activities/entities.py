"""The entity types of what people do: tasks, calls, meetings with who takes part, and notes."""

from __future__ import annotations

from typing import Any, Final

from . import views

#: The types whose records are activities, and the field that says when each was or will be.
WHEN: Final = {
    "task": "completed_at", "call": "started_at", "meeting": "starts_at", "note": "written_at",
}  # fmt: skip


#: A rule of days, as far as letters can tell; `repeating` knows the rest.
_RULE: Final = r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;(INTERVAL=[1-9][0-9]*|[A-Z]+=[-+A-Z0-9,]+))*"


def _regarding(name: str) -> dict[str, Any]:
    """Return the link to what an activity is about: a record of any type, those to come too."""
    return {
        "name": "regarding", "kind": "reference", "label": "Regarding", "indexed": True,
        "help": f"What the {name} is about: a record of any type. It goes to the trash with that.",
        "settings": {"any": True, "on_delete": "cascade"},
    }  # fmt: skip


def _contact(inverse: str) -> dict[str, Any]:
    return {
        "name": "contact", "kind": "lookup", "label": "Person",
        "settings": {"target": "contact", "inverse": inverse, "on_delete": "clear"},
    }  # fmt: skip


_REMIND: Final = [
    {
        "name": "remind_at", "kind": "datetime", "label": "Reminder", "indexed": True,
        "help": "When whoever does it is reminded.",
    },
    {
        "name": "reminded_at", "kind": "datetime", "label": "Reminded at",
        "help": "When the last reminder was due that was given.",
    },
]  # fmt: skip

_TASK: Final = {
    "name": "task",
    "label": "Task",
    "plural": "Tasks",
    "icon": "square-check",
    "hue": 260,
    "description": "Something that somebody has to do.",
    "title": "subject",
    "fields": [
        {
            "name": "subject", "kind": "text", "label": "Subject", "required": True,
            "sortable": True, "help": "What is to be done, in a few words.",
        },
        {
            "name": "status", "kind": "choice", "label": "Status", "required": True,
            "default": "not_started", "indexed": True,
            "options": [
                {"value": "not_started", "label": "Not started", "category": "open", "hue": 210},
                {"value": "in_progress", "label": "In progress", "category": "open", "hue": 45},
                {
                    "value": "waiting", "label": "Waiting on someone else", "category": "open",
                    "hue": 280,
                },
                {"value": "deferred", "label": "Deferred", "category": "open", "hue": 30},
                {"value": "completed", "label": "Completed", "category": "done", "hue": 140},
                {"value": "canceled", "label": "Canceled", "category": "canceled", "hue": 0},
            ],
        },
        {
            "name": "priority", "kind": "choice", "label": "Priority", "default": "normal",
            "indexed": True,
            "options": [
                {"value": "low", "label": "Low", "hue": 210},
                {"value": "normal", "label": "Normal", "hue": 190},
                {"value": "high", "label": "High", "hue": 0},
            ],
        },
        {
            "name": "due_date", "kind": "date", "label": "Due", "indexed": True,
            "sortable": True, "help": "The day on which it has to be done.",
        },
        {
            "name": "due_time", "kind": "time", "label": "Due at",
            "help": "Empty: at any time of that day.",
        },
        _regarding("task"),
        _contact("tasks"),
        *_REMIND,
        {
            "name": "recurrence", "kind": "text", "label": "Repeats",
            "help": (
                "A rule of iCalendar, such as FREQ=WEEKLY;BYDAY=MO or FREQ=MONTHLY;COUNT=12: "
                "the next task is made when this one is completed."
            ),
            "settings": {"max_length": 200, "pattern": _RULE},
        },
        {
            "name": "previous", "kind": "lookup", "label": "Repeats after",
            "help": "The task of the series that was completed before.",
            "settings": {"target": "task", "on_delete": "clear"},
        },
        {
            "name": "completed_at", "kind": "datetime", "label": "Completed at",
            "sortable": True, "help": "Set when it is completed or canceled.",
        },
        {"name": "description", "kind": "long_text", "label": "Description"},
    ],
    "layout": {"highlights": ["status", "due_date", "priority", "owner", "regarding"]},
    "views": views.TASK,
}  # fmt: skip

_CALL: Final = {
    "name": "call",
    "label": "Call",
    "plural": "Calls",
    "icon": "phone",
    "hue": 150,
    "description": "A talk on the phone, and what came of it.",
    "title": "subject",
    "fields": [
        {"name": "subject", "kind": "text", "label": "Subject", "sortable": True},
        {
            "name": "direction", "kind": "choice", "label": "Direction", "required": True,
            "default": "outgoing", "indexed": True,
            "options": [
                {"value": "outgoing", "label": "Outgoing", "hue": 210},
                {"value": "incoming", "label": "Incoming", "hue": 140},
            ],
        },
        {"name": "number", "kind": "phone", "label": "Number", "personal": True},
        _regarding("call"),
        _contact("calls"),
        {
            "name": "started_at", "kind": "datetime", "label": "Began at", "required": True,
            "default": "now", "indexed": True, "sortable": True,
        },
        {"name": "duration", "kind": "duration", "label": "Duration"},
        {
            "name": "outcome", "kind": "choice", "label": "Outcome", "indexed": True,
            "options": [
                {"value": "reached", "label": "Reached", "hue": 140},
                {"value": "left_message", "label": "Left a message", "hue": 45},
                {"value": "no_answer", "label": "No answer", "hue": 30},
                {"value": "busy", "label": "Busy", "hue": 15},
                {"value": "wrong_number", "label": "Wrong number", "hue": 0},
            ],
        },
        {"name": "notes", "kind": "long_text", "label": "Notes"},
    ],
    "layout": {"highlights": ["direction", "started_at", "duration", "outcome", "regarding"]},
    "views": views.CALL,
}  # fmt: skip

_MEETING: Final = {
    "name": "meeting",
    "label": "Meeting",
    "plural": "Meetings",
    "icon": "calendar-event",
    "hue": 30,
    "description": "People who come together at a time, in a place or by video.",
    "title": "subject",
    "fields": [
        {
            "name": "subject", "kind": "text", "label": "Subject", "required": True,
            "sortable": True,
        },
        {
            "name": "starts_at", "kind": "datetime", "label": "Starts at", "required": True,
            "indexed": True, "sortable": True,
        },
        {
            "name": "ends_at", "kind": "datetime", "label": "Ends at", "required": True,
            "help": "One hour after it starts, unless you say otherwise.",
        },
        {
            "name": "all_day", "kind": "boolean", "label": "All day",
            "help": "It takes whole days: from the day it starts on to the day it ends on.",
        },
        {"name": "place", "kind": "text", "label": "Place", "help": "A room, or an address."},
        {
            "name": "status", "kind": "choice", "label": "Status", "required": True,
            "default": "planned", "indexed": True,
            "options": [
                {"value": "planned", "label": "Planned", "category": "open", "hue": 210},
                {"value": "held", "label": "Held", "category": "done", "hue": 140},
                {"value": "canceled", "label": "Canceled", "category": "canceled", "hue": 0},
            ],
        },
        {
            "name": "organiser", "kind": "user", "label": "Organiser", "default": "me",
            "settings": {"on_delete": "clear"},
        },
        _regarding("meeting"),
        *_REMIND,
        {"name": "description", "kind": "long_text", "label": "Description"},
    ],
    "layout": {"highlights": ["starts_at", "ends_at", "place", "status", "regarding"]},
    "views": views.MEETING,
}  # fmt: skip

_ATTENDEE: Final = {
    "name": "meeting_attendee",
    "label": "Attendee",
    "plural": "Attendees",
    "icon": "users",
    "hue": 40,
    "description": "A person or a colleague who is asked to a meeting, and what he answered.",
    "title": "",
    "fields": [
        {
            "name": "meeting", "kind": "lookup", "label": "Meeting", "required": True,
            "settings": {"target": "meeting", "part": True, "inverse": "attendees"},
        },
        {
            "name": "contact", "kind": "lookup", "label": "Person",
            "settings": {
                "target": "contact", "on_delete": "cascade", "inverse": "meetings",
                "inverse_label": "Meetings",
            },
        },
        {
            "name": "user", "kind": "user", "label": "Colleague",
            "settings": {"on_delete": "cascade"},
        },
        {
            "name": "answer", "kind": "choice", "label": "Answer", "default": "open",
            "options": [
                {"value": "open", "label": "No answer yet", "hue": 210},
                {"value": "accepted", "label": "Accepted", "hue": 140},
                {"value": "tentative", "label": "Tentative", "hue": 45},
                {"value": "declined", "label": "Declined", "hue": 0},
            ],
        },
    ],
    "keys": [["meeting", "contact"], ["meeting", "user"]],
}  # fmt: skip

_NOTE: Final = {
    "name": "note",
    "label": "Note",
    "plural": "Notes",
    "icon": "note",
    "hue": 50,
    "description": "Something worth knowing about a record.",
    "title": "subject",
    "fields": [
        {
            "name": "subject", "kind": "text", "label": "Subject", "sortable": True,
            "help": "How its text begins, unless you say otherwise.",
        },
        {"name": "text", "kind": "long_text", "label": "Text", "required": True},
        _regarding("note"),
        {
            "name": "written_at", "kind": "datetime", "label": "Written at", "required": True,
            "default": "now", "sortable": True,
        },
        {
            "name": "pinned", "kind": "boolean", "label": "Pinned", "indexed": True,
            "help": "It stays on top of the timeline.",
        },
    ],
    "layout": {"highlights": ["regarding", "pinned", "owner"]},
    "views": views.NOTE,
}  # fmt: skip

TYPES: Final[list[dict[str, Any]]] = [_TASK, _CALL, _MEETING, _ATTENDEE, _NOTE]
#: Roles that come with Relatum see the number of a call, too.
_PERSONAL: Final = ["call"]
GRANTS: Final = dict.fromkeys(("manager", "member", "read_only"), _PERSONAL)
