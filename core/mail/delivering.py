"""The job that sends one mail, outside of any transaction; what came of it is noted at once."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from flask import current_app
from marshmallow import Schema, fields

from .. import clock, db, faults
from ..errors import RelatumError
from ..jobs import Chunk, Kind, Step, register
from . import rows, smtp
from .rows import TABLE
from .writing import KIND

#: Tries: after 5, 15, 45 seconds and so on, then hourly; about six hours in all.
_ATTEMPTS: Final = 12


class SendMailArguments(Schema):
    """Which mail."""

    mail = fields.Integer(required=True, strict=True)


def deliver(mail_id: int, *, job_id: int | None) -> None:
    """Send a mail that waits for a job, or for None in particular; one that does not is left alone.

    Called in no transaction. Raises `mail_refused`, `mail_too_late`, `mail_off` for good, and
    `mail_server_failed` for what may pass; the mail's row has it too.
    """
    # One context for all: once the attempt is noted, newer plugins don't stop what is under way.
    with current_app.app_context():
        row = db.transact(partial(_begun, mail_id, job_id))
        if row is None:
            return
        try:
            _send(row)
        except _Refusal as refusal:
            error = refusal.error
            noted = {"error_code": error.code, "error": str(error)}
            db.transact(partial(rows.change, mail_id, **noted))
            raise error from refusal


class _Refusal(Exception):
    """Why a mail was not sent, as it is told and noted; nothing of it was sent."""

    def __init__(self, error: RelatumError) -> None:
        super().__init__(str(error))
        self.error = error


def _begun(mail_id: int, job_id: int | None) -> Any:
    """Count an attempt and return the row; None if it is not to be sent by this job."""
    mine = (TABLE.c.sent_at.is_(None), TABLE.c.job_id.is_not_distinct_from(job_id))
    once = {"attempts": TABLE.c.attempts + 1, "tried_at": clock.now()}
    return rows.one(mail_id) if rows.change(mail_id, *mine, **once) else None


def _send(row: Any) -> None:
    config = db.settings()
    server, sender = config.mail_server, config.sender
    if server is None or sender is None:
        raise _Refusal(RelatumError("mail_off"))
    if row.until is not None and row.until < clock.now():
        until = row.until.isoformat(sep=" ", timespec="minutes")
        raise _Refusal(RelatumError("mail_too_late", until=until))
    try:
        smtp.give(server, sender, row, taken=partial(_taken, row))
    except smtp.NotTaken as error:
        told = RelatumError("mail_server_failed", server=str(server), reason=str(error))
        if error.final:
            told = RelatumError("mail_refused", reason=str(error))
        raise _Refusal(told) from error


def _taken(row: Any) -> None:
    """Note that a mail was sent: until this is done, a kill means that it is sent again."""
    faults.point("mail.before_note")
    sent = {"sent_at": clock.now(), "error_code": None, "error": None}
    if row.secret:
        sent |= {"text": None, "html": None}
    db.transact(partial(rows.change, row.id, **sent))


def _prepare(chunk: Chunk) -> None:
    deliver(chunk.arguments["mail"], job_id=chunk.job_id)


def _finish(chunk: Chunk) -> Step:
    return chunk.finish({"mail": chunk.arguments["mail"]}, done=1)


SEND_MAIL: Final = register(
    Kind(
        name=KIND, title="Send a mail", run=_finish, prepare=_prepare, arguments=SendMailArguments,
        attempts=_ATTEMPTS,
    )
)  # fmt: skip
