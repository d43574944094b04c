"""Wire formats of sign-in, tokens and passwords. Users and teams themselves are records."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from .base import Closed

_SECRET: dict[str, Any] = {"validate": validate.Length(min=1, max=1000)}
_CODE: dict[str, Any] = {"validate": validate.Length(min=1, max=100)}


class ViewAsSchema(Closed):
    """As whom an administrator wants to look at the instance."""

    user = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


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


# -- coming and going -----------------------------------------------------------------------
_USER: dict[str, Any] = {"strict": True, "validate": validate.Range(min=1, max=2**53 - 1)}
_FLAG: dict[str, Any] = {"truthy": {True}, "falsy": {False}}


def _said(help: str) -> dict[str, Any]:  # noqa: A002  # the word users read
    return {"metadata": {"description": help}}


def _named(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | str) or len(str(value)) > 200:
        raise ValidationError("Must be an id or a name.")


class PersonSchema(Closed):
    """Somebody to be invited."""

    email = fields.String(required=True, validate=validate.Length(min=1, max=254))
    name = fields.String(
        allow_none=True, validate=validate.Length(max=200), **_said("Else that of the address.")
    )
    team = fields.Raw(allow_none=True, validate=_named, **_said("Id or name of a team."))
    roles = fields.List(
        fields.String(validate=validate.Length(min=1, max=100)), **_said("Names or labels.")
    )
    admin = fields.Boolean(**_FLAG)


class InvitationsSchema(Closed):
    """People to be invited."""

    people = fields.List(
        fields.Nested(PersonSchema), required=True, validate=validate.Length(min=1)
    )
    mail = fields.Boolean(
        load_default=False, **_FLAG, **_said("Mail the links where mail can be sent.")
    )
    dry_run = fields.Boolean(load_default=False, **_FLAG, **_said("Only say what would be done."))


class InvitedPersonSchema(Schema):
    """What became of a person who was to be invited."""

    row = fields.Integer(required=True, **_said("The place in what was sent, from 0."))
    status = fields.String(
        required=True,
        **_said("invited, new (of a dry run), known or disabled (there is such a user)."),
    )
    user = fields.Integer(required=True, allow_none=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    team = fields.Integer(required=True, allow_none=True)
    roles = fields.List(fields.String(), required=True)
    admin = fields.Boolean(required=True)
    link = fields.String(
        required=True, allow_none=True, **_said("Works once, within invitation_days.")
    )
    mail = fields.Integer(required=True, allow_none=True, **_said("The mail that holds the link."))


class InvitedSchema(Schema):
    """What became of people who were to be invited."""

    people = fields.List(fields.Nested(InvitedPersonSchema), required=True)


class LeaveSchema(Closed):
    """Who gets what a user owns who is disabled; without anybody, it stays."""

    transfer_to = fields.Integer(load_default=None, allow_none=True, **_USER)
    heirs = fields.Dict(
        keys=fields.String(), values=fields.Integer(allow_none=True, **_USER), load_default=dict,
        **_said("Who gets records of some types instead, by type; null: they stay."),
    )  # fmt: skip
    only_open = fields.Boolean(
        load_default=True, **_FLAG, **_said("Leave what is won, lost or closed with the user.")
    )


class LeavingTypeSchema(Schema):
    """What a user owns of a type."""

    type = fields.String(required=True)
    label = fields.String(required=True)
    records = fields.Integer(required=True)
    open = fields.Integer(required=True)
    state = fields.String(
        required=True, allow_none=True, **_said("The choice that says what is open.")
    )


class LeavingUserSchema(Schema):
    """Who leaves."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    active = fields.Boolean(required=True)


class LeavingSchema(Schema):
    """What disabling a user would end, and what he owns."""

    user = fields.Nested(LeavingUserSchema, required=True)
    sessions = fields.Integer(required=True)
    links = fields.Integer(required=True)
    tokens = fields.Integer(required=True)
    records = fields.Integer(required=True)
    open = fields.Integer(required=True)
    types = fields.List(fields.Nested(LeavingTypeSchema), required=True)


class EnabledSchema(Schema):
    """Whether something changed."""

    user = fields.Integer(required=True)
    status = fields.String(required=True, **_said("updated or unchanged"))


class LeftSchema(EnabledSchema):
    """What has ended with a user, and the job that hands over what he owns."""

    sessions = fields.Integer(required=True)
    links = fields.Integer(required=True)
    tokens = fields.Integer(required=True)
    job = fields.Integer(required=True, allow_none=True)


class SessionInfoSchema(Schema):
    """A session of a browser."""

    id = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    current = fields.Boolean(required=True, **_said("It is the one that this is asked by."))


class SessionsSchema(Schema):
    """Sessions, newest first."""

    sessions = fields.List(fields.Nested(SessionInfoSchema), required=True)


class EndedSessionsSchema(Schema):
    """How many sessions have ended."""

    ended = fields.Integer(required=True)
