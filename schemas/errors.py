"""Wire format of an error: the problem document (RFC 9457) that every refusal answers with."""

from __future__ import annotations

from marshmallow import Schema, fields


def _text(help: str) -> fields.String:  # noqa: A002  # the word users read
    return fields.String(required=True, metadata={"description": help})


class ErrorItemSchema(Schema):
    """One thing wrong with one value."""

    row = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Place in the batch that was sent, from 0."},
    )
    field = fields.String(
        required=True, allow_none=True, metadata={"description": "Field name or path."}
    )
    code = _text("Stable code.")
    message = _text("Thing, rule and next step, in a sentence.")
    params = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "Values of the sentence."}
    )


class ProblemSchema(Schema):
    """Why a request was refused; `code` never changes and is never translated."""

    type = _text("Address of the help on this code.")
    title = _text("Short name, the same for every occurrence.")
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    code = _text("Stable code.")
    detail = _text("Thing, rule and next step, in a sentence.")
    errors = fields.List(fields.Nested(ErrorItemSchema), required=True)
    merged_into = fields.Integer(
        metadata={"description": "With record_merged: the record that holds what that one held."}
    )
    ticket = fields.String(
        metadata={"description": "With second_factor_needed: goes with the code that is needed."}
    )
