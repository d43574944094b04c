"""What is kept of a person: told with his data, and erased with it."""

from __future__ import annotations

from typing import Any, Final

from relatum import privacy

from .frame import table

#: Rows of one table that are told or erased at a time.
_SLICE: Final = 1000
#: The columns by which a row is about somebody, by table.
_GONE: Final = {"notice": ("person", "record"), "follow": ("person",), "choice": ("person",)}


def export(person: privacy.PersonalData) -> None:
    """Tell what was told to a person and about him, what he follows and how he hears of it."""
    for name, columns in _GONE.items():
        found = {row["id"]: row for column in columns for row in _all(name, column, person.ids)}
        if found:
            person.tell(name, [found[id_] for id_ in sorted(found)])


def erase(person: privacy.PersonalData) -> None:
    """Erase what was told to a person and about him, what he follows and how he hears of it."""
    for name, columns in _GONE.items():
        count = sum(table(name).delete({column: person.ids}) for column in columns)
        if count:
            person.tell(name, count)


def _all(name: str, column: str, ids: list[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = 0
    while rows := table(name).select({column: ids}, at_least={"id": after}, limit=_SLICE):
        found += rows
        after = rows[-1]["id"] + 1
    return found
