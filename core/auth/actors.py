"""Who a cookie or a token is, in one select."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from .. import clock, db
from ..actor import Actor
from ..errors import RelatumError
from ..storage import Instant, among, slices
from .people import MAY_ENTER, SESSIONS, TOKENS, USERS, digest

#: What a bearer token begins with, so that people and scanners recognise a leaked one.
TOKEN_PREFIX: Final = "rlt_"  # noqa: S105  # a mark, no secret

_WHO = (USERS.c.id, USERS.c.team_id, USERS.c.name, USERS.c.admin, USERS.c.timezone)
#: Whose session it is, who may look as somebody else.
_HOLDER: Any = USERS.alias("holder")
_BY_SESSION = (
    sa.select(*_WHO, SESSIONS.c.csrf, SESSIONS.c.as_user_id, SESSIONS.c.user_id)
    .join_from(SESSIONS, _HOLDER, SESSIONS.c.user_id == _HOLDER.c.id)
    .join(USERS, USERS.c.id == sa.func.coalesce(SESSIONS.c.as_user_id, SESSIONS.c.user_id))
    .where(
        SESSIONS.c.id_hash == sa.bindparam("digest"),
        SESSIONS.c.expires_at > sa.bindparam("now", type_=Instant),
        MAY_ENTER,
        _HOLDER.c.active,
        _HOLDER.c.trashed_at.is_(None),
        sa.or_(SESSIONS.c.as_user_id.is_(None), _HOLDER.c.admin),
    )
)
_BY_TOKEN = (
    sa.select(*_WHO, TOKENS.c.reads_only, TOKENS.c.scope)
    .join_from(TOKENS, USERS, TOKENS.c.user_id == USERS.c.id)
    .where(
        TOKENS.c.token_hash == sa.bindparam("digest"),
        sa.or_(
            TOKENS.c.expires_at.is_(None),
            TOKENS.c.expires_at > sa.bindparam("now", type_=Instant),
        ),
        MAY_ENTER,
    )
)


def actor_of_session(cookie: str) -> tuple[Actor, str]:
    """Return who a session cookie is, at a browser, and the session's CSRF token; one select.

    An administrator who looks as somebody else is that user, and only reads. Raises
    `not_signed_in`.
    """
    row = _one(_BY_SESSION, cookie)
    if row is None:
        raise RelatumError("not_signed_in")
    actor = dataclasses.replace(_actor(row), source="ui")
    if row.as_user_id is not None:
        actor = dataclasses.replace(actor, behind=row.user_id, reads_only=True)
    return actor, row.csrf


def actor_of_token(text: str) -> Actor:
    """Return who a bearer token is; one select. Raises `token_invalid`."""
    row = _one(_BY_TOKEN, text) if text.startswith(TOKEN_PREFIX) else None
    if row is None:
        raise RelatumError("token_invalid")
    actor = _actor(row).narrowed(row.scope)
    return dataclasses.replace(actor, reads_only=True) if row.reads_only else actor


def actor_of_user(user_id: int, *, source: str) -> Actor | None:
    """Return a user as he acts by himself; None if he may not enter any more."""
    query = sa.select(*_WHO).where(USERS.c.id == user_id, MAY_ENTER)
    row = db.current().connection.execute(query).first()
    return None if row is None else dataclasses.replace(_actor(row), source=source)


def actors_of_users(user_ids: Iterable[int], *, source: str = "job") -> dict[int, Actor]:
    """Return users as they act by themselves, by id, without those who may not enter any more."""
    query = sa.select(*_WHO).where(among(USERS.c.id), MAY_ENTER)
    return {
        row.id: dataclasses.replace(_actor(row), source=source)
        for piece in slices(sorted(set(user_ids)))
        for row in db.current().connection.execute(query, {"ids": piece})
    }


def renewed(actor: Actor) -> Actor:
    """Return somebody as he stands by now, for work that outlives a transaction, such as a file.

    Raises `not_signed_in` if he may not enter any more.
    """
    if actor.user_id is None:
        return actor
    found = actor_of_user(actor.user_id, source=actor.source)
    if found is None:
        raise RelatumError("not_signed_in")
    narrowed = found.narrowed(actor.scope.text if actor.scope is not None else None)
    return dataclasses.replace(
        narrowed, reads_only=actor.reads_only, behind=actor.behind, address=actor.address
    )


def _one(query: sa.Select[Any], text: str) -> Any:
    values = {"digest": digest(text), "now": clock.now()}
    return db.current().connection.execute(query, values).first()


def _actor(row: Any) -> Actor:
    return Actor(
        user_id=row.id, team_id=row.team_id, name=row.name, admin=row.admin, timezone=row.timezone
    )
