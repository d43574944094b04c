"""Dashboards as people look at them: the list, one with its widgets, each widget by itself.

A page holds no number: each widget is fetched when it comes into sight, by whoever looks, in a
transaction of its own with its own time limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from relatum import RelatumError, preferences

from ... import ui, words
from ...dashboards import asking, keeping
from ...dashboards.answers import answer
from ...dashboards.asking import Narrowing
from ...dashboards.definitions import OWNERS, PERIODS, Shown, Widget
from ...words import translated

#: The words of an address that narrow all widgets.
OWNER, PERIOD = "_owner", "_period"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter of a dashboard: what it is called and where it leads."""

    label: str
    href: str
    now: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """A dashboard as it is looked at: what its filters leave."""

    board: Shown
    narrowed: Narrowing
    at: str

    @property
    def label(self) -> str:
        """What the dashboard is called in the reader's language."""
        return label_of(self.board)

    def called(self, widget: Widget) -> str:
        """Return what a widget is called; one of a plugin in the reader's language."""
        if widget.label:
            return words.by(self.board.plugin, widget.label) if self.board.plugin else widget.label
        known = words.known().types.get(widget.type)
        if known is None:
            return translated("Widget")
        try:
            return asking.measure_label(known, widget.measure)
        except (RelatumError, KeyError):
            return known.plural

    def address(self, widget: Widget) -> str:
        """Return where a widget is fetched from."""
        return f"/dashboards/{self.board.key}/w/{widget.id}{self._words(self.narrowed)}"

    def _words(self, narrowed: Narrowing) -> str:
        kept = {OWNER: narrowed.owner or "all", PERIOD: narrowed.period}
        return f"?{urlencode({k: v for k, v in kept.items() if v})}"

    def owners(self) -> list[Choice]:
        """Return the choices of whose records are counted."""
        offered = {"": translated("All"), "me": translated("Mine")}
        if ui.actor().team_id is not None:
            offered["team"] = translated("My team")
        return [
            Choice(label, self.at + self._words(Narrowing(name, self.narrowed.period)),
                   name == self.narrowed.owner)
            for name, label in offered.items()
        ]  # fmt: skip

    def periods(self) -> list[Choice]:
        """Return the choices of the period; none where no widget goes by one."""
        if not any(widget.date for widget in self.board.widgets):
            return []
        offered = {"": translated("As built"), **{p: asking.period_label(p) for p in PERIODS}}
        return [
            Choice(label, self.at + self._words(Narrowing(self.narrowed.owner, name)),
                   name == self.narrowed.period)
            for name, label in offered.items()
        ]  # fmt: skip


def label_of(board: Shown) -> str:
    """Return what a dashboard is called; one of a plugin in the reader's language."""
    return words.by(board.plugin, board.label) if board.plugin else board.label


def scene(board: Shown, at: str = "", *, narrows: bool = True) -> Scene:
    """Return a dashboard as the address narrows it; else it begins with what it says."""
    given: Any = request.args if narrows else {}
    owner = given.get(OWNER, board.begins.get("owner", ""))
    period = given.get(PERIOD, board.begins.get("period", ""))
    narrowed = Narrowing(owner if owner in OWNERS else "", period if period in PERIODS else "")
    return Scene(board, narrowed, at or f"/dashboards/{board.key}")


# -- pages --------------------------------------------------------------------------------------
@ui.page("/dashboards")
def dashboards() -> Response:
    """List the dashboards that the reader sees."""
    return listed()


def listed(problem: str | None = None) -> Response:
    """Return the list of dashboards, perhaps with what is wrong."""
    actor = ui.actor()
    known = keeping.seen_by(actor, hidden=actor.admin)
    chosen = keeping.chosen(known, actor=actor)
    return ui.render(
        "dashboards.html", 422 if problem else 200, boards=known, chosen=chosen, problem=problem,
        label_of=label_of, may_change=lambda board: keeping.may_change(board, actor),
    )  # fmt: skip


@ui.page("/dashboards/<key>")
def dashboard(key: str) -> Response:
    """Show a dashboard; its widgets are fetched when they come into sight."""
    actor = ui.actor()
    known = keeping.seen_by(actor)
    found = next((each for each in known if each.key == key), None) or keeping.get(
        key, actor=actor, hidden=actor.admin
    )
    return ui.render(
        "dashboard.html", scene=scene(found), others=[b for b in known if b.key != key],
        label_of=label_of, changes=keeping.may_change(found, actor),
        chosen=keeping.chosen(known, actor=actor) == found,
    )  # fmt: skip


@ui.page("/dashboards/<key>/w/<name>")
def widget(key: str, name: str) -> Response:
    """Show one widget, as a part of a page or by itself."""
    actor = ui.actor()
    found = scene(keeping.get(key, actor=actor, hidden=actor.admin))
    one = found.board.widget(name)
    if one is None:
        raise RelatumError("not_found", path=request.path)
    said = answer(one, found.narrowed, found.called(one))
    template = "_widget.html" if ui.is_fragment() else "widget.html"
    made = ui.render(template, answer=said, scene=found)
    made.headers["Cache-Control"] = "private, no-store"
    return made


@ui.page("/dashboards/<key>/home", "POST")
def choose_dashboard(key: str) -> Response:
    """Put a dashboard on the reader's home page, or take it away."""
    actor = ui.actor()
    found = keeping.get(key, actor=actor)
    on = request.form.get("on") == "1"
    preferences.put(keeping.CHOSEN, key if on else None, actor=actor)
    said = (
        translated("{label} is on your home page")
        if on
        else translated("{label} is no longer on your home page")
    )
    return ui.tell(ui.away("/" if on else f"/dashboards/{key}"), said.format(label=label_of(found)))


def at_home() -> list[Scene]:
    """Return what stands on the reader's home page: what plugins put there, what he has chosen."""
    known, types = keeping.seen_by(ui.actor()), words.known().types
    found: list[Shown] = []
    for each in known:
        # What somebody does not see is no news on his first page.
        some = tuple(widget for widget in each.widgets if widget.type in types)
        if each.at_home and some:
            found.append(replace(each, widgets=some))
    chosen = keeping.chosen(known, actor=ui.actor())
    if chosen is not None and not chosen.at_home:
        found.append(chosen)
    return [scene(each, narrows=False) for each in found]
