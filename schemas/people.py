"""Wire formats of sign-in, tokens and passwords. Users and teams themselves are records."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

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
