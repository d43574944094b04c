"""A form that asks for leads."""

from __future__ import annotations

from typing import Any, Final

from relatum import Demo, catalog

_QUESTIONS: Final[list[dict[str, Any]]] = [
    {"field": "name", "required": True},
    {"field": "company"},
    {"field": "email", "required": True},
    {"field": "phone"},
    {"field": "subject", "label": "What is it about?", "required": True},
    {"field": "description", "label": "Tell us more"},
    {"field": "source", "value": "website"},
]


_PROPOSAL: Final[dict[str, Any]] = {
    "name": "Propose a web form", "makes": "web_form", "heading": "Which form is missing?",
    "questions": [
        {"field": "name", "required": True}, {"field": "heading", "required": True},
        {"field": "makes", "value": "web_form"}, {"field": "active", "value": "no"},
    ],
}  # fmt: skip


def fill(demo: Demo) -> None:
    """Make the form; without leads one by which colleagues propose web forms."""
    if "lead" not in catalog.current().types:
        demo.create("web_form", [_PROPOSAL])
        return
    form = {
        "name": "Contact us", "makes": "lead", "heading": "Tell us what you need",
        "address": "contact-us", "intro": "We answer within one working day.",
        "consent": "You may store what I write here, to answer me.", "questions": _QUESTIONS,
    }  # fmt: skip
    demo.create("web_form", [form])
