"""Where somebody is signed in: the sessions of browsers, looked at and ended one by one.

A session is named by the beginning of its digest: enough to tell it from the others of its user,
and nothing that lets anybody in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from .. import audit, clock, db
from ..actor import Actor
from ..errors import RelatumError
from .people import LINKS, SESSIONS, TOKENS, digest, end_all, known, own_or_admin

#: Signs of a digest that name a session.
_NAME: Final = 16
_NAMED: Final[Any] = sa.func.substr(SESSIONS.c.id_hash, 1, _NAME)


def list_sessions(user_id: int, *, actor: Actor, cookie: str | None = None) -> list[dict[str, Any]]:
    """Return a user's sessions that still let in, newest first.

    Each is {id, created_at, expires_at, current}: `current` is the one of the `cookie`. Raises
    `forbidden`, `record_unknown`.
    """
    own_or_admin(actor, user_id, "list", "sessions of another user")
    known(user_id)
    query = sa.select(SESSIONS.c.id_hash, SESSIONS.c.created_at, SESSIONS.c.expires_at)
    query = query.where(SESSIONS.c.user_id == user_id, SESSIONS.c.expires_at > clock.now())
    query = query.order_by(SESSIONS.c.created_at.desc(), SESSIONS.c.id_hash)
    mine = digest(cookie) if cookie else None
    return [
        {
            "id": row.id_hash[:_NAME], "created_at": row.created_at, "expires_at": row.expires_at,
            "current": row.id_hash == mine,
        }
        for row in db.current().connection.execute(query)
    ]  # fmt: skip


def end_session(user_id: int, session: str, *, actor: Actor) -> None:
    """End one session of a user. Raises `forbidden`, `record_unknown`, `session_unknown`."""
    own_or_admin(actor, user_id, "end", "sessions of another user")
    known(user_id)
    gone = sa.delete(SESSIONS).where(SESSIONS.c.user_id == user_id, session == _NAMED)
    if not db.for_writing().connection.execute(gone).rowcount:
        raise RelatumError("session_unknown", id=session[:80])
    audit.note("sessions_ended", f"user:{user_id}", actor=actor, after={"ended": 1})


def end_sessions(user_id: int, *, actor: Actor, keep: str | None = None) -> int:
    """End all sessions, one-time links and half sign-ins of a user; return how many sessions.

    `keep` is the cookie of the one that goes on. Raises `forbidden`, `record_unknown`.
    """
    own_or_admin(actor, user_id, "end", "sessions of another user")
    open_ = list_sessions(user_id, actor=actor, cookie=keep)
    end_all(user_id, keep=keep)
    ended = sum(not session["current"] for session in open_)
    audit.note("sessions_ended", f"user:{user_id}", actor=actor, after={"ended": ended})
    return ended


def ways_in(user_id: int) -> dict[str, int]:
    """Count what lets a user in by now, besides a password: sessions, links and tokens."""
    now, connection = clock.now(), db.current().connection
    counted = {}
    for name, table in (("sessions", SESSIONS), ("links", LINKS), ("tokens", TOKENS)):
        lasts = sa.or_(table.c.expires_at.is_(None), table.c.expires_at > now)
        query = sa.select(sa.func.count()).where(table.c.user_id == user_id, lasts)
        counted[name] = int(connection.execute(query).scalar_one())
    return counted


def last_sign_in(user_id: int, *, actor: Actor) -> datetime | None:
    """Return when a user came in last, as far as a session tells that has not been ended.

    Raises `forbidden`.
    """
    own_or_admin(actor, user_id, "list", "sessions of another user")
    query = sa.select(sa.func.max(SESSIONS.c.created_at)).where(SESSIONS.c.user_id == user_id)
    found: datetime | None = db.current().connection.execute(query).scalar()
    return found
