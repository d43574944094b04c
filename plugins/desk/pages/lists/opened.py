"""What the address of a list asks: a view, with the words of the address laid over it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from flask import request

from relatum import catalog, query, views

from ... import ui, values, words
from . import filters
from .filters import Args
from .tabs import EVERYTHING, Tab, everything, tabs

#: Words of the address that are the desk's own: what is looked for, and that the filters of the
#: address stand in the place of those of the view.
SEARCH, INSTEAD = _OWN = ("_search", "_instead")
#: The instant that a list or a record is shown as of.
AS_OF: Final = "_as_of"
#: What names a page within the list, not the list.
PLACE: Final = ("_after", "_before")


def args() -> Args:
    """Return the words of the address; fields that were ticked one by one are one word."""
    given = [(n, v) for n, v in request.args.items(multi=True) if v and n != "_fields"]
    ticked = ",".join(v for v in request.args.getlist("_fields") if v)
    return [*given, ("_fields", ticked)] if ticked else given


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

    @property
    def as_widget(self) -> str:
        """The words of an address by which a dashboard takes the records of the list over."""
        made = {"type": self.type.name}
        if self.view is not None and self.parts == self.own_parts:
            made["view"] = self.view.name
        elif self.parts:
            made["filter"] = orjson.dumps(filters.whole(self.parts)).decode()
        return urlencode(made)

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
    def of_now(self) -> Args:
        """The words of the address of the same list as it is now."""
        return [pair for pair in self.kept if pair[0] != AS_OF]

    @property
    def query_string(self) -> str:
        """The words of the address, as they stand in it."""
        return urlencode(self.kept)


def opened(type_name: str, args: Args) -> Opened:
    """Return what an address asks of a type, without asking it."""
    entity_type = words.known().type(type_name)
    known = tabs(type_name)
    args = _named(args, known)
    view = _view(type_name, args, known)
    own = view.query if view is not None and not view.broken else {}
    given = query.words(
        type_name, [p for p in args if p[0] not in (*_OWN, "_view")], actor=ui.actor()
    )
    query.from_json(type_name, given, actor=ui.actor())  # refuses what can't be read
    if dict(args).get(INSTEAD):
        own = {word: value for word, value in own.items() if word != "filter"}
    parts = tuple(
        part for words_ in (own, given) for part in filters.parts(entity_type, words_.get("filter"))
    )
    body = {**own, **given, "filter": filters.whole(parts)}
    search = dict(args).get(SEARCH, "").strip()
    if search and (condition := query.titled(entity_type, search)) is not None:
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
