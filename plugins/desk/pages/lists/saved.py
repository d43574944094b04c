"""Views of a list: tabs, saved, renamed, ordered, pinned, shared by an administrator."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, request

from relatum import RelatumError, entities, preferences, transact, views

from ... import ui, words
from ...words import translated
from . import lists
from .tabs import PINS

_LABEL: Final = 60
_NOT_OF_NAMES: Final = re.compile(r"[^a-z0-9]+")


# -- the panel --------------------------------------------------------------------------------
@ui.page("/records/<type_name>/views")
def views_panel(type_name: str) -> Response:
    """Offer what can be done with the list as it is shown, and with all views."""
    return panel(type_name)


def panel(type_name: str, problem: str | None = None) -> Response:
    """Return the panel, perhaps with what is wrong."""
    found = lists.opened(type_name, lists.args())
    return ui.beside(
        "_views.html", translated("Views"), found.type, found.address(), 422 if problem else 200,
        opened=found, problem=problem, shares=ui.actor().admin,
    )  # fmt: skip


def _writing(type_name: str, work: Callable[[], Response], *, shared: bool) -> Response:
    """Do something to views; those of everybody are a change of the data model."""
    try:
        return transact(work, exclusive=shared)
    except RelatumError as error:
        if error.status not in (409, 422):
            raise
        told = words.said(error)
        return transact(lambda: panel(type_name, told))


def _done(type_name: str, name: str | None, text: str) -> Response:
    word = f"?{urlencode({'_view': name})}" if name else ""
    return ui.done(ui.away(f"/records/{type_name}{word}"), text)


def _put(type_name: str, name: str, given: dict[str, Any]) -> None:
    """Make or change a view: one's own by its verb, one of everybody by a plan."""
    if is_own(name):
        views.save(type_name, name, given, actor=ui.actor())
    else:
        change = {"op": "set_view", "type": type_name, "view": name, **given}
        entities.apply([change], actor=ui.actor())


def is_own(name: str) -> bool:
    """Say whether a view is somebody's own, by its name."""
    return name.startswith(entities.PRIVATE)


# -- saving -----------------------------------------------------------------------------------
@ui.page("/records/<type_name>/views", "POST", own=True)
def save_view(type_name: str) -> Response:
    """Keep the list that is shown as a new view: one's own, or everybody's."""
    shared = request.form.get("shared") == "1"

    def work() -> Response:
        label = _label() or translated("View")
        found = lists.opened(type_name, lists.args())
        name = _free_name(found, label, shared=shared)
        _put(type_name, name, {"label": label, "query": found.query})
        return _done(type_name, name, translated("The view {label} is saved", label=label))

    return _writing(type_name, work, shared=shared)


def _label() -> str:
    return " ".join(request.form.get("label", "").split())[:_LABEL]


def _free_name(found: lists.Opened, label: str, *, shared: bool) -> str:
    """Return a name for a view that no other view has, made of its label."""
    plain = unicodedata.normalize("NFKD", label.lower()).encode("ascii", "ignore").decode()
    word = _NOT_OF_NAMES.sub("_", plain).strip("_")[:30].strip("_") or "view"
    if not shared:
        first = f"{entities.PRIVATE}{word}"
    elif found.type.owner == "local" and word[0].isalpha() and not is_own(word):
        first = word
    else:
        first = f"x_{word}"
    # A view that was dropped is hidden, and holds its name.
    hidden = {view.name for view in words.known().views.get(found.type.name, ())}
    taken = hidden | {tab.name for tab in found.tabs}
    others = (f"{first}_{number}" for number in range(2, len(taken) + 3))
    return first if first not in taken else next(n for n in others if n not in taken)


@ui.page("/records/<type_name>/views/<name>/save", "POST", own=True)
def save_changes(type_name: str, name: str) -> Response:
    """Keep the list that is shown in the view that is open."""

    def work() -> Response:
        found = lists.opened(type_name, lists.args())
        _put(type_name, name, {"query": found.query})
        label = found.view.label if found.view is not None else name
        return _done(type_name, name, translated("The view {label} is saved", label=label))

    return _writing(type_name, work, shared=not is_own(name))


@ui.page("/records/<type_name>/views/<name>/rename", "POST", own=True)
def rename_view(type_name: str, name: str) -> Response:
    """Give a view another label."""

    def work() -> Response:
        label = _label()
        if label and label != words.views(type_name).get(name):
            _put(type_name, name, {"label": label})
        return _done(type_name, name, translated("The view is renamed"))

    return _writing(type_name, work, shared=not is_own(name))


@ui.page("/records/<type_name>/views/<name>/drop", "POST", own=True)
def drop_view(type_name: str, name: str) -> Response:
    """Take away a view; one that a plugin brought is hidden."""

    def work() -> Response:
        if is_own(name):
            views.drop(type_name, name, actor=ui.actor())
        else:
            change = {"op": "drop_view", "type": type_name, "view": name}
            entities.apply([change], actor=ui.actor())
        _pin(type_name, name, there=False)
        return _done(type_name, None, translated("The view is deleted"))

    return _writing(type_name, work, shared=not is_own(name))


# -- arranging --------------------------------------------------------------------------------
@ui.page("/records/<type_name>/views/order", "POST", own=True)
def order_views(type_name: str) -> Response:
    """Put views in an order: one's own, or those of everybody; `ids` are their names."""
    names = [name for name in request.form.get("ids", "").split(",") if name]
    shared = not all(is_own(name) for name in names)

    def work() -> Response:
        actor = ui.actor()
        if shared:
            change = {"op": "set_view", "type": type_name}
            entities.apply(
                [{**change, "view": n, "position": p} for p, n in enumerate(names)], actor=actor
            )
        else:
            known = {view["name"] for view in views.list_views(type_name, actor=actor)}
            for position, name in enumerate(n for n in names if n in known):
                views.save(type_name, name, {"position": position}, actor=actor)
        return _done(type_name, None, translated("The order is saved"))

    return _writing(type_name, work, shared=shared)


@ui.page("/records/<type_name>/views/<name>/pin", "POST")
def pin_view(type_name: str, name: str) -> Response:
    """Let a view be among the first tabs for oneself, or no longer."""
    there = request.form.get("on") == "1"
    if there:
        views.get(type_name, name, actor=ui.actor())
    _pin(type_name, name, there=there)
    text = translated("The view is pinned") if there else translated("The view is not pinned now")
    return _done(type_name, name, text)


def _pin(type_name: str, name: str, *, there: bool) -> None:
    actor = ui.actor()
    found: dict[str, list[str]] = preferences.get(PINS, actor=actor) or {}
    before = found.get(type_name, [])
    now = [pin for pin in before if pin != name] + ([name] if there else [])
    if now != before:
        kept = {**found, type_name: now}
        preferences.put(PINS, {n: p for n, p in kept.items() if p} or None, actor=actor)
