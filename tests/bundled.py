"""The bundled plugins, and records of any type made from the catalog."""

from __future__ import annotations

import itertools
import string
from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).resolve().parents[1] / "plugins"
IDS = tuple(sorted(path.parent.name for path in FOLDER.glob("*/__init__.py")))
#: Texts that match the patterns which bundled types demand.
PATTERNS = {"[A-Z]{3}": "EUR"}


class Samples:
    """Rows for any type: those it needs, and those with a value in every field."""

    def __init__(self, instance: Any) -> None:
        self.instance = instance
        self.catalog = instance.catalog
        self.turn = (
            "".join(letters) for letters in itertools.product(string.ascii_uppercase, repeat=3)
        )

    def row(self, type_name: str, *, full: bool) -> dict[str, Any]:
        """Return a row with the required fields alone, or with all."""
        fields = self.catalog.type(type_name).own_fields
        return {
            f.name: self.value(f, type_name)
            for f in fields
            if not f.NUMBERED
            and ((full and f.name not in ("owner", "team")) or (f.required and f.default is None))
        }

    def value(self, field: Any, type_name: str) -> Any:
        """Return a value that a field takes; another one each time if it is unique."""
        if field.is_link:
            target = field.targets[0]
            if target == type_name:
                return None
            # A new one each time: two links may be a unique key together.
            return self.instance.alice.user_id if target == "user" else self.made(target)
        if field.options:
            value = field.options[0].value
            return [value] if field.kind == "multi_choice" else value
        if "pattern" in field.settings:
            return PATTERNS[field.settings["pattern"]]
        value = orjson.loads(field.EXAMPLE)
        return f"{value} {next(self.turn)}" if field.kind == "text" else value

    def made(self, type_name: str) -> int:
        """Make a record of a type, with the fields that it needs, and return its id."""
        [id_] = self.instance.create(type_name, self.row(type_name, full=False))
        return int(id_)
