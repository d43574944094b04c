"""The secret address of a person's calendar: made, shown once, replaced, taken away.

Only a digest of it is kept. Whoever has the address reads what its person may see by then, and
nothing once he may not sign in any more.
"""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from datetime import datetime
from typing import Any, Final

from relatum import Actor, RelatumError, audit, clock, may, plugin_host, renewed

from .frame import USE

_PLUGIN: Final = "activities"
#: Bytes of chance in an address: nobody finds one by trying.
_BYTES: Final = 32
#: What the audit log calls it, among the tokens of a user.
_NAME: Final = "calendar address"


def _table() -> Any:
    return plugin_host.context_of(_PLUGIN).table("feed")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _user(actor: Actor) -> int:
    if actor.user_id is None or actor.scope is not None:
        # With an address that sees all a token with a scope would come by more than it may.
        raise RelatumError("forbidden", action="make", thing="a calendar address")
    return actor.user_id


def made_at(*, actor: Actor) -> datetime | None:
    """Return when the actor's address was made; None: he has none."""
    rows = _table().select({"person": actor.user_id}, limit=1)
    return rows[0]["made_at"] if rows else None


def make(*, actor: Actor) -> str:
    """Make a new address for the actor in place of the one before, and return its secret."""
    user, secret = _user(actor), secrets.token_urlsafe(_BYTES)
    drop(actor=actor)
    _table().insert([{"person": user, "digest": _digest(secret), "made_at": clock.now()}])
    audit.note("token_made", f"user:{user}", actor=actor, after={"name": _NAME})
    return secret


def drop(*, actor: Actor) -> bool:
    """Let the actor's address lead nowhere from now on; say whether there was one."""
    user = _user(actor)
    gone = bool(_table().delete({"person": user}))
    if gone:
        audit.note("token_revoked", f"user:{user}", actor=actor, before={"name": _NAME})
    return gone


def holder(secret: str) -> Actor | None:
    """Return whose calendar an address shows, as he may read by now; None: nobody's."""
    rows = _table().select({"digest": _digest(secret)}, limit=1)
    if not rows:
        return None
    try:
        actor = renewed(Actor(user_id=rows[0]["person"], source="api"))
    except RelatumError:
        return None
    reader = dataclasses.replace(actor, reads_only=True)
    return reader if may(reader, USE) else None
