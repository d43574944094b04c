"""What an administrator can set."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class Settings(Schema):
    """The points of a new card, and those from which a contact is plus."""

    welcome = fields.Integer(
        load_default=100,
        validate=validate.Range(min=0),
        metadata={"label": "Points of a new card"},
    )
    plus_from = fields.Integer(
        load_default=500,
        validate=validate.Range(min=1),
        metadata={"label": "Points for the level Plus"},
    )
