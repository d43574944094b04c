"""Transfer: files of records come in, checked and in any size, and go out again."""

from __future__ import annotations

from typing import Any

import click

from relatum import Permission, Plugin, Routes, hookimpl, jobs

from . import api, mapping, pages, places  # noqa: F401  # the pages mount themselves
from .commands import COMMANDS
from .frame import PAGES
from .jobs import IMPORT

plugin = Plugin(
    id="transfer",
    name="Transfer",
    version="0.1.0",
    description="Import and export of CSV, XLSX, ODS, JSON, NDJSON and vCards, of any size.",
    license="Apache-2.0",
    presets=["desk", "contacts", "sales", "all"],
    capabilities=["files", "processes"],
)


@hookimpl
def relatum_permissions() -> list[Permission]:
    """Name who brings files in, and who takes records out."""
    return [
        Permission(api.IMPORT, "Import files", roles=("manager",)),
        Permission(api.EXPORT, "Export records", roles=("manager",)),
    ]


@hookimpl
def relatum_jobs() -> list[jobs.Kind]:
    """Bring the job of an import."""
    return [IMPORT]


@hookimpl
def relatum_routes() -> Routes:
    """Bring the pages in the desk, and the API."""
    return Routes(pages=PAGES, api=api.API)


@hookimpl
def relatum_commands() -> list[click.Command]:
    """Bring the commands."""
    return COMMANDS


@hookimpl(optionalhook=True)
def desk_slots() -> list[dict[str, Any]]:
    """Put import and export beside every list of the desk, if there is one."""
    return places.SLOTS


@hookimpl(optionalhook=True)
def desk_files() -> dict[str, Any]:
    """Bring the styles of the pages."""
    return {"styles": ("transfer.css",)}
