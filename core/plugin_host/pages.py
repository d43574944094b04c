"""What the pages of plugins share: who asks, the frame they stand in, and the way to another."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from flask import Response, current_app, redirect, render_template, request

from .. import db
from ..actor import Actor
from ..errors import RelatumError
from . import following
from .routes import context

#: The digits that a number may have.
_DIGITS: Final = 15
#: Refusals that a page tells; any other has a page of its own.
TOLD: Final = (403, 404, 409, 412, 422)


def asking() -> Actor:
    """Return who asks; only in a view, card or command that somebody or the system uses."""
    found = context().actor
    assert found is not None
    return found


def is_fragment() -> bool:
    """Say whether a part of a page is asked for, to be put into the one that is shown."""
    return request.headers.get("HX-Request") == "true"


def whole(text: str) -> int | None:
    """Return the number that an address or a form says; None for a huge one, or for none."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None


def selected() -> list[int]:
    """Return the ids of the records that a page was sent, each once: what is selected in a list.

    Raises `bad_parameter` without any, and for what is no id.
    """
    found = [whole(each) for each in request.values.getlist("id")]
    ids = dict.fromkeys(id_ for id_ in found if id_ is not None)
    if not ids or None in found:
        reason = "select at least one record; each is named by its id"
        raise RelatumError("bad_parameter", name="id", reason=reason)
    return list(ids)


def list_of_selection(type_name: str) -> str:
    """Return the address of the list that they were selected in: its words are sent as `back`."""
    words = urlencode(parse_qsl(request.values.get("back", "")))
    return f"/records/{type_name}{f'?{words}' if words else ''}"


def tried(
    work: Callable[[], Response],
    again: Callable[[RelatumError], Response],
    told: Collection[int] = TOLD,
) -> Response:
    """Do what a form says in a transaction of its own; where it is refused, draw the form again.

    Nothing is written then. `told` are the statuses of refusals that the form tells.
    """
    try:
        return db.transact(work)
    except RelatumError as error:
        if error.status not in told:
            raise
        with db.reading():
            return again(error)


def page(template: str, status: int = 200, *, within: str, **values: Any) -> Response:
    """Return a page, or a part of one, of the plugin whose view runs, drawn by its template.

    `template` lies in its folder, templates/ID/, and extends templates of the plugin `within`;
    raises `not_found` where that does not run.
    """
    if within not in following.current().active:
        raise RelatumError("not_found", path=request.path)
    body = render_template(f"{context().plugin}/{template}", **values)
    return Response(body, status, mimetype="text/html")


def away(address: str, said: str = "") -> Response:
    """Send the browser to another page of ours, by GET.

    There, `said` is told with a way to take back what was written, if whoever draws the frame can:
    by `done` among what templates know.
    """
    if is_fragment():
        sent = Response(status=204, headers={"HX-Redirect": address})
    else:
        sent = Response(redirect(address, 303).get_data(), 303, {"Location": address})
    tell: Any = current_app.jinja_env.globals.get("done")
    told: Response = tell(sent, said) if said and tell else sent
    return told
