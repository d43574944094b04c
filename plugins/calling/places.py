"""What the plugin adds to the desk's pages; it works without them, and imports nothing of them."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, Final

from flask import render_template, request
from markupsafe import Markup

from relatum import Context, catalog, clock, hookimpl, may, plugin_host, query, seen, views

from . import progress
from .entities import PEOPLE
from .frame import LIST, TARGET, USE, Row, translated

#: Call backs and lists that the home page shows.
_SHOWN: Final = 6
asking = plugin_host.asking


def _drawn(template: str, **values: Any) -> Markup:
    return Markup(render_template(f"calling/{template}", **values))  # noqa: S704  # of a template


def _to_list(type: Any) -> Markup | None:  # noqa: A002  # what the desk calls it
    """Draw the button by which what a list shows is put on a call list."""
    if not may(asking(), "create", TARGET):
        return None
    return _drawn("_to_list.html", type=type, asked=request.query_string.decode())


def _next(record: Row) -> Markup | None:
    """Draw *Next call* on a list that is active."""
    if record.get("status") != "active" or not may(asking(), "update", TARGET):
        return None
    return _drawn("_next.html", list=record["id"])


def _progress(record: Row) -> Markup:
    """Draw how far a list is, and whom it can be filled with."""
    actor = asking()
    known = seen(actor, plugin_host.language())
    found = progress.progress_of(record["id"], actor=actor, zone=catalog.zone_of(actor.timezone))
    ways = [
        (known.type(name), [v for v in views.list_views(name, actor=actor) if not v["broken"]])
        for name in PEOPLE if name in known.types and may(actor, "create", TARGET)
    ]  # fmt: skip
    return _drawn("_progress.html", list=record, progress=found, ways=ways)


def _home(ctx: Context) -> Markup | None:
    """Draw the call backs that whoever looks has promised, and the lists that call."""
    actor = asking()
    known = seen(actor, plugin_host.language())
    own = known.types[LIST].fields if LIST in known.types and TARGET in known.types else {}
    if not {"name", "status"} <= own.keys():
        return None
    active = {"field": "status", "op": "eq", "value": "active"}
    body = {"filter": active, "sort": ["name"], "fields": ["name"], "limit": _SHOWN}
    lists = query.page(query.from_json(LIST, body, actor=actor)).records
    if not lists:
        return None
    return _drawn("_home.html", lists=lists, backs=_call_backs(known), now=clock.now())


def _call_backs(known: Any) -> query.Page | None:
    """Return the call backs due today that whoever looks has promised."""
    own = known.type(TARGET).fields
    names = [n for n in ("list", "lead", "contact", "next_call_at", "note") if n in own]
    if not {"state", "caller", "next_call_at", "list"} <= own.keys():
        return None
    body = {
        "filter": {"and": [
            {"field": "state", "op": "eq", "value": "call_back"},
            {"field": "caller", "op": "eq", "value": "me"},
            {"field": "list.status", "op": "eq", "value": "active"},
            {"field": "next_call_at", "op": "lt", "value": _midnight()},
        ]},
        "sort": ["next_call_at", "id"], "fields": names, "limit": _SHOWN,
    }  # fmt: skip
    return query.page(query.from_json(TARGET, body, actor=asking()))


def _midnight() -> str:
    """Return when the day of whoever looks is over, by the clocks of his zone."""
    own = catalog.zone_of(asking().timezone)
    tomorrow = clock.now().astimezone(own).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, own).isoformat()


def _links() -> list[dict[str, str]]:
    return [
        {"label": translated("Call lists"), "href": f"/records/{LIST}", "icon": "phone-outgoing"}
    ]


def _selected(type: Any) -> list[dict[str, str]]:  # noqa: A002  # what the desk calls it
    """Offer to put what is selected on a call list."""
    label = translated("Put on a call list")
    return [{"label": label, "href": f"/x/calling/fill/{type.name}", "icon": "phone-plus"}]


SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "list.actions", "draw": _to_list, "types": PEOPLE, "permission": USE, "order": 50},
    {"place": "list.selected", "draw": _selected, "types": PEOPLE, "permission": USE},
    {"place": "record.actions", "draw": _next, "types": (LIST,), "permission": USE, "order": 10},
    {
        "place": "record.timeline",
        "draw": _progress,
        "types": (LIST,),
        "permission": USE,
        "order": 10,
    },
    {"place": "home.main", "draw": _home, "permission": USE, "order": 20},
    {"place": "palette.commands", "draw": _links, "permission": USE},
]


# -- the hooks of the desk, which there may be none of ---------------------------------------------
@hookimpl(optionalhook=True)
def desk_slots() -> list[dict[str, Any]]:
    """Put *Next call* and progress on a list, and call backs where one begins."""
    return SLOTS


@hookimpl(optionalhook=True)
def desk_files() -> dict[str, Any]:
    """Bring the styles of the pages."""
    return {"styles": ("calling.css",)}
