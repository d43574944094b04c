"""Slots: places of the desk's pages that other plugins fill, and what they bring to fill them.

A plugin that requires the desk implements `desk_slots` and returns `Slot`s. The desk calls one
when it draws a page, if whoever asks has its permission; a slot that fails draws a card in its
place, and the rest of the page serves.

A plugin that works without the desk too implements the hooks with `optionalhook=True` and returns
the same as dicts: `{"place": ..., "draw": ...}`, `{"label": ..., "href": ...}`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from relatum import Context, hookspec, plugin_host

from . import words

#: What a slot's function returns: HTML; an entry of a menu each; HTML by record or by field.
HTML, LINKS, CELLS = "html", "links", "cells"


class _Place(NamedTuple):
    """What a slot's function may ask for, and what it returns."""

    returns: str
    given: tuple[str, ...] = ()


#: Every place there is. A name is a promise: there will be more, but none goes.
PLACES: Final = {
    "nav.top": _Place(HTML),
    "nav.after": _Place(HTML),
    "nav.bar": _Place(HTML),
    "home.main": _Place(HTML),
    "home.side": _Place(HTML),
    "menu.plugin": _Place(LINKS),
    "menu.workspace": _Place(LINKS),
    "palette.commands": _Place(LINKS),
    "list.actions": _Place(HTML, ("type",)),
    "list.selected": _Place(LINKS, ("type",)),
    "list.column": _Place(CELLS, ("type", "records")),
    "board.card": _Place(CELLS, ("type", "records")),
    "calendar.actions": _Place(HTML, ("type",)),
    "record.actions": _Place(HTML, ("type", "record")),
    "record.menu": _Place(LINKS, ("type", "record")),
    "record.highlights": _Place(HTML, ("type", "record")),
    "record.timeline": _Place(HTML, ("type", "record")),
    "record.tabs": _Place(HTML, ("type", "record")),
    "record.main": _Place(HTML, ("type", "record")),
    "record.side": _Place(HTML, ("type", "record")),
    "form.after_field": _Place(CELLS, ("type", "record", "fields")),
    "settings.section": _Place(HTML),
    "login.after": _Place(HTML),
}
#: Places where a slot stands beside others of the desk's own and needs a name of its own.
_LABELLED: Final = ("list.column", "record.highlights", "record.tabs")


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of a menu: where it leads, within the instance; `post` sends a form there."""

    label: str
    href: str
    icon: str = "puzzle"
    post: bool = False

    def __post_init__(self) -> None:
        if not self.href.startswith("/") or self.href.startswith(("//", "/\\")):
            raise ValueError(f"'{self.href[:80]}' is no address here; it begins with one slash")


@dataclass(frozen=True, kw_only=True)
class Slot:
    """What a plugin adds to one place of the desk's pages.

    `draw` is called by name with what it asks for: `ctx`, and what the place gives (`type`,
    `record`, `records`, `fields`). It returns `Markup` of a template, `Link`s in menus, or
    `Markup` by the id of a record or the name of a field where one page holds many; nothing is
    drawn for None. `types` are the entity types it is for, all if empty; `permission` is one that
    the plugin declares; `label` is what people read above it.
    """

    place: str
    draw: Callable[..., Any]
    label: str = ""
    types: tuple[str, ...] = ()
    permission: str | None = None
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class Files:
    """Files in the static folder of a plugin's pages that every page of the desk brings along.

    Styles get into the cascade layer `plugin`; scripts are modules.
    """

    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()


# -- the hooks ------------------------------------------------------------------------------------
def _read_slots(value: Iterable[Any], active: plugin_host.Active) -> tuple[Slot, ...]:
    """Return the slots of a plugin; ValueError says which one can't be."""
    made = tuple(Slot(**each) if isinstance(each, Mapping) else each for each in value)
    declared = {permission.name for permission in active.permissions}
    for slot in made:
        if not isinstance(slot, Slot):
            raise ValueError("it must return Slot(place=..., draw=...)")
        if slot.place not in PLACES:
            raise ValueError(f"there is no place '{slot.place}'; there are {', '.join(PLACES)}")
        if slot.permission is not None and slot.permission not in declared:
            raise ValueError(f"{slot.place} asks for '{slot.permission}', which is not declared")
        if slot.place in _LABELLED and not slot.label:
            raise ValueError(f"{slot.place} needs a label")
        unknown = set(inspect.signature(slot.draw).parameters) - _given(slot)
        if unknown:
            known = ", ".join(sorted(_given(slot)))
            raise ValueError(f"{slot.place} has no '{min(unknown)}' for draw(); it has {known}")
    return made


