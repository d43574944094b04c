"""Points: bookings in the ledger, the plugin's own table; the balance of a card is their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from relatum import Context, WriteBatch, clock


def book(ctx: Context, points: Mapping[int, int], reason: str) -> None:
    """Book points on cards, each by its id, in the open transaction."""
    now = clock.now()
    ctx.table("ledger").insert(
        {"card": card, "points": count, "reason": reason, "booked_at": now}
        for card, count in points.items()
    )


def welcome(batch: WriteBatch, ctx: Context) -> None:
    """Give new cards the points that are set."""
    count = ctx.settings["welcome"]
    cards = [batch.id(place) for place in range(len(batch))]
    if count:
        book(ctx, {card: count for card in cards if card is not None}, "welcome")


def balances(ctx: Context, cards: Sequence[int]) -> dict[int, int]:
    """Return the points of cards by their ids; none is 0."""
    sums: dict[Any, Any] = ctx.table("ledger").sums("points", by="card", where={"card": [*cards]})
    return {card: int(sums.get(card) or 0) for card in cards}
