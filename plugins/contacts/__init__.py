"""Contacts: accounts, the people there, what they are to each other, and households."""

from __future__ import annotations

from typing import Any

from relatum import Demo, Plugin, hookimpl

from . import demo as example
from . import entities

plugin = Plugin(
    id="contacts",
    name="Contacts",
    version="0.1.0",
    description="Companies, people and how to reach them, the roles of people, and households.",
    license="Apache-2.0",
    presets=["contacts", "sales", "all"],
)


@hookimpl
def relatum_declare() -> dict[str, Any]:
    """Declare accounts, households, contacts, their roles and further ways to reach them."""
    return {"types": entities.TYPES, "grants": entities.GRANTS}


@hookimpl
def relatum_demo(demo: Demo) -> None:
    """Bring 200 accounts and 1,000 contacts."""
    example.fill(demo)
