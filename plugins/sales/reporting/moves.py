"""What became of the pipeline between two days, deal by deal, by the history of stages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from relatum import RelatumError, query

from .asked import AMOUNTS, DEAL, STAY, Asked
from .shapes import MONEY, Cell, Column, Node, Row, Table, among, without
from .tallies import Tally

OPEN: Final = "open"
_ZERO: Final = Decimal("0.00")
#: What stays are read with; amounts only if they are seen.
_READ: Final = ("opportunity", "stage", "category", "entered_at", "left_at")

Stay = dict[str, Any]


def at(instant: datetime) -> list[Node]:
    """Return the conditions of the stays in which deals were at an instant."""
    then = instant.isoformat()
    return [
        {"field": "entered_at", "op": "lte", "value": then},
        {"or": [
            {"field": "left_at", "op": "empty", "value": True},
            {"field": "left_at", "op": "gt", "value": then},
        ]},
    ]  # fmt: skip


def stays(
    asked: Asked, *nodes: Node, deals: Any = None, fields: tuple[str, ...] = _READ
) -> Iterator[Stay]:
    """Yield stays of deals that meet some conditions, page after page."""
    shown = [*fields, *(["amount_base"] if asked.sees(STAY, "amount_base") else [])]
    body = {"filter": {"and": list(nodes)}, "fields": shown}
    within = None if deals is None else ("opportunity", deals)
    yield from query.every(STAY, body, actor=asked.actor, among=within)


def table(asked: Asked, before: Tally, now: Tally) -> Table:
    """Return what came in, moved, was won and lost between the two days."""
    some = _sorted(asked)
    rows = [_row(name, label, some[name]) for name, label in _labels(asked).items()]
    hidden = asked.hides_amounts or not asked.sees(STAY, *AMOUNTS)
    if not hidden:
        rows.append(Row("changed", asked.translated("Amounts changed meanwhile"),
                        {"amount": Cell(_changed(some, before, now))}))  # fmt: skip
    columns = [
        Column("number", asked.translated("Number")),
        Column("amount", asked.translated("Amount"), MONEY),
    ]
    label = asked.translated("What became of it")
    return Table("moves", label, asked.translated("What happened"),
                 without(columns, hidden), tuple(rows), drawn=("number",))  # fmt: skip


def _labels(asked: Asked) -> dict[str, str]:
    return {
        "came": asked.translated("Came in"),
        "reopened": asked.translated("Opened again"),
        "forward": asked.translated("Moved forward"),
        "back": asked.translated("Moved back"),
        "stayed": asked.translated("Stayed in the stage"),
        "won": asked.translated("Won"),
        "lost": asked.translated("Lost"),
        "left": asked.translated("Left the pipeline"),
    }


def _sorted(asked: Asked) -> dict[str, dict[int, Stay]]:
    """Return the last stay of each deal by what became of it; one may have come in and be won."""
    assert asked.since is not None  # without it nothing is compared
    start, end = asked.end_of(asked.since), asked.end_of(asked.at)
    was = _by_deal(stays(asked, *asked.of(), *at(start), _in(OPEN)))
    decided = {"and": [_in("won", "lost"), {"field": "entered_at", "op": "gt",
                                            "value": start.isoformat()}]}  # fmt: skip
    is_ = _by_deal(stays(asked, *asked.of(), *at(end), {"or": [_in(OPEN), decided]}))
    new = [deal for deal in is_ if deal not in was]
    decided_before = _by_deal(stays(asked, *at(start), _in("won", "lost"), deals=new))
    gone = {deal: stay for deal, stay in was.items() if deal not in is_}
    _worth(asked, is_, asked.at)
    _worth(asked, gone, asked.since)
    made: dict[str, dict[int, Stay]] = {name: {} for name in _labels(asked)}
    order = {stage: place for place, stage in enumerate(asked.options("stage"))}
    for deal, stay in is_.items():
        for name in _names(was.get(deal), stay, order, reopened=deal in decided_before):
            made[name][deal] = stay
    made["left"] = gone
    return made


def _worth(asked: Asked, some: dict[int, Stay], day: date) -> None:
    """Give stays what their deals were worth at the end of a day, by the history of the deals.

    What that does not know keeps the amount with which it entered the stage.
    """
    if not some or asked.hides_amounts:
        return
    then = None if day == asked.today else asked.end_of(day).isoformat()
    body = {"fields": ["amount_base"], "as_of": then}
    try:
        for deal in query.every(DEAL, body, actor=asked.actor, among=("id", some)):
            some[deal["id"]]["amount_base"] = deal["amount_base"]
    except RelatumError as error:
        if error.code != "as_of_limit":
            raise


def _names(was: Stay | None, stay: Stay, order: dict[str, int], *, reopened: bool) -> list[str]:
    """Return what became of a deal from a stay, or none, to a later one."""
    if was is None:
        # One that was decided before, and is so in another way now, was in no pipeline.
        came = [] if reopened and stay["category"] != OPEN else ["reopened" if reopened else "came"]
        return [*came, stay["category"]] if came and stay["category"] != OPEN else came
    if stay["category"] != OPEN:
        return [stay["category"]]
    places = [order.get(each["stage"], len(order)) for each in (was, stay)]
    if places[0] == places[1]:
        return ["stayed"]
    return ["forward" if places[0] < places[1] else "back"]


def _by_deal(some: Iterator[Stay]) -> dict[int, Stay]:
    return {stay["opportunity"]: stay for stay in some}


def _in(*categories: str) -> Node:
    return {"field": "category", "op": "in", "value": list(categories)}


def _row(name: str, label: str, some: dict[int, Stay]) -> Row:
    where = among(DEAL, [*some])
    return Row(name, label, {"number": Cell(len(some), where), "amount": Cell(_sum(some), where)})


def _sum(some: dict[int, Stay]) -> Decimal:
    return sum((Decimal(stay.get("amount_base") or 0) for stay in some.values()), _ZERO)


def _changed(some: dict[str, dict[int, Stay]], before: Tally, now: Tally) -> Decimal:
    """Return what the difference of both days has beside what came and went."""
    came = _sum(some["came"]) + _sum(some["reopened"])
    went = _sum(some["won"]) + _sum(some["lost"]) + _sum(some["left"])
    return (now.amount or _ZERO) - (before.amount or _ZERO) - came + went
