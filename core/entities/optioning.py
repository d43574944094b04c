"""The rows of a field's options."""

from __future__ import annotations

from typing import Any, Final

from . import definitions
from .draft import Draft

#: What can change of an option that is there.
_PROPERTIES: Final = (
    "label", "hue", "category", "position", "retired", "when_values", "needs", "sets",
)  # fmt: skip


def set_options(draft: Draft, field_id: int, known: Any, given: list[dict[str, Any]]) -> None:
    """Bring the options of a field to a list; `known` are those that it has."""
    name = draft.rows.fields[field_id]["name"]
    for option in definitions.merge_options(known, given, name, draft.owner):
        row = draft.rows.options.get(option["id"])
        if row is None:
            option_id = draft.new_id()
            draft.rows.add_option({**option, "id": option_id, "field_id": field_id})
            continue
        for name in _PROPERTIES:
            if draft.owner.is_local or row["owner"] == draft.owner.name:
                draft.put("option", row, name, option[name])
