"""The pages in the desk: what one was told, how one wants to hear of it, and following."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from relatum import RelatumError, plugin_host, query, records, requires, roles

from . import choices, following, reading
from .frame import USE, asking, away, is_fragment, me, render
from .kinds import MAILS

PAGES: Final = Blueprint("pages", __name__, template_folder="templates", static_folder="static")
#: Notifications of a page, and of the panel beside any page.
_PAGE, _PANEL = 50, 20
#: People that are offered after an @.
_OFFERED: Final = 8


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isdecimal() and len(text) <= 16 else None


# -- what one was told ----------------------------------------------------------------------------
@PAGES.get("/")
@requires(USE)
def listed() -> Response:
    """Show what one was told, newest first; `new` leaves out what was read."""
    new = request.args.get("new") == "1"
    shown = reading.page(actor=asking(), limit=_PAGE, before=_number("before"), new=new)
    return render("list.html", page=shown, new=new, unread=reading.unread(actor=asking()))


@PAGES.get("/panel")
@requires(USE)
def panel() -> Response:
    """Show the newest ones beside the page that is open."""
    if not is_fragment():
        return listed()
    shown = reading.page(actor=asking(), limit=_PANEL)
    return render("_panel.html", page=shown, unread=reading.unread(actor=asking()))


@PAGES.get("/bell")
@requires(USE)
def bell() -> Response:
    """Say how many are unread, to a page that asks again and again: 304 if nothing is new."""
    made = render("_bell.html", unread=reading.unread(actor=asking()), most=reading.MOST)
    made.headers["Cache-Control"] = "private, no-cache"
    made.add_etag()
    made.make_conditional(request)
    return made


@PAGES.post("/<int:notice>/open")
@requires(USE)
def opened(notice: int) -> Response:
    """Let one be read, and go to what it is about."""
    line = reading.mark(notice, read=True, actor=asking())
    return away(line.address or "/x/notifications/")


@PAGES.post("/<int:notice>/read")
@requires(USE)
def read(notice: int) -> Response:
    """Let one be read, or unread with `unread` in the form."""
    line = reading.mark(notice, read=request.form.get("unread") != "1", actor=asking())
    if not is_fragment():
        return away("/x/notifications/")
    return render("_line.html", line=line)


@PAGES.post("/read")
@requires(USE)
def read_all() -> Response:
    """Let all be read."""
    reading.mark_all(actor=asking())
    return panel() if is_fragment() else away("/x/notifications/")


# -- how one hears of it --------------------------------------------------------------------------
@PAGES.get("/choices")
@requires(USE)
def chosen() -> Response:
    """Ask how one wants to hear of what."""
    found = choices.of(actor=asking(), language=plugin_host.language())
    return render("choices.html", kinds=found, mails=MAILS, saved=request.args.get("saved"))


@PAGES.post("/choices")
@requires(USE)
def choose() -> Response:
    """Keep how one wants to hear of what."""
    form = request.form
    given = {
        kind.name: {"desk": f"desk-{kind.name}" in form, "mail": form.get(f"mail-{kind.name}")}
        for kind in choices.of(actor=asking(), language=plugin_host.language())
    }
    choices.choose(given, actor=asking())
    return away("/x/notifications/choices?saved=1")


# -- following ------------------------------------------------------------------------------------
def require_seen(type_name: str, record_id: int) -> None:
    """Let pass who sees a record; everybody else is told that there is none."""
    records.get(type_name, record_id, actor=asking())


@PAGES.post("/follow/<type_name>/<int:record>")
@requires(USE)
def follow(type_name: str, record: int) -> Response:
    """Follow a record, or stop it with `stop` in the form."""
    require_seen(type_name, record)
    stops = request.form.get("stop") == "1"
    if stops:
        following.unfollow(record, me())
    else:
        following.follow([record], [me()], again=True)
    if not is_fragment():
        return away(f"/records/{type_name}/{record}")
    return render("_follow.html", type_name=type_name, id=record, follows=not stops)


# -- mentions -------------------------------------------------------------------------------------
@PAGES.get("/people")
@requires(USE)
def people() -> Response:
    """Return people whose names begin as is written after an @, and whether they see a record."""
    words, actor = request.args.get("q", "")[:80], asking()
    asked: dict[str, Any] = {
        "filter": {"and": [
            {"field": "active", "op": "eq", "value": True},
            {"field": "service", "op": "eq", "value": False},
            *([{"field": "name", "op": "contains", "value": words}] if words else []),
        ]},
        "fields": ["name"], "sort": ["name"], "limit": _OFFERED,
    }  # fmt: skip
    found = query.page(query.from_json("user", asked, actor=actor)).records
    see = _seers(request.args.get("type", ""), _number("id"), [row["id"] for row in found])
    return jsonify(
        people=[
            {"id": row["id"], "name": row["name"], "sees": see is None or row["id"] in see}
            for row in found
        ]
    )


def _seers(type_name: str, record: int | None, users: list[int]) -> set[int] | None:
    """Return who of some users sees a record; None for one that whoever asks does not see."""
    if record is None:
        return None
    try:
        require_seen(type_name, record)
    except RelatumError:
        return None
    return set(roles.seers({record: users}).get(record, {}))
