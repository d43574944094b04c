"""What transfer adds to the desk's pages; it works without them, and imports nothing of them."""

from __future__ import annotations

from typing import Any, Final

from flask import render_template, request
from markupsafe import Markup

from relatum import plugin_host

from .api import EXPORT, IMPORT


def _exports(type: Any) -> Markup:  # noqa: A002  # what the desk calls it
    """Draw the menu beside a list: its records as a file, with its filters."""
    drawn = render_template("transfer/_menu.html", type=type, asked=request.query_string.decode())
    return Markup(drawn)  # noqa: S704  # of a template


def _links() -> list[dict[str, str]]:
    label = plugin_host.translated("Import a file")
    return [{"label": label, "href": "/x/transfer/", "icon": "table-import"}]


SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "list.actions", "draw": _exports, "permission": EXPORT},
    {"place": "palette.commands", "draw": _links, "permission": IMPORT},
]
