"""Wire format of an import map: which column of a file goes to which field, and how.

Documented in `core/help/import-maps.md`; version 1 stays readable for ever.
"""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

#: What can be made of a text before its field reads it; `core.imports.texts` does it.
CONVERSIONS = ("after_dot", "commas", "fraction", "salesforce_id")
_NAME: dict[str, Any] = {"validate": validate.Length(min=1, max=200)}


class ColumnSchema(Schema):
    """One column: its field, how a link is found and a date written, which texts mean others.

    `line` and `nth` say which line of the record it belongs to, if its field is one of lines.
    """

    field = fields.String(required=True, **_NAME)
    by = fields.String(**_NAME)
    date_format = fields.String(**_NAME)
    decimal = fields.String(validate=validate.OneOf([".", ","]))
    add = fields.Boolean(truthy={True}, falsy={False})
    create = fields.Boolean(truthy={True}, falsy={False})
    first = fields.String(validate=validate.Length(min=1, max=4))
    convert = fields.String(validate=validate.OneOf(CONVERSIONS))
    optional = fields.Boolean(truthy={True}, falsy={False})
    values = fields.Dict(keys=fields.String(), values=fields.String(allow_none=True))
    line = fields.Dict(
        keys=fields.String(**_NAME), values=fields.Raw(), validate=validate.Length(min=1, max=8)
    )
    nth = fields.Integer(strict=True, validate=validate.Range(1, 100))


class LinesSchema(Schema):
    """One list of lines: the fields that find those that there are; whether others go."""

    key = fields.List(fields.String(**_NAME), validate=validate.Length(min=1, max=8))
    replace = fields.Boolean(truthy={True}, falsy={False})


class ComposedSchema(ColumnSchema):
    """What is put together of several columns: as a column, with a text for what stands in it."""

    text = fields.String(required=True, validate=validate.Length(min=1, max=1000))


_NOT_COMPOSED = ("field", "first", "add", "create", "line", "nth")


class _Composed(fields.Field[Any]):
    """A text with names of columns in braces, or a `ComposedSchema`."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and value:
            return {"text": value}
        if isinstance(value, dict):
            return ComposedSchema(unknown=RAISE, exclude=_NOT_COMPOSED).load(value)
        raise ValidationError('Must be a text such as "{First} {Last}", or an object with "text".')


class _Column(fields.Field[Any]):
    """A field name, a `ColumnSchema`, or null for a column that is left out."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and value:
            return {"field": value}
        if isinstance(value, dict):
            return ColumnSchema(unknown=RAISE).load(value)
        raise ValidationError('Must be a field name, an object with "field", or null.')


class ImportMapSchema(Schema):
    """An import map."""

    relatum_map = fields.Integer(required=True, strict=True, validate=validate.OneOf([1]))
    key = fields.List(fields.String(**_NAME), validate=validate.Length(min=1, max=8))
    date_format = fields.String(**_NAME)
    decimal = fields.String(validate=validate.OneOf([".", ","]))
    delimiter = fields.String(validate=validate.Length(equal=1))
    encoding = fields.String(**_NAME)
    columns = fields.Dict(keys=fields.String(), values=_Column(allow_none=True))
    fixed = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True))
    composed = fields.Dict(keys=fields.String(), values=_Composed())
    only_ = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String(), validate=validate.Length(min=1, max=100)),
        data_key="only", attribute="only",
    )  # fmt: skip
    lines = fields.Dict(
        keys=fields.String(**_NAME), values=fields.Nested(LinesSchema, unknown=RAISE)
    )
