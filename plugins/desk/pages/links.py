"""One-time sign-in links for users: shown to be copied, or mailed."""

from __future__ import annotations

from typing import Any

from flask import Response

from relatum import RelatumError, links, mail, query, reading, transact

from .. import ui, words
from ..words import translated


@ui.page("/users/<int:user_id>/link")
def ask_sign_in_link(user_id: int) -> Response:
    """Say what a sign-in link is, and ask how the user is to get it."""
    return _page(user_id)


def _page(user_id: int, status: int = 200, **more: Any) -> Response:
    asked = {"filter": {"field": "id", "value": user_id}, "limit": 1}
    found = query.page(query.from_json("user", asked, actor=ui.actor())).records
    if not found:
        raise RelatumError("record_unknown", type="user", id=user_id)
    return ui.render(
        "sign_in_link.html", status, user=found[0], can_send=mail.can_send(),
        server=mail.server(), minutes=links.minutes(), **more,
    )  # fmt: skip


@ui.page("/users/<int:user_id>/link", "POST", own=True)
def make_sign_in_link(user_id: int) -> Response:
    """Make a link; the answer is the one page that ever shows it."""
    actor = ui.actor()
    try:
        made = transact(lambda: links.make(user_id, actor=actor))
    except RelatumError as error:
        return _refused(user_id, error)
    with reading():
        return _page(user_id, made=made)


@ui.page("/users/<int:user_id>/link/mail", "POST", own=True)
def mail_sign_in_link(user_id: int) -> Response:
    """Mail the user a link, and lead to the mail."""
    actor = ui.actor()
    try:
        mail_id = transact(lambda: links.send(user_id, actor=actor))
    except RelatumError as error:
        return _refused(user_id, error)
    said = translated("The link is on its way") if mail.server() else translated("The mail is kept")
    return ui.tell(ui.away(f"/mail/{mail_id}"), said)


def _refused(user_id: int, error: RelatumError) -> Response:
    """Return the page with the reason why there is no link; raise what is no fault of the user."""
    if error.status not in (409, 422):
        raise error
    said = words.reasons(error)
    with reading():
        return _page(user_id, error.status, refused=said)
