"""A plain-Python reference of a changing data model: fields, what they were, and their values.

It knows nothing of SQL. A field lives, lies in the trash, or is purged; after a change of type the
field that was is in the trash, with the values it had then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

#: What is answered for a value that does not fit another type.
MISFIT = object()


@dataclass(eq=False)
class Incarnation:
    """One field: its values by record, those of records in the trash too."""

    name: str
    kind: str
    values: dict[int, Any] = field(default_factory=dict)
    #: When it went to the trash, by the number of the change of the model.
    gone: int | None = None
    #: What it was before its type changed.
    was: Incarnation | None = None
    #: Options that nobody can choose any more.
    retired: set[str] = field(default_factory=set)


@dataclass
class Thing:
    """One record."""

    version: int = 1
    gone: bool = False


class Reference:
    """The fields of one type, live and in the trash, and its records."""

    def __init__(self) -> None:
        self.fields: list[Incarnation] = []
        self.things: dict[int, Thing] = {}
        self.generation = 0

    def live(self) -> dict[str, Incarnation]:
        """Return the live fields by name."""
        return {each.name: each for each in self.fields if each.gone is None}

    def in_trash(self, name: str | None = None) -> list[Incarnation]:
        """Return the fields in the trash, the last one first."""
        gone = [f for f in self.fields if f.gone is not None and name in (None, f.name)]
        return sorted(gone, key=lambda each: -(each.gone or 0))

    def records(self, *, trashed: bool = False) -> list[int]:
        """Return the ids of records."""
        return [id_ for id_, thing in self.things.items() if thing.gone is trashed]

    def add(self, name: str, kind: str) -> None:
        """Make a field; existing records have no value."""
        self.generation += 1
        self.fields.append(Incarnation(name, kind))

    def trash(self, name: str) -> None:
        """Put a field in the trash; its values stay with it."""
        self.generation += 1
        self.live()[name].gone = self.generation

    def restore(self, name: str) -> None:
        """Take the last trashed field of a name out of the trash."""
        self.generation += 1
        self.in_trash(name)[0].gone = None

    def purge(self, name: str) -> None:
        """Forget every trashed field of a name."""
        self.generation += 1
        gone = self.in_trash(name)
        self.fields = [each for each in self.fields if each not in gone]
        for each in self.fields:
            each.was = None if each.was in gone else each.was

    def retype(self, name: str, kind: str) -> None:
        """Change the type of a field: what does not fit is empty, and what was is kept."""
        self.generation += 1
        old = self.live()[name]
        made = Incarnation(name, kind, was=old)
        for id_, value in old.values.items():
            found = None if value is None else converted(old.kind, kind, value)
            made.values[id_] = None if found is MISFIT else found
        old.gone = self.generation
        self.fields.append(made)

    def misfits(self, name: str, kind: str) -> int:
        """Return how many values a change of type would empty."""
        old = self.live()[name]
        values = [v for v in old.values.values() if v is not None]
        return sum(converted(old.kind, kind, value) is MISFIT for value in values)

    def revert(self, name: str) -> None:
        """Put a field back to what it was, with the values that it had."""
        self.generation += 1
        made = self.live()[name]
        assert made.was is not None
        made.gone, made.was.gone = self.generation, None

    def retire(self, name: str, option: str, other: str | None) -> None:
        """Retire an option; records that hold it get another, or keep it if there is none."""
        self.generation += 1
        known = self.live()[name]
        known.retired.add(option)
        for id_, value in known.values.items():
            if other is not None and value == option and not self.things[id_].gone:
                known.values[id_] = other
                self.things[id_].version += 1

    def write(self, id_: int, values: dict[str, Any]) -> None:
        """Give a record values of live fields."""
        known, changed = self.live(), False
        for name, value in values.items():
            changed |= known[name].values.get(id_) != value
            known[name].values[id_] = value
        self.things[id_].version += changed


def _whole(text: str) -> Any:
    return int(text) if text.lstrip("-").isdigit() else MISFIT


def _exact(text: str) -> Any:
    try:
        return str(Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP))
    except InvalidOperation:
        return MISFIT


#: What a value becomes, by the types before and after.
CONVERSIONS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("text", "long_text"): lambda v: v,
    ("text", "integer"): _whole,
    ("text", "decimal"): _exact,
    ("long_text", "text"): lambda v: " ".join(v.split()) if "\n" in v else v,
    ("integer", "text"): str,
    ("integer", "decimal"): lambda v: f"{v}.00",
    ("decimal", "text"): lambda v: v,
    ("decimal", "integer"): lambda v: int(Decimal(v)) if Decimal(v) % 1 == 0 else MISFIT,
    ("choice", "text"): lambda v: v,
}


def converted(old: str, new: str, value: Any) -> Any:
    """Return what a value becomes in a field of another type, or MISFIT."""
    return CONVERSIONS[(old, new)](value)
