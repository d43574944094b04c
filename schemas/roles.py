"""Wire formats of roles, of who holds them, and of what is shared."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from .base import OPEN, SET, Closed


def _said(help: str) -> dict[str, Any]:  # noqa: A002  # the word users read
    return {"metadata": {"description": help}}


_LINE = (
    "What is allowed, by action: own, team, tree (the team and those beneath it), all, or "
    '{"filter": FILTER} for the records that meet a filter.'
)


class FieldRightsSchema(Closed):
    """What a role allows of one field, instead of what the line of its type does."""

    read = fields.Boolean(**SET)
    update = fields.Boolean(**SET)
    create = fields.Boolean(**SET)


class RoleChangeSchema(Closed):
    """A role as it is made or changed; what is left out stays as it is."""

    label = fields.String(validate=validate.Length(min=1, max=100))
    description = fields.String(allow_none=True, validate=validate.Length(max=500))
    all_types = fields.Dict(
        keys=fields.String(), **_said("The line for all types without their own. " + _LINE)
    )
    types = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()),
        **_said("Lines of types, by name. " + _LINE),
    )  # fmt: skip
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.Nested(FieldRightsSchema),
        data_key="fields", attribute="fields", **_said("Rights of fields, by TYPE.FIELD."),
    )  # fmt: skip
    permissions = fields.List(fields.String(), **_said("Permissions of plugins."))


class RoleSchema(Schema):
    """A role and what it allows."""

    name = fields.String(**SET)
    label = fields.String(**SET)
    description = fields.String(**OPEN)
    owner = fields.String(**SET, **_said("core for those that came with Relatum, else local."))
    all_types = fields.Dict(keys=fields.String(), **SET)
    types = fields.Dict(keys=fields.String(), **SET)
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", **SET)
    permissions = fields.List(fields.String(), **SET)
    users = fields.Integer(**SET, **_said("How many users hold it themselves."))
    teams = fields.Integer(**SET, **_said("How many teams hold it."))


class RolesSchema(Schema):
    """All roles, by name."""

    roles = fields.List(fields.Nested(RoleSchema), **SET)


class HeldRolesSchema(Closed):
    """The names of the roles that a user or a team holds."""

    roles = fields.List(fields.String(), **SET)


class NewShareSchema(Closed):
    """With whom a record is shared: a user or a team; until when, and whether to change it."""

    user = fields.Integer(strict=True)
    team = fields.Integer(strict=True)
    update = fields.Boolean(load_default=False)
    expires_at = fields.AwareDateTime(allow_none=True, load_default=None)


class ShareSchema(Schema):
    """With whom a record is shared."""

    id = fields.Integer(**SET)
    user = fields.Integer(**OPEN)
    team = fields.Integer(**OPEN)
    label = fields.String(**OPEN, **_said("What the user or team is called, if that is seen."))
    update = fields.Boolean(**SET)
    expires_at = fields.AwareDateTime(**OPEN)
    created_at = fields.AwareDateTime(**SET)
    created_by = fields.Integer(**OPEN)


class SharesSchema(Schema):
    """With whom a record is shared, oldest first."""

    shares = fields.List(fields.Nested(ShareSchema), **SET)


class ReasonSchema(Schema):
    """One thing that allows an action, or fails to."""

    allows = fields.Boolean(**SET)
    role = fields.String(**OPEN)
    reason = fields.String(**SET)


class ExplanationSchema(Schema):
    """Whether a user may do something with a record, and why."""

    allowed = fields.Boolean(**SET)
    user = fields.Integer(**SET)
    action = fields.String(**SET)
    type = fields.String(**SET)
    id = fields.Integer(**OPEN)
    reasons = fields.List(fields.Nested(ReasonSchema), **SET)
    hidden = fields.List(fields.String(), **SET, **_said("Fields that the user does not see."))
    locked = fields.List(fields.String(), **SET, **_said("Fields that he sees and can't change."))


class ViewerSchema(Schema):
    """A user who sees a record, and all that lets him."""

    id = fields.Integer(**SET)
    label = fields.String(**SET)
    reasons = fields.List(fields.Nested(ReasonSchema), **SET)


class ViewersSchema(Schema):
    """The users who see a record, by name."""

    users = fields.List(fields.Nested(ViewerSchema), **SET)
    more = fields.Boolean(**SET, **_said("There are others, who are not named."))
