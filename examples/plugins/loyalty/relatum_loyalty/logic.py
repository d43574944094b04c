"""What the plugin holds true, whoever writes: people, imports, the API, other plugins."""

from __future__ import annotations

from collections.abc import Callable

from relatum import WriteBatch


def check_days(batch: WriteBatch) -> None:
    """Refuse what ends before it starts."""
    days = zip(batch.column("starts_on"), batch.column("ends_on"), strict=True)
    for place, (starts, ends) in enumerate(days):
        if starts and ends and ends < starts:
            batch.reject(place, "It ends before it starts", field="ends_on")


def check_levels(batch: WriteBatch) -> None:
    """Refuse a last day without the level that ends then."""
    known = zip(batch.column("loyalty_level"), batch.column("loyalty_until"), strict=True)
    for place, (level, until) in enumerate(known):
        if until and not level:
            batch.reject(place, "Say which level ends on that day", field="loyalty_level")


def check_costs(batch: WriteBatch) -> None:
    """Refuse a reward that costs nothing."""
    for place, cost in enumerate(batch.column("points")):
        if cost is not None and cost < 1:
            batch.reject(place, "A reward costs at least one point", field="points")


CHECKS: dict[str, Callable[[WriteBatch], None]] = {
    "loyalty_card": check_days,
    "loyalty_reward": check_costs,
    "contact": check_levels,
}


def check(batch: WriteBatch) -> None:
    """Refuse rows that can't be: up to 1,000 of one type, so nothing is asked for each of them."""
    CHECKS[batch.type](batch)
