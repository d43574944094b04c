"""What the plugin adds to the desk's pages; it works without them, and imports nothing of them."""

from __future__ import annotations

from typing import Any, Final

from flask import render_template
from markupsafe import Markup

from relatum import Context, hookimpl, query, seen

from . import day, feed_pages, panel
from .frame import USE, asking, zone
from .words import translated


def _card() -> Markup:
    """Draw the card of my day on the home page."""
    values = day.shown(asking(), zone())
    return Markup(render_template("activities/_card.html", **values))  # noqa: S704  # of a template


def _links() -> list[dict[str, str]]:
    return [{"label": translated("My day"), "href": "/x/activities/", "icon": "sun"}]


def _ticks(ctx: Context, records: list[dict[str, Any]]) -> dict[int, Markup]:
    """Draw the box of each task of a list, in one query."""
    actor = asking()
    known = seen(actor).type("task")
    if "status" not in known.fields or not records:
        return {}
    titled = [field.name for field in known.title_fields]
    asked = {
        "filter": {"field": "id", "op": "in", "value": [row["id"] for row in records]},
        "fields": list(dict.fromkeys(["status", *titled])), "limit": len(records),
    }  # fmt: skip
    rows = query.page(query.from_json("task", asked, actor=actor)).records
    category = {option.value: option.category for option in known.fields["status"].options}
    return {
        row["id"]: Markup(  # noqa: S704  # of a template
            render_template(
                "activities/_tick.html", id=row["id"], label=known.label_of_wire(row),
                done=category[row["status"]] == "done",
            )
        )
        for row in rows
    }  # fmt: skip


SLOTS: Final[list[dict[str, Any]]] = [
    *panel.SLOTS,
    {"place": "home.main", "draw": _card, "permission": USE, "order": 10},
    *feed_pages.SLOTS,
    {"place": "menu.workspace", "draw": _links, "permission": USE},
    {"place": "palette.commands", "draw": _links, "permission": USE},
    {"place": "list.column", "draw": _ticks, "types": ("task",), "label": "Complete",
     "permission": USE},
]  # fmt: skip


# -- the hooks of the desk, which there may be none of ---------------------------------------------
@hookimpl(optionalhook=True)
def desk_slots() -> list[dict[str, Any]]:
    """Put the timeline on every record, and my day where one begins, if there is a desk."""
    return SLOTS


@hookimpl(optionalhook=True)
def desk_files() -> dict[str, Any]:
    """Bring the styles and the script of the composer."""
    return {"styles": ("activities.css",), "scripts": ("activities.js",)}
