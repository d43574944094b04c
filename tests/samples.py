"""What field types need to be made at all."""

from __future__ import annotations

from typing import Any

from relatum.core.fields import FIELD_TYPES


def needed(kind: str, target: str = "user") -> dict[str, Any]:
    """Return the settings that a field of a kind can't do without."""
    known: dict[str, dict[str, Any]] = {
        "lookup": {"target": target},
        "reference": {"targets": ["user", target] if target != "user" else ["user", "team"]},
    }
    return known.get(kind, {})


def every_kind() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return a field of each field type, named by it: those without a target, then links."""
    plain: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for kind, field_type in FIELD_TYPES.items():
        made: dict[str, Any] = {"name": f"a_{kind}", "kind": kind, "settings": needed(kind)}
        if field_type.HAS_OPTIONS:
            made["options"] = [{"value": "open", "label": "Open"}, {"value": "won"}]
        if field_type.NUMBERED:
            made["settings"] = {"mask": "N-{number:4}"}
        (links if kind in ("lookup", "reference") else plain).append(made)
    return plain, links


#: Two values of each kind that a caller may send, as they come back; links are made by the test.
TWO: dict[str, tuple[Any, Any]] = {
    "text": ("Ada", "Bob"),
    "long_text": ("one\ntwo", "three"),
    "rich_text": ("<p>Hi <b>Bob</b></p>", "<p>Bye</p>"),
    "integer": (0, 7),
    "decimal": ("1.50", "-2.25"),
    "money": ("0.00", "12.50"),
    "percent": ("12.50", "7.00"),
    "rating": (1, 5),
    "duration": (0, 5400),
    "boolean": (True, False),
    "date": ("2026-01-31", "2026-02-28"),
    "time": ("09:30:00", "23:59:59"),
    "datetime": ("2026-01-31T09:30:00Z", "2026-03-29T01:30:00.123456Z"),
    "choice": ("open", "won"),
    "multi_choice": (["open", "won"], ["won"]),
    "tags": (["VIP", "Zoë"], ["new"]),
    "encrypted": ("DE02 1203", "NL91 ABNA"),
    "email": ("ada@example.org", "bob@example.org"),
    "phone": ("+4930123456", "+14155552671;ext=12"),
    "url": ("https://example.org/", "https://example.org/b"),
    "colour": ("#2f6fed", "#aabbcc"),
    "person_name": (
        {"salutation": "Dr.", "first": "Ada", "middle": None, "last": "Lovelace", "suffix": None},
        {"salutation": None, "first": "Bob", "middle": None, "last": None, "suffix": "Jr."},
    ),
    "address": (
        {"street": "A 1", "city": "Berlin", "region": None, "postal_code": None, "country": "DE"},
        {"street": None, "city": "Bonn", "region": "NRW", "postal_code": "53111", "country": None},
    ),
    "geo": ({"lat": 52.52, "lng": 13.405}, {"lat": 0.0, "lng": -1.5}),
    "json": ({"plan": "free", "seats": [1, 2]}, []),
}


def definition(kind: str, target: str = "user", *, options: bool = False) -> dict[str, Any]:
    """Return the definition of a field `value` of a kind."""
    made: dict[str, Any] = {"name": "value", "kind": kind, "settings": needed(kind, target)}
    if options:
        made["options"] = [{"value": "open"}, {"value": "won"}]
    return made
