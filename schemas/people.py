"""Wire formats of sign-in, tokens and passwords. Users and teams themselves are records."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from .base import Closed

_SECRET: dict[str, Any] = {"validate": validate.Length(min=1, max=1000)}
_CODE: dict[str, Any] = {"validate": validate.Length(min=1, max=100)}


class SignInSchema(Closed):
    """What signs a person in."""

    email = fields.String(required=True, validate=validate.Length(min=1, max=254))
    password = fields.String(required=True, **_SECRET)


class SignInCodeSchema(Closed):
    """What finishes a sign-in that needs a code."""

    ticket = fields.String(required=True, **_SECRET)
    code = fields.String(required=True, **_CODE)


class ForgottenPasswordSchema(Closed):
    """Whose password is forgotten."""

    email = fields.String(required=True, validate=validate.Length(min=1, max=254))


class NewPasswordSchema(Closed):
    """A new password by a link that was mailed: the secret is the last part of its address."""

    secret = fields.String(required=True, **_SECRET)
    password = fields.String(required=True, **_SECRET)


class CodeSchema(Closed):
    """A code of a second factor: six digits of the app, or a recovery code."""

    code = fields.String(required=True, **_CODE)


class PasswordSchema(Closed):
    """A new password."""

    password = fields.String(required=True, **_SECRET)


class TokenSchema(Closed):
    """A bearer token as it is asked for; without `days` it never expires."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    reads_only = fields.Boolean(
        truthy={True}, falsy={False}, metadata={"description": "It may change nothing."}
    )
    scope = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), allow_none=True,
        metadata={
            "description": "What it may do at most, by type: read, create, …; the line '*' is for "
            "types without their own, and for admin and permissions of plugins. Without a scope "
            "it may do what its user may."
        },
    )  # fmt: skip
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


class SecondFactorSchema(Schema):
    """How somebody's second factor stands."""

    on = fields.Boolean(required=True)
    since = fields.AwareDateTime(required=True, allow_none=True)
    required = fields.Boolean(
        required=True, metadata={"description": "The instance wants one of this user."}
    )
    recovery_codes = fields.Integer(required=True, metadata={"description": "How many are left."})


class NewSecondFactorSchema(Schema):
    """What an app that shows codes is told; it counts once a code was confirmed."""

    secret = fields.String(
        required=True, metadata={"description": "Base32, to be typed into the app. Shown only now."}
    )
    uri = fields.String(
        required=True,
        metadata={"description": "otpauth://totp/…: what a QR code for the app holds."},
    )


class RecoveryCodesSchema(Schema):
    """Codes for the loss of the app, each of use once."""

    recovery_codes = fields.List(
        fields.String(), required=True, metadata={"description": "Shown only now."}
    )
