"""Guess what field a column of another system would be, by its name and its texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from .proposing import date_style

_NAME_LIMIT: Final = 40
_LONG: Final = 400
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,11})(?:\.(\d{1,6}))?")
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")


def definition_of(name: str, texts: Sequence[str], type_name: str) -> dict[str, Any]:
    """Return the operation that adds a field for a column that is called so."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = apart.replace("_", " ").split()
    bare = re.sub(r"[^a-z0-9]+", "_", " ".join(words).lower()).strip("_")
    called = f"x_{bare or 'field'}"[:_NAME_LIMIT].rstrip("_")
    label = " ".join(words)[:200] or name[:200]
    change = {"op": "add_field", "type": type_name, "name": called, "label": label}
    return {**change, **_kind(texts)}


def _kind(texts: Sequence[str]) -> dict[str, Any]:
    if not texts:
        return {"kind": "text"}
    if {text.casefold() for text in texts} <= {"true", "false"}:
        return {"kind": "boolean"}
    numbers = [_NUMBER.fullmatch(text) for text in texts]
    if all(numbers):
        scale = max(len(found[1] or "") for found in numbers if found)
        return {"kind": "decimal", "settings": {"scale": scale}} if scale else {"kind": "integer"}
    if all(_INSTANT.fullmatch(text) for text in texts):
        return {"kind": "datetime"}
    if date_style(texts) is not None and all(len(text) <= 10 for text in texts):
        return {"kind": "date"}
    if any(len(text) > _LONG or "\n" in text for text in texts):
        return {"kind": "long_text"}
    if any(";" in text for text in texts) and all(len(text) < 200 for text in texts):
        return {"kind": "tags"}
    return {"kind": "text"}
