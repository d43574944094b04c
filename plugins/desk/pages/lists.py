"""The list of a type: views as tabs, filters as chips, sorted, paged; the address says it all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from flask import Response, request

from relatum import RelatumError, catalog, fields, query, views

from .. import ui, values, words
from .lookups import searching

Args = list[tuple[str, str]]
#: Words of the address that are the desk's own, not those of a query.
_OWN: Final = ("_search",)
#: What names a page within the list, not the list.
_PLACE: Final = ("_after", "_before")
_ROWS: Final = 50
_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is in force, in words, and the address without it."""

    label: str
    operator: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its path, what stands above it, and where a click on that leads."""

    path: str
    label: str
    field: fields.Field
    sort: str | None
    order: str | None


@dataclass(frozen=True)
class Listing:
    """What the address of a list means, and the page that it asks for."""

    type: catalog.EntityType
    args: Args
    tabs: list[dict[str, Any]]
    #: The view that is open.
    view: dict[str, Any] | None
    asked: query.Query
    page: query.Page
    paths: list[str]
    search: str = ""

    def address(self, *drop: str, **more: str | None) -> str:
        """Return the address of this list with some words other than they are."""
        kept = [(n, v) for n, v in self.args if n not in drop and n not in more and n not in _PLACE]
        kept += [(name, value) for name, value in more.items() if value is not None]
        return f"/records/{self.type.name}" + (f"?{urlencode(kept)}" if kept else "")

    def paged(self, word: str, cursor: str) -> str:
        """Return the address of another page of this list."""
        return self.address(**{word: cursor})

    @property
    def kept(self) -> Args:
        """The words of the address that a form beside the list carries along."""
        return [(name, value) for name, value in self.args if name not in _PLACE]

    @property
    def filters(self) -> list[str]:
        """The words of the address that narrow the list."""
        return [name for name, _ in self.args if name == "_filter" or not name.startswith("_")]

    @property
    def query_string(self) -> str:
        """The words of the address, as they stand in it."""
        return urlencode(self.kept)

    @cached_property
    def choices(self) -> list[str]:
        """The paths that can be columns: those that are, then all fields of the type."""
        return list(dict.fromkeys([*self.paths, *self.type.fields]))

    def heading(self, path: str) -> str:
        """Return what stands above the column of a path."""
        return values.heading(self.type, path)

    @cached_property
    def columns(self) -> list[Column]:
        """The columns in order; the first ones that name the record stand in one."""
        return [self._column(path) for path in self.paths]

    def _column(self, path: str) -> Column:
        found = values.path(self.type, path)
        shown = found[-1]
        order = self.orders.get(path)
        can = len(found) == 1 and (shown.sortable or path == "id")
        wanted = f"-{path}" if order == "ascending" else path
        to = self.address(_sort=wanted) if can else None
        return Column(path, values.heading(self.type, path), shown, to, order)

    @cached_property
    def orders(self) -> dict[str, str]:
        """Which columns it is sorted by: ascending or descending."""
        keys = self.asked.sort or ()
        return {k.lstrip("-"): "descending" if k.startswith("-") else "ascending" for k in keys}

    @cached_property
    def chips(self) -> list[Chip]:
        """The filters of the address, in its order."""
        made: list[Chip] = []
        if self.asked.trashed:
            made.append(Chip(words.translated("In the trash"), "", "", self.address("_trashed")))
        for name, text in self.args:
            if name == "_filter" or not name.startswith("_"):
                made.append(self._chip(name, text))
        return made

    def _chip(self, name: str, text: str) -> Chip:
        without = self.address(name)
        if name == "_filter":
            return Chip(
                words.translated("Filter"), "", said(self.type, orjson.loads(text)), without
            )
        path, _, operator = name.partition("__")
        shown = values.path(self.type, path)[-1]
        operator = operator or shown.value_type.plain
        value = of_value(shown, operator, text, self.page.labels)
        return Chip(values.heading(self.type, path), operator, value, without)


def of_value(shown: fields.Field, operator: str, text: str, labels: dict[str, Any]) -> str:
    """Return what people read for a value that is compared with."""
    if operator == "empty":
        return ""
    parts = (
        text.split(",") if operator in ("in", "nin", "between", "has_any", "has_all") else [text]
    )
    options = {option.value: option.label for option in shown.options}
    known = {id_: label["label"] for id_, label in labels.items()}
    return ", ".join(options.get(part, known.get(part, part)) for part in parts)


def said(entity_type: catalog.EntityType, node: Any) -> str:
    """Return a filter in words."""
    match node:
        case {"and": parts}:
            return f" {words.translated('and')} ".join(said(entity_type, part) for part in parts)
        case {"or": parts}:
            joined = f" {words.translated('or')} ".join(said(entity_type, part) for part in parts)
            return f"({joined})"
        case {"not": part}:
            return f"{words.translated('not')} ({said(entity_type, part)})"
        case {"has": name}:
            return f"{words.translated('has')} {name}"
        case {"field": path, "value": value}:
            shown = values.path(entity_type, path)[-1]
            operator = node.get("op") or shown.value_type.plain
            text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
            value_ = of_value(shown, operator, text, {})
            return f"{values.heading(entity_type, path)} {words.operator(operator)} {value_}"
    return str(node)


def args() -> Args:
    """Return the words of the address; fields that were ticked one by one are one word."""
    given = [(n, v) for n, v in request.args.items(multi=True) if v and n != "_fields"]
    ticked = ",".join(v for v in request.args.getlist("_fields") if v)
    return [*given, ("_fields", ticked)] if ticked else given


# -- reading ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Opened:
    """A view with the words of an address laid over it, as the JSON of a query."""

    type: catalog.EntityType
    tabs: list[dict[str, Any]]
    #: The view that is open.
    view: dict[str, Any] | None
    body: dict[str, Any]
    paths: list[str]
    search: str


def opened(type_name: str, args: Args) -> Opened:
    """Return what an address asks of a type, without asking it."""
    entity_type = catalog.current().type(type_name)
    tabs = [tab for tab in views.list_views(type_name, actor=ui.actor()) if not tab["broken"]]
    name = dict(args).get("_view") or (tabs[0]["name"] if tabs else None)
    view = next((tab for tab in tabs if tab["name"] == name), None)
    search = dict(args).get("_search", "").strip()
    given = query.words(type_name, [pair for pair in args if pair[0] not in (*_OWN, "_view")])
    base = dict(view["query"]) if view is not None else {}
    if search and (condition := searching(entity_type, search)) is not None:
        base = query.over(base, {"filter": condition})
    paths = given.get("fields") or base.get("fields") or values.shown_fields(entity_type)
    return Opened(entity_type, tabs, view, query.over(base, given), list(paths), search)


def listing(type_name: str, args: Args) -> Listing:
    """Return the list that an address asks for. Raises what asking for it raises."""
    found = opened(type_name, args)
    needed = [f.name for f in found.type.title_fields if f.name not in found.paths]
    body = {
        **found.body, "fields": [*found.paths, *needed, "version"], "count": True,
        "limit": found.body.get("limit", _ROWS),
    }  # fmt: skip
    asked = query.from_json(type_name, body)
    page = query.page(asked, actor=ui.actor())
    return Listing(
        found.type, args, found.tabs, found.view, asked, page, found.paths, found.search
    )  # fmt: skip


@ui.page("/records/<type_name>")
def records_list(type_name: str) -> Response:
    """Show a list of records."""
    given = args()
    problem = None
    try:
        found = listing(type_name, given)
    except RelatumError as error:
        if error.code in ("type_unknown", "forbidden") or not given:
            raise
        problem, found = str(error), listing(type_name, [])
    template = "_list.html" if ui.is_fragment() else "list.html"
    return ui.render(template, 422 if problem else 200, listing=found, problem=problem)


@ui.page("/records/<type_name>/filter")
def filter_form(type_name: str) -> Response:
    """Offer the comparisons of a field, or lead to the list that a chosen one narrows."""
    entity_type = catalog.current().type(type_name)
    path, operator = request.args.get("field", ""), request.args.get("op", "")
    kept = [(n, v) for n, v in request.args.items(multi=True) if n not in ("field", "op", "value")]
    if path and operator and "value" in request.args:
        given = [value for value in request.args.getlist("value") if value]
        name = (
            path
            if operator == values.path(entity_type, path)[-1].value_type.plain
            else f"{path}__{operator}"
        )
        value = "1" if operator == "empty" else ",".join(given)
        kept = [pair for pair in kept if pair[0] != name] + ([(name, value)] if value else [])
        return ui.away(f"/records/{type_name}" + (f"?{urlencode(kept)}" if kept else ""))
    shown = values.path(entity_type, path)[-1] if path else None
    return ui.render(
        "_filter.html", type=entity_type, path=path, shown=shown, operator=operator, kept=kept
    )


# -- views ------------------------------------------------------------------------------------
@ui.page("/records/<type_name>/views", "POST")
def save_view(type_name: str) -> Response:
    """Keep the list that is shown as a view of one's own."""
    label = " ".join(request.form.get("label", "").split())[:60]
    found = opened(type_name, args())
    asked = query.from_json(type_name, {**found.body, "fields": found.paths})
    body = {
        "filter": found.body.get("filter"), "sort": list(asked.sort or ()), "fields": found.paths,
    }  # fmt: skip
    name = f"my_{_NAME.sub('_', label.lower()).strip('_')[:30] or 'view'}"
    kept = {word: value for word, value in body.items() if value}
    views.save(type_name, name, {"label": label or name, "query": kept}, actor=ui.actor())
    return ui.away(f"/records/{type_name}?{urlencode({'_view': name})}")


@ui.page("/records/<type_name>/views/<name>/drop", "POST")
def drop_view(type_name: str, name: str) -> Response:
    """Take away a view of one's own."""
    views.drop(type_name, name, actor=ui.actor())
    return ui.away(f"/records/{type_name}")
