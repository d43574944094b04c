"""Bearer tokens: for programs, each acting as one user."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import TimeoutError as PoolTimeout

from .. import access, audit, clock, db
from ..actor import Actor
from ..errors import Invalid, Problem, RelatumError
from ..fields import Refused
from ..fields.number import INTEGER_LIMIT
from ..fields.text import clean
from . import scopes
from .actors import TOKEN_PREFIX
from .people import TOKENS, digest, known, must_act, own_or_admin

#: Longest life of a token that has an end, and of its name.
TOKEN_DAYS: Final = 3650
TOKEN_NAME: Final = 100
_USE_EVERY: Final = timedelta(hours=1)


def make_token(
    user_id: int,
    name: str,
    expires_in_days: int | None,
    *,
    actor: Actor,
    reads_only: bool = False,
    scope: Mapping[str, Sequence[str]] | None = None,
) -> tuple[int, str]:
    """Make a token that acts as the user; return its id and its text, which is shown only now.

    Without days it never expires. One that `reads_only` changes nothing. A `scope` leaves the
    actions that it names of each type, "*": of all others; see `scopes.read`.

    Raises `Invalid`, `forbidden`, `record_unknown`, `cant_sign_in`.
    """
    own_or_admin(actor, user_id, "make", "tokens of another user")
    tx = db.for_writing()
    _check_token(name, expires_in_days)
    left = None if scope is None else scopes.read(scope, actor=actor)
    must_act(user_id)
    text, now = TOKEN_PREFIX + secrets.token_urlsafe(32), clock.now()
    row = {
        "user_id": user_id, "name": name, "token_hash": digest(text), "created_at": now,
        "reads_only": reads_only, "scope": left and left.text,
        "expires_at": None if expires_in_days is None else now + timedelta(days=expires_in_days),
    }  # fmt: skip
    made = int(tx.connection.execute(sa.insert(TOKENS).returning(TOKENS.c.id), row).scalar_one())
    told = {"token": made, **{n: row[n] for n in ("name", "reads_only", "scope", "expires_at")}}
    audit.note("token_made", f"user:{user_id}", actor=actor, after=told)
    return made, text


def _check_token(name: str, days: int | None) -> None:
    problems = []
    if not name.strip():
        problems.append(Problem("required", field="name"))
    elif len(name) > TOKEN_NAME:
        problems.append(Problem("too_long", {"length": len(name), "max": TOKEN_NAME}, field="name"))
    try:
        clean(name, lines=False)
    except Refused as refused:
        problems.append(refused.problem.at(field="name"))
    if days is not None and days < 1:
        problems.append(Problem("too_small", {"min": 1}, field="days"))
    elif days is not None and days > TOKEN_DAYS:
        problems.append(Problem("too_large", {"max": TOKEN_DAYS}, field="days"))
    if problems:
        raise Invalid(problems)


def list_tokens(user_id: int, *, actor: Actor) -> list[dict[str, Any]]:
    """Return a user's tokens, newest first: their columns but the digest.

    `scope` is {type: actions}, or None for a token that may do what its user may.
    """
    own_or_admin(actor, user_id, "list", "tokens of another user")
    known(user_id)
    names = ("id", "name", "reads_only", "scope", "created_at", "expires_at", "last_used_at")
    query = sa.select(*(TOKENS.c[name] for name in names)).where(TOKENS.c.user_id == user_id)
    rows = db.current().connection.execute(query.order_by(TOKENS.c.id.desc())).mappings()
    return [{**row, "scope": row["scope"] and orjson.loads(row["scope"])} for row in rows]


def revoke_token(token_id: int, *, actor: Actor) -> None:
    """Take a token away for good. Raises `token_unknown`, also for a token of somebody else."""
    access.require_whole(actor, "revoke", "tokens")
    gone = sa.delete(TOKENS).where(TOKENS.c.id == token_id)
    if not actor.admin:
        gone = gone.where(TOKENS.c.user_id == actor.user_id)
    found, connection = None, db.for_writing().connection
    if 0 < token_id <= INTEGER_LIMIT:
        found = connection.execute(gone.returning(TOKENS.c.user_id, TOKENS.c.name)).first()
    if found is None:
        raise RelatumError("token_unknown", id=token_id)
    told = {"token": token_id, "name": found.name}
    audit.note("token_revoked", f"user:{found.user_id}", actor=actor, before=told)


_used: dict[str, float] = {}
_used_lock = threading.Lock()


def note_use(text: str) -> None:
    """Note that a token was used, at most once an hour; never fails.

    For a surface, outside its transaction: this opens a short one of its own, and only when
    this process has not noted the token within the hour.
    """
    hashed, moment = digest(text), time.monotonic()
    with _used_lock:
        if moment - _used.get(hashed, float("-inf")) < _USE_EVERY.total_seconds():
            return
        if len(_used) > 10_000:
            _used.clear()
        _used[hashed] = moment
    now = clock.now()
    due = sa.or_(TOKENS.c.last_used_at.is_(None), TOKENS.c.last_used_at <= now - _USE_EVERY)
    noted = sa.update(TOKENS).where(TOKENS.c.token_hash == hashed, due).values(last_used_at=now)
    try:
        db.transact(lambda: db.current().connection.execute(noted))
    except (RelatumError, PoolTimeout):
        # Busy or full: the request that used the token has its answer all the same.
        return
