"""Passwords, one-time links and bearer tokens of users. Users themselves are records."""

from __future__ import annotations

from typing import Any, Final

from ...schemas.people import PasswordSchema, TokenSchema
from .. import auth
from ..actor import Actor
from . import links, sessions, wire
from .operations import OWN, PREFIX, Answer, Call, Reply, operation

TAG: Final = "sign-in"


@operation(
    "PUT", "/users/<id:id>/password", tag=TAG, mode=OWN, body="Password",
    replies={204: Reply(None)}, problems=(422,),
)  # fmt: skip
def set_password(call: Call, id: int) -> Answer:  # noqa: A002  # the word of the path
    """Set a password, one's own or, as an administrator, anybody's.

    The user's other sessions and one-time links end.
    """
    given = wire.load(PasswordSchema, call.body)
    sessions.set_password(id, given["password"], actor=call.actor)
    return Answer(status=204)


@operation(
    "POST", "/users/<id:id>/link", tag=TAG, replies={201: Reply("Link")}, problems=(422,),
    secret=True,
)  # fmt: skip
def make_link(call: Call, id: int) -> Answer:  # noqa: A002
    """Make a link that signs the user in once, within link_minutes: an invitation."""
    return Answer({"url": links.make(id, actor=call.actor)}, 201)


@operation(
    "POST", "/users/<id:id>/link/mail", tag=TAG, replies={201: Reply("MailedLink", ("Location",))},
    problems=(409, 422),
)  # fmt: skip
def mail_link(call: Call, id: int) -> Answer:  # noqa: A002
    """Mail the user such a link, in his language; without a mail server the mail is kept."""
    mail_id = links.send(id, actor=call.actor)
    headers = {"Location": f"{PREFIX}/mail/{mail_id}"}
    return Answer({"mail": mail_id}, 201, headers)


@operation("GET", "/users/<id:id>/tokens", tag=TAG, replies={200: Reply("Tokens")})
def list_tokens(call: Call, id: int) -> Answer:  # noqa: A002
    """List a user's bearer tokens, without their texts."""
    return _listed(id, call.actor)


@operation("GET", "/tokens", tag=TAG, replies={200: Reply("Tokens")})
def list_own_tokens(call: Call) -> Answer:
    """List one's own bearer tokens, without their texts."""
    assert call.actor.user_id is not None
    return _listed(call.actor.user_id, call.actor)


def _listed(user_id: int, actor: Actor) -> Answer:
    found: list[dict[str, Any]] = auth.list_tokens(user_id, actor=actor)
    return Answer({"tokens": found})


@operation(
    "POST", "/users/<id:id>/tokens", tag=TAG, body="Token", replies={201: Reply("NewToken")},
    problems=(422,), secret=True,
)  # fmt: skip
def make_token(call: Call, id: int) -> Answer:  # noqa: A002
    """Make a bearer token that acts as the user; its text is shown only now."""
    given = wire.load(TokenSchema, call.body)
    made, text = auth.make_token(
        id, given["name"], given.get("days"), actor=call.actor,
        reads_only=given.get("reads_only", False), scope=given.get("scope"),
    )  # fmt: skip
    return Answer({"id": made, "name": given["name"], "token": text}, 201)


@operation("DELETE", "/tokens/<id:id>", tag=TAG, replies={204: Reply(None)})
def revoke_token(call: Call, id: int) -> Answer:  # noqa: A002
    """Take a bearer token away for good."""
    auth.revoke_token(id, actor=call.actor)
    return Answer(status=204)
