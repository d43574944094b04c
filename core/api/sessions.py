"""Sign in and out with a browser: for the API's routes, the plain pages and a shell.

The cookie's text is nowhere stored, no script can read it, and no other site makes a browser
send it with a write. Each verb opens its own transactions: passwords are hashed outside them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import request
from werkzeug.http import dump_cookie

from .. import access, auth, db, records
from ..actor import Actor, system
from ..auth import second_factor
from ..errors import CodeNeeded, RelatumError
from . import limits
from .gate import COOKIE

T = TypeVar("T")


def by_password(email: str, password: str) -> auth.Session:
    """Open a session for an address and password.

    Raises `too_many_tries`, `sign_in_failed`, and `CodeNeeded` with the ticket for `by_code`.
    """
    limits.count_try(email)
    with db.reading():
        credential = auth.find_credential(email)
    user_id = auth.check_password(credential, password)
    return _opened(db.transact(lambda: auth.enter(user_id)))


def by_link(secret: str) -> auth.Session:
    """Open a session for a one-time link, which is used up. Raises `link_invalid`, `CodeNeeded`."""
    return _opened(db.transact(lambda: auth.enter(auth.use_link(secret))))


def _opened(made: auth.Session | str) -> auth.Session:
    # Raised after the commit: the ticket has to stay, and a link that was used is used.
    if isinstance(made, str):
        raise CodeNeeded(made)
    return made


def by_reset(secret: str, password: str) -> auth.Session:
    """Set a new password by a link, which is used up, and open a session.

    Raises `too_many_tries`, `link_invalid`, `password_weak` (the link stays), `CodeNeeded`.
    """
    limits.count_address()
    with db.reading():
        user_id = auth.reset_holder(secret)
        email: str | None = records.get("user", user_id, actor=system())["email"]
    hashed = auth.hash_password(password, email=email)
    return _opened(db.transact(lambda: auth.enter(auth.use_reset(secret, hashed))))


def by_code(ticket: str, code: str) -> auth.Session:
    """Open a session for a ticket and a code of the second factor.

    Raises `too_many_tries`, `ticket_invalid`, `code_failed`.
    """
    limits.count_address()
    with db.reading():
        user_id = auth.ticket_holder(ticket)
    limits.count_account(f"user {user_id}")
    return _settled(lambda: auth.use_ticket(ticket, code))


def proved(code: str, work: Callable[[], T], *, actor: Actor) -> T:
    """Do something to the actor's own second factor, in a transaction, once a code was right.

    Raises `too_many_tries`, `second_factor_off`, `code_wrong`.
    """
    if actor.user_id is None:
        raise RelatumError("not_signed_in")
    access.require_whole(actor, "change", "a second factor")
    user_id = actor.user_id
    limits.count_account(f"user {user_id}")
    return _settled(lambda: second_factor.check(user_id, code) or work())


def _settled(work: Callable[[], T | RelatumError]) -> T:
    """Return what is made in a transaction; raise after its commit what that returned as wrong."""
    made = db.transact(work)
    if isinstance(made, RelatumError):
        raise made
    return made


def cookie() -> str | None:
    """Return the cookie of the session that the request came by."""
    return request.cookies.get(COOKIE)


def end() -> None:
    """End the session of the request's cookie, if there is one."""
    ends = cookie()
    if ends:
        db.transact(lambda: auth.sign_out(ends))


def set_password(user_id: int, password: str, *, actor: Actor) -> None:
    """Set a user's password; his other sessions and one-time links end.

    Raises `password_weak`, `forbidden`, `record_unknown`.
    """
    with db.reading():
        email = _email(actor, user_id)
    hashed = auth.hash_password(password, email=email)
    keep = cookie()
    db.transact(lambda: auth.set_password(user_id, hashed, actor=actor, keep=keep))


def _email(actor: Actor, user_id: int) -> str | None:
    if actor.user_id != user_id:
        access.require(actor, "set", "another user's password")
    access.require_whole(actor, "set", "passwords")
    email: str | None = records.get("user", user_id, actor=system())["email"]
    return email


def cookie_of(session: auth.Session) -> str:
    """Return the Set-Cookie header that hands a session to the browser."""
    return _cookie(session.cookie, db.settings().session_hours * 3600)


def no_cookie() -> str:
    """Return the Set-Cookie header that takes the session away."""
    return _cookie("", 0)


def _cookie(value: str, seconds: int) -> str:
    secure = request.is_secure or db.settings().base_url.startswith("https://")
    return dump_cookie(
        COOKIE, value, max_age=seconds, path="/", httponly=True, samesite="Lax", secure=secure
    )
