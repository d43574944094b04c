"""How long open deals are in their stage, by what is usual there, and the oldest of them."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any, Final

from relatum import query

from ..settings import usual_days
from .asked import DEAL, Asked, category
from .shapes import (
    DAYS,
    MONEY,
    TEXT,
    Cell,
    Column,
    Figure,
    Node,
    Report,
    Row,
    Table,
    Where,
    without,
)
from .tallies import ANY, Tallies, called, notes, only, tally

_OLDEST: Final = 10
_SINCE: Final = "stage_changed_at"
#: Bands by how many times the usual days a deal is in its stage: from more than, up to.
_BANDS: Final[dict[str, tuple[int, int | None]]] = {
    "usual": (0, 1), "long": (1, 2), "longer": (2, 3), "longest": (3, None),
}  # fmt: skip


def report(asked: Asked, usual: list[str]) -> Report:
    """Return the open deals by stage and band, and the oldest ones."""
    most = usual_days(usual)
    limits = {stage: most.get(stage, most.get("open")) for stage in asked.stages}
    where = Where(DEAL, (*asked.of(), category("open")))
    whole = tally(asked, where, "stage")
    bands = {name: _band(asked, where, name, limits) for name in _BANDS}
    rows = [_row(asked, stage, where, whole, bands, limits) for stage in asked.stages]
    total = _row(asked, None, where, whole, bands, limits)
    table = Table(
        "stages", asked.translated("Open deals by age"), asked.translated("Stage"),
        _columns(asked), tuple(rows), total, tuple(_BANDS),
    )  # fmt: skip
    figures = (
        Figure("number", asked.translated("Open deals"), total.cells["number"]),
        Figure("over", asked.translated("Longer than usual"), _over(where, bands, limits, asked)),
    )
    return Report(figures, (table, _oldest(asked, where, limits)), notes(asked, whole.total()))


# -- bands ----------------------------------------------------------------------------------------
def _edges(asked: Asked, band: str, days: int) -> list[Node]:
    """Return the conditions of a band: whole days count, as on the cards of the board."""
    above, up_to = _BANDS[band]
    made = []
    if above:
        before = asked.now - timedelta(days=days * above + 1)
        made.append({"field": _SINCE, "op": "lte", "value": before.isoformat()})
    if up_to is not None:
        after = asked.now - timedelta(days=days * up_to + 1)
        made.append({"field": _SINCE, "op": "gt", "value": after.isoformat()})
    return made


def _band_of(asked: Asked, band: str, limits: dict[str, int | None]) -> Node:
    """Return the condition of a band, which goes by the usual days of each stage."""
    stages: dict[int, list[str]] = defaultdict(list)
    for stage, days in limits.items():
        if days is not None:
            stages[days].append(stage)
    return {
        "or": [
            {"and": [{"field": "stage", "op": "in", "value": some}, *_edges(asked, band, days)]}
            for days, some in stages.items()
        ]
    }


def _band(asked: Asked, where: Where, band: str, limits: dict[str, int | None]) -> Tallies:
    return tally(asked, where.and_(_band_of(asked, band, limits)), "stage")


def _over(
    where: Where, bands: dict[str, Tallies], limits: dict[str, int | None], asked: Asked
) -> Cell:
    over = [name for name, (above, _) in _BANDS.items() if above]
    count = sum(bands[name].total().count for name in over)
    return Cell(count, where.and_({"or": [_band_of(asked, name, limits) for name in over]}))


# -- tables ---------------------------------------------------------------------------------------
def _columns(asked: Asked) -> tuple[Column, ...]:
    made = [
        Column("number", asked.translated("Number")),
        Column("amount", asked.translated("Amount"), MONEY),
        Column("usual_days", asked.translated("Usual days"), DAYS),
        Column("usual", asked.translated("Within the usual")),
        Column("long", asked.translated("Up to twice as long")),
        Column("longer", asked.translated("Up to three times as long")),
        Column("longest", asked.translated("Longer still")),
    ]
    return without(made, asked.hides_amounts)


def _row(
    asked: Asked, stage: str | None, where: Where, whole: Tallies, bands: dict[str, Tallies],
    limits: dict[str, int | None],
) -> Row:  # fmt: skip
    at = where if stage is None else where.and_(only("stage", stage))
    part = ANY if stage is None else stage
    each = whole.total(part)
    days = limits.get(stage) if stage is not None else None
    cells = {
        "number": Cell(each.count, at), "amount": Cell(each.amount, at), "usual_days": Cell(days),
    }  # fmt: skip
    for name, found in bands.items():
        inside = (_band_of(asked, name, limits),) if stage is None else (
            _edges(asked, name, days) if days is not None else ()
        )  # fmt: skip
        known = stage is None or days is not None
        cells[name] = Cell(found.total(part).count if known else None, at.and_(*inside))
    label = asked.translated("All") if stage is None else called(asked, "stage", stage, {})
    return Row(stage, label, cells)


def _oldest(asked: Asked, where: Where, limits: dict[str, int | None]) -> Table:
    columns = [
        Column("stage", asked.translated("Stage"), TEXT),
        Column("days", asked.translated("Days in the stage"), DAYS),
        Column("usual_days", asked.translated("Usual days"), DAYS),
        Column("amount", asked.translated("Amount"), MONEY),
        Column("owner", asked.translated("Owner"), TEXT),
    ]
    if not asked.sees(DEAL, "owner"):
        columns.pop()
    rows = tuple(_aged(asked, deal, labels, limits) for deal, labels in _read(asked, where))
    label, head = asked.translated("The oldest ones"), asked.translated("Deal")
    return Table("oldest", label, head, without(columns, asked.hides_amounts), rows)


def _read(asked: Asked, where: Where) -> list[tuple[dict[str, Any], query.Labels]]:
    known = asked.type(DEAL)
    wanted = [*(field.name for field in known.title_fields), "stage", _SINCE, "owner"]
    wanted += [] if asked.hides_amounts else ["amount_base"]
    since = {"field": _SINCE, "op": "empty", "value": False}
    body = {
        "filter": {"and": [*where.filters, since]}, "sort": [_SINCE], "limit": _OLDEST,
        "fields": [name for name in dict.fromkeys(wanted) if name in known.fields],
    }  # fmt: skip
    found = query.page(query.from_json(DEAL, body, actor=asked.actor))
    return [(deal, found.labels) for deal in found.records]


def _aged(
    asked: Asked, deal: dict[str, Any], labels: query.Labels, limits: dict[str, int | None]
) -> Row:
    stage = deal["stage"]
    cells = {
        "stage": Cell(called(asked, "stage", stage, {})),
        "days": Cell((asked.now - deal[_SINCE]).days), "usual_days": Cell(limits.get(stage)),
        "amount": Cell(deal.get("amount_base")),
    }  # fmt: skip
    if "owner" in deal:
        cells["owner"] = Cell(called(asked, "owner", deal["owner"], labels))
    label = asked.type(DEAL).label_of_wire(deal) or f"#{deal['id']}"
    return Row(deal["id"], label, cells, record=deal["id"])
