"""Who is known by a sign-in provider: users linked with what it calls them, (issuer, subject)."""

from __future__ import annotations

import unicodedata
from typing import Any, NamedTuple

import sqlalchemy as sa

from .. import audit, clock, db, models
from ..actor import Actor
from ..errors import RelatumError
from .passwords import email_key
from .people import USERS, known, own_or_admin

IDENTITIES: Any = models.Identity.__table__


class Holder(NamedTuple):
    """A user with an address: of exactly these letters, or of others that are found alike."""

    user_id: int
    exact: bool


def holder(email: str) -> Holder | None:
    """Return who has an address, disabled or in the trash too; None: nobody.

    Addresses are found without regard to accents, and whoever has a mailbox at bücher.example
    does not have one at bucher.example.
    """
    known_by = email_key(email)
    if known_by is None:
        return None
    query = sa.select(USERS.c.id, USERS.c.email).where(USERS.c.email__k == known_by)
    rows = db.current().connection.execute(query.order_by(USERS.c.trashed_at, USERS.c.id)).all()
    for row in rows:
        if _letters(row.email) == _letters(email):
            return Holder(row.id, exact=True)
    return Holder(rows[0].id, exact=False) if rows else None


def _letters(email: str) -> str:
    return unicodedata.normalize("NFC", email.strip()).casefold()


def use(issuer: str, subject: str) -> int | None:
    """Return the user who is linked with an identity and note that it was used; None: nobody."""
    this = sa.update(IDENTITIES).where(
        IDENTITIES.c.issuer == issuer, IDENTITIES.c.subject == subject
    )
    used = this.values(last_used_at=clock.now()).returning(IDENTITIES.c.user_id)
    found: int | None = db.for_writing().connection.execute(used).scalar_one_or_none()
    return found


def link(user_id: int, issuer: str, subject: str) -> None:
    """Link a user with an identity that he has just used.

    Raises `identity_taken` if he is linked with another one of the same provider: an address that
    went to somebody else does not bring what it led to along.
    """
    connection = db.for_writing().connection
    mine = sa.select(IDENTITIES.c.subject).where(
        IDENTITIES.c.user_id == user_id, IDENTITIES.c.issuer == issuer
    )
    if connection.execute(mine).first() is not None:
        raise RelatumError("identity_taken")
    now = clock.now()
    row = {
        "issuer": issuer, "subject": subject, "user_id": user_id, "linked_at": now,
        "last_used_at": now,
    }  # fmt: skip
    connection.execute(sa.insert(IDENTITIES), row)
    himself = Actor(user_id=user_id, source="ui")
    audit.note("identity_linked", f"user:{user_id}", actor=himself, after={"issuer": issuer})


def list_identities(user_id: int, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the identities that a user is linked with, the oldest first.

    Raises `forbidden`, `record_unknown`.
    """
    own_or_admin(actor, user_id, "read", "identities of another user")
    known(user_id)
    query = sa.select(IDENTITIES).where(IDENTITIES.c.user_id == user_id)
    query = query.order_by(IDENTITIES.c.linked_at, IDENTITIES.c.issuer)
    rows = db.current().connection.execute(query).mappings()
    return [{name: row[name] for name in row if name != "user_id"} for row in rows]


def unlink(user_id: int, issuer: str, *, actor: Actor) -> None:
    """Forget the identity of an issuer that a user is linked with.

    Raises `forbidden`, `record_unknown`, `identity_unlinked`.
    """
    own_or_admin(actor, user_id, "unlink", "identities of another user")
    connection = db.for_writing().connection
    known(user_id)
    gone = sa.delete(IDENTITIES).where(
        IDENTITIES.c.user_id == user_id, IDENTITIES.c.issuer == issuer
    )
    if not connection.execute(gone).rowcount:
        raise RelatumError("identity_unlinked", issuer=issuer[:200])
    audit.note("identity_unlinked", f"user:{user_id}", actor=actor, before={"issuer": issuer})
