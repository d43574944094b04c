"""Drawing what plugins add to a page: each part by itself, for those who may see it."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import replace
from functools import partial
from typing import Any

from flask import get_template_attribute
from markupsafe import Markup

from relatum import catalog, context, may, plugin_host

from . import slots, words
from .slots import Brought, Drawn, Link


def parts(place: str, entity_type: catalog.EntityType | None = None, **given: Any) -> list[Drawn]:
    """Return what every slot of a place draws for whoever asks, in order."""
    return [_drawn(brought, entity_type, given) for brought in offered(place, entity_type)]


def offered(place: str, entity_type: catalog.EntityType | None = None) -> list[Brought]:
    """Return the slots of a place that whoever asks may see; nothing is drawn."""
    return [
        (plugin, slot)
        for plugin, slot in slots.at(place, entity_type.name if entity_type else None)
        if slot.permission is None or _may(slot.permission)
    ]


def html(place: str, entity_type: catalog.EntityType | None = None, **given: Any) -> Markup:
    """Return the HTML of every slot of a place, and a card for each one that failed."""
    return Markup().join(
        card(part.plugin, place, part.problem) if part.problem else part.html
        for part in parts(place, entity_type, **given)
    )


def links(place: str, entity_type: catalog.EntityType | None = None, **given: Any) -> list[Link]:
    """Return the entries that plugins add to a menu; what failed is left out, and noted."""
    return [link for part in parts(place, entity_type, **given) for link in part.links]


def facts(entity_type: catalog.EntityType, record: dict[str, Any]) -> Markup:
    """Return what plugins add to the highlights of a record, each under its label."""
    made = Markup()
    for part in parts("record.highlights", entity_type, record=record):
        shown = card(part.plugin, part.slot.place, part.problem) if part.problem else part.html
        if shown:
            made += Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(part.label, shown)
    return made


def problems(found: list[Drawn]) -> Markup:
    """Return a card for each of the parts that could not be drawn."""
    return Markup().join(
        card(part.plugin, part.slot.place, part.problem) for part in found if part.problem
    )


def tabs(entity_type: catalog.EntityType) -> list[tuple[str, Brought]]:
    """Return the tabs that plugins add to a record's page: a name for the address, the slot."""
    return [(Drawn(*brought).name, brought) for brought in offered("record.tabs", entity_type)]


def tab(brought: Brought, entity_type: catalog.EntityType, **given: Any) -> Markup:
    """Return what a tab shows."""
    made = _drawn(brought, entity_type, given)
    return card(made.plugin, made.slot.place, made.problem) if made.problem else made.html


def _drawn(brought: Brought, entity_type: catalog.EntityType | None, given: Any) -> Drawn:
    plugin, slot = brought
    developing = plugin_host.development() is not None
    try:
        made = plugin_host.draw(plugin, slot.place, partial(_called, brought, entity_type, given))
    except plugin_host.PartFailed as failed:
        problem = plugin_host.trace(failed) if developing else failed.reason
        return Drawn(plugin, slot, problem=problem)
    return _outlined(made) if developing else made


def _outlined(made: Drawn) -> Drawn:
    """Return what a slot has drawn with a line around it that says place and plugin."""
    around = Markup('<{tag} class="dev-slot" data-slot="{place} · {plugin}">{html}</{tag}>')
    said = {"place": made.slot.place, "plugin": made.plugin}
    html = around.format(tag="div", html=made.html, **said) if made.html else made.html
    cells = {key: around.format(tag="span", html=each, **said) for key, each in made.cells.items()}
    return replace(made, html=html, cells=cells)


def _called(brought: Brought, entity_type: catalog.EntityType | None, given: Any) -> Drawn:
    known = {**given, "type": entity_type, "ctx": context()}
    wanted = inspect.signature(brought[1].draw).parameters
    return slots.read(brought[1].draw(**{name: known[name] for name in wanted}), brought)


def _may(permission: str) -> bool:
    actor = context().actor
    return actor is not None and may(actor, permission)


# -- what went wrong ------------------------------------------------------------------------------
def card(plugin: str, part: str, reason: str | None) -> Markup:
    """Return what stands in the place of a part that can't be drawn.

    It names plugin and part; why, and where to go on, it says to those who look after plugins.
    """
    active = plugin_host.current().active
    # What no plugin brings, such as an administrator's own type, is drawn by the desk.
    owner = active.get(plugin) or active[context().plugin]
    said = owner.found.sound.plugin
    knows, name = _may("read"), words.by(said.id, said.name)
    about = plugin if knows and plugin in active else None
    draw = get_template_attribute("desk/ui.html", "failed")
    return Markup(draw(name, part, reason if knows else None, about))  # noqa: S704  # of a template


# -- files ----------------------------------------------------------------------------------------
def styles() -> str:
    """Return the style sheet that brings those of plugins along, in their layer."""
    active = plugin_host.current().active
    return "".join(
        f'@import "{plugin_host.static_url(active[plugin], name)}" layer(plugin);\n'
        for plugin, files in slots.files()
        for name in files.styles
    )


def sheet() -> str:
    """Return the address of that style sheet, which changes with what is in it."""
    return f"/assets/plugins.css?v={hashlib.sha256(styles().encode()).hexdigest()[:12]}"


def scripts() -> list[str]:
    """Return the addresses of the scripts of plugins."""
    active = plugin_host.current().active
    return [
        plugin_host.static_url(active[plugin], name)
        for plugin, files in slots.files()
        for name in files.scripts
    ]
