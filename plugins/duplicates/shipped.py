"""The rules that come along, each in force until there is a rule of one's own for its two types."""

from __future__ import annotations

from typing import Any, Final

from .entities import SHOW, WARN
from .words import translated

#: A condition: fields, comparison, points, and the fields of the other type if they differ.
_Condition = tuple[str, str, int] | tuple[str, str, int, str]


def _rule(
    name: str, entity_type: str, *conditions: _Condition, against: str = "", action: str = WARN
) -> dict[str, Any]:
    return {
        "name": name, "entity_type": entity_type, "against": against, "action": action,
        "threshold": 80, "conditions": [
            {
                "fields": fields, "comparison": comparison, "points": points,
                "against_fields": there[0] if there else "",
            }
            for fields, comparison, points, *there in conditions
        ],
    }  # fmt: skip


#: A mailbox is somebody's; a phone and a name are, a phone or a name alone are not. Without
#: either of them two colleagues at the same address with one phone stay two.
_PERSON: Final = (
    ("email", "email", 80), ("phone, mobile", "phone", 44), ("name", "person", 65),
)  # fmt: skip
_COMPANY: Final = (
    ("website, email", "domain", 60), ("phone", "phone", 50), ("name", "company", 80),
    ("billing_address, shipping_address", "address", 20),
)  # fmt: skip

SHIPPED: Final = (
    _rule(
        translated("People"), "contact", *_PERSON, ("account", "same", 20),
        ("birthday", "same", 15), ("address", "address", 15),
    ),
    _rule(translated("Companies"), "account", *_COMPANY),
    _rule(translated("Leads"), "lead", *_PERSON, ("company", "company", 20)),
    _rule(translated("Leads and people"), "lead", *_PERSON, ("address", "address", 15),
          against="contact", action=SHOW),
    _rule(
        translated("Leads and companies"), "lead", ("company", "company", 80, "name"),
        ("website, email", "domain", 80), ("phone", "phone", 50),
        against="account", action=SHOW,
    ),
)  # fmt: skip
