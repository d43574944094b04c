"""The sheet of keys: every shortcut that there is, and where it works."""

from __future__ import annotations

from typing import NamedTuple

from flask import Response

from .. import looks, ui
from ..words import translated


class Key(NamedTuple):
    """One shortcut: what is pressed, and what that does. `alone` ones can be switched off."""

    pressed: str
    text: str
    alone: bool = True


@ui.page("/keys")
def key_sheet() -> Response:
    """List the shortcuts; within another page, as a sheet beside it."""
    template = "_keys.html" if ui.is_fragment() else "keys.html"
    return ui.render(template, sheet=sheet(), off=looks.look("keys") == "off")


def sheet() -> list[tuple[str, list[Key]]]:
    """Return the shortcuts by where they work. Combinations are written with spaces between."""
    return [
        (translated("Everywhere"), _everywhere()),
        (translated("On a record"), [Key("e", translated("Edit the record"))]),
        (translated("On a board"), _on_board()),
        (translated("On a calendar"), _on_calendar()),
        (translated("In a list"), _in_list()),
    ]


def _everywhere() -> list[Key]:
    return [
        Key("Ctrl K", translated("Search records, go to a page, make a record"), alone=False),
        Key("?", translated("Show this sheet")),
        Key("Ctrl Enter", translated("Save the form that one types in"), alone=False),
        Key("Esc", translated("Close a menu or a dialog; leave a value as it was"), alone=False),
    ]


def _in_list() -> list[Key]:
    return [
        Key("/", translated("Search in the list")),
        Key("c", translated("Make a record")),
        Key("f", translated("Add a filter")),
        Key("j", translated("Down")),
        Key("k", translated("Up")),
        Key("x", translated("Select the row")),
        Key("X", translated("Select all rows up to this one")),
        Key("[", translated("The page before")),
        Key("]", translated("The next page")),
        Key("↑ ↓ ← →", translated("Go from value to value"), alone=False),
        Key("Enter", translated("Change the value; in an editor, save it"), alone=False),
        Key("F2", translated("Change the value"), alone=False),
    ]


def _on_board() -> list[Key]:
    return [
        Key("Space", translated("Lift the card, and drop it"), alone=False),
        Key("↑ ↓ ← →", translated("Move the lifted card"), alone=False),
        Key("Esc", translated("Put the card back"), alone=False),
    ]


def _on_calendar() -> list[Key]:
    return [
        Key("t", translated("Show today")),
        Key("Alt ← →", translated("Move what is focused by a day"), alone=False),
        Key("Alt ↑ ↓", translated("Move it by a week, or by minutes where hours are"), alone=False),
    ]
