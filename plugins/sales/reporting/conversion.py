"""How many deals come from stage to stage, and how many leads become something."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any, Final

from .asked import DEAL, LEAD, Asked, category
from .moves import Stay, stays
from .shapes import PERCENT, Cell, Column, Figure, Node, Report, Row, Table, Where, among, share
from .tallies import called, only, tally

_OUTCOMES: Final = ("reached", "lost", "there", "back")
_BY: Final = "status.category"
Found = dict[str, dict[str, list[int]]]


def report(asked: Asked) -> Report:
    """Return the conversion of the period: from stage to stage, and of leads."""
    tables = [_stages(asked)]
    figures: tuple[Figure, ...] = ()
    if asked.sees(LEAD, "status"):
        whole = _leads(asked, Where(LEAD, _leads_of(asked)))
        columns = _lead_columns(asked)
        figures = tuple(Figure(c.name, c.label, whole[c.name], c.kind) for c in columns)
        for field, label in (
            ("source", asked.translated("Leads by source")),
            ("owner", asked.translated("Leads by owner")),
        ):
            if asked.sees(LEAD, field):
                tables.append(_lead_table(asked, field, label))
    return Report(figures, tuple(tables))


# -- from stage to stage --------------------------------------------------------------------------
def _stages(asked: Asked) -> Table:
    found = _followed(asked)
    rows = [_row(asked, stage, found[stage]) for stage in _order(asked) if stage in found]
    columns = (
        Column("entered", asked.translated("Entered")),
        Column("reached", asked.translated("Reached the next one")),
        Column("rate", asked.translated("Rate"), PERCENT),
        Column("lost", asked.translated("Lost")),
        Column("there", asked.translated("Still there")),
        Column("back", asked.translated("Moved back")),
    )
    label, head = asked.translated("From stage to stage"), asked.translated("Stage")
    return Table("stages", label, head, columns, tuple(rows), drawn=_OUTCOMES)


def _order(asked: Asked) -> dict[str, int]:
    """Return the places of the open stages, and of those won, which come after all of them."""
    known = [*asked.stages, *(v for v, o in asked.options("stage").items() if o.category == "won")]
    return {stage: place for place, stage in enumerate(known)}


def _row(asked: Asked, stage: str, some: dict[str, list[int]]) -> Row:
    entered = [deal for outcome in _OUTCOMES for deal in some[outcome]]
    stay = {"and": [only("stage", stage), *asked.within("entered_at")]}
    where = Where(DEAL, (*asked.of(), {"has": "stage_changes", "where": stay}))
    cells = {name: Cell(len(some[name]), among(DEAL, some[name])) for name in _OUTCOMES}
    cells["entered"] = Cell(len(entered), among(DEAL, entered) or where)
    cells["rate"] = Cell(share(len(some["reached"]), len(entered)))
    return Row(stage, called(asked, "stage", stage, {}), cells)


def _followed(asked: Asked) -> Found:
    """Return the deals that entered each stage in the period, by what came of them since."""
    began = [*asked.within("entered_at"), {"field": "category", "op": "eq", "value": "open"}]
    entered = [*stays(asked, *asked.of(), *began)]
    deals = {stay["opportunity"] for stay in entered}
    later: dict[int, list[Stay]] = defaultdict(list)
    for stay in stays(asked, began[0], deals=deals):
        later[stay["opportunity"]].append(stay)
    for some in later.values():
        some.sort(key=_began)
    order = _order(asked)
    found: Found = {}
    seen: set[tuple[int, str]] = set()
    for stay in sorted(entered, key=_began):
        key = (stay["opportunity"], stay["stage"])
        if key in seen or stay["stage"] not in order:
            continue  # it came back: the first time of the period counts
        seen.add(key)
        outcomes = found.setdefault(stay["stage"], {name: [] for name in _OUTCOMES})
        outcomes[_outcome(stay, later[stay["opportunity"]], order)].append(stay["opportunity"])
    return found


def _began(stay: Stay) -> tuple[datetime, int]:
    return stay["entered_at"], stay["id"]


def _outcome(stay: Stay, some: list[Stay], order: dict[str, int]) -> str:
    """Return what came of a deal since it entered a stage, however often it came back."""
    after = [each for each in some if _began(each) > _began(stay)]
    if any(order.get(each["stage"], -1) > order[stay["stage"]] for each in after):
        return "reached"
    last = after[-1] if after else stay
    if last["stage"] == stay["stage"]:
        return "there"
    return "lost" if last["category"] == "lost" else "back"


# -- leads ----------------------------------------------------------------------------------------
def _leads_of(asked: Asked) -> tuple[Node, ...]:
    return (*asked.of(pipeline=False), *asked.within("created_at"))


def _lead_columns(asked: Asked) -> tuple[Column, ...]:
    return (
        Column("made", asked.translated("Leads")),
        Column("converted", asked.translated("Converted")),
        Column("rate", asked.translated("Rate"), PERCENT),
        Column("disqualified", asked.translated("Disqualified")),
        Column("open", asked.translated("Open")),
    )


def _leads(asked: Asked, where: Where, counts: Counter[str] | None = None) -> dict[str, Cell]:
    if counts is None:
        found = tally(asked, where, _BY).groups
        counts = Counter({str(key[0]): each.count for key, each in found.items()})
    made = counts.total()

    def cell(name: str) -> Cell:
        return Cell(counts[name], where.and_(category(name, path="status")))

    return {
        "made": Cell(made, where), "converted": cell("won"), "disqualified": cell("lost"),
        "open": cell("open"), "rate": Cell(share(counts["won"], made)),
    }  # fmt: skip


def _lead_table(asked: Asked, field: str, label: str) -> Table:
    where = Where(LEAD, _leads_of(asked))
    found = tally(asked, where, field, _BY)
    counted: dict[Any, Counter[str]] = defaultdict(Counter)
    for (value, outcome), each in found.groups.items():
        counted[value][str(outcome)] = each.count
    rows = [
        Row(value, called(asked, field, value, found.labels, LEAD),
            _leads(asked, where.and_(only(field, value)), counts))
        for value, counts in counted.items()
    ]  # fmt: skip
    rows.sort(key=lambda row: (row.key is None, -row.cells["made"].value))
    head = asked.type(LEAD).fields[field].label
    drawn = ("converted", "disqualified", "open")
    return Table(f"leads_by_{field}", label, head, _lead_columns(asked), tuple(rows), drawn=drawn)
