"""Sign in and out: a session of a browser, as a cookie and a CSRF token.

The cookie's text is nowhere stored, no script can read it, and no other site makes a browser
send it with a write. A program uses a bearer token instead.
"""

from __future__ import annotations

from typing import Any, Final

from flask import request
from werkzeug.http import dump_cookie

from ...schemas.people import SignInSchema
from .. import auth, db
from ..actor import Actor
from . import limits, wire
from .gate import COOKIE
from .operations import OWN, Answer, Call, Reply, operation

TAG: Final = "sign-in"


@operation(
    "POST", "/session", tag=TAG, mode=OWN, public=True, body="SignIn",
    replies={200: Reply("Session", ("Set-Cookie",))}, problems=(422, 429),
)  # fmt: skip
def start_session(call: Call) -> Answer:
    """Sign in by e-mail address and password.

    The answer sets a cookie; send its `csrf` as `X-CSRF-Token` with everything that writes.
    """
    given = wire.load(SignInSchema, call.body)
    made = by_password(given["email"], given["password"])
    with db.reading():
        actor, csrf = auth.actor_of_session(made.cookie)
    return Answer(_shown(actor, csrf), headers={"Set-Cookie": cookie_of(made)})


@operation("GET", "/session", tag=TAG, replies={200: Reply("Session")})
def read_session(call: Call) -> Answer:
    """Say who is signed in; `csrf` is null for a bearer token."""
    return Answer(_shown(call.actor, call.csrf))


@operation("DELETE", "/session", tag=TAG, mode=OWN, replies={204: Reply(None, ("Set-Cookie",))})
def end_session(call: Call) -> Answer:
    """Sign out: end the session of the cookie. A bearer token stays as it is."""
    end(call.cookie)
    return Answer(status=204, headers={"Set-Cookie": no_cookie()})


def _shown(actor: Actor, csrf: str | None) -> dict[str, Any]:
    user = {
        "id": actor.user_id, "name": actor.name, "admin": actor.admin, "team": actor.team_id,
        "timezone": actor.timezone,
    }  # fmt: skip
    return {"user": user, "csrf": csrf}


def by_password(email: str, password: str) -> auth.Session:
    """Open a session for an address and password, hashing outside the transactions.

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


def end(cookie: str | None) -> None:
    """End the session of a cookie, if there is one."""
    if cookie:
        db.transact(lambda: auth.sign_out(cookie))


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
