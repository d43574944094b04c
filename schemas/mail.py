"""Wire formats of outgoing mail."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from .base import Closed

_SET: dict[str, Any] = {"required": True}
_OPEN: dict[str, Any] = {"required": True, "allow_none": True}


def _said(help: str, **more: Any) -> dict[str, Any]:  # noqa: A002  # the word users read
    return {"required": True, "metadata": {"description": help}, **more}


class TestMailSchema(Closed):
    """Whom a test mail goes to."""

    to = fields.String(required=True, validate=validate.Length(min=1, max=254))


class MailErrorSchema(Schema):
    """Why a mail was not sent, last."""

    code = fields.String(**_SET)
    message = fields.String(**_SET)


class MailRecordSchema(Schema):
    """The record that a mail is about."""

    type = fields.String(**_SET)
    id = fields.Integer(**_SET)


class MailSchema(Schema):
    """A mail as lists show it."""

    id = fields.Integer(**_SET)
    address = fields.String(**_SET)
    name = fields.String(**_OPEN)
    subject = fields.String(**_SET)
    state = fields.String(**_said("queued, sent, failed or kept"))
    attempts = fields.Integer(**_SET)
    template = fields.String(**_said("The text it was written from.", allow_none=True))
    created_at = fields.AwareDateTime(**_SET)
    tried_at = fields.AwareDateTime(**_OPEN)
    sent_at = fields.AwareDateTime(**_OPEN)
    until = fields.AwareDateTime(**_said("It is not sent later than this.", allow_none=True))
    next_at = fields.AwareDateTime(**_said("When it is tried again.", allow_none=True))
    actor = fields.Integer(**_OPEN)
    plugin = fields.String(**_OPEN)
    record = fields.Nested(MailRecordSchema, **_OPEN)
    error = fields.Nested(MailErrorSchema, **_OPEN)


class MailDetailsSchema(MailSchema):
    """A mail with what it says."""

    text = fields.String(**_said("Empty where a secret was in it.", allow_none=True))
    html = fields.String(**_OPEN)
    reply_to = fields.String(**_OPEN)
    job_id = fields.Integer(**_said("The job that sends it.", allow_none=True))


class MailedLinkSchema(Schema):
    """A link that goes by mail, which is told to nobody else."""

    mail = fields.Integer(**_said("The mail that it is in."))


class MailsSchema(Schema):
    """Mails, newest first; whether a server takes them."""

    can_send = fields.Boolean(**_said("A mail server is set up."))
    mails = fields.List(fields.Nested(MailSchema), **_SET)
    next = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Goes into _before."}
    )
