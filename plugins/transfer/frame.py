"""What all pages of transfer have: their blueprint, the frame of the desk, and who asks."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, redirect, render_template, request

from relatum import Actor, RelatumError, catalog, context, plugin_host, seen

PAGES: Final = Blueprint("pages", __name__, template_folder="templates", static_folder="static")


def asking() -> Actor:
    """Return who asks; only where somebody is signed in."""
    found = context().actor
    assert found is not None
    return found


def render(template: str, status: int = 200, **values: Any) -> Response:
    """Return a page in the frame of the desk; without the desk there are no pages."""
    if "desk" not in plugin_host.current().active:
        raise RelatumError("not_found", path=request.path)
    body = render_template(f"transfer/{template}", **values)
    return Response(body, status, mimetype="text/html")


def known() -> catalog.Catalog:
    """Return the data model as the reader sees it, called as people call it in his language."""
    return seen(asking(), plugin_host.language())


def away(address: str) -> Response:
    """Send the browser to another page."""
    return Response(redirect(address, 303).get_data(), 303, {"Location": address})


def types() -> list[catalog.EntityType]:
    """Return the types that files go into."""
    found = known().types.values()
    return sorted((t for t in found if t.trashed_in is None), key=lambda t: t.plural.casefold())
