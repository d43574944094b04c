"""Activities: tasks, calls, meetings and notes about any record, and the timeline of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from relatum import Context, Demo, Permission, Plugin, Routes, WriteBatch, hookimpl, jobs

from . import demo as story
from . import entities, entries, frame, logic, pages, reminding
from .entries import Asked as Asked
from .entries import Entry as Entry
from .entries import Source as Source
from .places import desk_files as desk_files
from .places import desk_slots as desk_slots
from .reminding import notifications_kinds as notifications_kinds

plugin = Plugin(
    id="activities",
    name="Activities",
    version="0.1.0",
    description="Tasks, calls, meetings and notes about any record, its timeline, and my day.",
    license="Apache-2.0",
    requires={"contacts": ">=0.1,<1", "notifications": ">=0.1,<1"},
    presets=["contacts", "sales", "all"],
    capabilities=["public", "tables"],
)


@hookimpl
def relatum_declare() -> dict[str, Any]:
    """Declare tasks, calls, meetings with their attendees, and notes."""
    return {"types": entities.TYPES, "grants": entities.GRANTS}


@hookimpl(only={"types": ["task", "meeting", "note"]})
def relatum_before_write(batch: WriteBatch) -> None:
    """Let what follows from status, start and text follow it."""
    if batch.operation in ("create", "update"):
        logic.follow(batch)


@hookimpl(only={"types": ["task"], "fields": ["status"]})
def relatum_after_write(batch: WriteBatch, ctx: Context) -> None:
    """Make the next task of a series when one is completed."""
    if batch.operation == "update":
        logic.repeat(batch, ctx)


@hookimpl
def relatum_permissions() -> list[Permission]:
    """Name what people need to see timelines and their day."""
    return [Permission(frame.USE, "See timelines and my day", ("manager", "member", "read_only"))]


@hookimpl
def relatum_jobs() -> list[jobs.Kind]:
    """Bring the job that gives reminders."""
    return [reminding.JOB]


@hookimpl
def relatum_routes() -> Routes:
    """Bring the pages in the desk."""
    return pages.ROUTES


@hookimpl
def relatum_hookspecs() -> tuple[Callable[..., Any], ...]:
    """Publish the hook by which other plugins add to the timeline of records."""
    return (entries.activities_timeline,)


@hookimpl
def relatum_demo(demo: Demo) -> None:
    """Bring half a year of activities, and what is due in these days."""
    story.fill(demo)
