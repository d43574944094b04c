"""One-time sign-in links with an address: to be handed over, or mailed to the user."""

from __future__ import annotations

from flask import request

from .. import auth, db, mail
from ..actor import Actor
from ..errors import RelatumError


def make(user_id: int, *, actor: Actor) -> str:
    """Return the address of a link that signs a user in once, within link_minutes.

    Joins the open transaction. Raises `forbidden`, `record_unknown`, `cant_sign_in`.
    """
    return f"{_base()}/sign-in/{auth.make_link(user_id, actor=actor)}"


def send(user_id: int, *, actor: Actor) -> int:
    """Mail a user such a link and return the mail's id.

    Joins the open transaction. Raises what `make` does, `address_missing`, and `mail_without_base`
    where a mail server is set up but base_url is not.
    """
    if db.settings().mail_server is not None and not db.settings().base_url:
        # The address that a request came by may have been chosen by whoever sent it.
        raise RelatumError("mail_without_base")
    return mail.send_sign_in_link(user_id, _base(), actor=actor)


def minutes() -> int:
    """Return how long such a link works."""
    return db.settings().link_minutes


def _base() -> str:
    return (db.settings().base_url or request.host_url).rstrip("/")
