"""Products: what a company sells, in families, with price lists."""

from __future__ import annotations

from typing import Any

from relatum import Demo, Plugin, hookimpl

from . import demo as example
from . import entities

plugin = Plugin(
    id="products",
    name="Products",
    version="0.1.0",
    description="A catalogue of goods and services in families, with price lists.",
    license="Apache-2.0",
    presets=["sales", "all"],
)


@hookimpl
def relatum_declare() -> dict[str, Any]:
    """Declare families, products, price lists and their prices."""
    return {"types": entities.TYPES}


@hookimpl
def relatum_demo(demo: Demo) -> None:
    """Bring products, families and price lists."""
    example.fill(demo)
