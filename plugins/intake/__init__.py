"""Intake: forms that anybody fills in on the web, and who gets what has come in."""

from __future__ import annotations

from typing import Any

from relatum import Demo, Permission, Plugin, Routes, WriteBatch, hookimpl

from . import demo as example
from . import doors, entities, panel, shaping
from . import error_codes as error_codes
from .pages import PAGES

plugin = Plugin(
    id="intake",
    name="Web forms",
    version="0.1.0",
    description="Forms that anybody fills in on the web; what comes in is shared out by turns.",
    license="Apache-2.0",
    presets=["sales", "all"],
    capabilities=["public"],
)


@hookimpl
def relatum_declare() -> dict[str, Any]:
    """Declare forms, what they ask, and what was sent."""
    return {"types": entities.TYPES, "grants": entities.GRANTS}


@hookimpl(only={"types": ["web_form", "web_form_field"]})
def relatum_before_write(batch: WriteBatch) -> None:
    """Give new forms an address, and refuse questions that no form can ask."""
    if batch.operation in ("create", "update"):
        shaping.check(batch)


@hookimpl
def relatum_permissions() -> list[Permission]:
    """Name who shares records out."""
    return doors.PERMISSIONS


@hookimpl
def relatum_routes() -> Routes:
    """Bring the page of a form, and what shares records out."""
    return Routes(pages=PAGES, api=doors.API)


@hookimpl
def relatum_commands() -> list[Any]:
    """Bring `relatum intake share-out`."""
    return doors.COMMANDS


@hookimpl
def relatum_demo(demo: Demo) -> None:
    """Bring a form that asks for leads, if there are leads."""
    example.fill(demo)


@hookimpl(optionalhook=True)
def desk_slots() -> list[dict[str, Any]]:
    """Tell beside a record by which form it came, where a form is, and share out selections."""
    return [*panel.SLOTS, *doors.SLOTS]
