"""What was decided in a period: won and lost deals, by whom and where they came from, and why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from .asked import DEAL, Asked, category
from .shapes import MONEY, PERCENT, Cell, Column, Figure, Report, Row, Table, Where, share, without
from .tallies import Tallies, Tally, called, notes, only, tally

_ZERO: Final = Decimal("0.00")
_BY: Final = "stage.category"
_DECIDED: Final = ("won", "lost")


def decided(asked: Asked) -> Where:
    """Return the place of the deals that were decided in the period."""
    return Where(DEAL, (*asked.of(), category(*_DECIDED), *asked.within("closed_at")))


def report(asked: Asked) -> Report:
    """Return won and lost deals of the period, their rates, and what they were lost for."""
    where = decided(asked)
    whole = tally(asked, where, _BY)
    won, lost = whole.total("won"), whole.total("lost")
    tables = [
        _table(asked, where, field, label)
        for field, label in _fields(asked).items()
        if asked.sees(DEAL, field)
    ]
    if asked.sees(DEAL, "lost_reason"):
        tables.append(_reasons(asked, where.and_(category("lost"))))
    return Report(_figures(asked, where, won, lost), tuple(tables), notes(asked, won, lost))


def _fields(asked: Asked) -> dict[str, str]:
    return {
        "owner": asked.translated("By owner"),
        "source": asked.translated("By source"),
        "type": asked.translated("By type"),
        "competitor": asked.translated("By competitor"),
    }


def _figures(asked: Asked, where: Where, won: Tally, lost: Tally) -> tuple[Figure, ...]:
    cells = _cells(won, lost, where)
    made = [
        Figure("won", asked.translated("Won"), cells["won"]),
        Figure("lost", asked.translated("Lost"), cells["lost"]),
        Figure("rate", asked.translated("Win rate"), cells["rate"], PERCENT),
    ]
    if not asked.hides_amounts:
        made += [
            Figure("won_amount", asked.translated("Won amount"), cells["won_amount"], MONEY),
            Figure("amount_rate", asked.translated("Win rate by amount"), cells["amount_rate"],
                   PERCENT),
        ]  # fmt: skip
    return tuple(made)


def _columns(asked: Asked) -> tuple[Column, ...]:
    made = [
        Column("won", asked.translated("Won")),
        Column("lost", asked.translated("Lost")),
        Column("rate", asked.translated("Win rate"), PERCENT),
        Column("won_amount", asked.translated("Won amount"), MONEY),
        Column("lost_amount", asked.translated("Lost amount"), MONEY),
        Column("amount_rate", asked.translated("Win rate by amount"), PERCENT),
    ]
    return without(made[:-1] if asked.hides_amounts else made, asked.hides_amounts)


def _cells(won: Tally, lost: Tally, where: Where) -> dict[str, Cell]:
    both = None if won.amount is None or lost.amount is None else won.amount + lost.amount
    in_won, in_lost = (where.and_(category(name)) for name in _DECIDED)
    return {
        "won": Cell(won.count, in_won), "lost": Cell(lost.count, in_lost),
        "rate": Cell(share(won.count, won.count + lost.count), where),
        "won_amount": Cell(won.amount, in_won), "lost_amount": Cell(lost.amount, in_lost),
        "amount_rate": Cell(share(won.amount, both), where),
    }  # fmt: skip


def _table(asked: Asked, where: Where, field: str, label: str) -> Table:
    found = tally(asked, where, field, _BY)
    rows = []
    for value in dict.fromkeys(key[0] for key in found.groups):
        won, lost = (found.groups.get((value, name), Tally(0, _none(asked))) for name in _DECIDED)
        cells = _cells(won, lost, where.and_(only(field, value)))
        rows.append(Row(value, called(asked, field, value, found.labels), cells))
    rows.sort(key=_most_won)
    head = asked.type(DEAL).fields[field].label
    return Table(field, label, head, _columns(asked), tuple(rows), drawn=("won", "lost"))


def _none(asked: Asked) -> Decimal | None:
    return None if asked.hides_amounts else _ZERO


def _most_won(row: Row) -> tuple[Any, ...]:
    """Sort those first who have won most, nobody last."""
    cells = row.cells
    amount = cells["won_amount"].value or _ZERO
    return row.key is None, -amount, -cells["won"].value, -cells["lost"].value


def _reasons(asked: Asked, where: Where) -> Table:
    found: Tallies = tally(asked, where, "lost_reason")
    whole = found.total()
    rows = []
    for (reason,), each in found.groups.items():
        at = where.and_(only("lost_reason", reason))
        cells = {
            "number": Cell(each.count, at), "share": Cell(share(each.count, whole.count), at),
            "amount": Cell(each.amount, at), "amount_share": Cell(share(each.amount, whole.amount)),
        }  # fmt: skip
        rows.append(Row(reason, called(asked, "lost_reason", reason, found.labels), cells))
    rows.sort(key=lambda row: -row.cells["number"].value)
    columns = [
        Column("number", asked.translated("Number")),
        Column("share", asked.translated("Share of the number"), PERCENT),
        Column("amount", asked.translated("Amount"), MONEY),
        Column("amount_share", asked.translated("Share of the amount"), PERCENT),
    ]
    if asked.hides_amounts:
        columns.pop()
    label, head = asked.translated("Lost reasons"), asked.translated("Reason")
    columns_ = without(columns, asked.hides_amounts)
    return Table("reasons", label, head, columns_, tuple(rows), drawn=("number",))
