"""Desk: the web interface, drawn from the catalog; a plugin's type has its pages at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from relatum import Permission, Plugin, Routes, hookimpl

from . import error_codes as error_codes
from . import routes
from .dashboards.declared import desk_dashboards
from .dashboards.definitions import Dashboard as Dashboard
from .dashboards.definitions import Widget as Widget
from .slots import HOOKSPECS
from .slots import Files as Files
from .slots import Link as Link
from .slots import Slot as Slot

plugin = Plugin(  # noqa: S604  # shell is what the plugin is; no process is started
    id="desk",
    name="Desk",
    version="0.1.0",
    description="The web interface: lists, records and forms of every entity type.",
    license="Apache-2.0",
    presets=["bare", "desk", "contacts", "sales", "all"],
    capabilities=["public", "tables"],
    shell=True,
)


@hookimpl
def relatum_permissions() -> list[Permission]:
    """Name what people need to work in the desk."""
    return [
        Permission(
            "desk.use", "Work in the web interface", roles=("manager", "member", "read_only")
        )
    ]


@hookimpl
def relatum_routes() -> Routes:
    """Bring the pages of the instance."""
    return routes.ROUTES


@hookimpl
def relatum_hookspecs() -> tuple[Callable[..., Any], ...]:
    """Publish the hooks by which other plugins fill places of the desk's pages."""
    return (*HOOKSPECS, desk_dashboards)
