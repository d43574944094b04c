"""Accounts and contacts that a lead may be already, by the rules of the plugin duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from relatum import Actor, catalog
from relatum.plugins import duplicates
from relatum.plugins.duplicates import Match as Match

from .leads import Record
from .mapping import LEAD

#: What duplicates asks about when a record is saved that may be there already.
DUPLICATES: Final = "duplicates"


def find(against: str, leads: Sequence[Record], *, actor: Actor) -> list[list[Match]]:
    """Return the records of a type that leads may be already, best first; those that are seen."""
    names = catalog.current().type(LEAD).writable
    rows = [{n: v for n, v in lead.items() if n in names and v is not None} for lead in leads]
    return duplicates.find(LEAD, rows, actor=actor, against=against)
