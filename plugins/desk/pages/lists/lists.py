"""The list of a type: views as tabs, filters as chips, sorted, paged; the address says it all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from flask import Response
from markupsafe import Markup

from relatum import RelatumError, catalog, fields, query

from ... import ui, values, words
from ..records.lookups import Labels, labels_of
from . import filters
from .filters import Args
from .opened import AS_OF as AS_OF
from .opened import INSTEAD as INSTEAD
from .opened import PLACE as PLACE
from .opened import SEARCH as SEARCH
from .opened import Opened as Opened
from .opened import args as args
from .opened import opened as opened

_ROWS: Final = 50
#: What is wrong with nothing but the order.
_OF_ORDER: Final = ("sort_too_costly", "not_sortable")


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
    kind: str
    #: Whether its values are changed in place.
    can: bool
    #: The address of the list sorted by it alone, and by it as well.
    sort: str | None
    add: str | None
    order: str | None
    #: Which of several keys it is, from 1; 0 where there is but one.
    place: int

    @property
    def end(self) -> str:
        """The class of what stands at the right edge."""
        return " num" if values.is_number(self.field) else ""

    @property
    def id(self) -> str:
        """The path as a part of an id."""
        return self.path.replace(".", "-")


@dataclass(frozen=True)
class Listing:
    """A list with the page of records that its address asks for."""

    opened: Opened
    asked: query.Query
    page: query.Page
    #: What records are called that the page or a filter points to.
    labels: Labels
    #: The columns that it has: as of an instant none of other records.
    paths: list[str]

    @property
    def type(self) -> catalog.EntityType:
        """The type of the records."""
        return self.opened.type

    @property
    def trashed(self) -> bool:
        """Whether it is the trash that is shown."""
        return self.asked.trashed

    @property
    def then(self) -> str | None:
        """The instant or the date that it is shown as of; None: now."""
        return self.opened.body.get("as_of")

    @property
    def is_narrower(self) -> bool:
        """Whether columns are left out that it has now."""
        return len(self.paths) < len(self.opened.paths)

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
        return [self._column(path) for path in self.paths]

    def _column(self, path: str) -> Column:
        shown = values.path(self.type, path)[-1]
        order = self.orders.get(path)
        can = not (self.trashed or self.then) and values.is_changed_in_place(self.type, path)
        said = (path, values.heading(self.type, path), shown, values.kind(shown), can)
        if not shown.value_type.ordered:
            return Column(*said, None, None, None, 0)
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
            *said, self.opened.sorted([turned]), self.opened.sorted(more), order,
            place if len(keys) > 1 else 0,
        )  # fmt: skip

    def drawn(
        self, column: Column, record: dict[str, Any], show: Callable[..., Markup], *, link: bool
    ) -> Markup:
        """Return what a value looks like by a macro; each is drawn once, however often it stands.

        A page has most values twice, in the table and in the cards, and few different ones.
        """
        value = record[column.path]
        money = column.kind == "money"
        code = values.code(self.type, column.path, record) if money else None
        key = (column.path, value if isinstance(value, (str, int)) else repr(value), link, code)
        found = self._drawn.get(key)
        if found is None:
            found = show(column.field, column.kind, value, self.page.labels, link=link, code=code)
            self._drawn[key] = found
        return found

    @cached_property
    def _drawn(self) -> dict[tuple[str, Any, bool, str | None], Markup]:
        return {}

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
    paths = found.paths
    if found.body.get("as_of"):
        paths = [path for path in paths if not values.is_beyond(found.type, path)]
    needed = [f.name for f in found.type.title_fields if f.name not in paths]
    codes = values.code_paths(found.type, [*paths, *needed])
    body = {
        **found.body, "fields": [*paths, *needed, *codes, "version"], "count": True,
        "limit": found.body.get("limit", _ROWS),
    }  # fmt: skip
    asked = query.from_json(found.type.name, body, actor=ui.actor())
    page = query.page(asked)
    labels = page.labels | named(found.type, found.parts, page.labels)
    return Listing(found, asked, page, labels, paths)


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
        return shown(type_name, less, problem or words.said(error))
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
