"""How the fields of a type are laid out: in the sections of its layout, on pages and in forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from relatum import catalog, fields

from ...words import translated

#: From so many fields on, a section of a form folds those away that nobody has to look at.
_MANY: Final = 40
#: Fields of such a section that are seen all the same.
_SEEN: Final = 24


def sections(
    entity_type: catalog.EntityType, shown: Sequence[fields.Field], first: str = "Details"
) -> list[tuple[str, list[fields.Field]]]:
    """Return fields in the sections of a type's layout; the rest comes last.

    `first` is what the rest is called if the layout has no sections.
    """
    known = {field.name: field for field in shown}
    made = [
        (section.label, [known.pop(name) for name in section.fields if name in known])
        for section in entity_type.layout.sections
    ]
    rest = translated("More") if made else translated(first)
    return [(label, found) for label, found in (*made, (rest, list(known.values()))) if found]


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a form: the fields that are seen, and those that are folded away."""

    key: int
    label: str
    seen: list[fields.Field]
    folded: list[fields.Field]
    #: Whether it is what every record has; it comes last.
    last: bool = False

    @property
    def size(self) -> int:
        """How many fields it has."""
        return len(self.seen) + len(self.folded)


def parts(
    entity_type: catalog.EntityType, asked: Sequence[fields.Field], needed: frozenset[str]
) -> list[Part]:
    """Return the sections of a form; `needed` are the fields that have a value or a problem.

    Without a layout what must be filled in comes first. Of many fields those are folded away
    that are empty and may stay so. Owner and team come last.
    """
    own = [field for field in asked if field.owner != "system"]
    if not entity_type.layout.sections:
        own.sort(key=lambda field: not field.required)
    known = enumerate(sections(entity_type, own))
    made = [_folding(key, label, found, needed) for key, (label, found) in known]
    system = [field for field in asked if field.owner == "system"]
    return (
        [*made, Part(len(made), translated("Who it belongs to"), system, [], last=True)]
        if system
        else made
    )


def _folding(key: int, label: str, found: list[fields.Field], needed: frozenset[str]) -> Part:
    if len(found) <= _MANY:
        return Part(key, label, found, [])
    held = [f for n, f in enumerate(found) if n < _SEEN or f.required or f.name in needed]
    return Part(key, label, held, [field for field in found if field not in held])
