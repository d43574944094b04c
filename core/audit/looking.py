"""Reading the audit log, for administrators."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa

from .. import access, catalog, db
from ..actor import Actor
from ..errors import RelatumError, nearest
from ..fields import Refused
from ..fields.moment import to_date, to_instant
from .events import EVENTS
from .noting import ENTRIES


def entries(
    *,
    actor: Actor,
    limit: int,
    event: str | None = None,
    by: int | None = None,
    subject: str | None = None,
    since: str | None = None,
    until: str | None = None,
    before: int | None = None,
) -> list[dict[str, Any]]:
    """Return entries of the log, newest first.

    Each is {id, at, actor, source, address, event, subject, before, after, sealed}. `by` is who
    did it, `before` the id of the last entry of the page before; `since` and `until` are instants,
    or days that count as a whole. Raises `bad_parameter`, `forbidden`.
    """
    access.require(actor, "read", "the audit log")
    if event is not None and event not in EVENTS:
        reason = f"it is no event of the log.{nearest(event[:40], list(EVENTS))}"
        raise RelatumError("bad_parameter", name="event", reason=reason)
    known = ENTRIES.c
    asked = {known.event: event, known.actor_id: by, known.subject: subject}
    query = sa.select(ENTRIES).where(*(c == v for c, v in asked.items() if v is not None))
    if since is not None:
        query = query.where(known.at >= _moment("since", since))
    if until is not None:
        query = query.where(known.at < _moment("until", until, days=1))
    if before is not None:
        query = query.where(known.id < before)
    rows = db.current().connection.execute(query.order_by(known.id.desc()).limit(limit))
    return [_shown(row) for row in rows]


def _moment(name: str, text: str, *, days: int = 0) -> datetime:
    """Return an instant, or the beginning of a day, so many days later."""
    zone = catalog.current().zone
    try:
        if len(text.strip()) > len("2026-01-31"):
            return to_instant(text, zone)
        day = to_date(text) + timedelta(days=days)
        return datetime.combine(day, time(), ZoneInfo(zone))
    except (Refused, OverflowError):
        reason = "it must be a day such as 2026-01-31, or an instant such as 2026-01-31T12:00:00Z"
        raise RelatumError("bad_parameter", name=name, reason=reason) from None


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id, "at": row.at, "actor": row.actor_id, "source": row.source,
        "address": row.address, "event": row.event, "subject": row.subject,
        "before": None if row.before is None else orjson.loads(row.before),
        "after": None if row.after is None else orjson.loads(row.after),
        "sealed": row.seal is not None,
    }  # fmt: skip
