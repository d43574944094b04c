"""What a sign-in provider calls a user: the links by which he comes in, to be read and dropped."""

from __future__ import annotations

from typing import Final

from ..auth import identities
from ..errors import RelatumError
from .operations import Answer, Call, Parameter, Reply, operation

TAG: Final = "sign-in"
_ISSUER: Final = Parameter(
    "issuer", {"type": "string", "minLength": 1}, "The provider, as it calls itself.", required=True
)


@operation("GET", "/users/<id:id>/identities", tag=TAG, replies={200: Reply("Identities")})
def list_identities(call: Call, id: int) -> Answer:  # noqa: A002  # the word of the path
    """List what sign-in providers call a user: one's own, or, as an administrator, anybody's."""
    return Answer({"identities": identities.list_identities(id, actor=call.actor)})


@operation(
    "DELETE", "/users/<id:id>/identities", tag=TAG, query=(_ISSUER,), replies={204: Reply(None)}
)
def unlink_identity(call: Call, id: int) -> Answer:  # noqa: A002
    """Unlink a user from a sign-in provider; by it he is linked anew when he next comes in."""
    issuer = call.text("issuer")
    if not issuer:
        raise RelatumError("bad_parameter", name="issuer", reason="it is needed")
    identities.unlink(id, issuer, actor=call.actor)
    return Answer(status=204)
