"""Passwords: what is too weak, the hash, and what somebody's password is checked against."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache
from typing import Final, NamedTuple

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .. import audit, clock, db
from ..actor import Actor
from ..errors import RelatumError
from ..fields import Refused, fold
from ..fields.text import clean
from ..storage import Instant
from .people import CREDENTIALS, MAY_ENTER, USERS, end_all, must_be_person, own_or_admin

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1000
#: Passwords of ten characters and more that everybody tries first.
_COMMON: Final = frozenset(
    "1234567890 0123456789 9876543210 0987654321 12345678910 1q2w3e4r5t qwertyuiop "
    "qwertz1234 qwerty1234 qwerty12345 1234567890q password12 password123 password1234 "
    "passw0rd123 administrator letmein123 iloveyou12 welcome123 changeme123 admin12345".split()
)

_hasher = PasswordHasher()


class Credential(NamedTuple):
    """What a password is checked against; `user_id` is None for somebody unknown."""

    user_id: int | None
    password_hash: str


def hash_password(text: str, *, email: str | None = None) -> str:
    """Return the argon2 hash of a new password; slow on purpose, so outside transactions.

    Raises `password_weak`: too short, too long, one of the first that everybody tries, all one
    character, or the user's e-mail address.
    """
    reason = None
    if len(text) < SHORTEST_PASSWORD:
        reason = f"has {len(text)} characters; at least {SHORTEST_PASSWORD} are needed"
    elif len(text) > LONGEST_PASSWORD:
        reason = f"has more than {LONGEST_PASSWORD} characters"
    elif text.casefold() in _COMMON or len(set(text)) == 1:
        reason = "is one of those that everybody tries first"
    elif email and text.casefold() in (email.casefold(), email.casefold().split("@")[0]):
        reason = "is the e-mail address"
    if reason is not None:
        raise RelatumError("password_weak", reason=f"{reason}. Choose another")
    return _hasher.hash(_typed(text))


def random_password() -> str:
    """Return a password that nobody guesses."""
    return secrets.token_urlsafe(12)


def _typed(text: str) -> bytes:
    # The same keys give other code points on other machines.
    return unicodedata.normalize("NFKC", text).encode("utf-8", "surrogatepass")


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_bytes(16))


def find_user(email: str) -> int | None:
    """Return the id of the user with an e-mail address who may come in; None: there is none."""
    known_by = email_key(email)
    if known_by is None:
        return None
    query = sa.select(USERS.c.id).where(USERS.c.email__k == known_by, MAY_ENTER)
    found: int | None = db.current().connection.execute(query).scalar()
    return found


def email_key(email: str) -> str | None:
    """Return what an address is found by; None for a text that none can be."""
    try:
        return fold(clean(email.strip()[:254], lines=False))
    except Refused:
        return None


def find_credential(email: str) -> Credential:
    """Return what the password of an e-mail address is checked against.

    Somebody unknown, without a password or not allowed in gets the hash of nothing, so that
    the answer takes as long as for everybody else.
    """
    known_by = email_key(email)
    if known_by is None:
        return Credential(None, "")
    query = (
        sa.select(USERS.c.id, CREDENTIALS.c.password_hash)
        .join_from(USERS, CREDENTIALS, CREDENTIALS.c.user_id == USERS.c.id)
        .where(USERS.c.email__k == known_by, MAY_ENTER)
    )
    row = db.current().connection.execute(query).first()
    return Credential(None, "") if row is None else Credential(row.id, row.password_hash)


def check_password(credential: Credential, password: str) -> int:
    """Return the user's id if the password is right; outside transactions.

    Raises `sign_in_failed`, always after the same work.
    """
    try:
        _hasher.verify(
            credential.password_hash or _nobody(), _typed(password[: LONGEST_PASSWORD + 1])
        )
    except (VerificationError, InvalidHashError):
        raise RelatumError("sign_in_failed") from None
    if credential.user_id is None:
        raise RelatumError("sign_in_failed")
    return credential.user_id


def set_password(
    user_id: int, password_hash: str, *, actor: Actor, keep: str | None = None
) -> None:
    """Store a hash made by `hash_password`; end the user's sessions and one-time links.

    `keep` is the cookie of the session that goes on. Raises `forbidden`, `record_unknown`,
    and `cant_sign_in` for a service.
    """
    own_or_admin(actor, user_id, "set", "another user's password")
    tx = db.for_writing()
    must_be_person(user_id)
    statement = sa.text(
        "INSERT INTO core_credential (user_id, password_hash, changed_at) VALUES (:user, :hash, "
        ":at) "
        "ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, "
        "changed_at = excluded.changed_at"
    ).bindparams(sa.bindparam("at", type_=Instant))
    tx.connection.execute(statement, {"user": user_id, "hash": password_hash, "at": clock.now()})
    end_all(user_id, keep=keep)
    audit.note("password_set", f"user:{user_id}", actor=actor)
