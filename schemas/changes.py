"""Wire formats of change sets: what records were, what they became, and how that is undone."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from .errors import ErrorItemSchema

_SET: dict[str, Any] = {"required": True}
_OPEN: dict[str, Any] = {"required": True, "allow_none": True}


def _said(help: str, **more: Any) -> dict[str, Any]:  # noqa: A002  # the word users read
    return {"required": True, "metadata": {"description": help}, **more}


_SOURCE = "ui, api, cli, import, job, plan, plugin or demo"
_OP = "create, update, delete, restore or purge"
_UNDOES = "The change set that it undoes."
_UNDONE = "The change set that undid it."


def _values(help: str) -> fields.Dict:  # noqa: A002
    pair = fields.List(fields.Raw(allow_none=True))
    return fields.Dict(keys=fields.String(), values=pair, **_said(help))


class ChangeSchema(Schema):
    """What one change set did to a record."""

    id = fields.Integer(**_SET)
    at = fields.AwareDateTime(**_SET)
    actor = fields.Integer(**_OPEN)
    source = fields.String(**_said(_SOURCE))
    change_set = fields.Integer(**_SET)
    undoes = fields.Integer(**_said(_UNDOES, allow_none=True))
    undone_by = fields.Integer(**_said(_UNDONE, allow_none=True))
    op = fields.String(**_said(_OP))
    version = fields.Integer(**_SET)
    changes = _values("Per field [before, after]; before a create there was null.")
    gone = fields.List(fields.String(), **_said("Fields that it changed and that are not known."))


class HistorySchema(Schema):
    """A page of a record's history, newest first."""

    changes = fields.List(fields.Nested(ChangeSchema), **_SET)
    next = fields.Integer(**_said("Goes into _before.", allow_none=True))


class RecordChangeSchema(Schema):
    """What a change set did to one record."""

    change = fields.Integer(**_said("Its own number; goes into _after."))
    type = fields.String(**_SET)
    id = fields.Integer(**_SET)
    label = fields.String(**_SET)
    op = fields.String(**_said(_OP))
    version = fields.Integer(**_SET)
    changes = _values("Per field [before, after]; before a create there was null.")


class FeedChangeSchema(Schema):
    """What was written to one record, with its place in the order of the commits."""

    position = fields.Integer(**_said("That of its change set; without gaps."))
    change_set = fields.Integer(**_SET)
    at = fields.AwareDateTime(**_SET)
    actor = fields.Integer(**_said("Null: the system.", allow_none=True))
    source = fields.String(**_said(_SOURCE))
    job = fields.Integer(**_said("The job that wrote it.", allow_none=True))
    undoes = fields.Integer(**_said(_UNDOES, allow_none=True))
    type = fields.String(**_SET)
    id = fields.Integer(**_SET)
    op = fields.String(**_said(_OP))
    version = fields.Integer(**_SET)
    changes = _values("Per field [before, after]; before a create there was null.")


class FeedSchema(Schema):
    """A page of the change feed."""

    changes = fields.List(fields.Nested(FeedChangeSchema), **_said("In the order of commits."))
    next = fields.String(**_said("Goes into since."))
    more = fields.Boolean(**_said("Whether anything follows now."))


class ChangeSetSchema(Schema):
    """A change set: who, when, from where, and a page of what it wrote."""

    id = fields.Integer(**_SET)
    at = fields.AwareDateTime(**_SET)
    actor = fields.Integer(**_said("Null: the system.", allow_none=True))
    source = fields.String(**_said(_SOURCE))
    job = fields.Integer(**_said("The job that wrote it.", allow_none=True))
    undoes = fields.Integer(**_said(_UNDOES, allow_none=True))
    undone_by = fields.Integer(**_said(_UNDONE, allow_none=True))
    records = fields.List(fields.Nested(RecordChangeSchema), **_said("In the order of changes."))
    next = fields.Integer(**_said("Goes into _after.", allow_none=True))


class RecordUndoSchema(Schema):
    """How one record is put back."""

    type = fields.String(**_SET)
    id = fields.Integer(**_SET)
    label = fields.String(**_SET)
    op = fields.String(**_said("update, delete or restore"))
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.List(fields.Raw(allow_none=True)),
        data_key="fields", attribute="fields", **_said("Per field [now, back]."),
    )  # fmt: skip
    conflicts = fields.List(
        fields.Nested(ErrorItemSchema),
        **_said("What is not put back, and why; without a field: nothing of the record."),
    )


class UndoSchema(Schema):
    """What undoing a change set does, or would do."""

    change_set = fields.Integer(**_said("The new change set; null: only planned.", allow_none=True))
    undoes = fields.Integer(**_SET)
    records = fields.List(fields.Nested(RecordUndoSchema), **_SET)


class UndoPlanSchema(Schema):
    """What undoing a job would do."""

    change_sets = fields.Integer(**_said("Change sets that are left to undo."))
    records = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        **_said("By type how many are put back how: update, delete, restore; none: purged."),
    )
    changed = fields.Integer(**_said("Records that were changed since."))
    conflicts = fields.List(
        fields.Nested(RecordUndoSchema), **_said("The first of those, with what stays of them.")
    )
