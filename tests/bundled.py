"""The bundled plugins: where they are, and what they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "plugins"
IDS = tuple(sorted(path.parent.name for path in FOLDER.glob("*/__init__.py")))
#: Types that their plugin alone writes, and the one whose records bring theirs along.
FOLLOWING = {"stage_change": "opportunity"}


def record_of(instance: Any, make: Any, name: str) -> int:
    """Return the id of a new record of a type, made directly or by what it follows."""
    if name in FOLLOWING:
        make(FOLLOWING[name])
        [found] = instance.sql(f"SELECT max(id) AS id FROM {name}")
        if found.id is not None:  # else the plugin does not run, and nobody refuses
            return int(found.id)
    return int(make(name)["id"])
