"""Wire formats of who is signed in, and of what lets people and programs in."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields


def _said(help: str) -> dict[str, Any]:  # noqa: A002  # the word users read
    return {"required": True, "metadata": {"description": help}}


_SET: dict[str, Any] = {"required": True}
_OPEN: dict[str, Any] = {"required": True, "allow_none": True}


class WhoSchema(Schema):
    """Who asks."""

    id = fields.Integer(**_SET)
    name = fields.String(**_SET)
    admin = fields.Boolean(**_SET)
    team = fields.Integer(**_OPEN)
    timezone = fields.String(**_OPEN)


class SessionSchema(Schema):
    """Who is signed in, and what his writes carry as X-CSRF-Token."""

    user = fields.Nested(WhoSchema, required=True)
    csrf = fields.String(
        required=True, allow_none=True, metadata={"description": "Null for a bearer token."}
    )
    behind = fields.Integer(
        allow_none=True, **_said("The administrator who looks as this user; null: nobody does.")
    )


class LinkSchema(Schema):
    """A one-time sign-in link."""

    url = fields.String(**_said("Works once, within link_minutes."))


class NewTokenSchema(Schema):
    """A bearer token that was just made."""

    id = fields.Integer(**_SET)
    name = fields.String(**_SET)
    token = fields.String(**_said("Shown only now."))


class TokenInfoSchema(Schema):
    """A bearer token, without its text."""

    id = fields.Integer(**_SET)
    name = fields.String(**_SET)
    reads_only = fields.Boolean(**_SET)
    scope = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), allow_none=True,
        **_said("Actions by type, or null: it may do what its user may."),
    )  # fmt: skip
    created_at = fields.AwareDateTime(**_SET)
    expires_at = fields.AwareDateTime(**_OPEN)
    last_used_at = fields.AwareDateTime(**_OPEN)


class TokensSchema(Schema):
    """Bearer tokens, newest first."""

    tokens = fields.List(fields.Nested(TokenInfoSchema), **_SET)


class IdentitySchema(Schema):
    """A user's link with a sign-in provider, which calls him by the subject."""

    issuer = fields.String(**_SET)
    subject = fields.String(**_SET)
    linked_at = fields.AwareDateTime(**_SET)
    last_used_at = fields.AwareDateTime(**_SET)


class IdentitiesSchema(Schema):
    """Links with sign-in providers, oldest first."""

    identities = fields.List(fields.Nested(IdentitySchema), required=True)
