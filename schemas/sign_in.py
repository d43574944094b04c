"""Wire formats of who is signed in, and of what lets people and programs in."""

from __future__ import annotations

from marshmallow import Schema, fields

from .base import OPEN, SET, said


class WhoSchema(Schema):
    """Who asks."""

    id = fields.Integer(**SET)
    name = fields.String(**SET)
    admin = fields.Boolean(**SET)
    team = fields.Integer(**OPEN)
    timezone = fields.String(**OPEN)


class SessionSchema(Schema):
    """Who is signed in, and what his writes carry as X-CSRF-Token."""

    user = fields.Nested(WhoSchema, required=True)
    csrf = fields.String(
        required=True, allow_none=True, metadata={"description": "Null for a bearer token."}
    )
    behind = fields.Integer(
        allow_none=True, **said("The administrator who looks as this user; null: nobody does.")
    )


class LinkSchema(Schema):
    """A one-time sign-in link."""

    url = fields.String(**said("Works once, within link_minutes."))


class NewTokenSchema(Schema):
    """A bearer token that was just made."""

    id = fields.Integer(**SET)
    name = fields.String(**SET)
    token = fields.String(**said("Shown only now."))


class TokenInfoSchema(Schema):
    """A bearer token, without its text."""

    id = fields.Integer(**SET)
    name = fields.String(**SET)
    reads_only = fields.Boolean(**SET)
    scope = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), allow_none=True,
        **said("Actions by type, or null: it may do what its user may."),
    )  # fmt: skip
    created_at = fields.AwareDateTime(**SET)
    expires_at = fields.AwareDateTime(**OPEN)
    last_used_at = fields.AwareDateTime(**OPEN)


class TokensSchema(Schema):
    """Bearer tokens, newest first."""

    tokens = fields.List(fields.Nested(TokenInfoSchema), **SET)


class IdentitySchema(Schema):
    """A user's link with a sign-in provider, which calls him by the subject."""

    issuer = fields.String(**SET)
    subject = fields.String(**SET)
    linked_at = fields.AwareDateTime(**SET)
    last_used_at = fields.AwareDateTime(**SET)


class IdentitiesSchema(Schema):
    """Links with sign-in providers, oldest first."""

    identities = fields.List(fields.Nested(IdentitySchema), required=True)
