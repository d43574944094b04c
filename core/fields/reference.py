"""Links to one record: lookup and user."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from .. import types
from ..storage import Int64
from .base import Field, Refused, Setting, kind_of
from .number import INTEGER_LIMIT

ON_DELETE = ("restrict", "clear")


def _target(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be the name of an entity type")
    return value


def _on_delete(value: Any) -> str:
    if value not in ON_DELETE:
        raise ValueError("must be restrict or clear")
    return str(value)


class Lookup(Field):
    """A link to one record of a type, the same type included."""

    kind = "lookup"
    summary = (
        "A link to one record of another type or of the same. on_delete: restrict refuses to "
        "delete what is pointed to, clear empties the link."
    )
    value_type = types.REFERENCE
    SETTINGS = {
        "target": Setting(_target, "Name of the entity type it points to. Needed."),
        "on_delete": Setting(_on_delete, "restrict (default) or clear."),
    }

    @property
    def target(self) -> str:
        """Name of the entity type it points to."""
        return str(self.settings["target"])

    @property
    def on_delete(self) -> str:
        """What deleting the record pointed to does: restrict or clear."""
        return str(self.settings.get("on_delete", "restrict"))

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, Int64)]

    def check(self, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= INTEGER_LIMIT:
            raise Refused("not_reference", type=self.target, got=kind_of(value))
        return value

    def parse(self, text: str, style: str | None = None) -> int:
        stripped = text.strip()
        if not (stripped.isascii() and stripped.isdigit() and len(stripped) <= 16):
            raise Refused("not_reference", type=self.target, got=kind_of(text))
        return self.check(int(stripped))

    def openapi(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "x-entity-type": self.target}


class UserField(Lookup):
    """A link to a user."""

    kind = "user"
    summary = "A link to a user. The default me is whoever makes the record; filters also take me."
    DEFAULTS = ("me",)
    SETTINGS = {"on_delete": Lookup.SETTINGS["on_delete"]}

    @property
    def target(self) -> str:
        return "user"
