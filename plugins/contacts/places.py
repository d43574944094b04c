"""What contacts bring to the desk's pages, which there may be none of."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, render_template
from markupsafe import Markup

from relatum import Actor, Context, catalog, hookimpl, may, plugin_host, query, seen

from . import dashboards

#: Only for its templates: contacts have no pages of their own.
PAGES: Final = Blueprint("pages", __name__, template_folder="templates")
_SHOWN: Final = 20


def _connections(
    ctx: Context,
    type: catalog.EntityType,  # noqa: A002  # what the slot calls it
    record: dict[str, Any],
) -> Markup | None:
    """Return what a record is to others, from wherever that was said; None if nothing was."""
    actor = ctx.actor
    assert actor is not None
    fields = _fields(actor)
    if type.name == "connection" or not {"one", "other"} <= set(fields):
        return None
    here = [{"field": end, "value": record["id"]} for end in ("one", "other")]
    asked = {
        "filter": {"or": here}, "limit": _SHOWN, "sort": ["-id"],
        "fields": fields,
    }  # fmt: skip
    page = query.page(query.from_json("connection", asked, actor=actor))
    if not page.records:
        return None
    rows = [_row(row, record["id"], page.labels) for row in page.records]
    drawn = render_template(
        "contacts/_connections.html", rows=[row for row in rows if row], record=record["id"],
        more=page.next is not None, adds=may(actor, "create", "connection"),
    )  # fmt: skip
    return Markup(drawn)  # noqa: S704  # of a template


def _fields(actor: Actor) -> list[str]:
    """Return what is shown of connections, of what the actor sees."""
    known = seen(actor).types
    own = known["connection"].fields if "connection" in known else {}
    found = [name for name in ("one", "other", "valid_from", "valid_to", "note") if name in own]
    role = known["connection_role"].fields if "role" in own else {}
    return [*found, *(f"role.{name}" for name in ("name", "reverse") if name in role)]


def _row(row: dict[str, Any], here: int, labels: dict[str, Any]) -> dict[str, Any] | None:
    """Return a connection as it reads from a record; None if one does not see the other."""
    away = row["other"] if row["one"] == here else row["one"]
    name = row.get("role.name") or plugin_host.translated("Connection")
    role = name if row["one"] == here else row.get("role.reverse") or name
    found = labels.get(str(away))
    return None if found is None else {**row, "away": away, "role": role, **found}


def _connect(
    ctx: Context,
    type: catalog.EntityType,  # noqa: A002  # as above
    record: dict[str, Any],
) -> list[dict[str, Any]] | None:
    """Return the way to connect a record with another one."""
    assert ctx.actor is not None
    if type.name.startswith("connection") or not may(ctx.actor, "create", "connection"):
        return None
    href = f"/records/connection/new?one={record['id']}"
    label = plugin_host.translated("Connect with another record")
    return [{"label": label, "href": href, "icon": "arrows-exchange"}]


_SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "record.main", "draw": _connections},
    {"place": "record.menu", "draw": _connect},
]


@hookimpl(optionalhook=True)
def desk_slots() -> list[dict[str, Any]]:
    """Show what a record is to others, and lead to connecting it."""
    return _SLOTS


@hookimpl(optionalhook=True)
def desk_dashboards() -> list[dict[str, Any]]:
    """Bring the dashboard of companies and people."""
    return dashboards.DASHBOARDS
