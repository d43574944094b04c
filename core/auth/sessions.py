"""Sessions of browsers, and the one-time links that open one."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from .. import access, clock, db
from ..actor import Actor
from ..errors import RelatumError
from .people import LINKS, SESSIONS, digest, enters, must_enter


class Session(NamedTuple):
    """A new session: the cookie's text, its CSRF token, whose it is and when it ends."""

    cookie: str
    csrf: str
    user_id: int
    expires_at: datetime


def sign_in(user_id: int) -> Session:
    """Open a session for a user whose password or link was right.

    Raises `sign_in_failed` if he may not enter any more.
    """
    tx = db.for_writing()
    if not enters(user_id):
        raise RelatumError("sign_in_failed")
    now = clock.now()
    made = Session(
        secrets.token_urlsafe(32),
        secrets.token_urlsafe(32),
        user_id,
        now + timedelta(hours=db.settings().session_hours),
    )
    over = sa.and_(SESSIONS.c.user_id == user_id, SESSIONS.c.expires_at <= now)
    tx.connection.execute(sa.delete(SESSIONS).where(over))
    row = {
        "id_hash": digest(made.cookie), "user_id": user_id, "csrf": made.csrf, "created_at": now,
        "expires_at": made.expires_at,
    }  # fmt: skip
    tx.connection.execute(sa.insert(SESSIONS), row)
    return made


def sign_out(cookie: str) -> None:
    """End the session of a cookie; an unknown one is fine."""
    gone = sa.delete(SESSIONS).where(SESSIONS.c.id_hash == digest(cookie))
    db.for_writing().connection.execute(gone)


def make_link(user_id: int, *, actor: Actor) -> str:
    """Return the secret of a link that signs a user in once, within link_minutes.

    This is the invitation too: a user without a password gets one and chooses it then.
    Raises `forbidden`, `record_unknown`, `cant_sign_in`.
    """
    access.require(actor, "make", "one-time links")
    tx = db.for_writing()
    must_enter(user_id)
    text, now = secrets.token_urlsafe(32), clock.now()
    tx.connection.execute(sa.delete(LINKS).where(LINKS.c.expires_at <= now))
    ends = now + timedelta(minutes=db.settings().link_minutes)
    row = {"id_hash": digest(text), "user_id": user_id, "expires_at": ends}
    tx.connection.execute(sa.insert(LINKS), row)
    return text


def use_link(text: str) -> int:
    """Use up a one-time link and return its user's id; `sign_in` follows in the transaction.

    Raises `link_invalid`: used, expired, unknown, or its user may not enter.
    """
    gone = (
        sa.delete(LINKS)
        .where(LINKS.c.id_hash == digest(text), LINKS.c.expires_at > clock.now())
        .returning(LINKS.c.user_id)
    )
    user_id = db.for_writing().connection.execute(gone).scalar_one_or_none()
    if user_id is None or not enters(user_id):
        raise RelatumError("link_invalid")
    return int(user_id)
