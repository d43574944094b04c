"""What field types need to be made at all."""

from __future__ import annotations

from typing import Any

from relatum.core.fields import FIELD_TYPES


def needed(kind: str, target: str = "user") -> dict[str, Any]:
    """Return the settings that a field of a kind can't do without."""
    known: dict[str, dict[str, Any]] = {
        "lookup": {"target": target},
        "reference": {"targets": ["user", target] if target != "user" else ["user", "team"]},
    }
    return known.get(kind, {})


def every_kind() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return a field of each field type, named by it: those without a target, then links."""
    plain: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for kind, field_type in FIELD_TYPES.items():
        made: dict[str, Any] = {"name": f"a_{kind}", "kind": kind, "settings": needed(kind)}
        if field_type.HAS_OPTIONS:
            made["options"] = [{"value": "open", "label": "Open"}, {"value": "won"}]
        if field_type.NUMBERED:
            made["settings"] = {"mask": "N-{number:4}"}
        (links if kind in ("lookup", "reference") else plain).append(made)
    return plain, links
