"""Records in groups, counted and summed up by the database as who asks sees them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from relatum import query

from .asked import AMOUNTS, DEAL, Asked
from .shapes import Node, Where

_ZERO: Final = Decimal("0.00")
#: Any value of a group, where none is an own one.
ANY: Final = object()


@dataclass(frozen=True, slots=True)
class Tally:
    """How many records a group has, and what they sum up to; None where amounts are hidden.

    `unpriced` counts those whose amount has no worth in the currency of the instance.
    """

    count: int = 0
    amount: Decimal | None = _ZERO
    unpriced: int = 0


class Tallies(NamedTuple):
    """Groups by their keys, and what the records are called that keys point to."""

    groups: dict[tuple[Any, ...], Tally]
    labels: query.Labels

    def total(self, *parts: Any) -> Tally:
        """Return the sum of the groups that have some values at their first places."""
        return added(
            tally
            for key, tally in self.groups.items()
            if all(part is ANY or part == each for part, each in zip(parts, key, strict=False))
        )


def added(some: Iterable[Tally]) -> Tally:
    """Return the sum of tallies."""
    count, amount, unpriced = 0, _ZERO, 0
    hidden = False
    for each in some:
        count, unpriced = count + each.count, unpriced + each.unpriced
        hidden = hidden or each.amount is None
        amount += each.amount or _ZERO
    return Tally(count, None if hidden else amount, unpriced)


def tally(asked: Asked, where: Where, *group: str) -> Tallies:
    """Count and sum up deals, or stays of deals, in groups."""
    amounts = not asked.hides_amounts and asked.sees(where.type, *AMOUNTS)
    select = ["count"]
    if amounts:
        select += ["sum(amount_base)", "count(amount)", "count(amount_base)"]
    found = aggregate(asked, where, group, select)
    made: dict[tuple[Any, ...], Tally] = {}
    for each in found.groups:
        amount, unpriced = None, 0
        if amounts:
            amount = Decimal(each["sum(amount_base)"] or _ZERO)
            unpriced = max(0, each["count(amount)"] - each["count(amount_base)"])
        made[tuple(each[path] for path in group)] = Tally(each["count"], amount, unpriced)
    return Tallies(made, found.labels)


def aggregate(
    asked: Asked, where: Where, group: Sequence[str], select: Sequence[str]
) -> query.Groups:
    """Ask the groups of some records."""
    body: dict[str, Any] = {
        "filter": {"and": list(where.filters)}, "group": list(group), "select": list(select),
        "as_of": where.as_of,
    }  # fmt: skip
    return query.aggregate(query.from_json(where.type, body, actor=asked.actor))


def only(path: str, value: Any) -> Node:
    """Return the condition that a field has a value, or none."""
    if value is None:
        return {"field": path, "op": "empty", "value": True}
    return {"field": path, "op": "eq", "value": value}


def called(asked: Asked, field: str, value: Any, labels: query.Labels, of: str = DEAL) -> str:
    """Return what people call the group of a field's value."""
    if value is None:
        return asked.translated("None")
    found = asked.type(of).fields[field]
    option = next((option for option in found.options if option.value == value), None)
    if option is not None:
        return option.label
    known = labels.get(str(value))
    return str(known["label"]) if known else f"#{value}" if found.is_link else str(value)


def notes(asked: Asked, *some: Tally) -> tuple[str, ...]:
    """Return what the sums leave out, in words."""
    unpriced = max((each.unpriced for each in some), default=0)
    if not unpriced:
        return ()
    if unpriced == 1:
        text = asked.translated(
            "1 deal has an amount in a currency without a rate: it is counted, and not part of the "
            "sums."
        )
        return (text,)
    text = asked.translated(
        "{count} deals have an amount in a currency without a rate: they are counted, and not part "
        "of the sums.", count=unpriced,
    )  # fmt: skip
    return (text,)
