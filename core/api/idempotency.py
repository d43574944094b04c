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

import orjson
import sqlalchemy as sa
from flask import current_app

from .. import clock, db, models
from ..errors import RelatumError
from .operations import CHANGE, Call, Operation, Sealed

KEY_LIMIT = 255
_TABLE = models.Idempotency.__table__
_SWEPT = "relatum_idempotency_swept"
_SWEEP_SECONDS = 600.0
_KEPT = ("Location", "ETag", "Link", CHANGE)


def once(operation: Operation, call: Call, work: Callable[[], Sealed]) -> Sealed:
    """Run `work`, or return what it answered before under the same key.

    Raises `idempotency_mismatch`, `idempotency_busy`, `idempotency_secret`, `bad_parameter`.
    """
    key = call.headers.get("Idempotency-Key")
    if key is None or not operation.idempotent_by_key:
        return work()
    if not 0 < len(key) <= KEY_LIMIT:
        reason = f"it must have 1 to {KEY_LIMIT} characters"
        raise RelatumError("bad_parameter", name="Idempotency-Key", reason=reason)
    tx = db.for_writing()
    _claim(tx, key, call)
    digest = hashlib.sha256(f"{call.method} {call.path}\n{call.digest}".encode()).hexdigest()
    known = _stored(tx, key, call)
    if known is not None:
        return _replay(known, digest)
    answer = work()
    kept = {name: value for name, value in answer.headers.items() if name in _KEPT}
    tx.connection.execute(
        sa.insert(_TABLE),
        {
            "key": key,
            "actor_id": call.actor.user_id,
            "request_hash": digest,
            "status": None if operation.secret else answer.status,
            "headers": orjson.dumps(kept).decode(),
            "body": None if operation.secret or answer.body is None else answer.body.decode(),
            "created_at": clock.now(),
        },
    )
    return answer


def _claim(tx: db.Transaction, key: str, call: Call) -> None:
    if tx.dialect != "postgresql":
        return
    number = hashlib.sha256(f"{call.actor.user_id} {key}".encode()).digest()[:8]
    lock = sa.select(sa.func.pg_try_advisory_xact_lock(int.from_bytes(number, signed=True)))
    if not tx.connection.execute(lock).scalar_one():
        raise RelatumError("idempotency_busy")


def _stored(tx: db.Transaction, key: str, call: Call) -> sa.Row[tuple[object, ...]] | None:
    """Return the stored answer, after forgetting what has expired."""
    expired = _TABLE.c.created_at < clock.now() - timedelta(hours=db.settings().idempotency_hours)
    this = sa.and_(_TABLE.c.actor_id == call.actor.user_id, _TABLE.c.key == key)
    # All keys now and then, this key always: the table has no index by age.
    sweep = current_app.extensions.get(_SWEPT, 0.0) + _SWEEP_SECONDS < time.monotonic()
    tx.connection.execute(sa.delete(_TABLE).where(expired if sweep else sa.and_(this, expired)))
    if sweep:
        current_app.extensions[_SWEPT] = time.monotonic()
    return tx.connection.execute(sa.select(_TABLE).where(this)).one_or_none()


def _replay(known: sa.Row[tuple[object, ...]], digest: str) -> Sealed:
    row = known._mapping
    if row["request_hash"] != digest:
        raise RelatumError("idempotency_mismatch")
    if row["status"] is None:
        raise RelatumError("idempotency_secret")
    headers = {**orjson.loads(row["headers"]), "Idempotency-Replayed": "true"}
    body = row["body"]
    return Sealed(row["status"], headers, None if body is None else body.encode())
