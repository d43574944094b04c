"""Routes on people who come and go: invitations, leaving, and where somebody is signed in."""

from __future__ import annotations

from typing import Final

from ...schemas.people import InvitationsSchema, LeaveSchema
from .. import auth, people
from ..actor import Actor
from . import links, wire
from .operations import Answer, Call, Reply, operation

TAG: Final = "people"


@operation(
    "POST", "/users/invitations", tag=TAG, body="Invitations", replies={201: Reply("Invited")},
    problems=(409, 413, 422), secret=True,
)  # fmt: skip
def invite_people(call: Call) -> Answer:
    """Invite people: make a user of each and a link that lets in once, within invitation_days.

    All or nothing: a problem names the row, from 0, and the field. Who has the address already is
    `known` or `disabled` and stays as he is. With `mail` links are mailed where mail can be sent;
    without that, and where it can't, each `link` is shown this once. `dry_run` writes nothing.
    """
    given = wire.load(InvitationsSchema, call.body)
    made = links.invite(
        given["people"], by_mail=given["mail"], dry_run=given["dry_run"], actor=call.actor
    )
    return Answer({"people": [each.as_json() for each in made]}, 201)


@operation("GET", "/users/<id:id>/leaving", tag=TAG, replies={200: Reply("Leaving")})
def read_leaving(call: Call, id: int) -> Answer:  # noqa: A002  # the word of the path
    """Say what disabling a user would end, and what he owns, by type."""
    return Answer(people.leaving(id, actor=call.actor))


@operation(
    "POST", "/users/<id:id>/disable", tag=TAG, body="Leave", replies={200: Reply("Left")},
    problems=(422,),
)  # fmt: skip
def disable_user(call: Call, id: int) -> Answer:  # noqa: A002
    """Keep a user from signing in, at once, and hand over what he owns, by a job.

    Undoing the `job` gives it back.
    """
    given = wire.load(LeaveSchema, call.body)
    left = people.disable(
        id, transfer_to=given["transfer_to"], heirs=given["heirs"], only_open=given["only_open"],
        actor=call.actor,
    )  # fmt: skip
    return Answer(left)


@operation("POST", "/users/<id:id>/enable", tag=TAG, replies={200: Reply("Enabled")})
def enable_user(call: Call, id: int) -> Answer:  # noqa: A002
    """Let a user sign in again; sessions and links that ended stay ended, tokens work again."""
    return Answer(people.enable(id, actor=call.actor))


@operation("GET", "/sessions", tag=TAG, replies={200: Reply("Sessions")})
def list_own_sessions(call: Call) -> Answer:
    """List where one is signed in with a browser."""
    return _listed(call, _own(call.actor))


@operation("DELETE", "/sessions", tag=TAG, replies={200: Reply("EndedSessions")})
def end_own_sessions(call: Call) -> Answer:
    """Sign out everywhere but here, and let one's unused links end."""
    return _ended(call, _own(call.actor))


@operation("DELETE", "/sessions/<session>", tag=TAG, replies={204: Reply(None)})
def end_own_session(call: Call, session: str) -> Answer:
    """End one of one's own sessions."""
    auth.end_session(_own(call.actor), session, actor=call.actor)
    return Answer(status=204)


@operation("GET", "/users/<id:id>/sessions", tag=TAG, replies={200: Reply("Sessions")})
def list_sessions_of(call: Call, id: int) -> Answer:  # noqa: A002
    """List where a user is signed in with a browser."""
    return _listed(call, id)


@operation("DELETE", "/users/<id:id>/sessions", tag=TAG, replies={200: Reply("EndedSessions")})
def end_sessions_of(call: Call, id: int) -> Answer:  # noqa: A002
    """Sign a user out everywhere, but not by whose session this is asked."""
    return _ended(call, id)


@operation("DELETE", "/users/<id:id>/sessions/<session>", tag=TAG, replies={204: Reply(None)})
def end_session_of(call: Call, id: int, session: str) -> Answer:  # noqa: A002
    """End one session of a user."""
    auth.end_session(id, session, actor=call.actor)
    return Answer(status=204)


def _own(actor: Actor) -> int:
    assert actor.user_id is not None  # who asks over HTTP is somebody
    return actor.user_id


def _listed(call: Call, user_id: int) -> Answer:
    found = auth.list_sessions(user_id, actor=call.actor, cookie=call.cookie)
    return Answer({"sessions": found})


def _ended(call: Call, user_id: int) -> Answer:
    return Answer({"ended": auth.end_sessions(user_id, actor=call.actor, keep=call.cookie)})
