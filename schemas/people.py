"""Wire formats of sign-in, tokens and passwords. Users and teams themselves are records."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from .base import Closed

_SECRET: dict[str, Any] = {"validate": validate.Length(min=1, max=1000)}


class SignInSchema(Closed):
    """What signs a person in."""

    email = fields.String(required=True, validate=validate.Length(min=1, max=254))
    password = fields.String(required=True, **_SECRET)


class PasswordSchema(Closed):
    """A new password."""

    password = fields.String(required=True, **_SECRET)


class TokenSchema(Closed):
    """A bearer token as it is asked for; without `days` it never expires."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    days = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=1, max=3650))


class PreferenceSchema(Closed):
    """Something to keep for oneself: any JSON."""

    value = fields.Raw(required=True, allow_none=True)


class ProfileChangeSchema(Closed):
    """What somebody changes of himself; null: as the instance has it."""

    name = fields.String(validate=validate.Length(min=1, max=200))
    language = fields.String(allow_none=True, validate=validate.Length(min=1, max=20))
    timezone = fields.String(allow_none=True, validate=validate.Length(min=1, max=60))


class ProfileSchema(Schema):
    """Who somebody is, as he sees it himself."""

    id = fields.Integer(required=True)
    email = fields.String(required=True, allow_none=True)
    name = fields.String(required=True)
    language = fields.String(required=True, allow_none=True)
    timezone = fields.String(required=True, allow_none=True)
