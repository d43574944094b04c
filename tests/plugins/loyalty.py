"""Loyalty cards: an example of everything that a plugin in one file can do."""

from __future__ import annotations

import click
from flask import Blueprint, jsonify

from relatum import (
    Permission,
    Plugin,
    Routes,
    context,
    fields,
    hookimpl,
    query,
    reading,
    records,
    requires,
)

plugin = Plugin(
    id="loyalty", name="Loyalty cards", version="1.0.0", license="MIT", capabilities=["public"]
)


class Points(fields.Integer):
    """Points: a whole number that is never negative."""

    kind = "loyalty_points"
    summary = "Points on a card: a whole number, not negative."

    def check(self, value):
        """Return the number; refuse a negative one."""
        number = super().check(value)
        if number < 0:
            raise fields.Refused("too_small", min=0)
        return number


@hookimpl
def relatum_declare():
    """Declare cards, and the tier of a company."""
    return {
        "types": [
            {
                "name": "loyalty_card",
                "label": "Card",
                "plural": "Cards",
                "icon": "credit-card",
                "fields": [
                    {"name": "number", "kind": "text", "required": True, "unique": True},
                    {"name": "points", "kind": "loyalty_points", "default": 0},
                    {
                        "name": "state",
                        "kind": "choice",
                        "options": [
                            {"value": "open", "label": "Open"},
                            {"value": "blocked", "label": "Blocked"},
                        ],
                    },
                ],
            }
        ],
        "extensions": [
            {
                "type": "x_company",
                "fields": [{"name": "loyalty_tier", "kind": "text", "label": "Tier"}],
            }
        ],
    }


@hookimpl
def relatum_field_types():
    """Bring points."""
    return [Points]


@hookimpl
def relatum_before_write(batch):
    """Refuse cards that begin with 0, write numbers in capitals."""
    if batch.type != "loyalty_card" or batch.operation not in ("create", "update"):
        return
    for place, number in enumerate(batch.column("number")):
        if number and number.startswith("0"):
            batch.reject(place, f"No card begins with 0, as {number} does", field="number")
        elif number:
            batch.set(place, "number", number.upper())


@hookimpl
def relatum_permissions():
    """Name who may see the count."""
    return [Permission("loyalty.count", "Count cards")]


pages = Blueprint("pages", __name__)
api = Blueprint("api", __name__)


@pages.get("/hello")
@requires(public=True)
def hello():
    """Greet anybody."""
    return "Hello from loyalty 1.0.0"


@api.get("/count")
@requires("loyalty.count")
def count():
    """Count the cards."""
    return jsonify(count=_count(context().actor))


@api.post("/cards")
@requires("loyalty.count")
def make():
    """Make a card."""
    rows = [{"number": "made-here"}]
    [made] = records.create("loyalty_card", rows, actor=context().as_plugin())
    return jsonify(id=made.id), 201


def _count(actor):
    asked = query.from_json("loyalty_card", {"select": ["count"]}, actor=actor)
    return query.aggregate(asked).groups[0]["count"]


@hookimpl
def relatum_routes():
    """Bring a page and two calls."""
    return Routes(pages=pages, api=api)


@hookimpl
def relatum_commands():
    """Bring a command."""
    return [count_cards]


@click.command("count")
def count_cards():
    """Count the cards."""
    with reading():
        click.echo(f"{_count(context().actor)} cards")
