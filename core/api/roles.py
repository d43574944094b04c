"""Routes on roles, on who holds them, on shares, and on why somebody may do something."""

from __future__ import annotations

from typing import Any, Final

from ...schemas.roles import HeldRolesSchema, NewShareSchema, RoleChangeSchema
from .. import roles
from ..errors import RelatumError
from . import wire
from .operations import Answer, Call, Parameter, Reply, operation

TAG: Final = "access"
_WHOSE: Final = (
    Parameter("user", {"type": "integer", "minimum": 1}, "Whose rights. Default: one's own."),
    Parameter("action", {"type": "string"}, "read, update, delete, … Default: read."),
)


@operation("GET", "/roles", tag=TAG, replies={200: Reply("Roles")})
def list_roles(call: Call) -> Answer:
    """List the roles with what they allow."""
    return Answer({"roles": roles.list_roles(actor=call.actor)})


@operation("GET", "/roles/<name>", tag=TAG, replies={200: Reply("Role")})
def get_role(call: Call, name: str) -> Answer:
    """Return a role with what it allows."""
    return Answer(roles.get(name, actor=call.actor))


@operation(
    "PUT", "/roles/<name>", tag=TAG, body="RoleChange", replies={200: Reply("Role")},
    problems=(404, 422),
)  # fmt: skip
def save_role(call: Call, name: str) -> Answer:
    """Make a role, or change what is given of one; obeyed from the next request on."""
    given = wire.load(RoleChangeSchema, call.body)
    return Answer(roles.save(name, given, actor=call.actor))


@operation("DELETE", "/roles/<name>", tag=TAG, replies={204: Reply(None)}, problems=(409,))
def drop_role(call: Call, name: str) -> Answer:
    """Drop a role that nobody holds."""
    roles.drop(name, actor=call.actor)
    return Answer(status=204)


@operation("GET", "/users/<id:id>/roles", tag=TAG, replies={200: Reply("HeldRoles")})
def get_user_roles(call: Call, id: int) -> Answer:  # noqa: A002  # the word of the path
    """Return the roles that a user holds himself, besides those of his team."""
    return Answer({"roles": roles.held("user", id, actor=call.actor)})


@operation(
    "PUT", "/users/<id:id>/roles", tag=TAG, body="HeldRoles", replies={200: Reply("HeldRoles")},
    problems=(422,),
)  # fmt: skip
def set_user_roles(call: Call, id: int) -> Answer:  # noqa: A002
    """Let a user hold these roles and no others."""
    return _hold(call, "user", id)


@operation("GET", "/teams/<id:id>/roles", tag=TAG, replies={200: Reply("HeldRoles")})
def get_team_roles(call: Call, id: int) -> Answer:  # noqa: A002
    """Return the roles that everybody in a team holds."""
    return Answer({"roles": roles.held("team", id, actor=call.actor)})


@operation(
    "PUT", "/teams/<id:id>/roles", tag=TAG, body="HeldRoles", replies={200: Reply("HeldRoles")},
    problems=(422,),
)  # fmt: skip
def set_team_roles(call: Call, id: int) -> Answer:  # noqa: A002
    """Let everybody in a team hold these roles and no others."""
    return _hold(call, "team", id)


def _hold(call: Call, kind: str, id_: int) -> Answer:
    given = wire.load(HeldRolesSchema, call.body)
    return Answer({"roles": roles.hold(kind, id_, given["roles"], actor=call.actor)})


# -- shares ---------------------------------------------------------------------------------
@operation("GET", "/records/<type>/<id:id>/shares", tag=TAG, replies={200: Reply("Shares")})
def list_shares(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """List with whom a record is shared."""
    return Answer({"shares": roles.shares(type, id, actor=call.actor)})


@operation(
    "POST", "/records/<type>/<id:id>/shares", tag=TAG, body="NewShare",
    replies={201: Reply("Share")}, problems=(422,),
)  # fmt: skip
def share_record(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """Share a record with a user or a team, instead of what was shared with them before."""
    given: dict[str, Any] = wire.load(NewShareSchema, call.body)
    return Answer(roles.share(type, id, actor=call.actor, **given), 201)


@operation("DELETE", "/shares/<id:id>", tag=TAG, replies={204: Reply(None)})
def unshare_record(call: Call, id: int) -> Answer:  # noqa: A002
    """Take a share back."""
    roles.unshare(id, actor=call.actor)
    return Answer(status=204)


# -- explaining -----------------------------------------------------------------------------
@operation(
    "GET", "/records/<type>/<id:id>/access", tag=TAG, query=_WHOSE,
    replies={200: Reply("Explanation")}, problems=(422,),
)  # fmt: skip
def explain_access(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """Say whether a user may do something with a record, and why."""
    user = call.number("user") or call.actor.user_id
    if user is None:
        raise RelatumError("not_signed_in")
    action = call.text("action") or "read"
    return Answer(roles.why(user, action, type, id, actor=call.actor))


@operation("GET", "/records/<type>/<id:id>/viewers", tag=TAG, replies={200: Reply("Viewers")})
def list_viewers(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """List the users who see a record, by name, each with all that lets him; administrators ask.

    At most 200; `more` says that there are others.
    """
    return Answer(roles.who_sees(type, id, actor=call.actor))
