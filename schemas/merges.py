"""Wire formats of merging records into one."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from .base import SET, Closed, said
from .errors import ErrorItemSchema

_ID = validate.Range(min=1, max=2**53 - 1)


class MergeSchema(Closed):
    """What is merged into a record, and what of it survives."""

    others = fields.List(
        fields.Integer(strict=True, validate=_ID), required=True, validate=validate.Length(min=1),
        metadata={"description": "Ids of the records that are merged into this one."},
    )  # fmt: skip
    values = fields.Dict(
        keys=fields.String(), values=fields.Raw(allow_none=True),
        metadata={
            "description": 'By field a value, or {"from": id} for that of one of the records. '
            "Default: this record's, and where that is empty the newest other's."
        },
    )  # fmt: skip
    keep = fields.List(
        fields.String(),
        metadata={
            "description": "Fields of which the values that do not survive are kept in the list of "
            "parts for further ones, such as further e-mails."
        },
    )


class MovedSchema(Schema):
    """What goes along with a merge, as far as the caller sees it."""

    id = fields.Integer(**said("The record that is left."))
    moved = fields.Dict(
        keys=fields.String(), values=fields.Integer(),
        **said("Links that lead to it now, by type.field."),
    )  # fmt: skip
    merged = fields.Dict(
        keys=fields.String(), values=fields.Integer(),
        **said("By type what was tied to both in the same way and is one now."),
    )  # fmt: skip
    shares = fields.Integer(**said("Shares of the others that hold for it now."))


class MergedSchema(MovedSchema):
    """What a merge has done, or would do."""

    version = fields.Integer(**said("Of the record that is left."))


class MergingRecordSchema(Schema):
    """A record that would be merged, or that would be left."""

    id = fields.Integer(**SET)
    label = fields.String(**SET)
    version = fields.Integer(**SET)


class MergingFieldSchema(Schema):
    """A field that anything is in, and what of it survives."""

    name = fields.String(**SET)
    values = fields.Dict(
        keys=fields.String(), values=fields.Raw(allow_none=True), **said("By id of the record.")
    )
    differs = fields.Boolean(**said("Whether the records say different things."))
    from_ = fields.Integer(
        data_key="from", attribute="from", **said("The record whose value survives by default.")
    )
    writable = fields.Boolean(**said("Whether the caller may choose."))
    list = fields.String(**said("The list of parts that can keep further values.", allow_none=True))


class MergingSchema(MovedSchema):
    """What a merge would do."""

    records = fields.List(
        fields.Nested(MergingRecordSchema), **said("The one that is left comes first.")
    )
    fields_ = fields.List(
        fields.Nested(MergingFieldSchema), data_key="fields", attribute="fields",
        **said("Those that anything is in."),
    )  # fmt: skip
    errors = fields.List(fields.Nested(ErrorItemSchema), **said("What refuses it."))
