"""Products: what a company sells, in units and families, with prices in any currency."""

from __future__ import annotations

from typing import Any

from relatum import Context, Demo, Permission, Plugin, WantedRates, WriteBatch, hookimpl, jobs

from . import dashboards, entities, logic, rates, revaluing
from . import demo as example
from .money import Figures as Figures
from .money import figures as figures
from .money import rounded as rounded
from .prices import Catalogue as Catalogue
from .prices import Price as Price
from .prices import Wanted as Wanted
from .prices import by_id as by_id
from .prices import is_valid as is_valid

plugin = Plugin(
    id="products",
    name="Products",
    version="0.1.0",
    description="A catalogue of goods and services in families, with units, price lists and "
    "currencies.",
    license="Apache-2.0",
    presets=["sales", "all"],
)


@hookimpl
def relatum_declare() -> dict[str, Any]:
    """Declare families, units, products, price lists, currencies and their rates."""
    return {"types": entities.TYPES}


@hookimpl(optionalhook=True)
def desk_dashboards() -> list[dict[str, Any]]:
    """Bring the dashboard of the catalogue, if there is a desk."""
    return dashboards.DASHBOARDS


@hookimpl
def relatum_before_write(batch: WriteBatch, ctx: Context) -> None:
    """Check the catalogue; refuse currencies that are not in use, whatever type they are of."""
    if batch.operation in ("create", "update"):
        logic.check(batch)
        rates.check_active(batch, ctx.as_plugin())


@hookimpl
def relatum_rates(wanted: WantedRates, ctx: Context) -> None:
    """Give the rates of currencies, whatever type the amounts are of."""
    rates.give(wanted, ctx.as_plugin())


@hookimpl
def relatum_jobs() -> list[jobs.Kind]:
    """Bring the job that values records anew."""
    return [revaluing.KIND]


@hookimpl
def relatum_permissions() -> list[Permission]:
    """Name who values records anew."""
    return [Permission("products.revalue", "Value amounts by the rates of now", roles=("manager",))]


@hookimpl
def relatum_demo(demo: Demo) -> None:
    """Bring products, families, units, price lists and currencies."""
    example.fill(demo)
