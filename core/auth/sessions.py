"""Sessions of browsers, the one-time links that open one, and the tickets between two steps."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import access, audit, clock, db
from ..actor import Actor
from ..errors import RelatumError
from . import second_factor
from .passwords import set_password
from .people import LINKS, SESSIONS, all_must_enter, digest, enters, must_enter

#: What a row of `core_link` is: a link that signs in, one by which a password is set, or a ticket
#: that a code still has to follow.
LINK, RESET, TICKET = "link", "reset", "ticket"
#: How long somebody may look for his code.
TICKET_MINUTES: Final = 10


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


def enter(user_id: int) -> Session | str:
    """Open a session for a user whose password or link was right, unless he has a second factor.

    Then it returns the secret of a ticket, with which `use_ticket` takes a code. Raises
    `sign_in_failed` if he may not enter any more.
    """
    if not second_factor.is_on(user_id):
        return sign_in(user_id)
    if not enters(user_id):
        raise RelatumError("sign_in_failed")
    return _hand_out(TICKET, user_id, TICKET_MINUTES)


def ticket_holder(text: str) -> int:
    """Return whose ticket this is. Raises `ticket_invalid`."""
    return _holder(TICKET, text, "ticket_invalid")


def use_ticket(text: str, code: str) -> Session | RelatumError:
    """Open a session for a ticket and a code of its user, or return why not.

    The refusal is returned, as wrong codes are counted in the transaction: `code_failed`,
    `too_many_tries`. Raises `ticket_invalid`.
    """
    user_id = ticket_holder(text)
    refused = second_factor.check(user_id, code)
    if refused is not None and refused.code == "code_wrong":
        return RelatumError("code_failed")
    if refused is not None and refused.code != "second_factor_off":
        return refused
    gone = sa.delete(LINKS).where(*_usable(TICKET, text))
    if not db.for_writing().connection.execute(gone).rowcount:
        raise RelatumError("ticket_invalid")
    return sign_in(user_id)


def sign_out(cookie: str) -> int | None:
    """End the session of a cookie and return whose it was; an unknown one is fine."""
    gone = sa.delete(SESSIONS).where(SESSIONS.c.id_hash == digest(cookie))
    ended = db.for_writing().connection.execute(gone.returning(SESSIONS.c.user_id))
    return ended.scalar()


def make_link(user_id: int, *, actor: Actor) -> str:
    """Return the secret of a link that signs a user in once, within link_minutes.

    This is the invitation too: a user without a password gets one and chooses it then.
    Raises `forbidden`, `record_unknown`, `cant_sign_in`.
    """
    access.require(actor, "make", "one-time links")
    db.for_writing()
    must_enter(user_id)
    audit.note("link_made", f"user:{user_id}", actor=actor)
    return _hand_out(LINK, user_id, db.settings().link_minutes)


def make_invitations(user_ids: Sequence[int], *, actor: Actor) -> list[str]:
    """Return for each of some users the secret of a link that signs him in once.

    They work within invitation_days. Raises `forbidden`, `cant_sign_in`.
    """
    access.require(actor, "make", "one-time links")
    all_must_enter(user_ids)
    audit.note_all("invited", [audit.Done(f"user:{id_}") for id_ in user_ids], actor=actor)
    return _hand_out_all(LINK, user_ids, timedelta(days=db.settings().invitation_days))


def make_reset(user_id: int, *, actor: Actor) -> str:
    """Return the secret of a link by which a user sets a new password, once, within link_minutes.

    Raises `forbidden`, `record_unknown`, `cant_sign_in`.
    """
    access.require(actor, "make", "one-time links")
    db.for_writing()
    must_enter(user_id)
    audit.note("reset_link_made", f"user:{user_id}", actor=actor)
    return _hand_out(RESET, user_id, db.settings().link_minutes)


def reset_holder(text: str) -> int:
    """Return who may set a new password by a link. Raises `link_invalid`."""
    return _holder(RESET, text, "link_invalid")


def use_reset(text: str, password_hash: str) -> int:
    """Set a password by a link, which is used up; return its user's id. Raises `link_invalid`.

    Ends all sessions and links of the user; `enter` follows in the transaction.
    """
    user_id = _used_up(RESET, text)
    set_password(user_id, password_hash, actor=Actor(user_id=user_id))
    return user_id


def _holder(kind: str, text: str, code: str) -> int:
    query = sa.select(LINKS.c.user_id).where(*_usable(kind, text))
    user_id = db.current().connection.execute(query).scalar()
    if user_id is None or not enters(user_id):
        raise RelatumError(code)
    return int(user_id)


def _hand_out(kind: str, user_id: int, minutes: int) -> str:
    """Return the secret of a new link or ticket."""
    return _hand_out_all(kind, [user_id], timedelta(minutes=minutes))[0]


def _hand_out_all(kind: str, user_ids: Sequence[int], life: timedelta) -> list[str]:
    connection, now = db.for_writing().connection, clock.now()
    connection.execute(sa.delete(LINKS).where(LINKS.c.expires_at <= now))
    made = {secrets.token_urlsafe(32): user_id for user_id in user_ids}
    rows = [
        {"id_hash": digest(text), "kind": kind, "user_id": user_id, "expires_at": now + life}
        for text, user_id in made.items()
    ]
    connection.execute(sa.insert(LINKS), rows)
    return list(made)


def _usable(kind: str, text: str) -> tuple[Any, ...]:
    return LINKS.c.id_hash == digest(text), LINKS.c.kind == kind, LINKS.c.expires_at > clock.now()


def use_link(text: str) -> int:
    """Use up a one-time link and return its user's id; `enter` follows in the transaction.

    Raises `link_invalid`: used, expired, unknown, or its user may not enter.
    """
    return _used_up(LINK, text)


def _used_up(kind: str, text: str) -> int:
    gone = sa.delete(LINKS).where(*_usable(kind, text)).returning(LINKS.c.user_id)
    user_id = db.for_writing().connection.execute(gone).scalar_one_or_none()
    if user_id is None or not enters(user_id):
        raise RelatumError("link_invalid")
    return int(user_id)
