"""Idempotency-Key: a repeated write answers what the first one answered.

The answer is stored in the transaction of the write, so there is never one without the other.
Two requests with one key at a time: PostgreSQL refuses the second (`idempotency_busy`); SQLite
has one writer, so the second waits for the first and then replays it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import orjson
import sqlalchemy as sa
from flask import current_app

from .. import clock, db, models
from ..actor import Actor
from ..errors import RelatumError
from .operations import CHANGE, Call, Operation, Sealed

KEY_LIMIT = 255
_TABLE = models.Idempotency.__table__
_SWEPT = "relatum_idempotency_swept"
_SWEEP_SECONDS = 600.0
_KEPT = ("Location", "ETag", "Link", CHANGE)


class Kept(NamedTuple):
    """What was answered to a key: a digest of what was asked, and the answer."""

    digest: str
    status: int | None
    headers: dict[str, str]
    body: str | None


def once(operation: Operation, call: Call, work: Callable[[], Sealed]) -> Sealed:
    """Run `work`, or return what it answered before under the same key.

    Raises `idempotency_mismatch`, `idempotency_busy`, `idempotency_secret`, `bad_parameter`.
    """
    key = call.headers.get("Idempotency-Key")
    if key is None or not operation.idempotent_by_key:
        return work()
    scope = call.actor.scope.text if call.actor.scope is not None else ""
    # What one token was answered is not for another that sees less.
    digest = digest_of(call.method, call.path, call.digest + scope)
    known = recall(key, actor=call.actor)
    if known is not None:
        return _replay(known, digest)
    answer = work()
    kept = Kept(
        digest,
        None if operation.secret else answer.status,
        {name: value for name, value in answer.headers.items() if name in _KEPT},
        None if operation.secret or answer.body is None else answer.body.decode(),
    )
    keep(key, kept, actor=call.actor)
    return answer


def digest_of(method: str, path: str, sent: str) -> str:
    """Return what tells one request from another that has the same key."""
    return hashlib.sha256(f"{method} {path}\n{sent}".encode()).hexdigest()


def recall(key: str, *, actor: Actor) -> Kept | None:
    """Return what was answered to an actor's key; None if nothing was, and now nobody else does.

    Raises `idempotency_busy`, and `bad_parameter` for a key that is empty or too long.
    """
    if not 0 < len(key) <= KEY_LIMIT:
        reason = f"it must have 1 to {KEY_LIMIT} characters"
        raise RelatumError("bad_parameter", name="Idempotency-Key", reason=reason)
    tx = db.for_writing()
    _claim(tx, key, actor)
    expired = _TABLE.c.created_at < clock.now() - timedelta(hours=db.settings().idempotency_hours)
    this = sa.and_(_TABLE.c.actor_id == actor.user_id, _TABLE.c.key == key)
    # All keys now and then, this key always: the table has no index by age.
    sweep = current_app.extensions.get(_SWEPT, 0.0) + _SWEEP_SECONDS < time.monotonic()
    tx.connection.execute(sa.delete(_TABLE).where(expired if sweep else sa.and_(this, expired)))
    if sweep:
        current_app.extensions[_SWEPT] = time.monotonic()
    found = tx.connection.execute(sa.select(_TABLE).where(this)).one_or_none()
    if found is None:
        return None
    row = found._mapping
    return Kept(row["request_hash"], row["status"], orjson.loads(row["headers"]), row["body"])


def keep(key: str, answer: Kept, *, actor: Actor) -> None:
    """Keep an answer with the write that it tells of; `recall` has found none."""
    db.for_writing().connection.execute(
        sa.insert(_TABLE),
        {
            "key": key,
            "actor_id": actor.user_id,
            "request_hash": answer.digest,
            "status": answer.status,
            "headers": orjson.dumps(answer.headers).decode(),
            "body": answer.body,
            "created_at": clock.now(),
        },
    )


def _claim(tx: db.Transaction, key: str, actor: Actor) -> None:
    if tx.dialect != "postgresql":
        return
    number = hashlib.sha256(f"{actor.user_id} {key}".encode()).digest()[:8]
    lock = sa.select(sa.func.pg_try_advisory_xact_lock(int.from_bytes(number, signed=True)))
    if not tx.connection.execute(lock).scalar_one():
        raise RelatumError("idempotency_busy")


def _replay(known: Kept, digest: str) -> Sealed:
    if known.digest != digest:
        raise RelatumError("idempotency_mismatch")
    if known.status is None:
        raise RelatumError("idempotency_secret")
    headers = {**known.headers, "Idempotency-Replayed": "true"}
    return Sealed(known.status, headers, None if known.body is None else known.body.encode())
