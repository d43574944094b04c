"""Connections: what any two records are to each other, by roles that people name themselves."""

from __future__ import annotations

from typing import Any, Final

from relatum import WriteBatch

_ROLE: Final = {
    "name": "connection_role",
    "label": "Connection role",
    "plural": "Connection roles",
    "icon": "arrows-exchange",
    "hue": 200,
    "description": "What one record is to another, and that one to it.",
    "title": "name",
    "fields": [
        {
            "name": "name", "kind": "text", "label": "Name", "required": True, "unique": True,
            "sortable": True, "help": "As it reads from the one to the other: Adviser of.",
        },
        {
            "name": "reverse", "kind": "text", "label": "The other way round",
            "help": "As it reads from the other to the one: Advised by. Empty: the same.",
        },
    ],
    "views": [
        {
            "name": "all", "label": "All connection roles",
            "query": {"sort": ["name"], "fields": ["name", "reverse"]},
        },
    ],
}  # fmt: skip


def _end(name: str, label: str) -> dict[str, Any]:
    return {
        "name": name, "kind": "reference", "label": label, "required": True,
        "settings": {"any": True, "on_delete": "cascade"},
    }  # fmt: skip


_CONNECTION: Final = {
    "name": "connection",
    "label": "Connection",
    "plural": "Connections",
    "icon": "arrows-exchange",
    "hue": 200,
    "description": "One record's role for another, of whatever types they are.",
    "title": "",
    "fields": [
        _end("one", "The one"),
        {
            "name": "role", "kind": "lookup", "label": "Role", "required": True,
            "settings": {"target": "connection_role"},
        },
        _end("other", "The other"),
        {"name": "valid_from", "kind": "date", "label": "From", "sortable": True},
        {
            "name": "valid_to", "kind": "date", "label": "To", "sortable": True,
            "help": "The last day; empty: until today.",
        },
        {"name": "note", "kind": "text", "label": "Note"},
    ],
    "keys": [["one", "role", "other"]],
}  # fmt: skip

TYPES: Final[list[dict[str, Any]]] = [_ROLE, _CONNECTION]


def check(batch: WriteBatch) -> None:
    """Refuse connections of a record with itself, and those that end before they begin."""
    if batch.operation not in ("create", "update"):
        return
    for place in range(len(batch)):
        if batch.value(place, "one") == batch.value(place, "other"):
            batch.reject(place, "A record has no connection with itself", field="other")
        begins, ends = batch.value(place, "valid_from"), batch.value(place, "valid_to")
        if begins is not None and ends is not None and ends < begins:
            batch.reject(place, "It can't end before it begins", field="valid_to")
