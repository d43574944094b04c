"""What a widget asks for whoever looks: one aggregate or one page, and never more.

It is asked by the actor who looks, so that it holds what he may see, whoever has built it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from relatum import catalog, fields, query, views

from .. import days, ui, values, words
from ..words import translated
from . import periods
from .definitions import Widget
from .periods import Span

#: Rows of a list, groups along an axis, series beside one another.
ROWS, AXIS, SERIES = 8, 24, 6
_SUMMED: Final = ("count", "sum")


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the filters of a dashboard leave: whose records, and of which period."""

    owner: str = ""
    period: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A group: its label, its hue if it has one, and the conditions of its records."""

    key: Any
    label: str
    hue: int | None
    filters: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A number: as it is, as people read it, and the list of what it was made of."""

    value: Decimal | None
    shown: str
    href: str


class Asked:
    """A widget on its way: what it asks, and the address of the list behind each number."""

    def __init__(self, widget: Widget, narrowed: Narrowing) -> None:
        self.widget = widget
        self.type: catalog.EntityType = words.known().type(widget.type)
        self.zone = words.zone()
        self.period = narrowed.period or widget.period or ""
        today = words.now().astimezone(self.zone).date()
        dated = widget.date if self.period else None
        self.span = periods.span(self.period, today) if dated else None
        self.owner = self._of_owner(narrowed.owner)
        self.kept = views.followed(widget.type, widget.filter, actor=ui.actor())

    def _of_owner(self, owner: str) -> list[dict[str, Any]]:
        if owner == "me" and "owner" in self.type.fields:
            return [{"field": "owner", "op": "eq", "value": "me"}]
        team = ui.actor().team_id
        if owner == "team" and "team" in self.type.fields and team is not None:
            return [{"field": "team", "op": "eq", "value": team}]
        return []

    def filters(self, within: Span | None) -> list[dict[str, Any]]:
        """Return the conditions beside those of the view, of a period if any."""
        made = list(self.owner)
        if self.kept is not None:
            made.insert(0, self.kept)
        if within is not None and self.widget.date is not None:
            dated = values.path(self.type, self.widget.date)[-1]
            made += within.filters(self.widget.date, dated, self.zone)
        return made

    def ask(self, within: Span | None, **asked: Any) -> query.Query:
        """Return what is asked of the records of the widget. Raises what asking it raises."""
        body: dict[str, Any] = {**asked}
        some = self.filters(within)
        if some:
            body["filter"] = {"and": some}
        if self.widget.view:
            body["view"] = self.widget.view
        return views.from_json(self.type.name, body, actor=ui.actor())

    def grouped(
        self, paths: Sequence[str], *measures: str, within: Span | None = None
    ) -> tuple[query.Query, query.Groups]:
        """Ask the one aggregate of the widget."""
        asked = self.ask(
            within or self.span, group=list(paths), select=list(measures), tz=self.zone.key
        )
        return asked, query.aggregate(asked)

    def href(self, *more: dict[str, Any], within: Span | None = None) -> str:
        """Return the address of the list of what a number was made of."""
        some = [*self.filters(within or self.span), *more]
        kept = [("_view", self.widget.view or "_all")]
        if some:
            node = some[0] if len(some) == 1 else {"and": some}
            kept.append(("_filter", orjson.dumps(node).decode()))
        return f"/records/{self.type.name}?{urlencode(kept)}"


def period_label(period: str) -> str:
    """Return what a period is called; empty for none."""
    said = {
        "week": translated("This week"), "month": translated("This month"),
        "quarter": translated("This quarter"), "year": translated("This year"),
        "months": translated("Last 12 months"),
    }  # fmt: skip
    return said.get(period, "")


