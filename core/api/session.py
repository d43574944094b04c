"""Sign in and out: a session of a browser, as a cookie and a CSRF token.

A program uses a bearer token instead.
"""

from __future__ import annotations

from typing import Any, Final

from ...schemas.people import SignInCodeSchema, SignInSchema
from .. import auth, db
from ..actor import Actor
from . import sessions, wire
from .operations import OWN, Answer, Call, Reply, operation

TAG: Final = "sign-in"


@operation(
    "POST", "/session", tag=TAG, mode=OWN, public=True, body="SignIn",
    replies={200: Reply("Session", ("Set-Cookie",))}, problems=(422, 429),
)  # fmt: skip
def start_session(call: Call) -> Answer:
    """Sign in by e-mail address and password.

    The answer sets a cookie; send its `csrf` as `X-CSRF-Token` with everything that writes. For
    a user with a second factor it is a problem, `second_factor_needed`, with a `ticket` that
    `POST /session/code` takes within ten minutes.
    """
    given = wire.load(SignInSchema, call.body)
    return _begun(sessions.by_password(given["email"], given["password"]))


def _begun(made: auth.Session) -> Answer:
    with db.reading():
        actor, csrf = auth.actor_of_session(made.cookie)
    return Answer(_shown(actor, csrf), headers={"Set-Cookie": sessions.cookie_of(made)})


@operation(
    "POST", "/session/code", tag=TAG, mode=OWN, public=True, body="SignInCode",
    replies={200: Reply("Session", ("Set-Cookie",))}, problems=(422, 429),
)  # fmt: skip
def finish_session(call: Call) -> Answer:
    """Finish signing in by a code of the second factor, or a recovery code, which is used up."""
    given = wire.load(SignInCodeSchema, call.body)
    return _begun(sessions.by_code(given["ticket"], given["code"]))


@operation("GET", "/session", tag=TAG, replies={200: Reply("Session")}, setting_up=True)
def read_session(call: Call) -> Answer:
    """Say who is signed in; `csrf` is null for a bearer token."""
    return Answer(_shown(call.actor, call.csrf))


@operation(
    "DELETE", "/session", tag=TAG, mode=OWN, replies={204: Reply(None, ("Set-Cookie",))},
    setting_up=True,
)  # fmt: skip
def end_session(call: Call) -> Answer:
    """Sign out: end the session of the cookie. A bearer token stays as it is."""
    sessions.end()
    return Answer(status=204, headers={"Set-Cookie": sessions.no_cookie()})


def _shown(actor: Actor, csrf: str | None) -> dict[str, Any]:
    user = {
        "id": actor.user_id, "name": actor.name, "admin": actor.admin, "team": actor.team_id,
        "timezone": actor.timezone,
    }  # fmt: skip
    return {"user": user, "csrf": csrf}
