"""Gifts: an example of a plugin that fills every place of the desk's pages."""

from __future__ import annotations

import time

from flask import Blueprint, render_template_string
from markupsafe import Markup

from relatum import Permission, Plugin, Routes, context, hookimpl, requires
from relatum.plugins.desk import Files, Link, Slot

plugin = Plugin(id="gifts", name="Gifts", version="1.0.0", requires={"desk": ""})


def drawn(text, **values):
    """Return a line of HTML, its values escaped."""
    return Markup("<span class='gifts'>{}</span>").format(text.format(**values))


def line(place):
    """Return a function that draws the name of a place."""
    return lambda: drawn(f"gifts {place}")


def panel(type, record, ctx):  # noqa: A002  # what the desk calls it
    """Draw what a record has got, and where from."""
    return drawn(
        "{label} by {plugin} for {actor}",
        label=type.label_of_wire(record), plugin=ctx.plugin, actor=ctx.actor.name,
    )  # fmt: skip


def cells(records):
    """Draw a line for each of many records."""
    return {record["id"]: drawn("gift {id}", id=record["id"]) for record in records}


def after(fields):
    """Draw a line after one field of a form."""
    return {field.name: drawn("after {name}", name=field.name) for field in fields[:1]}


def link(place):
    """Return a function that gives a link."""
    return lambda: [Link(f"Link {place}", "/x/gifts/page", "gift")]


def wrong():
    """Fail."""
    raise IndexError("no <b>gift</b> is there")


def slow():
    """Take long."""
    time.sleep(0.06)
    return drawn("slow gifts")


@hookimpl
def desk_slots():
    """Fill every place, some of them badly."""
    lines = (
        "nav.top",
        "nav.bar",
        "nav.after",
        "settings.section",
        "login.after",
        "home.main",
        "home.side",
    )
    return [
        *(Slot(place=place, draw=line(place)) for place in lines),
        *(
            Slot(place=place, draw=link(place))
            for place in ("menu.plugin", "menu.workspace", "palette.commands", "list.selected")
        ),
        Slot(place="list.actions", draw=line("list.actions")),
        Slot(place="calendar.actions", draw=line("calendar.actions")),
        Slot(place="list.column", label="Gifts", draw=cells),
        Slot(place="board.card", draw=cells),
        Slot(place="record.actions", draw=line("record.actions"), types=("x_company",)),
        Slot(place="record.menu", draw=lambda: [Link("Wrap", "/x/gifts/wrap", post=True)]),
        Slot(place="record.highlights", label="Presents", draw=panel),
        Slot(place="record.timeline", draw=line("record.timeline")),
        Slot(place="record.tabs", label="All gifts", draw=panel),
        Slot(place="record.main", draw=wrong, order=50),
        Slot(place="record.main", draw=line("record.main")),
        Slot(place="record.side", draw=panel),
        Slot(place="record.side", draw=slow),
        Slot(place="record.side", draw=lambda: drawn("secret"), permission="gifts.see"),
        Slot(place="form.after_field", draw=after),
    ]


@hookimpl
def desk_files():
    """Bring a style sheet and a script."""
    return Files(styles=("gifts.css",), scripts=("gifts.js",))


@hookimpl
def relatum_permissions():
    """Name who may see secrets."""
    return [Permission("gifts.see", "See secret gifts")]


pages = Blueprint("pages", __name__, static_folder="static")


@pages.get("/page")
@requires("gifts.see")
def page():
    """Show a page in the frame of the desk."""
    return render_template_string(
        "{% extends 'desk/layout.html' %}{% block title %}Gifts{% endblock %}"
        "{% block main %}<h1>Gifts of {{ plugin }}</h1>"
        "{{ u.lazy('/x/gifts/panel') }}{% endblock %}",
        plugin=context().plugin,
    )


@pages.get("/panel")
@requires("gifts.see")
def later():
    """Draw a panel that is fetched when it is seen."""
    return "<p>There it is</p>"


@hookimpl
def relatum_routes():
    """Bring the pages."""
    return Routes(pages=pages)