def _given(slot: Slot) -> set[str]:
    return {"ctx", *PLACES[slot.place].given}


def _read_files(value: Any, active: plugin_host.Active) -> Files:
    """Return the files of a plugin; ValueError says which one is not there."""
    if isinstance(value, Mapping):
        value = Files(**value)
    if not isinstance(value, Files):
        raise ValueError("it must return Files(styles=..., scripts=...)")
    for name in (*value.styles, *value.scripts):
        plugin_host.static_url(active, name)
    return value


def _filled(slots: Iterable[Slot]) -> set[str]:
    return {slot.place for slot in slots}


@hookspec("collect", read=_read_slots, places=_filled)
def desk_slots(ctx: Context) -> Iterable[Slot]:
    """Return what the plugin adds to the desk's pages, as `Slot`s.

    Called when an application is built, outside any transaction. An exception leaves the plugin
    out.
    """
    raise NotImplementedError


@hookspec("collect", read=_read_files)
def desk_files(ctx: Context) -> Files:
    """Return the styles and scripts that the desk's pages bring along, as `Files`.

    Called when an application is built, outside any transaction. An exception leaves the plugin
    out.
    """
    raise NotImplementedError


HOOKSPECS: Final = (desk_slots, desk_files)
#: A slot and the plugin that brings it.
Brought = tuple[str, Slot]


def at(place: str, type_name: str | None = None) -> list[Brought]:
    """Return the slots of a place, in order, whatever whoever asks may see."""
    found = [
        (plugin, slot)
        for plugin, slots in plugin_host.answers(desk_slots.__name__)
        for slot in slots
        if slot.place == place and (not slot.types or type_name in slot.types)
    ]
    return sorted(found, key=lambda pair: pair[1].order)


def files() -> list[tuple[str, Files]]:
    """Return the files of every plugin that brings some."""
    return plugin_host.answers(desk_files.__name__)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a slot has drawn: HTML, links, or HTML by record or field; or why it could not."""

    plugin: str
    slot: Slot
    html: Markup = field(default_factory=Markup)
    links: tuple[Link, ...] = ()
    cells: dict[Any, Markup] = field(default_factory=dict)
    problem: str | None = None

    @property
    def label(self) -> str:
        """What people read above it, in their language."""
        return words.by(self.plugin, self.slot.label)

    @property
    def name(self) -> str:
        """A name that no other slot of the place has: the plugin's, then what people read."""
        return f"{self.plugin}-{self.slot.label.lower().replace(' ', '-')}"


def read(value: Any, brought: Brought) -> Drawn:
    """Return what a slot's function returned, held to what its place takes; raise TypeError."""
    plugin, slot = brought
    returns = PLACES[slot.place].returns
    if value is None:
        return Drawn(plugin, slot)
    if returns == LINKS:
        links = tuple(Link(**each) if isinstance(each, Mapping) else each for each in value)
        _check(all(isinstance(link, Link) for link in links), "Link(label, href) each")
        return Drawn(plugin, slot, links=links)
    if returns == CELLS:
        _check(isinstance(value, dict), "a dict of Markup")
        _check(all(isinstance(html, Markup) for html in value.values()), "Markup each")
        return Drawn(plugin, slot, cells=value)
    _check(isinstance(value, Markup), "Markup, as Markup(render_template(...)) is")
    return Drawn(plugin, slot, html=value)


def _check(fits: bool, wanted: str) -> None:
    if not fits:
        raise TypeError(f"a slot's function must return {wanted}")
