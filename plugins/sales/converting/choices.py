"""What whoever converts a lead has chosen: which records it becomes, and their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from relatum import RelatumError

from .mapping import DEAL, TYPES

#: What is chosen for a type, besides the id of a record.
AUTO, NEW, NONE = "auto", "new", "none"
#: What is done about records that match a lead for which nothing was chosen.
ASK, LINK, MAKE = "ask", "link", "new"
_POLICIES: Final = (ASK, LINK, MAKE)
_VALUES, _MATCHES = "values", "matches"
Choice = str | int


@dataclass(frozen=True, slots=True)
class Choices:
    """What is chosen for each type, and what its new record gets besides what the lead has."""

    picked: Mapping[str, Choice]
    matches: str = ASK
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, type_name: str) -> Choice:
        """Return what is chosen for a type."""
        return self.picked.get(type_name, AUTO)


def read(sent: Any) -> Choices:
    """Return choices as a caller sends them; raise `sales_choice_invalid`.

    `{"account": "new" | "none" | ID, "contact": "new" | "none" | ID, "opportunity": "new" | "none",
    "matches": "ask" | "link" | "new", "values": {TYPE: {field: value}}}`; what is left out is
    found out: the record that the lead names, else a new one as far as the lead has what it needs.
    """
    if isinstance(sent, Choices):
        return sent
    if not isinstance(sent, Mapping):
        raise _invalid("choices", sent, "an object")
    unknown = next((n for n in sent if n not in (*TYPES, _MATCHES, _VALUES)), None)
    if unknown is not None:
        raise _invalid("choices", unknown, ", ".join((*TYPES, _MATCHES, _VALUES)))
    matches = sent.get(_MATCHES, ASK)
    if matches not in _POLICIES:
        raise _invalid(_MATCHES, matches, ", ".join(_POLICIES))
    picked = {name: _choice(name, sent[name]) for name in TYPES if sent.get(name) is not None}
    return Choices(picked, matches, _values(sent.get(_VALUES) or {}))


def _choice(name: str, value: Any) -> Choice:
    words = (NEW, NONE) if name == DEAL else (AUTO, NEW, NONE)
    if value in words and isinstance(value, str):
        return value
    if name == DEAL or isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _invalid(name, value, ", ".join(words + (() if name == DEAL else ("ID",))))
    return value


def _values(sent: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(sent, Mapping) or not all(isinstance(v, Mapping) for v in sent.values()):
        raise _invalid(_VALUES, sent, "{TYPE: {FIELD: VALUE}}")
    unknown = next((name for name in sent if name not in TYPES), None)
    if unknown is not None:
        raise _invalid(_VALUES, unknown, ", ".join(TYPES))
    return {str(name): dict(row) for name, row in sent.items()}


def _invalid(name: str, value: Any, possible: str) -> RelatumError:
    return RelatumError(
        "sales_choice_invalid", name=name, value=str(value)[:100], possible=possible
    )
