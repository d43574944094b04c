"""Forget what nobody needs any more: finished jobs, mails, ended sessions and links, old keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from .. import clock, db, mail, models
from ..jobs import Chunk, Kind, Step, register


def _old(now: datetime) -> list[tuple[str, sa.Table, Any]]:
    """Return what is called how, its table, and the condition of rows to be forgotten."""
    config = db.settings()
    before = now - timedelta(days=config.forget_days)
    keys_before = min(before, now - timedelta(hours=config.idempotency_hours))
    jobs, sessions = models.Job.__table__, models.SignIn.__table__
    uploads, uploaded_before = models.Upload.__table__, now - timedelta(days=config.upload_days)
    links, keys = models.Link.__table__, models.Idempotency.__table__
    return [
        ("jobs", jobs, jobs.c.finished_at < before),
        ("uploads", uploads, uploads.c.created_at < uploaded_before),
        ("sessions", sessions, sessions.c.expires_at < before),
        ("links", links, links.c.expires_at < before),
        ("mails", models.Mail.__table__, mail.is_over(before)),
        ("idempotency_keys", keys, keys.c.created_at < keys_before),
    ]


def forget(chunk: Chunk) -> Step:
    """Delete some rows, of one table after the other; the result counts them by name."""
    counts: dict[str, int] = dict(chunk.checkpoint or {})
    for name, table, condition in _old(clock.now()):
        gone = _delete(table, condition, chunk.size)
        if gone:
            counts[name] = counts.get(name, 0) + gone
            return chunk.more(counts, done=gone)
    return chunk.finish(counts)


def _delete(table: sa.Table, condition: Any, limit: int) -> int:
    key = table.primary_key.columns
    some = sa.select(*key).where(condition).limit(limit)
    gone = sa.delete(table).where(sa.tuple_(*key).in_(some))
    return int(db.for_writing().connection.execute(gone).rowcount)


FORGET: Final = register(
    Kind(name="forget", title="Forget what is over", run=forget, chunk=1000, limit=1)
)
