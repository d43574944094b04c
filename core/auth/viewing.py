"""Looking at the instance as somebody else: for administrators, who then can only read."""

from __future__ import annotations

import sqlalchemy as sa

from .. import access, audit, db
from ..actor import Actor
from ..errors import RelatumError
from .people import SESSIONS, digest, must_enter


def view_as(user_id: int, cookie: str | None, *, actor: Actor) -> None:
    """Let the session of a cookie show what a user sees, until `stop_viewing`.

    Raises `forbidden`, `view_refused`, `record_unknown`, `cant_sign_in`.
    """
    access.require(actor, "view", "the instance as somebody else")
    db.for_writing()
    must_enter(user_id)
    if cookie is None:
        raise RelatumError("view_refused", reason="a bearer token has no session to look by")
    if user_id == actor.user_id:
        raise RelatumError("view_refused", reason="that is you")
    _set(cookie, user_id)
    audit.note("view_as", f"user:{user_id}", actor=actor, after={"on": True})


def stop_viewing(cookie: str | None, *, actor: Actor) -> None:
    """Let an administrator be himself again; fine if he is. Raises `token_out_of_scope`."""
    access.require_whole(actor, "end", "the look as somebody else")
    if cookie is not None and actor.behind is not None:
        _set(cookie, None)
        audit.note("view_as", f"user:{actor.user_id}", actor=actor, after={"on": False})


def _set(cookie: str, user_id: int | None) -> None:
    mine = sa.update(SESSIONS).where(SESSIONS.c.id_hash == digest(cookie))
    db.for_writing().connection.execute(mine.values(as_user_id=user_id))
