"""What all pages of the plugin have: their blueprint, the frame of the desk, and who asks."""

from __future__ import annotations

from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import orjson
from flask import Blueprint, Response

from relatum import catalog, changes, plugin_host, seen

#: What people need to see timelines and their day; what is in them goes by their other rights.
USE: Final = "activities.use"
PAGES: Final = Blueprint("pages", __name__, template_folder="templates", static_folder="static")
asking, away, is_fragment = plugin_host.asking, plugin_host.away, plugin_host.is_fragment
#: Draws a page in the frame of the desk; without the desk there are no pages.
render: Final = partial(plugin_host.page, within="desk")


def zone() -> ZoneInfo:
    """Return the time zone of whoever asks: his own, else the instance's."""
    return catalog.zone_of(asking().timezone)


def known() -> catalog.Catalog:
    """Return the data model as the reader sees it, called as people call it in his language."""
    return seen(asking(), plugin_host.language())


def way_back(address: str) -> str:
    """Return an address that a form sent to come back to, if it is one here; else the day."""
    inside = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if inside else "/x/activities/"


def said(answer: Response, text: str) -> Response:
    """Let a short message appear that says what was just written, with the way to take it back."""
    number = changes.number()
    undo = None if number is None else f"/changes/{number}/undo"
    told = {"ui:toast": {"text": text, "undo": undo, "kind": "ok"}}
    answer.headers["HX-Trigger"] = orjson.dumps(told).decode("ascii", "backslashreplace")
    return answer
