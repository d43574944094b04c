"""A forgotten password: a link is mailed, and a new one is set by it."""

from __future__ import annotations

from flask import Response, request

from relatum import CodeNeeded, RelatumError, links, sessions

from .. import ui, words
from . import sign_in


@ui.page("/forgot", public=True, own=True)
def forgotten() -> Response:
    """Ask for the address, or say who helps where no mail can be sent."""
    return _asking()


@ui.page("/forgot", "POST", public=True, own=True)
def mail_reset() -> Response:
    """Mail a link to whoever has the address; say the same if nobody has."""
    email = request.form.get("email", "")
    try:
        links.send_reset(email)
    except RelatumError as error:
        if error.code not in ("reset_off", "too_many_tries"):
            raise
        return sign_in.patient(_asking(error, email), error)
    return _asking(sent=True)


def _asking(error: RelatumError | None = None, email: str = "", *, sent: bool = False) -> Response:
    return ui.render(
        "forgotten.html", error.status if error else 200, bare=True, sent=sent, email=email[:254],
        can_reset=links.can_reset(), minutes=links.minutes(),
        refused=words.said(error) if error else None,
    )  # fmt: skip


@ui.page("/reset/<secret>", public=True, own=True)
def new_password(secret: str) -> Response:
    """Ask for a new password; looking at the page does not use the link up."""
    return ui.render("new_password.html", bare=True, refused=None)


@ui.page("/reset/<secret>", "POST", public=True, own=True)
def set_new_password(secret: str) -> Response:
    """Set the password and sign in; a link that is over leads to asking for another."""
    try:
        made = sessions.by_reset(secret, request.form.get("password", ""))
    except CodeNeeded as needed:
        return sign_in.ask_code(needed.ticket, "/")
    except RelatumError as error:
        if error.code in ("password_weak", "too_many_tries"):
            page = ui.render(
                "new_password.html", error.status, bare=True, refused=words.said(error)
            )
            return sign_in.patient(page, error)
        if error.code != "link_invalid":
            raise
        return _asking(error)
    return sign_in.welcome(made, "/")
