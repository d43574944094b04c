"""Notifications: people hear of what concerns them, in the desk and by mail."""

from __future__ import annotations

from typing import Any

from relatum import Permission, Plugin, Routes, hookimpl, jobs, privacy

from . import api, frame, kinds, pages, personal, places, settings, work
from .following import follow as follow
from .following import followers as followers
from .following import unfollow as unfollow
from .kinds import Kind as Kind
from .telling import Notice as Notice
from .telling import notify as notify
from .telling import notify_each as notify_each

plugin = Plugin(
    id="notifications",
    name="Notifications",
    version="0.1.0",
    description="Follow records, mention colleagues, and hear of it in the desk or by mail.",
    license="Apache-2.0",
    presets=["contacts", "sales", "all"],
    capabilities=["tables"],
)


@hookimpl
def relatum_settings() -> type[settings.Settings]:
    """Say what can be set."""
    return settings.Settings


@hookimpl
def relatum_permissions() -> list[Permission]:
    """Name who has notifications."""
    return frame.PERMISSIONS


@hookimpl
def relatum_hookspecs() -> tuple[Any, ...]:
    """Publish the hook by which other plugins name their kinds of notifications."""
    return kinds.HOOKSPECS


@hookimpl
def relatum_jobs() -> list[jobs.Kind]:
    """Bring the jobs that tell followers, write daily mails and forget what is old."""
    return work.KINDS


@hookimpl
def relatum_routes() -> Routes:
    """Bring the pages in the desk, and the API."""
    return Routes(pages=pages.PAGES, api=api.API)


@hookimpl
def relatum_export_person(person: privacy.PersonalData) -> None:
    """Tell what was told to a person, and what he follows."""
    personal.export(person)


@hookimpl
def relatum_erase_person(person: privacy.PersonalData) -> None:
    """Erase what was told to a person, and what he follows."""
    personal.erase(person)


@hookimpl(optionalhook=True)
def desk_slots() -> list[dict[str, Any]]:
    """Put the bell on every page of the desk, and a button on every record, if there is one."""
    return places.SLOTS


@hookimpl(optionalhook=True)
def desk_files() -> dict[str, Any]:
    """Bring the styles, and the script that offers people after an @."""
    return {"styles": ("notifications.css",), "scripts": ("notifications.js",)}
