"""The answers of widgets: figures, grids of numbers and first rows, ready to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from relatum import RelatumError, fields, query

from .. import ui, values, words
from ..words import translated
from . import asking, periods
from .asking import Asked, Cell, Narrowing, Part
from .definitions import Widget

_HUNDRED: Final = Decimal(100)
#: What is wrong where something is gone or hidden: which of both is nobody's business.
_GONE: Final = frozenset(
    {"type_unknown", "field_unknown", "path_invalid", "view_unknown", "forbidden",
     "relationship_unknown", "token_out_of_scope"}
)  # fmt: skip
_OTHER: Final = "\0other"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, and what it is compared with."""

    shown: str
    href: str
    about: str
    #: How it differs, whether that is more, and from what.
    delta: str = ""
    rises: bool | None = None
    against: str = ""
    #: How much of a target is reached, in percent.
    reached: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A group along the axis with a cell for each series."""

    part: Part
    href: str
    cells: tuple[Cell, ...]
    #: How much of the step before came as far as this one.
    passed: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers by one or two groups; `heads` are what the columns are called, the first one's too.

    `left` says how many groups are not shown.
    """

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    left: int = 0

    @property
    def spec(self) -> dict[str, Any]:
        """What the script of a chart draws: texts alone, so that nothing is computed with it."""
        return {
            "labels": [row.part.label for row in self.rows],
            "series": [
                {
                    "name": head,
                    "data": [_text(row.cells[at].value) for row in self.rows],
                    "shown": [row.cells[at].shown for row in self.rows],
                    "hrefs": [row.cells[at].href for row in self.rows],
                }
                for at, head in enumerate(self.heads[1:])
            ],
        }

    @property
    def said(self) -> str:
        """What it shows, in a sentence for who does not see it."""
        some = [f"{row.part.label}: {row.cells[0].shown}" for row in self.rows[:8] if row.cells]
        return f"{', '.join(self.heads[1:])}. {'; '.join(some)}"


