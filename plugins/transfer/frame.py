"""What all pages of transfer have: their blueprint, the frame of the desk, and who asks."""

from __future__ import annotations

from functools import partial
from typing import Final

from flask import Blueprint

from relatum import catalog, plugin_host, seen

PAGES: Final = Blueprint("pages", __name__, template_folder="templates", static_folder="static")
asking, away, is_fragment = plugin_host.asking, plugin_host.away, plugin_host.is_fragment
#: Draws a page in the frame of the desk; without the desk there are no pages.
render: Final = partial(plugin_host.page, within="desk")


def known() -> catalog.Catalog:
    """Return the data model as the reader sees it, called as people call it in his language."""
    return seen(asking(), plugin_host.language())


def types() -> list[catalog.EntityType]:
    """Return the types that files go into."""
    found = known().types.values()
    return sorted((t for t in found if t.trashed_in is None), key=lambda t: t.plural.casefold())
