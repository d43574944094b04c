"""What somebody has done, newest first, each to be taken back."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request

from relatum import records

from ... import ui, values, words
from ...words import translated
from .history import source_of

#: Change sets on a page.
PAGE: Final = 50


@ui.page("/changes")
def own_changes() -> Response:
    """Show what whoever asks has done, newest first."""
    before = request.args.get("before", "")
    found = records.changes_by(
        ui.actor().user_id, actor=ui.actor(), limit=PAGE + 1,
        before=ui.whole(before),
    )  # fmt: skip
    shown = [
        {**each, "said": _said(each["records"]), "from": source_of(each["source"]),
         "lost": any("purge" in ops for ops in each["records"].values())}
        for each in found[:PAGE]
    ]  # fmt: skip
    older = found[PAGE - 1]["id"] if len(found) > PAGE else None
    return ui.render("own_changes.html", shown=shown, older=older)


def _said(types: dict[str, dict[str, int]]) -> list[str]:
    """Return how many records of which type were written how, in words."""
    return [_one(name, op, count) for name, ops in types.items() for op, count in ops.items()]


def _one(name: str, op: str, count: int) -> str:
    known: dict[str, Any] = dict(words.known().types)
    what = values.type_label(name, count) if name in known else f"{count} {name}"
    said = {
        "create": translated("{records} made", records=what),
        "update": translated("{records} changed", records=what),
        "delete": translated("{records} in the trash", records=what),
        "restore": translated("{records} restored", records=what),
        "purge": translated("{records} purged", records=what),
    }
    return said.get(op, f"{op} {what}")
