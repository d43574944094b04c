"""Verbs for administrators: what was mailed, what became of it, and sending it again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from .. import access, clock, db, models
from ..actor import Actor
from ..errors import RelatumError
from . import rows
from .rows import FAILED, KEPT, STATE, STATES, TABLE
from .writing import queue


def list_mails(
    *, actor: Actor, state: str | None = None, limit: int = 50, before: int | None = None
) -> list[dict[str, Any]]:
    """Return mails, newest first; `before` is the id of the last one of the page before."""
    access.require(actor, "read", "outgoing mail")
    if state is not None and state not in STATES:
        reason = f"it must be one of {', '.join(STATES)}"
        raise RelatumError("bad_parameter", name="state", reason=reason)
    query = rows.query().order_by(TABLE.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(state == STATE)
    if before is not None:
        query = query.where(TABLE.c.id < before)
    return [rows.summary(row) for row in db.current().connection.execute(query)]


def get(mail_id: int, *, actor: Actor) -> dict[str, Any]:
    """Return a mail with what it says; raise `mail_unknown`."""
    access.require(actor, "read", "outgoing mail")
    return rows.details(rows.one(mail_id))


def retry(mail_id: int, *, actor: Actor) -> dict[str, Any]:
    """Send a mail that failed or was kept, once the open transaction has committed. Return it.

    Raises `mail_unknown`, `mail_not_failed`, `mail_off`.
    """
    access.require(actor, "send", "mail again")
    row = rows.one(mail_id)
    if row.state not in (FAILED, KEPT):
        raise RelatumError("mail_not_failed", id=mail_id, state=row.state)
    if db.settings().mail_server is None:
        raise RelatumError("mail_off")
    again = {"error_code": None, "error": None, "attempts": 0}
    if not rows.change(mail_id, TABLE.c.job_id.is_not_distinct_from(row.job_id), **again):
        raise RelatumError("mail_not_failed", id=mail_id, state="taken by somebody else")
    queue(mail_id)
    return rows.details(rows.one(mail_id))


def about(addresses: Iterable[str], records: Iterable[int]) -> list[dict[str, Any]]:
    """Return the mails that went to addresses or are about records, oldest first, whole."""
    query = rows.query().where(_about(addresses, records)).order_by(TABLE.c.id)
    return [rows.details(row) for row in db.current().connection.execute(query)]


def outward(
    records: Iterable[int], *, limit: int, before: tuple[datetime, int] | None = None
) -> list[dict[str, Any]]:
    """Return what may be told beside records of the mails about them that left the house.

    Newest first: id, at, subject, state, actor, record. Neither what a mail says nor to whom; mails
    with secrets, and those to users of the instance, are left out. Whoever shows them has asked
    whether the records are seen. `before` is (at, id) of the last one of the page before.
    """
    users = models.User.__table__.c
    asked = rows.query(
        TABLE.c.id, TABLE.c.created_at, TABLE.c.subject, STATE, TABLE.c.actor_id, TABLE.c.record_id
    ).where(
        TABLE.c.record_id.in_(list(records)),
        TABLE.c.secret.is_(False),
        ~sa.exists().where(sa.func.lower(users.email) == sa.func.lower(TABLE.c.address)),
    )
    if before is not None:
        at, id_ = before
        same = sa.and_(TABLE.c.created_at == at, TABLE.c.id < id_)
        asked = asked.where(sa.or_(TABLE.c.created_at < at, same))
    asked = asked.order_by(TABLE.c.created_at.desc(), TABLE.c.id.desc()).limit(limit)
    names = ("id", "at", "subject", "state", "actor", "record")
    return [dict(zip(names, row, strict=True)) for row in db.current().connection.execute(asked)]


def forget(addresses: Iterable[str], records: Iterable[int]) -> int:
    """Erase who such mails went to and what they said; return how many those were.

    Those that still wait are not sent any more.
    """
    blank = {
        "address": "erased", "name": None, "reply_to": None, "subject": "", "text": None,
        "html": None, "until": clock.now(),
    }  # fmt: skip
    erased = sa.update(TABLE).where(_about(addresses, records)).values(**blank)
    return int(db.for_writing().connection.execute(erased).rowcount)


def _about(addresses: Iterable[str], records: Iterable[int]) -> Any:
    lower = sorted({address.lower() for address in addresses})
    return sa.or_(sa.func.lower(TABLE.c.address).in_(lower), TABLE.c.record_id.in_(list(records)))
