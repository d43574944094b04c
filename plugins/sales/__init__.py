"""Sales: leads, and opportunities with their stages, lines and people."""

from __future__ import annotations

from typing import Any

from relatum import Context, Demo, Permission, Plugin, Routes, WriteBatch, hookimpl

from . import demo as example
from . import entities, history, logic, settings
from .converting import Converted as Converted
from .converting import api, commands, pages
from .converting import convert as convert
from .converting import disqualify as disqualify
from .converting import look as look
from .places import desk_dashboards as desk_dashboards
from .places import desk_files as desk_files
from .places import desk_slots as desk_slots
from .reporting import doors

plugin = Plugin(
    id="sales",
    name="Sales",
    version="0.1.0",
    description="Leads and deals, from the first word to won or lost.",
    license="Apache-2.0",
    requires={"contacts": ">=0.1,<1", "products": ">=0.1,<1", "duplicates": ">=0.1,<1"},
    presets=["sales", "all"],
)


@hookimpl
def relatum_declare() -> dict[str, Any]:
    """Declare leads, opportunities, their lines, people and rivals, and the history of stages."""
    return {"types": entities.TYPES, "grants": entities.GRANTS}


@hookimpl
def relatum_settings() -> type[settings.Settings]:
    """Say what can be set."""
    return settings.Settings


@hookimpl(only={"types": ["opportunity", "opportunity_line", "lead", history.TYPE]})
def relatum_before_write(batch: WriteBatch, ctx: Context) -> None:
    """Let what follows from a stage follow it, price lines, keep leads that have deals."""
    if batch.type == history.TYPE:
        history.protect(batch)
    elif batch.operation in ("create", "update"):
        logic.follow(batch, ctx.as_plugin())


@hookimpl(only={"types": ["opportunity", "opportunity_line"]})
def relatum_after_write(batch: WriteBatch, ctx: Context) -> None:
    """Let the figures of deals follow their lines, prices what deals say, and history stages."""
    logic.follow_on(batch, ctx.as_plugin())


@hookimpl
def relatum_permissions() -> list[Permission]:
    """Name who converts leads, and who sees reports."""
    return [*api.PERMISSIONS, *doors.PERMISSIONS]


@hookimpl
def relatum_routes() -> Routes:
    """Bring the pages of conversions and reports, and their calls."""
    return Routes(pages=pages.PAGES, api=api.API)


@hookimpl
def relatum_commands() -> list[Any]:
    """Bring `relatum sales convert`, `disqualify`, `mapping` and `report`."""
    return [*commands.COMMANDS, *doors.COMMANDS]


@hookimpl
def relatum_demo(demo: Demo) -> None:
    """Bring leads and opportunities of two years."""
    example.fill(demo)
