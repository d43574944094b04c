"""What conversion adds to the desk's pages; it works without them, and imports nothing of them."""

from __future__ import annotations

from typing import Any, Final

from flask import render_template
from markupsafe import Markup

from relatum import Context, may, plugin_host, query, seen

from . import leads, origins
from .api import CONVERT
from .mapping import ACCOUNT, CONTACT, DEAL, LEAD
from .several import SEVERAL


def _button(ctx: Context, record: dict[str, Any]) -> Markup | None:
    """Draw *Convert* where a lead can be converted."""
    actor = ctx.actor
    linked = record.get(ACCOUNT) is not None or record.get(CONTACT) is not None
    if actor is None or not may(actor, "update", LEAD) or (linked and leads.is_qualified(record)):
        return None
    return Markup(render_template("sales/_button.html", lead=record["id"]))  # noqa: S704  # of a template


def _origin(ctx: Context, record: dict[str, Any]) -> Markup | None:
    """Draw what points to the lead that a deal came of."""
    lead, actor = record.get(LEAD), ctx.actor
    if lead is None or actor is None or not origins.visible(lead, actor=actor):
        return None
    known = seen(actor, plugin_host.language())
    label = query.labels([lead], actor=actor).get(str(lead), {}).get("label", "")
    found = origins.groups(lead, known, actor=actor)
    drawn = render_template("sales/_origin.html", lead=lead, label=label, groups=found)
    return Markup(drawn)  # noqa: S704  # of a template


def _several(ctx: Context) -> list[dict[str, str]] | None:
    """Offer to convert the leads that are selected."""
    if ctx.actor is None or not may(ctx.actor, "update", LEAD):
        return None
    label = plugin_host.translated("Convert")
    return [{"label": label, "href": SEVERAL, "icon": "arrow-right"}]


SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "record.actions", "draw": _button, "types": (LEAD,), "permission": CONVERT},
    {"place": "list.selected", "draw": _several, "types": (LEAD,), "permission": CONVERT},
    {"place": "record.main", "draw": _origin, "types": (DEAL,)},
]
