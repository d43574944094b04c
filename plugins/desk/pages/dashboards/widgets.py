"""The form of a widget with a preview: what is chosen decides on what else there is to choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from flask import Response, request

from relatum import RelatumError, catalog, fields, views

from ... import menu, ui, values, words
from ...dashboards import asking, keeping
from ...dashboards.answers import Answer, answer
from ...dashboards.asking import Narrowing
from ...dashboards.definitions import CHARTS, KINDS, PERIODS, Shown, Widget, read_widget
from ...words import translated
from . import shown
from .building import found, size_labels, status_of, writing

#: What each kind begins with.
_SIZED: Final = {"number": "small", "list": "medium", "table": "wide"}
_PARTED: Final = ("month", "quarter", "year", "week", "day")
_ANSWERED: Final = ("number", "chart", "table", "funnel")

#: What a list hands on to the widget that is made of it.
_OF_LIST: Final = ("type", "view", "filter")

#: What the form of a new widget begins with: there is none.
_NEW: Final = ui.digest(None)

Offer = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Form:
    """What the form of a widget offers beside what is chosen."""

    widget: Widget
    kinds: Offer
    types: Offer
    views: Offer
    measures: Offer
    groups: Offer
    dates: Offer
    charts: Offer
    periods: Offer
    sizes: Offer


@ui.page("/dashboards/<key>/widget")
def widget_form(key: str) -> Response:
    """Show the form of a new widget, or of one that is there, with what it would show."""
    board = found(key)
    widget = _chosen(board, request.args)
    return _form(board, widget, request.args.get("expect", ui.digest(_said(board, widget.id))))


def _form(
    board: Shown, widget: Widget, expect: str, problem: str | None = None, status: int = 200
) -> Response:
    scene = shown.scene(board)
    preview = problem is None and widget.type in words.known().types
    said: Answer | None = answer(widget, Narrowing(), scene.called(widget)) if preview else None
    template = "_widget_form.html" if ui.is_fragment() else "widget_form.html"
    return ui.render(
        template, status, expect=expect, scene=scene, form=_offered(widget), answer=said,
        problem=problem, known=board.widget(widget.id) is not None,
        kept=orjson.dumps(widget.filter).decode() if widget.filter is not None else "",
    )  # fmt: skip


@ui.page("/dashboards/<key>/widget", "POST", own=True)
def save_widget(key: str) -> Response:
    """Keep the widget that is shown in the form."""

    def work(board: Shown) -> Response:
        widget = _chosen(board, request.form)
        ui.as_begun(_said(board, widget.id))
        if widget.type not in words.known().types:
            raise RelatumError("type_unknown", type=widget.type, nearest="")
        there = board.widget(widget.id) is not None
        rest = [widget if each.id == widget.id else each for each in board.widgets]
        made = tuple(rest if there else [*rest, widget])
        keeping.keep(board, actor=ui.actor(), widgets=made)
        return ui.tell(ui.away(f"/dashboards/{key}/edit"), translated("The widget is saved"))

    return writing(key, work, _again)


def _again(key: str, error: RelatumError) -> Response:
    board = found(key)
    widget = _chosen(board, request.form)
    expect = ui.digest(_said(board, widget.id))
    return _form(board, widget, expect, words.said(error), status_of(error))


def _said(board: Shown, name: str) -> dict[str, Any] | None:
    """Return what a widget says; None for one that is not there."""
    widget = board.widget(name)
    return widget.as_json() if widget is not None else None


@ui.page("/dashboards/_pick")
def pick_dashboard() -> Response:
    """Ask on which dashboard the records of a list are to stand."""
    actor = ui.actor()
    kept = {name: request.args[name] for name in _OF_LIST if request.args.get(name)}
    boards = [each for each in keeping.seen_by(actor) if keeping.may_change(each, actor)]
    return ui.render(
        "dashboard_pick.html", boards=boards, label_of=shown.label_of,
        words_=urlencode({**kept, "kind": "list"}),
    )  # fmt: skip


# -- what was chosen ------------------------------------------------------------------------------
def _chosen(board: Shown, sent: Any) -> Widget:
    """Return the widget that a form says, as far as what it says goes together."""
    # What the form of a new one calls it may be another's by now.
    known = board.widget(sent.get("id", "")) if sent.get("expect") != _NEW else None
    if known is not None and "kind" not in sent:
        return known
    first = next((item.name for group in menu.groups() for item in group.items), "user")
    type_name = sent.get("type") or first
    kind = sent.get("kind") if sent.get("kind") in KINDS else "number"
    entity_type = words.known().types.get(type_name)
    given: dict[str, Any] = {
        "id": known.id if known else board.free_id(), "kind": kind, "type": type_name,
        "label": " ".join(sent.get("label", "").split()), "size": sent.get("size"),
        "view": sent.get("view") or None, "chart": sent.get("chart"),
        "filter": _json(sent.get("filter", "")), "compare": sent.get("compare") or None,
        "target": words.plain(sent.get("target", "")).strip() or None,
        "period": sent.get("period") or None,
        # A share is declared; whoever changes another thing of the widget keeps it.
        "share": known.share if known is not None and kind == "number" else None,
    }  # fmt: skip
    if not given["size"] or sent.get("kind_was") not in (None, kind):
        given["size"] = _SIZED.get(kind, "medium")
    if entity_type is not None:
        given |= _fitting(entity_type, kind, sent, given)
    try:
        return read_widget({k: v for k, v in given.items() if v is not None})
    except ValueError:
        return Widget(id=given["id"], kind="number", type=type_name, size="small")


def _json(text: str) -> Any:
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None


def _fitting(
    entity_type: catalog.EntityType, kind: str, sent: Any, given: dict[str, Any]
) -> dict[str, Any]:
    """Return what was chosen of the fields of a type; what it does not have is the first it has."""
    made: dict[str, Any] = {}
    measures = [name for name, _ in _measures(entity_type)]
    made["measure"] = sent.get("measure") if sent.get("measure") in measures else "count"
    dates = [name for name, _ in _dates(entity_type)]
    made["date"] = sent.get("date") if sent.get("date") in dates else None
    if given["period"] and made["date"] is None and dates:
        made["date"] = dates[0]
    names = [name for name, _ in _views(entity_type)]
    made["view"] = given["view"] if given["view"] in names else None
    offered = [name for name, _ in _groups(entity_type, kind)]
    chosen = [g for g in (sent.get("group"), sent.get("by")) if g in offered]
    if kind == "funnel":
        made["group"] = chosen[:1] or offered[:1]
    elif kind in ("chart", "table"):
        first = sent.get("group") if sent.get("group") in offered else None
        made["group"] = list(dict.fromkeys([first or (offered or ["id"])[0], *chosen]))[:2]
    return made


# -- what is offered ------------------------------------------------------------------------------
def _offered(widget: Widget) -> Form:
    known = words.known().types
    entity_type = known.get(widget.type)
    kinds = (translated("Number"), translated("Chart"), translated("Table"), translated("List"),
             translated("Funnel"))  # fmt: skip
    charts = (translated("Bars"), translated("A line"), translated("Area"), translated("Pie"),
              translated("Donut"))  # fmt: skip
    types = [(item.name, item.label) for group in menu.groups() for item in group.items]
    return Form(
        widget, list(zip(KINDS, kinds, strict=True)), types,
        _views(entity_type) if entity_type else [],
        _measures(entity_type) if entity_type and widget.kind in _ANSWERED else [],
        _groups(entity_type, widget.kind) if entity_type else [],
        _dates(entity_type) if entity_type else [],
        list(zip(CHARTS, charts, strict=True)),
        [(name, asking.period_label(name)) for name in PERIODS],
        list(size_labels().items()),
    )  # fmt: skip


def _views(entity_type: catalog.EntityType) -> list[tuple[str, str]]:
    called = words.views(entity_type.name)
    return [
        (view["name"], called.get(view["name"], view["label"]))
        for view in views.list_views(entity_type.name, actor=ui.actor())
        if not view["broken"]
    ]


def _measures(entity_type: catalog.EntityType) -> Offer:
    made = [("count", translated("Number of records"))]
    for function in ("sum", "avg"):
        for field in entity_type.own_fields:
            if field.aggregable:
                text = f"{function}({field.name})"
                made.append((text, asking.measure_label(entity_type, text)))
    return made


def _dates(entity_type: catalog.EntityType) -> Offer:
    return [
        (field.name, field.label)
        for field in entity_type.fields.values()
        if values.kind(field) in ("date", "datetime")
    ]


def _groups(entity_type: catalog.EntityType, kind: str) -> Offer:
    """Return the paths that a kind of widget may group by."""
    choices = [f for f in entity_type.own_fields if values.kind(f) == "choice"]
    if kind == "funnel":
        return [(field.name, field.label) for field in choices]
    if kind not in ("chart", "table"):
        return []
    made = [(field.name, field.label) for field in choices]
    made += [
        (field.name, field.label)
        for field in entity_type.fields.values()
        if isinstance(field, fields.Lookup) and field.value_type.groupable and field.name != "id"
    ]
    made += [(f.name, f.label) for f in entity_type.own_fields if values.kind(f) == "boolean"]
    said = dict(zip(_PARTED, (translated("month"), translated("quarter"), translated("year"),
                              translated("week"), translated("day")), strict=True))  # fmt: skip
    for name, label in _dates(entity_type):
        made += [(f"{name}.{part}", f"{label}: {said[part]}") for part in _PARTED]
    return made
