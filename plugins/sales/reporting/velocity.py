"""How fast deals are decided: the time they take, what a day of selling brings, time by stage."""

from __future__ import annotations

from decimal import Decimal
from statistics import median
from typing import Any, NamedTuple

from ..settings import usual_days
from .asked import DEAL, STAY, Asked, category
from .moves import stays
from .shapes import (
    DAYS,
    MONEY,
    PERCENT,
    Cell,
    Column,
    Figure,
    Node,
    Report,
    Row,
    Table,
    Where,
    days,
    share,
    without,
)
from .tallies import ANY, Tallies, Tally, aggregate, called, notes, only, tally
from .winning import decided

_BY = ("owner", "stage.category")


class _Times(NamedTuple):
    """What is known of the deals of each owner: decided, open, and how long decided ones took."""

    decided: Tallies
    open: Tallies
    #: Deals whose stages are known, and the seconds that they were open in all, by owner.
    known: Tallies
    seconds: dict[Any, Decimal]

    def mean_seconds(self, owner: Any) -> Decimal | None:
        """Return how long a deal of an owner, or of any, was open; None if that is not known."""
        known = self.known.total(owner).count
        took = [each for whose, each in self.seconds.items() if owner in (ANY, whose)]
        return sum(took, Decimal(0)) / known if known else None


def report(asked: Asked, usual: list[str]) -> Report:
    """Return the velocity of selling in the period, by owner, and the time in stages."""
    found = _times(asked)
    whole = _cells(asked, found, ANY)
    owners = dict.fromkeys([k[0] for k in found.decided.groups] + [k[0] for k in found.open.groups])
    rows = [
        Row(owner, called(asked, "owner", owner, found.decided.labels | found.open.labels),
            _cells(asked, found, owner))
        for owner in owners
    ]  # fmt: skip
    rows.sort(key=lambda row: -row.cells["decided"].value)
    columns = _columns(asked)
    table = Table(
        "owners", asked.translated("Velocity by owner"), asked.translated("Owner"), columns,
        tuple(rows), Row(None, asked.translated("All"), whole),
        () if asked.hides_amounts else ("velocity",),
    )  # fmt: skip
    figures = tuple(Figure(c.name, c.label, whole[c.name], c.kind) for c in columns)
    told = notes(asked, found.decided.total(), found.open.total())
    missing = found.decided.total().count - found.known.total().count
    if missing > 0:
        text = asked.translated(
            "Deals whose stages are not known are not part of the days to the decision: {count}.",
            count=missing,
        )
        told = (*told, text)
    return Report(figures, (table, _stages(asked, usual)), told)


def _times(asked: Asked) -> _Times:
    where = decided(asked)
    some = (*_through(asked), _open_stay())
    took = aggregate(asked, Where(STAY, some), ["opportunity.owner"], ["sum(duration)"])
    with_stays = where.and_({"has": "stage_changes", "where": {"and": [_open_stay(), _timed()]}})
    return _Times(
        tally(asked, where, *_BY),
        tally(asked, Where(DEAL, (*asked.of(), category("open"))), "owner"),
        tally(asked, with_stays, "owner"),
        {g["opportunity.owner"]: Decimal(g["sum(duration)"] or 0) for g in took.groups},
    )


def _through(asked: Asked) -> list[Node]:
    """Return the conditions of the stays of the deals that were decided in the period."""
    return [
        *asked.of(through="opportunity."), category("won", "lost", path="opportunity.stage"),
        *asked.within("opportunity.closed_at"),
    ]  # fmt: skip


def _open_stay() -> Node:
    return {"field": "category", "op": "eq", "value": "open"}


def _timed() -> Node:
    return {"field": "duration", "op": "empty", "value": False}


# -- by owner -------------------------------------------------------------------------------------
def _columns(asked: Asked) -> tuple[Column, ...]:
    made = (
        Column("decided", asked.translated("Decided deals")),
        Column("rate", asked.translated("Win rate"), PERCENT),
        Column("mean", asked.translated("Mean amount"), MONEY),
        Column("mean_won", asked.translated("Mean amount won"), MONEY),
        Column("cycle", asked.translated("Days to the decision"), DAYS),
        Column("open", asked.translated("Open deals")),
        Column("velocity", asked.translated("Velocity per day"), MONEY),
    )
    return without(made, asked.hides_amounts)


def _cells(asked: Asked, found: _Times, owner: Any) -> dict[str, Cell]:
    whose = () if owner is ANY else (only("owner", owner),)
    where = decided(asked).and_(*whose)
    now = Where(DEAL, (*asked.of(), category("open"), *whose))
    all_, won = found.decided.total(owner), found.decided.total(owner, "won")
    open_ = found.open.total(owner)
    seconds = found.mean_seconds(owner)
    rate = share(won.count, all_.count)
    return {
        "decided": Cell(all_.count, where), "rate": Cell(rate, where),
        "mean": Cell(_mean(asked, all_), where),
        "mean_won": Cell(_mean(asked, won), where.and_(category("won"))),
        "cycle": Cell(days(seconds), where), "open": Cell(open_.count, now),
        "velocity": Cell(_velocity(asked, open_, won, all_, seconds)),
    }  # fmt: skip


def _priced(some: Tally) -> int:
    return some.count - some.unpriced


def _mean(asked: Asked, some: Tally) -> Decimal | None:
    """Return a mean amount; None of nothing, and where amounts are hidden."""
    if some.amount is None or not _priced(some):
        return None
    return asked.rounded(some.amount / _priced(some))


def _velocity(
    asked: Asked, open_: Tally, won: Tally, all_: Tally, seconds: Decimal | None
) -> Decimal | None:
    """Return open deals x win rate x mean amount won / days of a cycle, reckoned exactly."""
    if won.amount is None or not all_.count or not seconds:
        return None
    if not _priced(won):
        return asked.rounded(Decimal())
    rate = Decimal(won.count) / all_.count
    mean = won.amount / _priced(won)
    return asked.rounded(open_.count * rate * mean * 86_400 / seconds)


# -- by stage -------------------------------------------------------------------------------------
def _stages(asked: Asked, usual: list[str]) -> Table:
    nodes = (*_through(asked), _open_stay(), _timed())
    where = Where(STAY, nodes)
    found = aggregate(asked, where, ["stage"], ["count", "avg(duration)"]).groups
    held: dict[str, list[int]] = {}
    for stay in stays(asked, *nodes, fields=("stage", "duration")):
        held.setdefault(stay["stage"], []).append(int(stay["duration"]))
    order = {stage: place for place, stage in enumerate(asked.options("stage"))}
    found.sort(key=lambda group: order.get(group["stage"], len(order)))
    most = usual_days(usual)
    rows = []
    for group in found:
        stage = group["stage"]
        at = where.and_({"field": "stage", "op": "eq", "value": stage})
        cells = {
            "stays": Cell(group["count"], at), "mean": Cell(days(group["avg(duration)"]), at),
            "median": Cell(days(median(map(Decimal, held[stage]))), at),
            "usual": Cell(most.get(stage, most.get("open"))),
        }  # fmt: skip
        rows.append(Row(stage, called(asked, "stage", stage, {}), cells))
    columns = (
        Column("stays", asked.translated("Stays")),
        Column("mean", asked.translated("Mean days"), DAYS),
        Column("median", asked.translated("Median days"), DAYS),
        Column("usual", asked.translated("Usual days"), DAYS),
    )
    label, head = asked.translated("Time in stages"), asked.translated("Stage")
    return Table("stages", label, head, columns, tuple(rows), drawn=("median",))
