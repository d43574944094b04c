"""The first page: what there is, and for an instance without anything, where to begin."""

from __future__ import annotations

from flask import Response

from .. import menu, ui


@ui.page("/")
def start() -> Response:
    """Lead to the first list; without any type of records say where to begin."""
    found = [group for group in menu.groups() if group.items]
    own = [group for group in found if group.items[0].name not in ("user", "team")]
    if own:
        return ui.away(own[0].items[0].address)
    return ui.render("start.html")
