"""How records of a type are shown: saved lists, and the layout of their pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A saved list of a type that everybody can open: the words of a query in JSON."""

    id: int
    type: str
    name: str
    owner: str
    label: str
    query: Mapping[str, Any]
    position: int
    #: An administrator took away what a plugin brought.
    hidden: bool


class Section(NamedTuple):
    """A part of a record page: what stands above it, and its fields in order."""

    label: str
    fields: tuple[str, ...]


class Layout(NamedTuple):
    """How a record page is laid out; fields that it does not name follow in their own order."""

    highlights: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Layout:
        """Return the layout of its JSON value."""
        sections = (Section(s["label"], tuple(s["fields"])) for s in given.get("sections", ()))
        return cls(tuple(given.get("highlights", ())), tuple(sections))

    def as_json(self) -> dict[str, Any]:
        """Return the layout as a definition writes it; an empty one is an empty object."""
        sections = [{"label": s.label, "fields": list(s.fields)} for s in self.sections]
        made = {"highlights": list(self.highlights), "sections": sections}
        return {name: value for name, value in made.items() if value}
