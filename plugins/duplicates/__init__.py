"""Duplicates: rules that say which records are likely to be the same, on save, import and later."""

from __future__ import annotations

from typing import Any

from relatum import Context, Permission, Plugin, Routes, WriteBatch, hookimpl, jobs, transact

from . import entities, keys, logic, pages, routes, searching
from .matching import Match as Match
from .matching import find as find

plugin = Plugin(
    id="duplicates",
    name="Duplicates",
    version="0.1.0",
    description="Rules that find records that are there already: on saving, importing and later.",
    license="Apache-2.0",
    presets=["sales", "all"],
    capabilities=["tables"],
)


@hookimpl
def relatum_declare() -> dict[str, Any]:
    """Declare rules and their conditions."""
    return {"types": entities.TYPES}


@hookimpl
def relatum_before_write(batch: WriteBatch) -> None:
    """Ask about rows that are likely to be there already, or refuse them."""
    logic.before(batch)


@hookimpl
def relatum_after_write(batch: WriteBatch) -> None:
    """Let the keys follow what is written, and what is in force the rules."""
    logic.after(batch)


@hookimpl(only={"types": logic.OWN})
def relatum_after_commit(ctx: Context) -> None:
    """Let the keys of the records that are there follow a changed rule."""
    transact(lambda: jobs.enqueue(keys.KEYS.name, actor=ctx.as_plugin()))


@hookimpl
def relatum_jobs() -> list[jobs.Kind]:
    """Bring the jobs."""
    return [keys.KEYS, searching.SEARCH]


@hookimpl
def relatum_permissions() -> list[Permission]:
    """Name who looks through duplicates."""
    return [searching.PERMISSION]


@hookimpl
def relatum_routes() -> Routes:
    """Bring the pages in the desk, and the calls."""
    return Routes(pages=pages.PAGES, api=routes.API)


@hookimpl(optionalhook=True)
def desk_slots() -> list[dict[str, Any]]:
    """Put what a record may be the same as on its page, and the list in the menu."""
    return pages.SLOTS


@hookimpl(optionalhook=True)
def desk_files() -> dict[str, Any]:
    """Bring the styles."""
    return {"styles": ("duplicates.css",)}
