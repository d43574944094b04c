"""The job that gives contacts the level that their cards are worth."""

from __future__ import annotations

from relatum import context, jobs, query, records

from . import points


def run(chunk: jobs.Chunk) -> jobs.Step:
    """Level the contacts of the next active cards, in the order of their ids."""
    asked = {
        "fields": ["id", "contact"],
        "filter": {
            "and": [
                {"field": "id", "op": "gt", "value": chunk.checkpoint or 0},
                {"field": "status", "op": "eq", "value": "active"},
                {"field": "contact", "op": "empty", "value": False},
            ]
        },
        "sort": ["id"],
        "limit": chunk.size,
    }
    cards = query.page(query.from_json("loyalty_card", asked, actor=chunk.actor)).records
    if not cards:
        return chunk.finish({"cards": chunk.done})
    ctx = context()
    balance = points.balances(ctx, [card["id"] for card in cards])
    reached = {card["contact"]: balance[card["id"]] >= ctx.settings["plus_from"] for card in cards}
    rows = [
        {"id": contact, "loyalty_level": "plus" if plus else "basic"}
        for contact, plus in reached.items()
    ]
    records.update("contact", rows, actor=chunk.actor)
    return chunk.more(cards[-1]["id"], done=len(cards))


KIND = jobs.Kind(
    name="loyalty_levels", title="Level contacts by their points", run=run, schedule="every 1 day"
)
