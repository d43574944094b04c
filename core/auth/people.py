"""The tables of sign-in, and the rules on people that all ways in share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from .. import access, db, models
from ..actor import Actor
from ..errors import RelatumError
from ..fields.number import INTEGER_LIMIT
from ..storage import Instant, slices

# Only the columns that sign-in needs; the catalog's own table of users has many more.
USERS = sa.table(
    "core_user",
    *(sa.column(n) for n in ("id", "team_id", "name", "email", "email__k", "timezone")),
    sa.column("admin", sa.Boolean),
    sa.column("active", sa.Boolean),
    sa.column("service", sa.Boolean),
    sa.column("trashed_at", Instant),
)
MAY_ENTER = sa.and_(USERS.c.active, USERS.c.trashed_at.is_(None))
CREDENTIALS: Any = models.Credential.__table__
SESSIONS: Any = models.SignIn.__table__
TOKENS: Any = models.Token.__table__
LINKS: Any = models.Link.__table__


def digest(text: str) -> str:
    """Return what is stored of a cookie, a token or a link."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def end_all(user_id: int, *, keep: str | None = None) -> None:
    """End a user's sessions, one-time links and half sign-ins; `keep` is the cookie of one."""
    gone = SESSIONS.c.user_id == user_id
    if keep is not None:
        gone &= SESSIONS.c.id_hash != digest(keep)
    connection = db.for_writing().connection
    connection.execute(sa.delete(SESSIONS).where(gone))
    connection.execute(sa.delete(LINKS).where(LINKS.c.user_id == user_id))


def forget(user_id: int) -> None:
    """Forget all by which a user signed in: he can't come in any more, whatever he remembers."""
    end_all(user_id)
    connection = db.for_writing().connection
    for model in (
        models.Credential,
        models.Token,
        models.RecoveryCode,
        models.SecondFactor,
        models.Identity,
    ):
        table: Any = model.__table__
        connection.execute(sa.delete(table).where(table.c.user_id == user_id))


def end_absent(user_ids: Iterable[int]) -> None:
    """End the sessions, one-time links and half sign-ins of those who may not come in any more."""
    connection = db.for_writing().connection
    for piece in slices(sorted(user_ids)):
        query = sa.select(USERS.c.id).where(USERS.c.id.in_(piece), sa.not_(MAY_ENTER))
        gone = list(connection.execute(query).scalars())
        for table in (SESSIONS, LINKS) if gone else ():
            connection.execute(sa.delete(table).where(table.c.user_id.in_(gone)))


def own_or_admin(actor: Actor, user_id: int, action: str, thing: str) -> None:
    """Refuse to act for somebody else, unless an administrator does; or by a narrow token."""
    if actor.user_id != user_id:
        access.require(actor, action, thing)
    access.require_whole(actor, action, thing)


def _state(user_id: int) -> Any:
    if not 0 < user_id <= INTEGER_LIMIT:
        return None
    names = (USERS.c.active, USERS.c.service, USERS.c.trashed_at)
    query = sa.select(*names).where(USERS.c.id == user_id)
    return db.current().connection.execute(query).first()


def enters(user_id: int) -> bool:
    """Say whether a user may sign in: a person, active, and not in the trash."""
    row = _state(user_id)
    return row is not None and row.active and not row.service and row.trashed_at is None


def known(user_id: int) -> Any:
    """Return how a user stands; raise `record_unknown` for one who is not there."""
    row = _state(user_id)
    if row is None or row.trashed_at is not None:
        raise RelatumError("record_unknown", type="user", id=user_id)
    return row


def must_act(user_id: int) -> None:
    """Raise `record_unknown` or `cant_sign_in` for a user who may do nothing any more."""
    if not known(user_id).active:
        reason = "is not active. Set active to true first"
        raise RelatumError("cant_sign_in", id=user_id, reason=reason)


def all_must_enter(user_ids: Sequence[int]) -> None:
    """Raise `cant_sign_in` for the first of some users who may not come in."""
    entering = set[int]()
    for piece in slices(user_ids):
        query = sa.select(USERS.c.id).where(USERS.c.id.in_(piece), MAY_ENTER)
        entering.update(db.current().connection.execute(query).scalars())
    for user_id in user_ids:
        if user_id not in entering:
            raise RelatumError("cant_sign_in", id=user_id, reason="is not active")


def must_enter(user_id: int) -> None:
    """Raise `record_unknown` or `cant_sign_in` for a user who may not sign in."""
    must_act(user_id)
    must_be_person(user_id)


def must_be_person(user_id: int) -> None:
    """Raise `record_unknown` or `cant_sign_in` for a service: it comes in by tokens alone."""
    if known(user_id).service:
        reason = "is a service, which comes in by tokens alone. Make a token for it"
        raise RelatumError("cant_sign_in", id=user_id, reason=reason)
