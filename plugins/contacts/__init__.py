"""Contacts: accounts, the people there, what they are to each other, and households."""

from __future__ import annotations

from typing import Any

from relatum import Demo, Plugin, Routes, WriteBatch, hookimpl

from . import connecting, entities
from . import demo as example
from .places import PAGES
from .places import desk_dashboards as desk_dashboards
from .places import desk_slots as desk_slots

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
    """Declare accounts, households, contacts, their roles, ways to reach them, connections."""
    return {"types": [*entities.TYPES, *connecting.TYPES], "grants": entities.GRANTS}


@hookimpl(only={"types": ["connection"]})
def relatum_before_write(batch: WriteBatch) -> None:
    """Refuse connections that can't be."""
    connecting.check(batch)


@hookimpl
def relatum_routes() -> Routes:
    """Bring the templates of what stands on the desk's pages."""
    return Routes(pages=PAGES)


@hookimpl
def relatum_demo(demo: Demo) -> None:
    """Bring 200 accounts and 1,000 contacts."""
    example.fill(demo)