# -- numbers as people read them ------------------------------------------------------------------
def shown(asked: query.Query, value: Any) -> str:
    """Return a measure as people read it."""
    if value is None:
        return "–"
    wanted = asked.select[0]
    field = wanted.path.field if wanted.path is not None else None
    if field is None or wanted.function == "count":
        return words.number(value)
    if isinstance(field, fields.Money):
        return words.money(value, field.code, short=True)
    if values.is_number(field) and values.kind(field) != "duration":
        rounded = words.number(round(Decimal(str(value)), 1))
        return f"{rounded} %" if values.kind(field) == "percent" else rounded
    if values.kind(field) == "date":
        return words.day(value)
    return words.instant(value) if values.kind(field) == "datetime" else field.text(value)


def measure_label(entity_type: catalog.EntityType, measure: str) -> str:
    """Return what a measure is called."""
    function, _, path = measure.rstrip(")").partition("(")
    if not path:
        return entity_type.plural
    said = {
        "sum": translated("Sum of {field}"), "avg": translated("Average of {field}"),
        "min": translated("Least {field}"), "max": translated("Largest {field}"),
        "count": translated("Filled {field}"),
    }[function]  # fmt: skip
    return said.format(field=values.heading(entity_type, path))


def exact(value: Any) -> Decimal | None:
    """Return a measure as a number; None for what is none, such as a date."""
    try:
        return None if value is None else Decimal(str(value))
    except ArithmeticError:
        return None


# -- groups as people read them -------------------------------------------------------------------
def part(asked: query.Query, place: int, value: Any, labels: query.Labels) -> Part:
    """Return a group of the path at a place."""
    path = asked.group[place]
    if value is None:
        empty = {"field": _bare(path), "op": "empty", "value": True}
        return Part(None, translated("None"), None, (empty,))
    if path.part == "category":
        label = translated(words.CATEGORIES.get(value, str(value)))
        only = {"field": _bare(path), "op": "category", "value": [value]}
        return Part(value, label, None, (only,))
    if path.part is not None:
        return _dated(path, str(value))
    only = {"field": path.text, "op": path.field.value_type.plain, "value": value}
    option = next((o for o in path.field.options if o.value == value), None)
    if option is not None:
        return Part(value, option.label, option.hue, (only,))
    if path.field.is_link:
        known = labels.get(str(value))
        return Part(value, known["label"] if known else f"#{value}", None, (only,))
    if isinstance(value, bool):
        return Part(value, translated("Yes") if value else translated("No"), None, (only,))
    return Part(value, path.field.text(value), None, (only,))


def _bare(path: Any) -> str:
    """Return a path without the part of its value."""
    return str(path.text.removesuffix(f".{path.part}")) if path.part else str(path.text)


def _dated(path: Any, text: str) -> Part:
    found = periods.of_group(path.part, text)
    if found is None:
        return Part(text, text, None, ())
    label = days.period(path.part, found.start)
    return Part(text, label, None, tuple(found.filters(_bare(path), path.field, words.zone())))


def arranged(asked: query.Query, place: int, found: Sequence[Any], labels: query.Labels,
             weight: dict[Any, Decimal]) -> list[Part]:  # fmt: skip
    """Return groups in the order people expect: of time, of options, else the largest first.

    Along time the groups without records stand, too.
    """
    path = asked.group[place]
    keys = list(dict.fromkeys(found))
    there = [key for key in keys if key is not None]
    if path.part in periods.PARTS and there:
        whole = periods.between(path.part, min(there), max(there), AXIS * 2)
        keys = [*(whole or sorted(there)), *([None] if None in keys else [])]
    elif path.part is None and path.field.options:
        order = {option.value: at for at, option in enumerate(path.field.options)}
        keys.sort(key=lambda key: order.get(key, len(order)))
    else:
        keys.sort(key=lambda key: weight.get(key) or Decimal(0), reverse=True)
    return [part(asked, place, key, labels) for key in keys]


def summed(widget: Widget) -> bool:
    """Say whether the measure of several groups is the sum of theirs."""
    return widget.measure.partition("(")[0] in _SUMMED
