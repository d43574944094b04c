"""What sales brings to the desk's pages, which there may be none of."""

from __future__ import annotations

from typing import Any

from relatum import hookimpl

from . import ageing, dashboards
from .converting import slots
from .reporting import pages


@hookimpl(optionalhook=True)
def desk_slots() -> list[dict[str, Any]]:
    """Put *Convert* on a lead, what it brought on its deal, how old a stage is, and reports."""
    return [*slots.SLOTS, *ageing.SLOTS, *pages.SLOTS]


@hookimpl(optionalhook=True)
def desk_files() -> dict[str, Any]:
    """Bring the styles of the pages."""
    return {"styles": ("sales.css",)}


@hookimpl(optionalhook=True)
def desk_dashboards() -> list[dict[str, Any]]:
    """Bring the dashboard of sales, and what it puts on the home page."""
    return dashboards.DASHBOARDS
