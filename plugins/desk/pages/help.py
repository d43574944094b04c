"""The help pages, as they come with the program and its plugins: read, searched, found in place."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from relatum import manual

from .. import ui, words

#: The help page of what is not about a type, by the first part of its address.
_ABOUT: Final = {
    "model": "entity-types", "plugins": "plugins", "account": "people", "about": "start",
    "changes": "records", "mail": "mail", "roles": "access",
}  # fmt: skip


@ui.page("/help/", public=True)
def help_list() -> Response:
    """List the help pages, or their sections that hold some words; or lead to what is `at` one."""
    if "at" in request.args:
        return ui.away(f"/help/{_about(request.args['at'])}")
    asked = request.args.get("q", "").strip()[:200]
    found = manual.search(asked) if asked else []
    return ui.render("help_list.html", pages=manual.titles(), asked=asked, found=found)


@ui.page("/help/<name>", public=True)
def help_page(name: str) -> Response:
    """Show a help page."""
    return ui.render("help.html", page=manual.read(name), pages=manual.titles())


def _about(address: str) -> str:
    """Return the name of the help page about a page: that of the plugin whose type it shows."""
    first, _, rest = address.strip("/").partition("/")
    shown = words.known().types.get(rest.partition("/")[0]) if first == "records" else None
    if shown is not None and shown.owner in manual.titles():
        return shown.owner
    return _ABOUT.get(first, "desk")
