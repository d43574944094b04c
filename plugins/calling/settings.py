"""What administrators may set."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, fields, validate

from relatum import plugin_host

ID: Final = "calling"


class Settings(Schema):
    """How long somebody is held for a caller, and how many are put on a list at once."""

    hold_minutes = fields.Integer(
        load_default=10, validate=validate.Range(1, 240),
        metadata={"label": "Minutes held",
                  "description": "For so long nobody else gets whom somebody is calling."},
    )  # fmt: skip
    fill_limit = fields.Integer(
        load_default=5_000, validate=validate.Range(1, 50_000),
        metadata={"label": "Put on a list at once",
                  "description": "So many records are put on a call list at once, and no more."},
    )  # fmt: skip


def of(name: str) -> Any:
    """Return what is set."""
    return plugin_host.context_of(ID).settings[name]
