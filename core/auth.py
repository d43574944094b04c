"""Who may come in: passwords, sessions, bearer tokens and one-time links.

Hashing takes tens of milliseconds and never happens inside a transaction. A surface signs in
so: `find_credential` in a short `reading()`, `check_password` outside, `sign_in` in a short
`writing()`. Only digests of session ids, tokens and links are stored; their texts are shown once.
A user who is inactive or in the trash gets nothing, at once: every look-up demands it.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
import unicodedata
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from . import access, clock, db, models
from .actor import Actor
from .errors import Invalid, Problem, RelatumError
from .fields import fold
from .storage import Instant

#: What a bearer token begins with, so that people and scanners recognise a leaked one.
TOKEN_PREFIX: Final = "rlt_"  # noqa: S105  # a mark, no secret
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1000
#: Longest life of a token that has an end, and of its name.
TOKEN_DAYS: Final = 3650
TOKEN_NAME: Final = 100
#: Passwords of ten characters and more that everybody tries first.
_COMMON: Final = frozenset(
    "1234567890 0123456789 9876543210 0987654321 12345678910 1q2w3e4r5t qwertyuiop "
    "qwertz1234 qwerty1234 qwerty12345 1234567890q password12 password123 password1234 "
    "passw0rd123 administrator letmein123 iloveyou12 welcome123 changeme123 admin12345".split()
)
_USE_EVERY: Final = timedelta(hours=1)

_hasher = PasswordHasher()

# Only the columns that sign-in needs; the catalog's own table of users has many more.
_users = sa.table(
    "core_user",
    *(sa.column(n) for n in ("id", "team_id", "name", "email", "email__k", "timezone")),
    sa.column("admin", sa.Boolean),
    sa.column("active", sa.Boolean),
    sa.column("trashed_at", Instant),
)
_may_enter = sa.and_(_users.c.active, _users.c.trashed_at.is_(None))
_credentials: Any = models.Credential.__table__
_sessions: Any = models.SignIn.__table__
_tokens: Any = models.Token.__table__
_links: Any = models.Link.__table__


class Credential(NamedTuple):
    """What a password is checked against; `user_id` is None for somebody unknown."""

    user_id: int | None
    password_hash: str


class Session(NamedTuple):
    """A new session: the cookie's text, its CSRF token, whose it is and when it ends."""

    cookie: str
    csrf: str
    user_id: int
    expires_at: datetime


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# -- passwords ------------------------------------------------------------------------------
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


