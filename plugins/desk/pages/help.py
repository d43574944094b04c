"""The help pages, as they come with the program and its plugins."""

from __future__ import annotations

from flask import Response

from relatum import context, manual

from .. import ui


@ui.page("/help/", public=True)
def help_list() -> Response:
    """List the help pages."""
    return ui.render("help_list.html", pages=manual.titles(context().home))


@ui.page("/help/<name>", public=True)
def help_page(name: str) -> Response:
    """Show a help page."""
    home = context().home
    return ui.render("help.html", page=manual.read(name, home), pages=manual.titles(home))
