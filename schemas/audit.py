"""Wire formats of the audit log, and of the log of the data model."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

_SET: dict[str, Any] = {"required": True}
_OPEN: dict[str, Any] = {"required": True, "allow_none": True}


def _said(help: str, **more: Any) -> dict[str, Any]:  # noqa: A002  # the word users read
    return {"required": True, "metadata": {"description": help}, **more}


class AuditEntrySchema(Schema):
    """What somebody did beside writing records."""

    id = fields.Integer(**_SET)
    at = fields.AwareDateTime(**_SET)
    actor = fields.Integer(**_said("Who did it; null: the machine itself.", allow_none=True))
    source = fields.String(**_SET)
    address = fields.String(**_said("The network address that it came from.", allow_none=True))
    event = fields.String(**_SET)
    subject = fields.String(**_said("What it was done to, such as user:7.", allow_none=True))
    before = fields.Dict(**_OPEN)
    after = fields.Dict(**_OPEN)
    sealed = fields.Boolean(**_said("Whether the chain covers it."))


class AuditLogSchema(Schema):
    """A page of the audit log, newest first."""

    entries = fields.List(fields.Nested(AuditEntrySchema), **_SET)
    next = fields.Integer(**_said("Goes into _before; null on the last page.", allow_none=True))


class AuditEventSchema(Schema):
    """An event that the log tells of."""

    name = fields.String(**_SET)
    label = fields.String(**_SET)


class AuditEventsSchema(Schema):
    """The events that the log tells of."""

    events = fields.List(fields.Nested(AuditEventSchema), **_SET)


class ChangeInShortSchema(Schema):
    """A change of the data model: the operation, and what it is about."""

    op = fields.String(**_SET)
    target = fields.String(**_SET)


class GenerationSchema(Schema):
    """What a plan changed of the data model."""

    generation = fields.Integer(**_SET)
    at = fields.AwareDateTime(**_SET)
    actor = fields.Integer(**_said("Who applied it; null: the machine itself.", allow_none=True))
    owner = fields.String(**_said("local, or the plugin that declared it."))
    changes = fields.List(fields.Nested(ChangeInShortSchema), **_SET)


class GenerationsSchema(Schema):
    """A page of the log of the data model, newest first."""

    generations = fields.List(fields.Nested(GenerationSchema), **_SET)
    next = fields.Integer(**_said("Goes into _before; null on the last page.", allow_none=True))


class ReverseSchema(Schema):
    """What takes a generation back: changes to be planned and applied like any others."""

    changes = fields.List(fields.Dict(keys=fields.String()), **_SET)
    left = fields.List(fields.String(), **_said("What stays as it is, and why."))