def find_credential(email: str) -> Credential:
    """Return what the password of an e-mail address is checked against.

    Somebody unknown, without a password or not allowed in gets the hash of nothing, so that
    the answer takes as long as for everybody else.
    """
    query = (
        sa.select(_users.c.id, _credentials.c.password_hash)
        .join_from(_users, _credentials, _credentials.c.user_id == _users.c.id)
        .where(_users.c.email__k == fold(email.strip()[:254]), _may_enter)
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

    `keep` is the cookie of the session that goes on. Raises `forbidden`, `record_unknown`.
    """
    _own_or_admin(actor, user_id, "set", "another user's password")
    tx = db.for_writing()
    _known(user_id)
    statement = sa.text(
        "INSERT INTO core_credential (user_id, password_hash, changed_at) VALUES (:user, :hash, "
        ":at) "
        "ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, "
        "changed_at = excluded.changed_at"
    ).bindparams(sa.bindparam("at", type_=Instant))
    tx.connection.execute(statement, {"user": user_id, "hash": password_hash, "at": clock.now()})
    gone = _sessions.c.user_id == user_id
    if keep is not None:
        gone &= _sessions.c.id_hash != _digest(keep)
    tx.connection.execute(sa.delete(_sessions).where(gone))
    tx.connection.execute(sa.delete(_links).where(_links.c.user_id == user_id))


# -- sessions -------------------------------------------------------------------------------
def sign_in(user_id: int) -> Session:
    """Open a session for a user whose password or link was right.

    Raises `sign_in_failed` if he may not enter any more.
    """
    tx = db.for_writing()
    if not _enters(user_id):
        raise RelatumError("sign_in_failed")
    now = clock.now()
    made = Session(
        secrets.token_urlsafe(32),
        secrets.token_urlsafe(32),
        user_id,
        now + timedelta(hours=db.settings().session_hours),
    )
    over = sa.and_(_sessions.c.user_id == user_id, _sessions.c.expires_at <= now)
    tx.connection.execute(sa.delete(_sessions).where(over))
    row = {
        "id_hash": _digest(made.cookie), "user_id": user_id, "csrf": made.csrf, "created_at": now,
        "expires_at": made.expires_at,
    }  # fmt: skip
    tx.connection.execute(sa.insert(_sessions), row)
    return made


def sign_out(cookie: str) -> None:
    """End the session of a cookie; an unknown one is fine."""
    gone = sa.delete(_sessions).where(_sessions.c.id_hash == _digest(cookie))
    db.for_writing().connection.execute(gone)


_WHO = (_users.c.id, _users.c.team_id, _users.c.name, _users.c.admin, _users.c.timezone)
_BY_SESSION = (
    sa.select(*_WHO, _sessions.c.csrf)
    .join_from(_sessions, _users, _sessions.c.user_id == _users.c.id)
    .where(
        _sessions.c.id_hash == sa.bindparam("digest"),
        _sessions.c.expires_at > sa.bindparam("now", type_=Instant),
        _may_enter,
    )
)
_BY_TOKEN = (
    sa.select(*_WHO)
    .join_from(_tokens, _users, _tokens.c.user_id == _users.c.id)
    .where(
        _tokens.c.token_hash == sa.bindparam("digest"),
        sa.or_(
            _tokens.c.expires_at.is_(None),
            _tokens.c.expires_at > sa.bindparam("now", type_=Instant),
        ),
        _may_enter,
    )
)


def actor_of_session(cookie: str) -> tuple[Actor, str]:
    """Return who a session cookie is, and the session's CSRF token; one select.

    Raises `not_signed_in`.
    """
    row = _one(_BY_SESSION, cookie)
    if row is None:
        raise RelatumError("not_signed_in")
    return _actor(row), row.csrf


def actor_of_token(text: str) -> Actor:
    """Return who a bearer token is; one select. Raises `token_invalid`."""
    row = _one(_BY_TOKEN, text) if text.startswith(TOKEN_PREFIX) else None
    if row is None:
        raise RelatumError("token_invalid")
    return _actor(row)


def _one(query: sa.Select[Any], text: str) -> Any:
    values = {"digest": _digest(text), "now": clock.now()}
    return db.current().connection.execute(query, values).first()


def _actor(row: Any) -> Actor:
    return Actor(
        user_id=row.id, team_id=row.team_id, name=row.name, admin=row.admin, timezone=row.timezone
    )


# -- bearer tokens --------------------------------------------------------------------------
def make_token(
    user_id: int, name: str, expires_in_days: int | None, *, actor: Actor
) -> tuple[int, str]:
    """Make a token that acts as the user; return its id and its text, which is shown only now.

    Without days it never expires. Raises `Invalid`, `forbidden`, `record_unknown`, `cant_sign_in`.
    """
    _own_or_admin(actor, user_id, "make", "tokens of another user")
    tx = db.for_writing()
    _check_token(name, expires_in_days)
    _must_enter(user_id)
    text, now = TOKEN_PREFIX + secrets.token_urlsafe(32), clock.now()
    row = {
        "user_id": user_id, "name": name, "token_hash": _digest(text), "created_at": now,
        "expires_at": None if expires_in_days is None else now + timedelta(days=expires_in_days),
    }  # fmt: skip
    made = tx.connection.execute(sa.insert(_tokens).returning(_tokens.c.id), row).scalar_one()
    return int(made), text


def _check_token(name: str, days: int | None) -> None:
    problems = []
    if not name.strip():
        problems.append(Problem("required", field="name"))
    elif len(name) > TOKEN_NAME:
        problems.append(Problem("too_long", {"length": len(name), "max": TOKEN_NAME}, field="name"))
    if days is not None and days < 1:
        problems.append(Problem("too_small", {"min": 1}, field="days"))
    elif days is not None and days > TOKEN_DAYS:
        problems.append(Problem("too_large", {"max": TOKEN_DAYS}, field="days"))
    if problems:
        raise Invalid(problems)


def list_tokens(user_id: int, *, actor: Actor) -> list[dict[str, Any]]:
    """Return a user's tokens, newest first: id, name, created_at, expires_at, last_used_at."""
    _own_or_admin(actor, user_id, "list", "tokens of another user")
    _known(user_id)
    names = ("id", "name", "created_at", "expires_at", "last_used_at")
    query = sa.select(*(_tokens.c[name] for name in names)).where(_tokens.c.user_id == user_id)
    rows = db.current().connection.execute(query.order_by(_tokens.c.id.desc())).mappings()
    return [dict(row) for row in rows]


def revoke_token(token_id: int, *, actor: Actor) -> None:
    """Take a token away for good. Raises `token_unknown`, also for a token of somebody else."""
    gone = sa.delete(_tokens).where(_tokens.c.id == token_id)
    if not actor.admin:
        gone = gone.where(_tokens.c.user_id == actor.user_id)
    if not db.for_writing().connection.execute(gone).rowcount:
        raise RelatumError("token_unknown", id=token_id)


_used: dict[str, float] = {}
_used_lock = threading.Lock()


def note_use(text: str) -> None:
    """Note that a token was used, at most once an hour; never fails.

    For a surface, outside its transaction: this opens a short one of its own, and only when
    this process has not noted the token within the hour.
    """
    digest, moment = _digest(text), time.monotonic()
    with _used_lock:
        if moment - _used.get(digest, float("-inf")) < _USE_EVERY.total_seconds():
            return
        if len(_used) > 10_000:
            _used.clear()
        _used[digest] = moment
    now = clock.now()
    due = sa.or_(_tokens.c.last_used_at.is_(None), _tokens.c.last_used_at <= now - _USE_EVERY)
    noted = sa.update(_tokens).where(_tokens.c.token_hash == digest, due).values(last_used_at=now)
    try:
        db.transact(lambda: db.current().connection.execute(noted))
    except RelatumError:
        # Busy or full: the request that used the token has its answer all the same.
        return


# -- one-time links -------------------------------------------------------------------------
def make_link(user_id: int, *, actor: Actor) -> str:
    """Return the secret of a link that signs a user in once, within link_minutes.

    This is the invitation too: a user without a password gets one and chooses it then.
    Raises `forbidden`, `record_unknown`, `cant_sign_in`.
    """
    access.require(actor, "make", "one-time links")
    tx = db.for_writing()
    _must_enter(user_id)
    text, now = secrets.token_urlsafe(32), clock.now()
    tx.connection.execute(sa.delete(_links).where(_links.c.expires_at <= now))
    ends = now + timedelta(minutes=db.settings().link_minutes)
    row = {"id_hash": _digest(text), "user_id": user_id, "expires_at": ends}
    tx.connection.execute(sa.insert(_links), row)
    return text


def use_link(text: str) -> int:
    """Use up a one-time link and return its user's id; `sign_in` follows in the transaction.

    Raises `link_invalid`: used, expired, unknown, or its user may not enter.
    """
    gone = (
        sa.delete(_links)
        .where(_links.c.id_hash == _digest(text), _links.c.expires_at > clock.now())
        .returning(_links.c.user_id)
    )
    user_id = db.for_writing().connection.execute(gone).scalar_one_or_none()
    if user_id is None or not _enters(user_id):
        raise RelatumError("link_invalid")
    return int(user_id)


# -- who may ask for whom -------------------------------------------------------------------
def _own_or_admin(actor: Actor, user_id: int, action: str, thing: str) -> None:
    if actor.user_id != user_id:
        access.require(actor, action, thing)


def _state(user_id: int) -> Any:
    query = sa.select(_users.c.active, _users.c.trashed_at).where(_users.c.id == user_id)
    return db.current().connection.execute(query).first()


def _enters(user_id: int) -> bool:
    row = _state(user_id)
    return row is not None and row.active and row.trashed_at is None


def _known(user_id: int) -> None:
    row = _state(user_id)
    if row is None or row.trashed_at is not None:
        raise RelatumError("record_unknown", type="user", id=user_id)


def _must_enter(user_id: int) -> None:
    _known(user_id)
    if not _enters(user_id):
        reason = "is not active. Set active to true first"
        raise RelatumError("cant_sign_in", id=user_id, reason=reason)
