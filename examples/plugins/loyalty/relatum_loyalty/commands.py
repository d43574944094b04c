"""`relatum loyalty book`: points for a purchase."""

from __future__ import annotations

import click

from relatum import context, query, transact

from . import points


def _book(number: str, count: int) -> int:
    """Book points on the card with a number and return what it has now."""
    ctx = context()
    assert ctx.actor is not None  # a command is always somebody's
    asked = {"filter": {"field": "number", "op": "eq", "value": number}, "limit": 1}
    found = query.page(query.from_json("loyalty_card", asked, actor=ctx.actor)).records
    if not found:
        raise click.ClickException(f"There is no card {number}. See the list of cards.")
    card = found[0]["id"]
    points.book(ctx, {card: count}, "purchase")
    return points.balances(ctx, [card])[card]


@click.command("book")
@click.argument("number")
@click.argument("count", type=click.IntRange(min=1))
def book(number: str, count: int) -> None:
    """Book COUNT points on the card NUMBER."""
    click.echo(f"{number} has {transact(lambda: _book(number, count))} points.")
