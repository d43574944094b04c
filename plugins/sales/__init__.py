"""Sales: leads, and opportunities with their stages, lines and people."""

from __future__ import annotations

from typing import Any

from relatum import Demo, Plugin, WriteBatch, hookimpl

from . import demo as example
from . import entities, logic

plugin = Plugin(
    id="sales",
    name="Sales",
    version="0.1.0",
    description="Leads and deals, from the first word to won or lost.",
    license="Apache-2.0",
    requires={"contacts": ">=0.1,<1", "products": ">=0.1,<1"},
    presets=["sales", "all"],
)


@hookimpl
def relatum_declare() -> dict[str, Any]:
    """Declare leads, opportunities, their lines and their people."""
    return {"types": entities.TYPES, "grants": entities.GRANTS}


@hookimpl
def relatum_before_write(batch: WriteBatch) -> None:
    """Let what follows from a stage follow it."""
    if batch.type == "opportunity" and batch.operation in ("create", "update"):
        logic.follow_stages(batch)


@hookimpl
def relatum_demo(demo: Demo) -> None:
    """Bring leads and opportunities of two years."""
    example.fill(demo)
