"""The rows of mails, and the state that follows from them: what their jobs say is the truth."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from .. import db, models
from ..errors import RelatumError
from ..fields.number import INTEGER_LIMIT

TABLE: Final[Any] = models.Mail.__table__
_JOBS: Final[Any] = models.Job.__table__
QUEUED, SENT, FAILED, KEPT = "queued", "sent", "failed", "kept"
STATES: Final = (QUEUED, SENT, FAILED, KEPT)
_OPEN: Final = _JOBS.c.state.in_(("queued", "running"))
#: Without a job it was kept, or tried at once and in vain; with one it waits as long as that does.
STATE: Final = sa.case(
    (TABLE.c.sent_at.is_not(None), SENT),
    (sa.and_(TABLE.c.job_id.is_(None), TABLE.c.error.is_(None)), KEPT),
    (_OPEN, QUEUED),
    else_=FAILED,
).label("state")
_SHOWN: Final = (
    "id", "address", "name", "subject", "state", "attempts", "template", "created_at", "tried_at",
    "sent_at", "until",
)  # fmt: skip


def query(*columns: Any) -> Any:
    """Return a select of mails with their state, from which nothing is left out."""
    joined = TABLE.outerjoin(_JOBS, _JOBS.c.id == TABLE.c.job_id)
    chosen = columns or (TABLE, STATE, _JOBS.c.not_before.label("next_at"))
    return sa.select(*chosen).select_from(joined)


def one(mail_id: int) -> Any:
    """Return the row of a mail with its state; raise `mail_unknown`."""
    row = None
    if 0 < mail_id <= INTEGER_LIMIT:
        row = db.current().connection.execute(query().where(TABLE.c.id == mail_id)).first()
    if row is None:
        raise RelatumError("mail_unknown", id=mail_id)
    return row


def change(mail_id: int, *when: Any, **values: Any) -> bool:
    """Change a mail if it meets conditions; say whether it did."""
    changed = sa.update(TABLE).where(TABLE.c.id == mail_id, *when).values(**values)
    return bool(db.for_writing().connection.execute(changed).rowcount)


def summary(row: Any) -> dict[str, Any]:
    """Return a mail as lists show it."""
    return {
        **{name: getattr(row, name) for name in _SHOWN},
        "next_at": row.next_at if row.state == QUEUED else None,
        "actor": row.actor_id,
        "plugin": row.plugin,
        "record": None if row.record_id is None else {"type": row.record_type, "id": row.record_id},
        "error": {"code": row.error_code, "message": row.error} if row.error_code else None,
    }


def details(row: Any) -> dict[str, Any]:
    """Return all that administrators see of a mail; `text` is None where a secret was in it."""
    own = ("text", "html", "reply_to", "job_id")
    return {**summary(row), **{name: getattr(row, name) for name in own}}


def is_over(before: Any) -> Any:
    """Return the condition of mails from before an instant that nobody tries to send any more."""
    waiting = sa.select(_JOBS.c.id).where(_OPEN)
    return sa.and_(
        TABLE.c.created_at < before,
        sa.or_(TABLE.c.job_id.is_(None), TABLE.c.job_id.not_in(waiting)),
    )
