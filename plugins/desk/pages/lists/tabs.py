"""The tabs of a list: views that were pinned, those of everybody, one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from relatum import preferences, views

from ... import ui, words
from ...words import translated

#: The word of the address that opens no view at all, where plain means the first one.
EVERYTHING: Final = "_all"
#: What a user has pinned: {type: [names]}.
PINS: Final = "desk.pins"


@dataclass(frozen=True, slots=True)
class Tab:
    """A view among the tabs of a list; the one without a name shows everything."""

    name: str
    label: str
    #: The words of the address that open it.
    words: list[tuple[str, str]]
    query: dict[str, Any]
    private: bool = False
    #: Its place among those of everybody, or among one's own.
    position: int = 0
    pinned: bool = False
    #: Why it can't be opened.
    broken: str | None = None

    @property
    def query_string(self) -> str:
        """The words of the address that open it, as they stand in one."""
        return f"?{urlencode(self.words)}" if self.words else ""

    @property
    def icon(self) -> str:
        """The icon that says of which kind it is."""
        if self.broken:
            return "alert-triangle"
        return "pin" if self.pinned else "user" if self.private else "list"


def tabs(type_name: str) -> list[Tab]:
    """Return the tabs of a list: the pinned ones, those of everybody, one's own."""
    pins, called = pins_of(type_name), words.views(type_name)
    shown = [
        Tab(
            view["name"], called.get(view["name"], view["label"]),
            [("_view", view["name"])], view["query"],
            view["private"], view["position"], view["name"] in pins, view["broken"],
        )
        for view in views.list_views(type_name, actor=ui.actor())
    ]  # fmt: skip
    first = sorted((t for t in shown if t.pinned), key=lambda t: pins.index(t.name))
    rest = [tab for tab in shown if not tab.pinned]
    if all(tab.private for tab in shown):
        rest.insert(0, everything(first=not first))
    return [*first, *rest]


def everything(*, first: bool = False) -> Tab:
    """Return the tab that opens no view."""
    return Tab("", translated("All"), [] if first else [("_view", EVERYTHING)], {})


def pins_of(type_name: str) -> list[str]:
    """Return the names of the views that somebody has pinned, in order."""
    found = preferences.get(PINS, actor=ui.actor()) or {}
    return [str(name) for name in found.get(type_name, [])]
