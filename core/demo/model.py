"""The entity types of the demonstration, as an administrator would define them."""

from __future__ import annotations

from typing import Any, Final


def _field(name: str, kind: str, **properties: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, **properties}


def _link(name: str, target: str, **properties: Any) -> dict[str, Any]:
    return _field(name, "lookup", settings={"target": target}, **properties)


def _choice(name: str, *options: tuple[str, str, str | None, int], **properties: Any) -> Any:
    made = [
        {"value": value, "label": label, "category": category, "hue": hue}
        for value, label, category, hue in options
    ]
    return _field(name, "choice", options=made, **properties)


_COMPANY: Final = {
    "op": "create_type", "name": "x_company", "label": "Company", "plural": "Companies",
    "icon": "building", "hue": 210, "description": "Who buys, or may one day.",
    "fields": [
        _field("name", "text", required=True, unique=True, sortable=True),
        _field("city", "text", indexed=True, sortable=True),
        _field("country", "text", indexed=True),
        _choice(
            "industry",
            ("brewery", "Brewery", None, 40), ("hotel", "Hotel", None, 280),
            ("hospital", "Hospital", None, 0), ("farm", "Farm", None, 120),
            ("laundry", "Laundry", None, 190), ("factory", "Factory", None, 230),
        ),
        _choice(
            "status",
            ("prospect", "Prospect", "open", 45), ("customer", "Customer", "won", 140),
            ("former", "Former customer", "lost", 0),
            required=True, default="prospect", indexed=True,
        ),
        _field("employees", "integer", sortable=True, settings={"min": 1}),
        _field("website", "url"),
        _field("customer_since", "date"),
        _link("parent", "x_company", label="Parent company"),
    ],
}  # fmt: skip
_PERSON: Final = {
    "op": "create_type", "name": "x_person", "label": "Person", "plural": "People",
    "icon": "user", "hue": 280, "description": "Whom we talk to at a company.",
    "fields": [
        _field(
            "name", "person_name", required=True, sortable=True, personal=True,
            settings={"required_members": ["last"]},
        ),
        _link("company", "x_company", required=True),
        _field("position", "text"),
        _field("email", "email", unique=True, personal=True, label="E-mail"),
        _field("phone", "phone", personal=True),
        _field("newsletter", "boolean"),
    ],
}  # fmt: skip
_DEAL: Final = {
    "op": "create_type", "name": "x_deal", "label": "Deal", "plural": "Deals", "icon": "target",
    "hue": 140, "description": "A sale on its way.",
    "fields": [
        _field("name", "text", required=True, sortable=True),
        _link("company", "x_company", required=True),
        _link("contact", "x_person"),
        _choice(
            "stage",
            ("lead", "Lead", "open", 210), ("survey", "Site survey", "open", 190),
            ("offer", "Offer sent", "open", 45), ("talks", "Negotiation", "open", 25),
            ("won", "Won", "won", 140), ("lost", "Lost", "lost", 0),
            required=True, default="lead", indexed=True,
        ),
        _field("amount", "money", sortable=True, settings={"min": "0"}),
        _field("opened", "date", required=True, default="today"),
        _field(
            "closes", "date", label="Close date", sortable=True,
            help="When it was decided; for an open deal, when it will be.",
        ),
        _choice(
            "source",
            ("fair", "Trade fair", None, 45), ("referral", "Referral", None, 140),
            ("website", "Website", None, 210), ("call", "Call", None, 280),
        ),
    ],
}  # fmt: skip
_TICKET: Final = {
    "op": "create_type", "name": "x_ticket", "label": "Ticket", "plural": "Tickets",
    "icon": "tool", "hue": 25, "description": "A customer's plant needs us.",
    "title": "{number} {subject}",
    "fields": [
        _field("number", "text", required=True, unique=True, sortable=True),
        _field("subject", "text", required=True),
        _link("company", "x_company", required=True),
        _link("reported_by", "x_person", label="Reported by"),
        _choice(
            "priority", ("low", "Low", None, 210), ("normal", "Normal", None, 140),
            ("urgent", "Urgent", None, 0), required=True, default="normal",
        ),
        _choice(
            "state",
            ("new", "New", "open", 210), ("planned", "Visit planned", "open", 45),
            ("waiting", "Waiting for parts", "open", 25), ("solved", "Solved", "closed", 140),
            required=True, default="new", indexed=True,
        ),
        _field("opened", "datetime", required=True, default="now", sortable=True),
        _field("solved", "datetime"),
        _field("hours", "decimal", help="Hours of work.", settings={"min": "0", "scale": 2}),
        _field("notes", "long_text"),
    ],
}  # fmt: skip

CHANGES: Final[list[dict[str, Any]]] = [_COMPANY, _PERSON, _DEAL, _TICKET]
