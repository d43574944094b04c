"""What the desk shows: by which form a record came, and where a form is."""

from __future__ import annotations

from typing import Any, Final

from flask import render_template, url_for
from markupsafe import Markup

from relatum import Context, catalog, may, query


def came(
    ctx: Context,
    type: catalog.EntityType,  # noqa: A002  # what the slot calls it
    record: dict[str, Any],
) -> Markup | None:
    """Return how a record came in by a form; None if it did not, or one may not see that."""
    assert ctx.actor is not None
    if type.name.startswith("web_form") or not may(ctx.actor, "read", "web_form_entry"):
        return None
    asked = {
        "filter": {"and": [{"field": "made_type", "value": type.name},
                           {"field": "made_id", "value": record["id"]}]},
        "limit": 1,
    }  # fmt: skip
    page = query.page(query.from_json("web_form_entry", asked, actor=ctx.actor))
    if not page.records:
        return None
    entry = page.records[0]
    form = page.labels.get(str(entry.get("form")), {}).get("label")
    drawn = render_template("intake/came.html", entry=entry, form=form)
    return Markup(drawn)  # noqa: S704  # of a template


def where(record: dict[str, Any]) -> Markup | None:
    """Return where the page of a form is."""
    if not record.get("address"):
        return None
    address = url_for("x_intake.show", address=record["address"], _external=True)
    drawn = render_template("intake/where.html", address=address, active=record["active"])
    return Markup(drawn)  # noqa: S704  # of a template


SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "record.side", "draw": came},
    {"place": "record.side", "draw": where, "types": ["web_form"]},
]
