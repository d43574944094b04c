"""The calls below /api/x/notifications: one's own notifications, follows and choices."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request

from relatum import RelatumError, body, languages, requires

from . import choices, following, reading
from .frame import USE, asking, me
from .pages import require_seen

API: Final = Blueprint("api", __name__)
_LIMIT: Final = 200


def _whole(name: str, usual: int | None) -> int | None:
    text = request.args.get(name)
    if text is None:
        return usual
    if not text.isdecimal() or len(text) > 16:
        raise RelatumError("bad_parameter", name=name, reason="it must be a whole number")
    return int(text)


@API.get("/")
@requires(USE)
def listed() -> Response:
    """Return one's notifications, newest first; `unread=1` leaves out what was read."""
    limit = _whole("limit", 50) or 0
    if not 1 <= limit <= _LIMIT:
        raise RelatumError("bad_parameter", name="limit", reason=f"it must be 1 to {_LIMIT}")
    new = request.args.get("unread") == "1"
    before = _whole("before", None)
    page = reading.page(
        actor=asking(), limit=limit, before=before, new=new, language=languages.FIRST
    )
    return jsonify(notifications=[line.as_json() for line in page.lines], next=page.next)


@API.get("/count")
@requires(USE)
def count() -> Response:
    """Return how many are unread; `more` says that there are more than that."""
    found = reading.unread(actor=asking())
    made = jsonify(unread=min(found, reading.MOST), more=found > reading.MOST)
    made.add_etag()
    made.make_conditional(request)
    return made


@API.post("/<int:notice>/read")
@requires(USE)
def read(notice: int) -> Response:
    """Let one be read."""
    return _marked(notice, read=True)


@API.post("/<int:notice>/unread")
@requires(USE)
def unread(notice: int) -> Response:
    """Let one be unread."""
    return _marked(notice, read=False)


def _marked(notice: int, *, read: bool) -> Response:
    line = reading.mark(notice, read=read, actor=asking(), language=languages.FIRST)
    return jsonify(line.as_json())


@API.post("/read")
@requires(USE)
def read_all() -> Response:
    """Let all be read; return how many were not."""
    return jsonify(read=reading.mark_all(actor=asking()))


@API.get("/follows/<type_name>/<int:record>")
@requires(USE)
def follows(type_name: str, record: int) -> Response:
    """Say whether one follows a record."""
    require_seen(type_name, record)
    return jsonify(follows=following.state(record, me()))


@API.put("/follows/<type_name>/<int:record>")
@requires(USE)
def follow(type_name: str, record: int) -> Response:
    """Follow a record."""
    require_seen(type_name, record)
    following.follow([record], [me()], again=True)
    return jsonify(follows=True)


@API.delete("/follows/<type_name>/<int:record>")
@requires(USE)
def unfollow(type_name: str, record: int) -> Response:
    """Stop following a record."""
    require_seen(type_name, record)
    following.unfollow(record, me())
    return jsonify(follows=False)


@API.get("/choices")
@requires(USE)
def chosen() -> Response:
    """Return how one hears of each kind."""
    found = choices.of(actor=asking(), language=languages.FIRST)
    return jsonify(
        choices={c.name: {"label": c.label, "desk": c.desk, "mail": c.mail} for c in found}
    )


@API.put("/choices")
@requires(USE)
def choose() -> Response:
    """Set how one hears of some kinds: {"choices": {kind: {"desk": true, "mail": "daily"}}}."""
    named = body().get("choices")
    if not isinstance(named, dict):
        reason = "it must be an object of kinds"
        raise RelatumError("bad_parameter", name="choices", reason=reason)
    choices.choose(named, actor=asking())
    return chosen()
