"""The pipeline as it stood at the end of a day, and what became of it since another one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from relatum import RelatumError

from . import moves
from .asked import DEAL, STAY, Asked, category
from .shapes import MONEY, Cell, Column, Figure, Report, Row, Table, Where, without
from .tallies import ANY, Tallies, Tally, notes, only, tally

_HUNDRED: Final = Decimal(100)
_ZERO: Final = Decimal("0.00")


class Stood(NamedTuple):
    """The open deals of a day, by stage and probability, and where they are listed.

    `entering` says that amounts are those with which the deals entered their stages.
    """

    tallies: Tallies
    where: Where
    entering: bool = False

    def of(self, stage: str | None = None) -> Tally:
        """Return what a stage holds; None is all of them."""
        return self.tallies.total(ANY if stage is None else stage)

    def weighted(self, asked: Asked, stage: str | None = None) -> Decimal | None:
        """Return what amounts come to by their probability; None where one of both is hidden."""
        made = _ZERO
        for (at, *chance), each in self.tallies.groups.items():
            if stage not in (None, at):
                continue
            if not chance or each.amount is None:
                return None
            made += each.amount * Decimal(chance[0] or 0) / _HUNDRED
        return asked.rounded(made)


def report(asked: Asked) -> Report:
    """Return number, amount and weighted amount by stage, and the moves since another day."""
    now = stood(asked, asked.at)
    before = stood(asked, asked.since) if asked.since is not None else None
    rows = [_row(asked, stage, now, before) for stage in _stages(asked, now, before)]
    total = _row(asked, None, now, before)
    table = Table(
        "stages", asked.translated("Open deals by stage"), asked.translated("Stage"),
        _columns(asked, before is not None), tuple(rows), total,
        ("amount",) if not asked.hides_amounts else ("number",),
    )  # fmt: skip
    told = [*notes(asked, now.of(), *([before.of()] if before else []))]
    if now.entering or (before is not None and before.entering):
        told.append(
            asked.translated("Amounts are those with which the deals entered their stages.")
        )
    tables = [table]
    if asked.since is not None and before is not None:
        tables.append(moves.table(asked, before.of(), now.of()))
    return Report(_figures(asked, now), tuple(tables), tuple(told))


# -- a day ----------------------------------------------------------------------------------------
def stood(asked: Asked, day: date) -> Stood:
    """Return the open deals as they stood at the end of a day.

    Which ones they are the history of stages says. What they were worth the history of the deals
    knows best; where it knows of other deals, since some were brought in later, the amounts are
    those with which they entered the stages.
    """
    if day == asked.today:
        return _asked(asked, Where(DEAL, (*asked.of(), category("open"))))
    end = asked.end_of(day)
    open_then = {"field": "category", "op": "eq", "value": "open"}
    stays = _asked(asked, Where(STAY, (*asked.of(), *moves.at(end), open_then)), entering=True)
    deals = _as_of(asked, end)
    if deals is None or _counts(deals) != _counts(stays):
        return stays
    return deals


def _as_of(asked: Asked, end: datetime) -> Stood | None:
    """Return the deals by their own history; None if it is too long to be looked through."""
    try:
        return _asked(asked, Where(DEAL, (*asked.of(), category("open")), end.isoformat()))
    except RelatumError as error:
        if error.code not in ("as_of_limit", "as_of_refused"):
            raise
        return None


def _asked(asked: Asked, where: Where, *, entering: bool = False) -> Stood:
    chance = ("probability",) if asked.sees(where.type, "probability") else ()
    return Stood(tally(asked, where, "stage", *chance), where, entering)


def _counts(stood_: Stood) -> dict[str, int]:
    made: dict[str, int] = {}
    for key, each in stood_.tallies.groups.items():
        made[key[0]] = made.get(key[0], 0) + each.count
    return made


def _stages(asked: Asked, *some: Stood | None) -> list[str]:
    """Return the stages in their order, those that there are no more last."""
    there = dict.fromkeys(key[0] for each in some if each for key in each.tallies.groups)
    return [*asked.stages, *(stage for stage in there if stage not in asked.stages)]


# -- what is shown --------------------------------------------------------------------------------
def _columns(asked: Asked, compared: bool) -> tuple[Column, ...]:
    made = [
        Column("number", asked.translated("Number")),
        Column("amount", asked.translated("Amount"), MONEY),
        Column("weighted", asked.translated("Weighted amount"), MONEY),
    ]
    if not asked.sees(DEAL, "probability"):
        made.pop()
    if compared:
        made += [
            Column("number_before", asked.translated("Number before")),
            Column("amount_before", asked.translated("Amount before"), MONEY),
            Column("change", asked.translated("Difference"), MONEY),
        ]
    return without(made, asked.hides_amounts)


def _row(asked: Asked, stage: str | None, now: Stood, before: Stood | None) -> Row:
    option = asked.options("stage").get(stage or "")
    label = option.label if option else stage or asked.translated("All")
    cells = _cells(asked, now, stage)
    if before is not None:
        then, is_ = before.of(stage), now.of(stage)
        was = _cells(asked, before, stage)
        change = None
        if then.amount is not None and is_.amount is not None:
            change = is_.amount - then.amount
        cells |= {
            "number_before": was["number"], "amount_before": was["amount"], "change": Cell(change),
        }  # fmt: skip
    return Row(stage, label, cells)


def _cells(asked: Asked, stood_: Stood, stage: str | None) -> dict[str, Cell]:
    where = stood_.where.and_(*_only(stage))
    found = stood_.of(stage)
    return {
        "number": Cell(found.count, where), "amount": Cell(found.amount, where),
        "weighted": Cell(stood_.weighted(asked, stage), where),
    }  # fmt: skip


def _only(stage: str | None) -> Iterable[dict[str, Any]]:
    return () if stage is None else (only("stage", stage),)


def _figures(asked: Asked, now: Stood) -> tuple[Figure, ...]:
    whole = now.of()
    made = [
        Figure("number", asked.translated("Open deals"), Cell(whole.count, now.where)),
        Figure("amount", asked.translated("Amount"), Cell(whole.amount, now.where), MONEY),
        Figure(
            "weighted", asked.translated("Weighted amount"),
            Cell(now.weighted(asked), now.where), MONEY,
        ),
    ]  # fmt: skip
    return tuple(f for f in made if f.kind != MONEY or f.cell.value is not None)
