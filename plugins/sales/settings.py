"""What an administrator can set."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates

#: Days by stage or, for stages without a line, by the category of a stage.
_USUAL: Final = ("open=30", "qualify=14", "negotiate=21", "due=60", "offered=21")
_MOST: Final = 3650


def usual_days(lines: list[str]) -> dict[str, int]:
    """Return the days by stage or category; ValueError says which line can't be."""
    made = {}
    for line in lines:
        name, sign, days = (part.strip() for part in line.partition("="))
        if not (name and sign and days.isdecimal() and 0 < int(days) <= _MOST):
            raise ValueError(f"'{line[:60]}' must be STAGE=DAYS, such as propose=30")
        made[name] = int(days)
    return made


class Settings(Schema):
    """How long deals usually take, and where fields of a lead go when it is converted."""

    lead_mapping = fields.List(
        fields.String(),
        load_default=(),
        metadata={
            "label": "Fields of a converted lead",
            "description": "FIELD = TYPE.FIELD each, such as industry = account.industry; "
            "FIELD = TYPE for nowhere.",
        },
    )

    usual_days = fields.List(
        fields.String(validate=validate.Length(max=60)),
        load_default=[*_USUAL],
        metadata={
            "label": "Usual days in a stage",
            "description": "STAGE=DAYS for a stage, open=DAYS for all others; beyond them a deal "
            "is marked.",
        },
    )
    idle_days = fields.Integer(
        load_default=21,
        validate=validate.Range(min=1, max=_MOST),
        metadata={
            "label": "Days until a deal is idle",
            "description": "An open deal that nobody has changed for so long is marked.",
        },
    )

    @validates("usual_days")
    def check_usual_days(self, value: list[str], **_: Any) -> None:
        """Refuse lines that are no days."""
        try:
            usual_days(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None
