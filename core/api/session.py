"""Sign in and out: a session of a browser, as a cookie and a CSRF token.

A program uses a bearer token instead.
"""

from __future__ import annotations

from typing import Any, Final

from ...schemas.people import (
    ForgottenPasswordSchema,
    NewPasswordSchema,
    SignInCodeSchema,
    SignInSchema,
    ViewAsSchema,
)
from .. import auth, db
from ..actor import Actor
from . import links, sessions, wire
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


@operation(
    "POST", "/session/forgotten", tag=TAG, mode=OWN, public=True, body="ForgottenPassword",
    replies={204: Reply(None)}, problems=(409, 422, 429),
)  # fmt: skip
def forgot_password(call: Call) -> Answer:
    """Mail whoever has an address a link for a new password; the answer is always the same."""
    links.send_reset(wire.load(ForgottenPasswordSchema, call.body)["email"])
    return Answer(status=204)


@operation(
    "POST", "/session/new-password", tag=TAG, mode=OWN, public=True, body="NewPassword",
    replies={200: Reply("Session", ("Set-Cookie",))}, problems=(422, 429),
)  # fmt: skip
def set_new_password(call: Call) -> Answer:
    """Set a new password by the secret of such a link, which is used up, and sign in."""
    given = wire.load(NewPasswordSchema, call.body)
    return _begun(sessions.by_reset(given["secret"], given["password"]))


@operation("GET", "/session", tag=TAG, replies={200: Reply("Session")}, setting_up=True)
def read_session(call: Call) -> Answer:
    """Say who is signed in; `csrf` is null for a bearer token."""
    return Answer(_shown(call.actor, call.csrf))


@operation(
    "DELETE", "/session", tag=TAG, mode=OWN, replies={204: Reply(None, ("Set-Cookie",))},
    setting_up=True, leaving=True,
)  # fmt: skip
def end_session(call: Call) -> Answer:
    """Sign out: end the session of the cookie. A bearer token stays as it is."""
    sessions.end()
    return Answer(status=204, headers={"Set-Cookie": sessions.no_cookie()})


@operation(
    "POST", "/session/view", tag=TAG, body="ViewAs", replies={204: Reply(None)},
    problems=(404, 409, 422),
)  # fmt: skip
def view_as(call: Call) -> Answer:
    """See in this session what a user sees, as an administrator, and change nothing.

    Every such look is in the audit log.
    """
    given = wire.load(ViewAsSchema, call.body)
    auth.view_as(given["user"], call.cookie, actor=call.actor)
    return Answer(status=204)


@operation(
    "DELETE", "/session/view", tag=TAG, replies={204: Reply(None)}, setting_up=True, leaving=True
)  # fmt: skip
def stop_viewing(call: Call) -> Answer:
    """Be oneself again in this session."""
    auth.stop_viewing(call.cookie, actor=call.actor)
    return Answer(status=204)


def _shown(actor: Actor, csrf: str | None) -> dict[str, Any]:
    user = {
        "id": actor.user_id, "name": actor.name, "admin": actor.admin, "team": actor.team_id,
        "timezone": actor.timezone,
    }  # fmt: skip
    return {"user": user, "csrf": csrf, "behind": actor.behind}
