"""Loyalty: cards with points, what they are exchanged for, and the level of each contact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from click import Command

from relatum import (
    Committed,
    Context,
    Permission,
    Plugin,
    Routes,
    WriteBatch,
    hookimpl,
    jobs,
    transact,
)

from . import commands, entities, levels, logic, panel, points, routes, settings

plugin = Plugin(
    id="loyalty",
    name="Loyalty",
    version="0.1.0",
    description="Cards with points, rewards, and the level of each contact.",
    license="Apache-2.0",
    requires={"contacts": ">=0.1,<1"},
    capabilities=["tables"],
)


@hookimpl
def relatum_declare() -> dict[str, Any]:
    """Declare what there is: types, and fields on the types of others."""
    return {"types": entities.TYPES, "extensions": entities.EXTENSIONS}


@hookimpl
def relatum_settings() -> type[settings.Settings]:
    """Say what can be set."""
    return settings.Settings


@hookimpl(only={"types": entities.WATCHED})
def relatum_before_write(batch: WriteBatch) -> None:
    """Refuse rows that can't be."""
    if batch.operation in ("create", "update"):
        logic.check(batch)


@hookimpl(only={"types": ["loyalty_card"]})
def relatum_after_write(batch: WriteBatch, ctx: Context) -> None:
    """Book the points that a new card starts with."""
    if batch.operation == "create":
        points.welcome(batch, ctx)


@hookimpl(only={"types": ["loyalty_card"], "fields": ["contact", "status"]})
def relatum_after_commit(changes: Sequence[Committed], ctx: Context) -> None:
    """Let the levels of contacts follow their cards soon, instead of tonight."""
    if any(change.operation == "update" for change in changes):
        transact(lambda: jobs.enqueue(levels.KIND.name, actor=ctx.as_plugin()))


@hookimpl
def relatum_jobs() -> list[jobs.Kind]:
    """Bring the job that levels contacts."""
    return [levels.KIND]


@hookimpl
def relatum_permissions() -> list[Permission]:
    """Name who may exchange points."""
    return [Permission("loyalty.redeem", "Exchange points for rewards")]


@hookimpl
def relatum_commands() -> list[Command]:
    """Bring `relatum loyalty book`."""
    return [commands.book]


@hookimpl
def relatum_routes() -> Routes:
    """Bring the calls, and the templates and files of the panel."""
    return Routes(pages=panel.PAGES, api=routes.API)


@hookimpl(optionalhook=True)
def desk_slots() -> list[dict[str, Any]]:
    """Put the panel on the pages of the desk, if there is one."""
    return panel.SLOTS


@hookimpl(optionalhook=True)
def desk_files() -> dict[str, Any]:
    """Bring the styles of the panel."""
    return {"styles": ("loyalty.css",)}