@dataclass(frozen=True, slots=True)
class Listed:
    """The first records of a list."""

    page: query.Page
    paths: tuple[str, ...]
    href: str
    type: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What a widget shows to whoever looks, or why it shows nothing."""

    widget: Widget
    label: str
    content: Figure | Grid | Listed | None = None
    problem: str = ""
    icon: str = "chart-bar"
    period: str = ""
    href: str = ""


def answer(widget: Widget, narrowed: Narrowing, label: str) -> Answer:
    """Ask a widget for whoever looks; what is gone or hidden is said in its place."""
    try:
        asked = Asked(widget, narrowed)
        content = _ANSWERS[widget.kind](asked)
    except RelatumError as error:
        gone = error.code in _GONE and not ui.actor().admin
        told = translated("This shows something that is gone, or that you don't see.")
        return Answer(widget, label, problem=told if gone else words.said(error))
    return Answer(
        widget, label or asking.measure_label(asked.type, widget.measure), content,
        icon=asked.type.icon or "puzzle",
        period=asking.period_label(asked.period) if asked.span else "",
        href=asked.href(),
    )  # fmt: skip


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


# -- a number -------------------------------------------------------------------------------------
def _number(asked: Asked) -> Figure:
    widget = asked.widget
    now = asked.span
    back = widget.compare == "before" and now is not None and bool(now.part)
    whole = periods.with_before(now) if back and now is not None else now
    by = [f"{widget.date}.{now.part}"] if back and now is not None else []
    share = widget.share
    paths = [*by, *([share["path"]] if share else [])]
    found, groups = asked.grouped(paths, widget.measure, within=whole)
    key = periods.named(now.part, now.start) if back and now is not None else None
    mine = [g for g in groups.groups if not by or g[by[0]] == key]
    before = [g for g in groups.groups if by and g[by[0]] != key]
    reckon = _share if share else _one
    value, was = reckon(widget, mine), reckon(widget, before)
    shown = _percent(value) if share else asking.shown(found, value)
    about = asking.measure_label(asked.type, widget.measure)
    href = asked.href()
    if back:
        delta, rises = _delta(value, was, points=bool(share))
        said = _percent(was) if share else asking.shown(found, was)
        against = translated("{value} in the period before", value=said)
        return Figure(shown, href, about, delta, rises, against)
    if widget.compare == "target" and widget.target:
        return _against_target(asked, found, value, Figure(shown, href, about))
    return Figure(shown, href, about)


def _one(widget: Widget, groups: Sequence[dict[str, Any]]) -> Decimal | str | None:
    """Return the measure of the one group there is; nothing counted is 0."""
    value = groups[0][widget.measure] if groups else None
    if value is None and asking.summed(widget):
        return Decimal(0)
    return value if asking.exact(value) is None else asking.exact(value)


def _share(widget: Widget, groups: Sequence[dict[str, Any]]) -> Decimal | None:
    """Return how large a part of some groups one of them is, in percent."""
    path, wanted, of = widget.share["path"], widget.share["part"], set(widget.share["of"])
    held = {g[path]: asking.exact(g[widget.measure]) or Decimal(0) for g in groups}
    whole = sum((value for key, value in held.items() if key in of), Decimal(0))
    return held.get(wanted, Decimal(0)) * _HUNDRED / whole if whole else None


def _percent(value: Any) -> str:
    return "–" if value is None else f"{words.number(round(Decimal(value), 1))} %"


def _delta(value: Any, was: Any, *, points: bool) -> tuple[str, bool | None]:
    """Return how a number differs from one before, and whether it is more."""
    if not isinstance(value, Decimal) or not isinstance(was, Decimal):
        return "", None
    if points:
        by = round(value - was, 1)
        return translated("{count} points", count=words.number(abs(by))), by > 0 if by else None
    if not was:
        return "", None
    by = round((value - was) * _HUNDRED / abs(was), 1)
    return f"{words.number(abs(by))} %", by > 0 if by else None


def _against_target(asked: Asked, found: query.Query, value: Any, plain: Figure) -> Figure:
    target = asking.exact(asked.widget.target)
    if target is None or not isinstance(value, Decimal) or target <= 0:
        return plain
    percent = int(value * _HUNDRED / target)
    said = f"{target} %" if asked.widget.share else asking.shown(found, target)
    told = translated("of {target}", target=said)
    return Figure(plain.shown, plain.href, plain.about, f"{words.number(percent)} %", None, told,
                  max(0, min(percent, 100)))  # fmt: skip


# -- grids ----------------------------------------------------------------------------------------
def _grid(asked: Asked) -> Grid:
    """Return the numbers of a chart or a table."""
    widget = asked.widget
    found, groups = asked.grouped(widget.group, widget.measure)
    raw = {tuple(g[p] for p in widget.group): g[widget.measure] for g in groups.groups}
    rows, left = _axis(asked, found, 0, raw, groups.labels, asking.AXIS)
    two = len(widget.group) > 1
    columns: list[tuple[Part, tuple[Any, ...]]] = []
    more = 0
    if two:
        columns, more = _axis(asked, found, 1, raw, groups.labels, asking.SERIES)
    heads = [part.label for part, _ in columns] or [
        asking.measure_label(asked.type, widget.measure)
    ]
    first = values.heading(asked.type, found.group[0].text.removesuffix(f".{found.group[0].part}"))
    made = []
    for part, keys in rows:
        sides: list[tuple[tuple[dict[str, Any], ...], list[tuple[Any, ...]]]] = (
            [(c.filters, [(k, k2) for k in keys for k2 in theirs]) for c, theirs in columns]
            if two else [((), [(k,) for k in keys])]
        )  # fmt: skip
        cells = tuple(
            _cell(asked, found, [raw[k] for k in among if k in raw], [*part.filters, *more_])
            for more_, among in sides
        )
        made.append(Row(part, asked.href(*part.filters), cells))
    return Grid((first, *heads), tuple(made), left + more)


def _axis(
    asked: Asked, found: query.Query, place: int, raw: dict[tuple[Any, ...], Any],
    labels: query.Labels, most: int,
) -> tuple[list[tuple[Part, tuple[Any, ...]]], int]:  # fmt: skip
    """Return the groups along one axis with their keys, those beyond `most` as one if they sum."""
    weight: dict[Any, Decimal] = {}
    for keys, value in raw.items():
        weight[keys[place]] = weight.get(keys[place], Decimal(0)) + (
            asking.exact(value) or Decimal(0)
        )
    parts = asking.arranged(found, place, [keys[place] for keys in raw], labels, weight)
    path = found.group[place]
    if len(parts) <= most:
        return [(part, (part.key,)) for part in parts], 0
    if path.part in periods.PARTS:  # the latest ones
        return [(part, (part.key,)) for part in parts[-most:]], len(parts) - most
    shown = [part for part in parts[: most - 1] if part.key is not None]
    rest = [part for part in parts if part not in shown and part.key is not None]
    empty = [part for part in parts if part.key is None]
    made = [(part, (part.key,)) for part in (*shown, *empty)]
    if not asking.summed(asked.widget) or "nin" not in path.field.operators or path.part:
        return made, len(rest)
    others = {"field": path.text, "op": "nin", "value": [part.key for part in shown]}
    label = translated("Other ({count})", count=len(rest))
    return [*made, (Part(_OTHER, label, None, (others,)), tuple(p.key for p in rest))], 0


def _cell(asked: Asked, found: query.Query, some: list[Any], only: list[dict[str, Any]]) -> Cell:
    """Return a cell: of one group, or of several that are summed."""
    known = [value for value in some if value is not None]
    value: Any = known[0] if len(known) == 1 else None
    if len(known) > 1 or (not known and asking.summed(asked.widget)):
        value = sum((Decimal(str(each)) for each in known), Decimal(0))
    return Cell(asking.exact(value), asking.shown(found, value), asked.href(*only))


def _funnel(asked: Asked) -> Grid:
    """Return how many came as far as each option, in their order, without those of what is lost."""
    widget = asked.widget
    [path] = widget.group
    measure = widget.measure if asking.summed(widget) else "count"
    found, groups = asked.grouped([path], measure)
    choice = found.group[0].field
    if not isinstance(choice, fields.Choice):
        raise RelatumError("bad_parameter", name="group", reason=translated("it must be a choice"))
    held = {g[path]: g[measure] for g in groups.groups}
    steps = [o for o in _possible(choice, widget.filter) if o.category != "lost"]
    rows: list[Row] = []
    before: Decimal | None = None
    for at, option in enumerate(steps):
        among = [each.value for each in steps[at:]]
        only = {"field": path, "op": "in", "value": among}
        cell = _cell(asked, found, [held[v] for v in among if v in held], [only])
        passed = ""
        if before and cell.value is not None:
            passed = f"{words.number(int(cell.value * _HUNDRED / before))} %"
        before = cell.value
        part = Part(option.value, option.label, option.hue, (only,))
        rows.append(Row(part, cell.href, (cell,), passed))
    heads = (choice.label, asking.measure_label(asked.type, measure))
    return Grid(heads, tuple(rows))


def _possible(choice: fields.Choice, narrowed: Any) -> list[fields.Option]:
    """Return the options that there are; of dependent ones those of the value in a filter."""
    known = [option for option in choice.options if not option.retired]
    if choice.controlled_by is None or (narrowed or {}).get("field") != choice.controlled_by:
        return known
    return [o for o in known if not o.when or narrowed.get("value") in o.when]


def _list(asked: Asked) -> Listed:
    view = asked.ask(asked.span)
    paths = [path.text for path in view.fields] or values.shown_fields(asked.type, 4)
    titled = [f.name for f in asked.type.title_fields if f.name not in paths]
    wanted = asked.ask(asked.span, fields=[*paths, *titled], limit=asking.ROWS)
    most = 3 if asked.widget.size in ("small", "medium") else 6
    return Listed(query.page(wanted), tuple(paths[:most]), asked.href(), asked.type)


_ANSWERS: Final[dict[str, Callable[[Asked], Figure | Grid | Listed]]] = {
    "number": _number, "chart": _grid, "table": _grid, "list": _list, "funnel": _funnel,
}  # fmt: skip
