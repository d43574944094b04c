"""Sign in and out with a browser: for the API's routes, the plain pages and a shell.

The cookie's text is nowhere stored, no script can read it, and no other site makes a browser
send it with a write. Each verb opens its own transactions: passwords are hashed outside them.
"""

from __future__ import annotations

from flask import request
from werkzeug.http import dump_cookie

from .. import access, auth, db, records
from ..actor import Actor, system
from . import limits
from .gate import COOKIE


def by_password(email: str, password: str) -> auth.Session:
    """Open a session for an address and password.

    Raises `too_many_tries`, `sign_in_failed`.
    """
    limits.count_try(email)
    with db.reading():
        credential = auth.find_credential(email)
    user_id = auth.check_password(credential, password)
    return db.transact(lambda: auth.sign_in(user_id))


def by_link(secret: str) -> auth.Session:
    """Open a session for a one-time link, which is used up. Raises `link_invalid`."""
    return db.transact(lambda: auth.sign_in(auth.use_link(secret)))


def end() -> None:
    """End the session of the request's cookie, if there is one."""
    cookie = request.cookies.get(COOKIE)
    if cookie:
        db.transact(lambda: auth.sign_out(cookie))


def set_password(user_id: int, password: str, *, actor: Actor) -> None:
    """Set a user's password; his other sessions and one-time links end.

    Raises `password_weak`, `forbidden`, `record_unknown`.
    """
    with db.reading():
        email = _email(actor, user_id)
    hashed = auth.hash_password(password, email=email)
    keep = request.cookies.get(COOKIE)
    db.transact(lambda: auth.set_password(user_id, hashed, actor=actor, keep=keep))


def _email(actor: Actor, user_id: int) -> str | None:
    if actor.user_id != user_id:
        access.require(actor, "set", "another user's password")
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
