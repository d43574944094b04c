"""Wire formats of the data model: entity types, fields, options and changes of them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from .base import Closed

_TEXT: dict[str, Any] = {"validate": validate.Length(min=1, max=200)}
#: The rule itself is checked with the rest of the plan, which says what is wrong with a name.
_NAME: dict[str, Any] = {
    "required": True,
    "metadata": {"pattern": "^[a-z](_?[a-z0-9])*$", "maxLength": 40},
}
_HUE: dict[str, Any] = {
    "validate": validate.Range(min=0, max=359),
    "allow_none": True,
    "strict": True,
}


class OptionSchema(Closed):
    """An option of a choice field."""

    value = fields.String(required=True, validate=validate.Length(min=1, max=64))
    label = fields.String(**_TEXT)
    hue = fields.Integer(**_HUE)
    category = fields.String(allow_none=True, validate=validate.Length(min=1, max=40))
    retired = fields.Boolean(truthy={True}, falsy={False})
    when = fields.List(
        fields.String(validate=validate.Length(min=1, max=64)),
        validate=validate.Length(max=1000),
        metadata={"description": "Values of the controlling choice; none: possible with all."},
    )
    needs = fields.List(
        fields.String(validate=validate.Length(min=1, max=64)),
        validate=validate.Length(max=100),
        metadata={"description": "Fields of the type that need a value while it is held."},
    )
    sets = fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=64)),
        values=fields.Raw(allow_none=True),
        validate=validate.Length(max=100),
        metadata={"description": "Values that entering it gives other fields of the type."},
    )


class FieldChangeSchema(Closed):
    """The properties of a field that can change."""

    label = fields.String(**_TEXT)
    help = fields.String(allow_none=True, validate=validate.Length(max=1000))
    required = fields.Boolean(truthy={True}, falsy={False})
    unique = fields.Boolean(truthy={True}, falsy={False})
    indexed = fields.Boolean(truthy={True}, falsy={False})
    sortable = fields.Boolean(truthy={True}, falsy={False})
    personal = fields.Boolean(truthy={True}, falsy={False})
    default = fields.Raw(allow_none=True)
    settings = fields.Dict(keys=fields.String())
    options = fields.List(fields.Nested(OptionSchema), validate=validate.Length(max=1000))
    position = fields.Integer(strict=True, validate=validate.Range(min=0, max=10_000))


class FieldSchema(FieldChangeSchema):
    """A field as it is made."""

    name = fields.String(**_NAME)
    kind = fields.String(required=True)


class SectionSchema(Closed):
    """A part of a record page."""

    label = fields.String(required=True, validate=validate.Length(max=100))
    fields_ = fields.List(
        fields.String(), required=True, data_key="fields", attribute="fields",
        validate=validate.Length(min=1, max=1000),
    )  # fmt: skip


class LayoutSchema(Closed):
    """How a record page is laid out; fields that it does not name follow in their own order."""

    highlights = fields.List(
        fields.String(), validate=validate.Length(max=8),
        metadata={"description": "Fields that are shown first and large."},
    )  # fmt: skip
    sections = fields.List(fields.Nested(SectionSchema), validate=validate.Length(max=50))


class EntityTypeChangeSchema(Closed):
    """The properties of an entity type that can change."""

    label = fields.String(**_TEXT)
    plural = fields.String(**_TEXT)
    icon = fields.String(allow_none=True, validate=validate.Regexp(r"[a-z0-9-]{1,40}\Z"))
    hue = fields.Integer(**_HUE)
    description = fields.String(allow_none=True, validate=validate.Length(max=2000))
    title = fields.String(validate=validate.Length(max=400))
    layout = fields.Nested(LayoutSchema)


class EntityTypeSchema(EntityTypeChangeSchema):
    """An entity type as it is made."""

    name = fields.String(**_NAME)
    fields_ = fields.List(
        fields.Nested(FieldSchema),
        data_key="fields",
        attribute="fields",
        validate=validate.Length(max=1000),
    )
    keys = fields.List(fields.List(fields.String(), validate=validate.Length(min=1, max=8)))


class TypeOperation(EntityTypeChangeSchema):
    """change_type, trash_type, restore_type: an operation on one type."""

    op = fields.String(required=True)
    type = fields.String(required=True)
    existing = fields.Raw(allow_none=True)


class CreateType(EntityTypeSchema):
    """create_type: a new entity type with its fields, and who sees it from the start."""

    op = fields.String(required=True)
    access = fields.String(validate=validate.OneOf(("usual", "own", "read", "closed")))


class FieldOperation(FieldChangeSchema):
    """change_field, trash_field, restore_field: an operation on one field."""

    op = fields.String(required=True)
    type = fields.String(required=True)
    field = fields.String(required=True)
    existing = fields.Raw(allow_none=True)


class RetypeSchema(Closed):
    """The type that a field is to become, what shapes it, and what becomes of misfits."""

    kind = fields.String(required=True)
    settings = fields.Dict(keys=fields.String())
    options = fields.List(fields.Nested(OptionSchema), validate=validate.Length(max=1000))
    default = fields.Raw(allow_none=True)
    style = fields.String(validate=validate.Length(max=40))
    existing = fields.Raw(allow_none=True)


class FieldOnly(Closed):
    """finish_retype, cancel_retype, revert_field."""

    op = fields.String(required=True)
    type = fields.String(required=True)
    field = fields.String(required=True)


class RetypeField(RetypeSchema, FieldOnly):
    """retype_field: another type for a field, in place."""


class AddField(FieldSchema):
    """add_field: a new field."""

    op = fields.String(required=True)
    type = fields.String(required=True)
    existing = fields.Raw(allow_none=True)


class KeyOperation(Closed):
    """add_key, trash_key: a compound unique key."""

    op = fields.String(required=True)
    type = fields.String(required=True)
    fields_ = fields.List(
        fields.String(),
        required=True,
        data_key="fields",
        attribute="fields",
        validate=validate.Length(min=1, max=8),
    )
    existing = fields.Raw(allow_none=True)


class ViewChangeSchema(Closed):
    """The properties of a view; `query` holds the words filter, sort and fields of a query."""

    label = fields.String(**_TEXT)
    query = fields.Dict(keys=fields.String())
    position = fields.Integer(strict=True, validate=validate.Range(min=0, max=10_000))


class SetView(ViewChangeSchema):
    """set_view: a list of a type that everybody can open, made or changed."""

    op = fields.String(required=True)
    type = fields.String(required=True)
    view = fields.String(**_NAME)
    hidden = fields.Boolean(truthy={True}, falsy={False})


class DropView(Closed):
    """drop_view: a view that is taken away."""

    op = fields.String(required=True)
    type = fields.String(required=True)
    view = fields.String(required=True)


#: The wire format of each operation of a plan.
OPERATIONS: dict[str, type[Schema]] = {
    "create_type": CreateType,
    "change_type": TypeOperation,
    "trash_type": TypeOperation,
    "restore_type": TypeOperation,
    "add_field": AddField,
    "change_field": FieldOperation,
    "trash_field": FieldOperation,
    "restore_field": FieldOperation,
    "purge_type": TypeOperation,
    "compact_type": TypeOperation,
    "purge_field": FieldOperation,
    "retype_field": RetypeField,
    "finish_retype": FieldOnly,
    "cancel_retype": FieldOnly,
    "revert_field": FieldOnly,
    "add_key": KeyOperation,
    "trash_key": KeyOperation,
    "set_view": SetView,
    "drop_view": DropView,
}


class FieldAnswerSchema(FieldSchema):
    """A field as it is made, and what existing records get: keep, default or {"fill": value}."""

    existing = fields.Raw(allow_none=True)


class FieldChangeAnswerSchema(FieldChangeSchema):
    """Changed properties of a field, and what happens to records that break a stricter rule."""

    existing = fields.Raw(allow_none=True)


class PlanSchema(Closed):
    """Changes to plan."""

    changes = fields.List(
        fields.Dict(keys=fields.String()), required=True, validate=validate.Length(min=1, max=5000)
    )


class ApplySchema(PlanSchema):
    """Changes to apply; `plan` is the fingerprint of the plan that was looked at."""

    plan = fields.String(allow_none=True)


def flat(error: ValidationError) -> list[tuple[str, str]]:
    """Return (path, sentence) pairs of a marshmallow error, paths joined by dots."""
    found: list[tuple[str, str]] = []

    def walk(path: str, node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                walk(f"{path}.{key}" if path else str(key), value)
        else:
            found.extend((path, str(message)) for message in node)

    walk("", error.messages)
    return found
