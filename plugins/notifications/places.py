"""What notifications add to the desk's pages: the bell, and a button on every record."""

from __future__ import annotations

from typing import Any, Final

from flask import g, render_template
from markupsafe import Markup

from relatum import Context, plugin_host

from . import reading
from .frame import USE, own, table

#: Where one request keeps what it has counted: two places of a page show it.
_COUNTED: Final = "notifications_unread"


def _unread(ctx: Context) -> int:
    if _COUNTED not in g:
        assert ctx.actor is not None
        setattr(g, _COUNTED, reading.unread(actor=ctx.actor))
    return int(getattr(g, _COUNTED))


def _drawn(template: str, **values: Any) -> Markup:
    return Markup(render_template(f"notifications/{template}", **values))  # noqa: S704


def bell(ctx: Context) -> Markup | None:
    """Draw the bell in the sidebar, which asks again while the page is looked at."""
    return _drawn("bell.html", unread=_unread(ctx), most=reading.MOST)


def bar(ctx: Context) -> Markup | None:
    """Draw the bell in the bar of a phone; a script keeps it like the other."""
    return _drawn("_bar.html", unread=_unread(ctx), most=reading.MOST)


def button(type: Any, record: dict[str, Any], ctx: Context) -> Markup | None:  # noqa: A002
    """Draw the button that follows a record, or stops it."""
    assert ctx.actor is not None
    rows = table("follow").select({"record": record["id"], "person": ctx.actor.user_id}, limit=1)
    mine = record.get("owner") == ctx.actor.user_id and own().settings["owner_follows"]
    follows = not rows[0]["stopped"] if rows else mine
    return _drawn("_follow.html", type_name=type.name, id=record["id"], follows=follows)


def _choices() -> list[dict[str, str]]:
    translated = plugin_host.translated
    return [
        {"label": translated("Notifications"), "href": "/x/notifications/", "icon": "bell"},
        {
            "label": translated("Choose what you hear of"),
            "href": "/x/notifications/choices",
            "icon": "bell",
        },
    ]


SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "nav.top", "draw": bell, "permission": USE},
    {"place": "nav.bar", "draw": bar, "permission": USE},
    {"place": "record.actions", "draw": button, "permission": USE, "order": 200},
    {"place": "palette.commands", "draw": _choices, "permission": USE},
]
