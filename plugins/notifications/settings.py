"""What an administrator can set."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from .kinds import translated


class Settings(Schema):
    """Who follows by himself, for how long notifications are kept, when daily mails are written."""

    owner_follows = fields.Boolean(
        load_default=True,
        metadata={
            "label": translated("Owners follow their records"),
            "description": translated(
                "Whoever owns a record hears of it until he stops following it."
            ),
        },
    )
    keep_days = fields.Integer(
        load_default=90,
        validate=validate.Range(min=1, max=3650),
        metadata={"label": translated("Days that notifications are kept")},
    )
    digest_hour = fields.Integer(
        load_default=7,
        validate=validate.Range(min=0, max=23),
        metadata={
            "label": translated("Hour of the daily mail"),
            "description": translated("In the time zone of whoever gets it."),
        },
    )
