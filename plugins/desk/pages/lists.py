"""The list of a type: views as tabs, filters as chips, sorted, paged; the address says it all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import orjson
from flask import Response, request

from relatum import RelatumError, catalog, fields, query, views

from .. import ui, values, words
from . import filters
from .filters import Args
from .lookups import Labels, labels_of, searching
from .tabs import EVERYTHING, Tab, everything, tabs

#: Words of the address that are the desk's own: what is looked for, and that the filters of the
#: address stand in the place of those of the view.
SEARCH, INSTEAD = _OWN = ("_search", "_instead")
#: What names a page within the list, not the list.
PLACE: Final = ("_after", "_before")
_ROWS: Final = 50
#: What is wrong with nothing but the order.
_OF_ORDER: Final = ("sort_too_costly", "not_sortable")


def args() -> Args:
    """Return the words of the address; fields that were ticked one by one are one word."""
    given = [(n, v) for n, v in request.args.items(multi=True) if v and n != "_fields"]
    ticked = ",".join(v for v in request.args.getlist("_fields") if v)
    return [*given, ("_fields", ticked)] if ticked else given


# -- what an address asks -----------------------------------------------------------------------
@dataclass(frozen=True)
class Opened:
    """A view with the words of an address laid over it."""

    type: catalog.EntityType
    #: The words of the address, the view that it opens named among them.
    args: Args
    tabs: list[Tab]
    #: The view that is open.
    view: Tab | None
    #: What must hold: the filters of the view, and those of the address.
    parts: tuple[filters.Node, ...]
    #: All that is asked, as the JSON of a query.
    body: dict[str, Any]
    paths: list[str]
    search: str

    @property
    def sort(self) -> list[str]:
        """What the list is sorted by, as words such as `-amount`."""
        return [key for key in self.body.get("sort") or [] if key != "id"]

    @cached_property
    def query(self) -> dict[str, Any]:
        """The list as a view keeps it."""
        made = {"filter": filters.whole(self.parts), "sort": self.sort, "fields": self.paths}
        return {word: value for word, value in made.items() if value}

    @cached_property
    def changed(self) -> bool:
        """Whether the list differs from the view that is open."""
        if self.view is None or self.view.broken:
            return False
        return self.own_parts != self.parts or self._differs("sort") or self._differs("fields")

    def _differs(self, word: str) -> bool:
        assert self.view is not None
        if f"_{word}" not in dict(self.args):
            return False
        before = self.view.query.get(word) or (
            values.shown_fields(self.type) if word == "fields" else ["id"]
        )
        return list(before) != list(self.body.get(word) or [])

    @property
    def shares(self) -> bool:
        """Whether whoever asks may change the views of everybody."""
        return ui.actor().admin

    @property
    def is_paged(self) -> bool:
        """Whether it is not the first page that is asked for."""
        return any(name in PLACE for name, _ in self.args)

    @property
    def words(self) -> str:
        """All words of the address, its page among them."""
        return urlencode(self.args)

    @cached_property
    def own_parts(self) -> tuple[filters.Node, ...]:
        """The filters of the view that is open."""
        if self.view is None or self.view.broken:
            return ()
        return filters.parts(self.type, self.view.query.get("filter"))

    def address(self, *drop: str, page: str = "", **more: str | None) -> str:
        """Return the address of this list with some words other than they are."""
        kept = [(n, v) for n, v in self.args if n not in drop and n not in more and n not in PLACE]
        kept += [(name, value) for name, value in more.items() if value is not None]
        return self._at(kept, page)

    def filtered(self, parts: tuple[filters.Node, ...], *drop: str) -> str:
        """Return the address of this list with other filters, without some words."""
        own = self.own_parts
        if parts[: len(own)] == own:
            found = filters.as_words(self.type, parts[len(own) :])
        else:
            found = [(INSTEAD, "1"), *filters.as_words(self.type, parts)]
        return self._at([*((n, v) for n, v in self.steering if n not in drop), *found])

    def sorted(self, keys: list[str]) -> str:
        """Return the address of this list with another order."""
        plain = [] if self.view is None else list(self.view.query.get("sort") or [])
        text = None if keys == plain else ",".join(keys) or "id"
        return self.address(_sort=text)

    def _at(self, kept: Args, page: str = "") -> str:
        if not kept and self.view is None:
            # Without a word the first view would open.
            kept = next(tab.words for tab in self.tabs if not tab.name)
        text = f"?{urlencode(kept)}" if kept else ""
        return f"/records/{self.type.name}{f'/{page}' if page else ''}{text}"

    @property
    def kept(self) -> Args:
        """The words of the address that a form beside the list carries along."""
        return [(name, value) for name, value in self.args if name not in PLACE]

    @property
    def steering(self) -> Args:
        """The words of the address that do not filter."""
        return [(n, v) for n, v in self.kept if not filters.is_filter(n) and n != INSTEAD]

    @property
    def query_string(self) -> str:
        """The words of the address, as they stand in it."""
        return urlencode(self.kept)


def opened(type_name: str, args: Args) -> Opened:
    """Return what an address asks of a type, without asking it."""
    entity_type = catalog.current().type(type_name)
    known = tabs(type_name)
    args = _named(args, known)
    view = _view(type_name, args, known)
    own = view.query if view is not None and not view.broken else {}
    given = query.words(type_name, [p for p in args if p[0] not in (*_OWN, "_view")])
    query.from_json(type_name, given)  # refuses what can't be read
    if dict(args).get(INSTEAD):
        own = {word: value for word, value in own.items() if word != "filter"}
    parts = tuple(
        part for words_ in (own, given) for part in filters.parts(entity_type, words_.get("filter"))
    )
    body = {**own, **given, "filter": filters.whole(parts)}
    search = dict(args).get(SEARCH, "").strip()
    if search and (condition := searching(entity_type, search)) is not None:
        body = query.over(body, {"filter": condition})
    paths = body.get("fields") or values.shown_fields(entity_type)
    if view is None and all(tab.name for tab in known):
        known = [everything(), *known]
    return Opened(entity_type, args, known, view, parts, body, list(paths), search)


def _named(args: Args, known: list[Tab]) -> Args:
    """Return the words of an address; where there are none, the first view is named."""
    first = known[0] if known else None
    if first is None or not first.name or any(name not in PLACE for name, _ in args):
        return args
    return [("_view", first.name), *args]


def _view(type_name: str, args: Args, known: list[Tab]) -> Tab | None:
    name = dict(args).get("_view", EVERYTHING)
    if name == EVERYTHING:
        return None
    found = next((tab for tab in known if tab.name == name), None)
    if found is None:
        views.get(type_name, name, actor=ui.actor())  # says that there is none
    return found


# -- what a list shows --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is in force, in words; the addresses without it and of its form."""

    label: str
    operator: str
    value: str
    without: str
    edit: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its path, what stands above it, and where a click on that leads."""

    path: str
    label: str
    field: fields.Field
    #: The address of the list sorted by it alone, and by it as well.
    sort: str | None
    add: str | None
    order: str | None
    #: Which of several keys it is, from 1; 0 where there is but one.
    place: int


@dataclass(frozen=True)
class Listing:
    """A list with the page of records that its address asks for."""

    opened: Opened
    asked: query.Query
    page: query.Page
    #: What records are called that the page or a filter points to.
    labels: Labels

    @property
    def type(self) -> catalog.EntityType:
        """The type of the records."""
        return self.opened.type

    @property
    def trashed(self) -> bool:
        """Whether it is the trash that is shown."""
        return self.asked.trashed

    def paged(self, word: str, cursor: str) -> str:
        """Return the address of another page of this list."""
        return self.opened.address(**{word: cursor})

    @property
    def count(self) -> str:
        """How many records there are, in signs of the language; `+` if there are more."""
        found = self.page.count
        assert found is not None
        return f"{words.number(found['value'])}{'' if found['exact'] else '+'}"

    @cached_property
    def named(self) -> set[str]:
        """The paths of the fields that make the title of a record."""
        return {field.name for field in self.type.title_fields}

    @property
    def order_said(self) -> str:
        """What the list is sorted by, in words."""
        keys = (key.lstrip("-") for key in self.opened.sort)
        return ", ".join(values.heading(self.type, key) for key in keys)

    @property
    def is_narrowed(self) -> bool:
        """Whether more records may be there than those that the list looks for."""
        return bool(self.opened.parts or self.opened.search)

    @property
    def everything(self) -> str:
        """The address of the list with nothing that narrows it."""
        return self.opened.filtered((), SEARCH)

    @cached_property
    def columns(self) -> list[Column]:
        """The columns in order; the first ones that name the record stand in one."""
        return [self._column(path) for path in self.opened.paths]

    def _column(self, path: str) -> Column:
        shown = values.path(self.type, path)[-1]
        label, order = values.heading(self.type, path), self.orders.get(path)
        if not shown.value_type.ordered:
            return Column(path, label, shown, None, None, None, 0)
        keys = self.opened.sort
        turned = f"-{path}" if order == "ascending" else path
        if order is None:
            more = [*keys, path]
        elif order == "ascending":
            more = [turned if key == path else key for key in keys]
        else:
            more = [key for key in keys if key.lstrip("-") != path]
        place = [key.lstrip("-") for key in keys].index(path) + 1 if order else 0
        return Column(
            path, label, shown, self.opened.sorted([turned]), self.opened.sorted(more), order,
            place if len(keys) > 1 else 0,
        )  # fmt: skip

    @cached_property
    def orders(self) -> dict[str, str]:
        """Which columns it is sorted by: ascending or descending."""
        keys = self.opened.sort
        return {k.lstrip("-"): "descending" if k.startswith("-") else "ascending" for k in keys}

    @cached_property
    def chips(self) -> list[Chip]:
        """The filters that are in force, in order."""
        made: list[Chip] = []
        found = self.opened
        if self.trashed:
            label = words.translated("In the trash")
            made.append(Chip(label, "", "", found.address("_trashed"), None))
        for place, part in enumerate(found.parts):
            without = found.filtered((*found.parts[:place], *found.parts[place + 1 :]))
            edit = found.address(page="filter", _at=str(place))
            if isinstance(part, filters.Condition):
                said = filters.condition_said(self.type, part, self.labels)
            else:
                said = ("", "", filters.said(self.type, part, self.labels))
            made.append(Chip(*said, without, edit))
        return made


def listing(found: Opened) -> Listing:
    """Return the list with the records that it asks for. Raises what asking for them raises."""
    needed = [f.name for f in found.type.title_fields if f.name not in found.paths]
    body = {
        **found.body, "fields": [*found.paths, *needed, "version"], "count": True,
        "limit": found.body.get("limit", _ROWS),
    }  # fmt: skip
    asked = query.from_json(found.type.name, body)
    page = query.page(asked, actor=ui.actor())
    return Listing(found, asked, page, page.labels | named(found.type, found.parts, page.labels))


def named(
    entity_type: catalog.EntityType, parts: tuple[filters.Node, ...], known: Labels
) -> Labels:
    """Return what the records are called that filters name, but for those that are known."""
    made: Labels = {}
    for target, ids in filters.pointed_to(entity_type, parts).items():
        made |= labels_of(target, [id_ for id_ in ids if str(id_) not in known])
    return made


# -- the page -----------------------------------------------------------------------------------
@ui.page("/records/<type_name>")
def records_list(type_name: str) -> Response:
    """Show a list of records."""
    return shown(type_name, args())


def shown(type_name: str, given: Args, problem: str | None = None) -> Response:
    """Return the page of a list, or the list alone; what is wrong with its address is said."""
    try:
        found = listing(opened(type_name, given))
    except RelatumError as error:
        if error.code in ("type_unknown", "forbidden") or not given:
            raise
        # An order that is too costly leaves the filters as they are; else nothing can be kept.
        less = [pair for pair in given if pair[0] != "_sort" and error.code in _OF_ORDER]
        return shown(type_name, less, problem or str(error))
    if found.opened.view is not None and problem is None:
        problem = found.opened.view.broken
    template = "_list.html" if ui.is_fragment() else "list.html"
    answer = ui.render(
        template, 422 if problem else 200, listing=found, opened=found.opened, problem=problem
    )
    if ui.is_fragment():
        answer.headers["HX-Push-Url"] = found.opened.address(
            **{word: cursor for word, cursor in given if word in PLACE}
        )
    return answer


def show(type_name: str, address: str, *, close: bool = True) -> Response:
    """Lead to a list: within the page if a part of it asks, which may `close` then, or by GET."""
    if not ui.is_fragment():
        return ui.away(address)
    answer = shown(type_name, parse_qsl(address.partition("?")[2]))
    answer.headers["HX-Retarget"] = "#lv"
    answer.headers["HX-Reswap"] = "outerMorph"
    if close:
        answer.headers["HX-Trigger"] = orjson.dumps({"ui:close": {}}).decode()
    return answer
