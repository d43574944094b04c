"""What every wire format shares: how fields are declared, and that unknown names are refused."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import RAISE, Schema

#: A field that is always there, and one that is there and may be null.
SET: Final[dict[str, Any]] = {"required": True}
OPEN: Final[dict[str, Any]] = {"required": True, "allow_none": True}


def said(help: str, **more: Any) -> dict[str, Any]:  # noqa: A002  # the word users read
    """Return the options of a field that is always there, with what the API says of it."""
    return {"required": True, "metadata": {"description": help}, **more}


class Closed(Schema):
    """A format that knows all its names; the description of the API says so too."""

    class Meta:
        """Settings of marshmallow."""

        unknown = RAISE
