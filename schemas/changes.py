"""Wire formats of change sets: what records were, what they became, and how that is undone."""

from __future__ import annotations

from marshmallow import Schema, fields

from .base import OPEN, SET, said
from .errors import ErrorItemSchema

_SOURCE = "ui, api, cli, import, job, plan, plugin or demo"
_OP = "create, update, delete, restore or purge"
_UNDOES = "The change set that it undoes."
_UNDONE = "The change set that undid it."


def _values(help: str) -> fields.Dict:  # noqa: A002
    pair = fields.List(fields.Raw(allow_none=True))
    return fields.Dict(keys=fields.String(), values=pair, **said(help))


class ChangeSchema(Schema):
    """What one change set did to a record."""

    id = fields.Integer(**SET)
    at = fields.AwareDateTime(**SET)
    actor = fields.Integer(**OPEN)
    source = fields.String(**said(_SOURCE))
    change_set = fields.Integer(**SET)
    undoes = fields.Integer(**said(_UNDOES, allow_none=True))
    undone_by = fields.Integer(**said(_UNDONE, allow_none=True))
    op = fields.String(**said(_OP))
    version = fields.Integer(**SET)
    changes = _values("Per field [before, after]; before a create there was null.")
    record = fields.Integer(**said("The record that it was done to: this one, or a merged one."))
    merged = fields.List(fields.Integer(), **said("The records that it merged into that one."))
    gone = fields.List(fields.String(), **said("Fields that it changed and that are not known."))


class HistorySchema(Schema):
    """A page of a record's history, newest first."""

    changes = fields.List(fields.Nested(ChangeSchema), **SET)
    next = fields.Integer(**said("Goes into _before.", allow_none=True))


class RecordChangeSchema(Schema):
    """What a change set did to one record."""

    change = fields.Integer(**said("Its own number; goes into _after."))
    type = fields.String(**SET)
    id = fields.Integer(**SET)
    label = fields.String(**SET)
    op = fields.String(**said(_OP))
    version = fields.Integer(**SET)
    changes = _values("Per field [before, after]; before a create there was null.")


class FeedChangeSchema(Schema):
    """What was written to one record, with its place in the order of the commits."""

    position = fields.Integer(**said("That of its change set; without gaps."))
    change_set = fields.Integer(**SET)
    at = fields.AwareDateTime(**SET)
    actor = fields.Integer(**said("Null: the system.", allow_none=True))
    source = fields.String(**said(_SOURCE))
    job = fields.Integer(**said("The job that wrote it.", allow_none=True))
    undoes = fields.Integer(**said(_UNDOES, allow_none=True))
    type = fields.String(**SET)
    id = fields.Integer(**SET)
    op = fields.String(**said(_OP))
    version = fields.Integer(**SET)
    changes = _values("Per field [before, after]; before a create there was null.")


class FeedSchema(Schema):
    """A page of the change feed."""

    changes = fields.List(fields.Nested(FeedChangeSchema), **said("In the order of commits."))
    next = fields.String(**said("Goes into since."))
    more = fields.Boolean(**said("Whether anything follows now."))


class ChangeSetSchema(Schema):
    """A change set: who, when, from where, and a page of what it wrote."""

    id = fields.Integer(**SET)
    at = fields.AwareDateTime(**SET)
    actor = fields.Integer(**said("Null: the system.", allow_none=True))
    source = fields.String(**said(_SOURCE))
    job = fields.Integer(**said("The job that wrote it.", allow_none=True))
    undoes = fields.Integer(**said(_UNDOES, allow_none=True))
    undone_by = fields.Integer(**said(_UNDONE, allow_none=True))
    records = fields.List(fields.Nested(RecordChangeSchema), **said("In the order of changes."))
    next = fields.Integer(**said("Goes into _after.", allow_none=True))


class RecordUndoSchema(Schema):
    """How one record is put back."""

    type = fields.String(**SET)
    id = fields.Integer(**SET)
    label = fields.String(**SET)
    op = fields.String(**said("update, delete or restore"))
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.List(fields.Raw(allow_none=True)),
        data_key="fields", attribute="fields", **said("Per field [now, back]."),
    )  # fmt: skip
    conflicts = fields.List(
        fields.Nested(ErrorItemSchema),
        **said("What is not put back, and why; without a field: nothing of the record."),
    )


class UndoSchema(Schema):
    """What undoing a change set does, or would do."""

    change_set = fields.Integer(**said("The new change set; null: only planned.", allow_none=True))
    undoes = fields.Integer(**SET)
    records = fields.List(fields.Nested(RecordUndoSchema), **SET)


class UndoPlanSchema(Schema):
    """What undoing a job would do."""

    change_sets = fields.Integer(**said("Change sets that are left to undo."))
    records = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        **said("By type how many are put back how: update, delete, restore; none: purged."),
    )
    changed = fields.Integer(**said("Records that were changed since."))
    conflicts = fields.List(
        fields.Nested(RecordUndoSchema), **said("The first of those, with what stays of them.")
    )
