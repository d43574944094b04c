"""What field types need to be made at all."""

from __future__ import annotations

from typing import Any


def needed(kind: str, target: str = "user") -> dict[str, Any]:
    """Return the settings that a field of a kind can't do without."""
    known: dict[str, dict[str, Any]] = {
        "lookup": {"target": target},
        "reference": {"targets": ["user", target] if target != "user" else ["user", "team"]},
    }
    return known.get(kind, {})
