"""Sign in and out with a browser: for the API's routes, the plain pages and a shell.

The cookie's text is nowhere stored, no script can read it, and no other site makes a browser
send it with a write. Each verb opens its own transactions: passwords are hashed outside them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from flask import request
from werkzeug.http import dump_cookie

from .. import access, audit, auth, db, records, roles
from ..actor import Actor, system
from ..auth import second_factor
from ..auth.oidc import Identity
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
    try:
        user_id = auth.check_password(credential, password)
    except RelatumError as error:
        _refused(credential.user_id, error)
        raise
    return _opened(lambda: auth.enter(user_id))


def by_link(secret: str) -> auth.Session:
    """Open a session for a one-time link, which is used up. Raises `link_invalid`, `CodeNeeded`."""
    return _opened(lambda: auth.enter(auth.use_link(secret)))


def by_identity(identity: Identity) -> auth.Session:
    """Open a session for whom a sign-in provider vouches.

    Raises `identity_unknown`, `identity_taken`, `CodeNeeded`.
    """
    return _opened(lambda: auth.enter(roles.join(identity)))


def _opened(enter: Callable[[], auth.Session | str]) -> auth.Session:
    """Open a session in a transaction, which the audit log tells of."""

    def work() -> auth.Session | str:
        made = enter()
        if isinstance(made, auth.Session):
            audit.note("sign_in", f"user:{made.user_id}", actor=_somebody(made.user_id))
        return made

    made = db.transact(work)
    # Raised after the commit: the ticket has to stay, and a link that was used is used.
    if isinstance(made, str):
        raise CodeNeeded(made)
    return made


def _somebody(user_id: int | None) -> Actor:
    """Return who is about to be known, as the audit log tells of him."""
    return Actor(user_id=user_id, source="ui", address=request.remote_addr)


def _refused(user_id: int | None, error: RelatumError) -> None:
    """Note a sign-in that was refused; not what was typed, which may be a password."""
    subject = None if user_id is None else f"user:{user_id}"
    told = {"code": error.code}
    db.transact(lambda: audit.note("sign_in_failed", subject, actor=_somebody(None), after=told))


def by_reset(secret: str, password: str) -> auth.Session:
    """Set a new password by a link, which is used up, and open a session.

    Raises `too_many_tries`, `link_invalid`, `password_weak` (the link stays), `CodeNeeded`.
    """
    limits.count_address()
    with db.reading():
        user_id = auth.reset_holder(secret)
        email: str | None = records.get("user", user_id, actor=system())["email"]
    hashed = auth.hash_password(password, email=email)
    return _opened(lambda: auth.enter(auth.use_reset(secret, hashed)))


def by_code(ticket: str, code: str) -> auth.Session:
    """Open a session for a ticket and a code of the second factor.

    Raises `too_many_tries`, `ticket_invalid`, `code_failed`.
    """
    limits.count_address()
    with db.reading():
        user_id = auth.ticket_holder(ticket)
    limits.count_account(f"user {user_id}")

    def enter() -> auth.Session | RelatumError:
        made = auth.use_ticket(ticket, code)
        if isinstance(made, RelatumError):
            told = {"code": made.code}
            audit.note("sign_in_failed", subject, actor=_somebody(None), after=told)
        else:
            audit.note("sign_in", subject, actor=_somebody(user_id))
        return made

    subject = f"user:{user_id}"
    return _settled(enter)


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
        db.transact(lambda: _sign_out(ends))


def _sign_out(ends: str) -> None:
    user_id = auth.sign_out(ends)
    if user_id is not None:
        audit.note("sign_out", f"user:{user_id}", actor=_somebody(user_id))


def view_as(user_id: int, *, actor: Actor) -> None:
    """Let the session of the request show what a user sees, in the open transaction.

    Raises what `auth.view_as` does.
    """
    auth.view_as(user_id, cookie(), actor=actor)


def stop_viewing(*, actor: Actor) -> None:
    """Let whoever looks as somebody else be himself again, in the open transaction."""
    auth.stop_viewing(cookie(), actor=actor)


def open_ones(user_id: int, *, actor: Actor) -> list[dict[str, Any]]:
    """Return where a user is signed in, as `auth.list_sessions` does; this browser is known."""
    return auth.list_sessions(user_id, actor=actor, cookie=cookie())


def end_one(user_id: int, session: str, *, actor: Actor) -> None:
    """End one session of a user, in the open transaction, as `auth.end_session` does."""
    auth.end_session(user_id, session, actor=actor)


def end_others(user_id: int, *, actor: Actor) -> int:
    """End all sessions of a user but this one, in the open transaction; return how many."""
    return auth.end_sessions(user_id, actor=actor, keep=cookie())


def last_sign_in(user_id: int, *, actor: Actor) -> datetime | None:
    """Return when a user signed in last, if a session tells. Raises `forbidden`."""
    return auth.last_sign_in(user_id, actor=actor)


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
    return dump_cookie(
        COOKIE, value, max_age=seconds, path="/", httponly=True, samesite="Lax", secure=is_secure()
    )


def is_secure() -> bool:
    """Say whether browsers come by TLS, so that a cookie is for nothing else."""
    return request.is_secure or db.settings().base_url.startswith("https://")
