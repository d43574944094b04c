"""The panel beside a record: when what it is about ends."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, render_template
from markupsafe import Markup

from relatum import clock

from .entities import SHOWN

PAGES = Blueprint("pages", __name__, template_folder="templates", static_folder="static")


def draw(record: dict[str, Any]) -> Markup:
    """Return the panel of a record, which is a dict of values as the API has them."""
    ends = record.get("loyalty_until") or record.get("ends_on")
    days = (date.fromisoformat(str(ends)) - clock.now().date()).days if ends else None
    return Markup(render_template("loyalty/panel.html", days=days))


SLOTS: list[dict[str, Any]] = [{"place": "record.side", "draw": draw, "types": SHOWN}]
