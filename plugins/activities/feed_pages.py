"""The calendar elsewhere: the secret address of one's own, what it shows, a meeting as a file."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from flask import Response, render_template, request
from markupsafe import Markup
from werkzeug.utils import secure_filename

from relatum import RelatumError, limits, links, records, requires

from . import agenda, feed, icalendaring
from .frame import PAGES, USE, asking, away, known, render
from .words import translated

_TYPE: Final = "text/calendar; charset=utf-8"


# -- for programs -----------------------------------------------------------------------------
@PAGES.get("/feed/<secret>.ics")
@requires(public=True)
def feed_of(secret: str) -> Response:
    """Send the calendar of whoever has made the address, to whoever knows it."""
    actor = feed.holder(secret)
    if actor is None:
        limits.count_address()
        raise RelatumError("not_found", path="/x/activities/feed/")
    limits.count_account(f"calendar {actor.user_id}")
    name = translated("{name}: tasks and meetings", name=actor.name)
    body = icalendaring.text(agenda.of(actor), name=name, address=links.of_page(""))
    made = Response(body, content_type=_TYPE)
    made.headers["Cache-Control"] = "private, no-cache"
    made.headers["X-Robots-Tag"] = "noindex"
    made.set_etag(hashlib.sha256(body).hexdigest())
    made.make_conditional(request)
    return made


@PAGES.get("/meetings/<int:meeting>.ics")
@requires(USE)
def meeting_file(meeting: int) -> Response:
    """Send one meeting as a file."""
    row = records.get("meeting", meeting, actor=asking())
    entity_type = known().type("meeting")
    needed = {"starts_at", "ends_at"}
    if not needed <= entity_type.fields.keys():
        raise RelatumError("not_found", path=request.path)
    label = entity_type.label_of_wire(row)
    shown = agenda.of_meeting({**row, "label": label}, asking())
    body = icalendaring.text(shown, name=label, address=links.of_page(""))
    made = Response(body, content_type=_TYPE)
    file = f"{secure_filename(label) or 'meeting'}.ics"
    made.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    made.headers["X-Content-Type-Options"] = "nosniff"
    return made


# -- for people -------------------------------------------------------------------------------
@PAGES.get("/feed")
@requires(USE)
def feed_page() -> Response:
    """Say whether there is an address, and offer to make one."""
    return _page()


@PAGES.post("/feed")
@requires(USE)
def make_feed() -> Response:
    """Make a new address in place of the one before, and show it, only this once."""
    path = f"/x/activities/feed/{feed.make(actor=asking())}.ics"
    base = links.of_page("") or request.host_url.rstrip("/")
    made = _page(address=base + path)
    made.headers["Cache-Control"] = "no-store"
    return made


@PAGES.post("/feed/drop")
@requires(USE)
def drop_feed() -> Response:
    """Let the address lead nowhere from now on."""
    feed.drop(actor=asking())
    return away("/x/activities/feed")


def _page(address: str | None = None) -> Response:
    return render("feed.html", address=address, made_at=feed.made_at(actor=asking()))


def _account() -> Markup:
    """Draw the way to the address on the page of one's account."""
    return Markup(render_template("activities/_feed.html"))  # noqa: S704  # of a template


def _file(record: dict[str, Any]) -> list[dict[str, str]]:
    href = f"/x/activities/meetings/{record['id']}.ics"
    return [{"label": translated("Calendar file"), "href": href, "icon": "calendar-down"}]


SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "settings.section", "draw": _account, "permission": USE},
    {"place": "record.menu", "draw": _file, "permission": USE, "types": ("meeting",)},
]
