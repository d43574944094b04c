"""Wire formats of the personal data of somebody."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from .base import SET, Closed, said


class PrivacyRecordSchema(Closed):
    """A record of a person."""

    type = fields.String(required=True, validate=validate.Length(min=1, max=80))
    id = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class PrivacyRequestSchema(Closed):
    """The records of a person."""

    records = fields.List(
        fields.Nested(PrivacyRecordSchema), required=True, validate=validate.Length(min=1, max=100)
    )


class ErasureSchema(PrivacyRequestSchema):
    """The records whose personal data are to be erased, by somebody who knows what that means."""

    sure = fields.Boolean(
        required=True, validate=validate.OneOf([True], error="say true: it can't be undone"),
        truthy={True}, falsy={False},
    )  # fmt: skip


class TraceSchema(Schema):
    """A record of a person, and what of it is personal."""

    type = fields.String(**SET)
    id = fields.Integer(**SET)
    label = fields.String(**SET)
    trashed = fields.Boolean(**SET)
    fields_ = fields.List(
        fields.String(), data_key="fields", **said("Fields and lists that hold something.")
    )
    by = fields.String(**said("What kind of record it was found among.", allow_none=True))


class TracesSchema(Schema):
    """The records of a person, the one that was asked for first."""

    records = fields.List(fields.Nested(TraceSchema), **SET)


class PersonExportSchema(Schema):
    """All that is held of some records."""

    at = fields.AwareDateTime(**SET)
    records = fields.List(
        fields.Dict(keys=fields.String()), **said("Values, lists, history and shares of each.")
    )
    mails = fields.List(fields.Dict(keys=fields.String()), **SET)


class CertificateSchema(Schema):
    """What was erased, signed by the instance."""

    relatum = fields.String(**SET)
    at = fields.AwareDateTime(**SET)
    by = fields.Integer(**said("Who erased it; null: the machine itself.", allow_none=True))
    records = fields.List(fields.Nested(PrivacyRecordSchema), **SET)
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), data_key="fields",
        **said("The fields that were emptied, by type."),
    )  # fmt: skip
    parts = fields.Integer(**said("Parts of lists that were purged."))
    changes = fields.Integer(**said("Rows of the history that were erased."))
    mails = fields.Integer(**SET)
    left = fields.List(fields.String(), **said("What else may hold such data, and until when."))
    signature = fields.String(**SET)
