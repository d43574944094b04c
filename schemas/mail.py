"""Wire formats of outgoing mail."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from .base import OPEN, SET, Closed, said


class TestMailSchema(Closed):
    """Whom a test mail goes to."""

    to = fields.String(required=True, validate=validate.Length(min=1, max=254))


class MailErrorSchema(Schema):
    """Why a mail was not sent, last."""

    code = fields.String(**SET)
    message = fields.String(**SET)


class MailRecordSchema(Schema):
    """The record that a mail is about."""

    type = fields.String(**SET)
    id = fields.Integer(**SET)


class MailSchema(Schema):
    """A mail as lists show it."""

    id = fields.Integer(**SET)
    address = fields.String(**SET)
    name = fields.String(**OPEN)
    subject = fields.String(**SET)
    state = fields.String(**said("queued, sent, failed or kept"))
    attempts = fields.Integer(**SET)
    template = fields.String(**said("The text it was written from.", allow_none=True))
    created_at = fields.AwareDateTime(**SET)
    tried_at = fields.AwareDateTime(**OPEN)
    sent_at = fields.AwareDateTime(**OPEN)
    until = fields.AwareDateTime(**said("It is not sent later than this.", allow_none=True))
    next_at = fields.AwareDateTime(**said("When it is tried again.", allow_none=True))
    actor = fields.Integer(**OPEN)
    plugin = fields.String(**OPEN)
    record = fields.Nested(MailRecordSchema, **OPEN)
    error = fields.Nested(MailErrorSchema, **OPEN)


class MailDetailsSchema(MailSchema):
    """A mail with what it says."""

    text = fields.String(**said("Empty where a secret was in it.", allow_none=True))
    html = fields.String(**OPEN)
    reply_to = fields.String(**OPEN)
    job_id = fields.Integer(**said("The job that sends it.", allow_none=True))


class MailedLinkSchema(Schema):
    """A link that goes by mail, which is told to nobody else."""

    mail = fields.Integer(**said("The mail that it is in."))


class MailsSchema(Schema):
    """Mails, newest first; whether a server takes them."""

    can_send = fields.Boolean(**said("A mail server is set up."))
    mails = fields.List(fields.Nested(MailSchema), **SET)
    next = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Goes into _before."}
    )
