"""Wire formats of the audit log, and of the log of the data model."""

from __future__ import annotations

from marshmallow import Schema, fields

from .base import OPEN, SET, said


class AuditEntrySchema(Schema):
    """What somebody did beside writing records."""

    id = fields.Integer(**SET)
    at = fields.AwareDateTime(**SET)
    actor = fields.Integer(**said("Who did it; null: the machine itself.", allow_none=True))
    source = fields.String(**SET)
    address = fields.String(**said("The network address that it came from.", allow_none=True))
    event = fields.String(**SET)
    subject = fields.String(**said("What it was done to, such as user:7.", allow_none=True))
    before = fields.Dict(**OPEN)
    after = fields.Dict(**OPEN)
    sealed = fields.Boolean(**said("Whether the chain covers it."))


class AuditLogSchema(Schema):
    """A page of the audit log, newest first."""

    entries = fields.List(fields.Nested(AuditEntrySchema), **SET)
    next = fields.Integer(**said("Goes into _before; null on the last page.", allow_none=True))


class AuditEventSchema(Schema):
    """An event that the log tells of."""

    name = fields.String(**SET)
    label = fields.String(**SET)


class AuditEventsSchema(Schema):
    """The events that the log tells of."""

    events = fields.List(fields.Nested(AuditEventSchema), **SET)


class ChangeInShortSchema(Schema):
    """A change of the data model: the operation, and what it is about."""

    op = fields.String(**SET)
    target = fields.String(**SET)


class GenerationSchema(Schema):
    """What a plan changed of the data model."""

    generation = fields.Integer(**SET)
    at = fields.AwareDateTime(**SET)
    actor = fields.Integer(**said("Who applied it; null: the machine itself.", allow_none=True))
    owner = fields.String(**said("local, or the plugin that declared it."))
    changes = fields.List(fields.Nested(ChangeInShortSchema), **SET)


class GenerationsSchema(Schema):
    """A page of the log of the data model, newest first."""

    generations = fields.List(fields.Nested(GenerationSchema), **SET)
    next = fields.Integer(**said("Goes into _before; null on the last page.", allow_none=True))


class ReverseSchema(Schema):
    """What takes a generation back: changes to be planned and applied like any others."""

    changes = fields.List(fields.Dict(keys=fields.String()), **SET)
    left = fields.List(fields.String(), **said("What stays as it is, and why."))
