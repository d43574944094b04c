"""Calling: lists of leads and people who are called one after the other, with a script."""

from __future__ import annotations

from typing import Any

from relatum import Context, Demo, Permission, Plugin, Routes, WriteBatch, hookimpl

from . import api, commands, entities, frame, logic, pages, settings
from . import demo as example
from . import error_codes as error_codes
from .filling import fill as fill
from .filling import look as look
from .outcomes import note as note
from .places import desk_files as desk_files
from .places import desk_slots as desk_slots
from .progress import progress_of as progress_of
from .queueing import take as take

plugin = Plugin(
    id="calling",
    name="Call lists",
    version="0.1.0",
    description="Telephone sales: who is called next, a script, the outcome, calling back.",
    license="Apache-2.0",
    requires={"contacts": ">=0.1,<1", "activities": ">=0.1,<1", "sales": ">=0.1,<1"},
    presets=["all"],
    capabilities=["tables"],
)


@hookimpl
def relatum_declare() -> dict[str, Any]:
    """Declare call lists, who stands on them, and what leads and people say about calls."""
    return entities.DECLARED


@hookimpl
def relatum_settings() -> type[settings.Settings]:
    """Say what can be set."""
    return settings.Settings


@hookimpl(only={"types": ["call_list"]})
def relatum_before_write(batch: WriteBatch) -> None:
    """Refuse lists that can't be."""
    if batch.operation in ("create", "update"):
        logic.check(batch)


@hookimpl(only={"types": ["call_list"]})
def relatum_after_write(batch: WriteBatch, ctx: Context) -> None:
    """Give new lists the row by which their callers take turns."""
    if batch.operation == "create":
        logic.prepare(batch, ctx)


@hookimpl
def relatum_permissions() -> list[Permission]:
    """Name who calls."""
    return [Permission(frame.USE, "Call from call lists", roles=("manager", "member"))]


@hookimpl
def relatum_routes() -> Routes:
    """Bring the page of the next call, and the calls of the API."""
    return Routes(pages=pages.PAGES, api=api.API)


@hookimpl
def relatum_commands() -> list[Any]:
    """Bring `relatum calling fill` and `progress`."""
    return commands.COMMANDS


@hookimpl
def relatum_demo(demo: Demo) -> None:
    """Bring a call list on which people have called for two weeks."""
    example.fill(demo)
