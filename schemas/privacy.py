"""Wire formats of the personal data of somebody."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from .base import Closed

_SET: dict[str, Any] = {"required": True}


def _said(help: str, **more: Any) -> dict[str, Any]:  # noqa: A002  # the word users read
    return {"required": True, "metadata": {"description": help}, **more}


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

    type = fields.String(**_SET)
    id = fields.Integer(**_SET)
    label = fields.String(**_SET)
    trashed = fields.Boolean(**_SET)
    fields_ = fields.List(
        fields.String(), data_key="fields", **_said("Fields and lists that hold something.")
    )
    by = fields.String(**_said("What kind of record it was found among.", allow_none=True))


class TracesSchema(Schema):
    """The records of a person, the one that was asked for first."""

    records = fields.List(fields.Nested(TraceSchema), **_SET)


class PersonExportSchema(Schema):
    """All that is held of some records."""

    at = fields.AwareDateTime(**_SET)
    records = fields.List(
        fields.Dict(keys=fields.String()), **_said("Values, lists, history and shares of each.")
    )
    mails = fields.List(fields.Dict(keys=fields.String()), **_SET)


class CertificateSchema(Schema):
    """What was erased, signed by the instance."""

    relatum = fields.String(**_SET)
    at = fields.AwareDateTime(**_SET)
    by = fields.Integer(**_said("Who erased it; null: the machine itself.", allow_none=True))
    records = fields.List(fields.Nested(PrivacyRecordSchema), **_SET)
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), data_key="fields",
        **_said("The fields that were emptied, by type."),
    )  # fmt: skip
    parts = fields.Integer(**_said("Parts of lists that were purged."))
    changes = fields.Integer(**_said("Rows of the history that were erased."))
    mails = fields.Integer(**_SET)
    left = fields.List(fields.String(), **_said("What else may hold such data, and until when."))
    signature = fields.String(**_SET)
