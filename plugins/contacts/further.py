"""Further e-mails, phones and addresses of an account or contact, each with a label.

The record's own field holds the primary one; these lists hold the others, as parts of the record.
"""

from __future__ import annotations

from typing import Any, Final

#: What an e-mail, a phone and an address may be for.
_LABELS: Final = {
    "email": ("work", "home", "billing", "support", "other"),
    "phone": ("work", "mobile", "home", "fax", "switchboard", "other"),
    "address": ("work", "home", "billing", "shipping", "branch", "other"),
}
_NAMES: Final = {"email": ("E-mail", "E-mails"), "phone": ("Phone", "Phones"),
                 "address": ("Address", "Addresses")}  # fmt: skip
_ICONS: Final = {"email": "mail", "phone": "phone", "address": "map-pin"}
_PLURALS: Final = {"email": "emails", "phone": "phones", "address": "addresses"}


def lists_of(whole: str, label: str, hue: int, *, personal: bool) -> list[dict[str, Any]]:
    """Return the types of the further e-mails, phones and addresses of a type of records."""
    return [_list(whole, label, hue, kind, personal) for kind in _LABELS]


def _list(whole: str, label: str, hue: int, kind: str, personal: bool) -> dict[str, Any]:
    one, many = _NAMES[kind]
    value: dict[str, Any] = {
        "name": kind, "kind": kind, "label": one, "required": True, "personal": personal,
    }  # fmt: skip
    if kind == "address":
        value["settings"] = {"indexed_members": ["city", "country"]}
    else:
        value["indexed"] = True
    return {
        "name": f"{whole}_{kind}",
        "label": f"{label} {one.lower()}",
        "plural": f"{label} {many.lower()}",
        "icon": _ICONS[kind],
        "hue": hue,
        "description": f"One more {one.lower()} of a {label.lower()}, with a label.",
        "title": "label" if kind == "address" else kind,
        "fields": [
            {
                "name": whole, "kind": "lookup", "label": label, "required": True,
                "settings": {"target": whole, "part": True, "inverse": _PLURALS[kind]},
            },
            {"name": "position", "kind": "integer", "label": "Position", "settings": {"min": 0}},
            {
                "name": "label", "kind": "choice", "label": "Label", "required": True,
                "default": _LABELS[kind][0],
                "options": [
                    {"value": word, "label": word.capitalize()} for word in _LABELS[kind]
                ],
            },
            value,
            {"name": "note", "kind": "text", "label": "Note"},
        ],
        "keys": [] if kind == "address" else [[whole, kind]],
    }  # fmt: skip
