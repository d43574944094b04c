"""What every format comes to: a header, and rows of texts with the line that each stands in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Any, Final

from relatum import RelatumError, imports

FORMATS: Final = ("csv", "json", "ndjson", "vcard", "workbook")
#: Most columns of a file; more are a file that was read by the wrong sign.
COLUMNS: Final = 2000


@dataclass(frozen=True, slots=True)
class How:
    """How a file is written. None: to be found out; `header` is the line of names, 0 for none."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header: int | None = None

    def replace(self, **changes: Any) -> How:
        """Return another one with some changes."""
        return dataclasses.replace(self, **changes)

    def as_json(self) -> dict[str, Any]:
        """Return what is known."""
        return {n: v for n, v in dataclasses.asdict(self).items() if v is not None}


@dataclass(frozen=True, slots=True)
class Table:
    """A file of records: `header` names its columns, `count` is its number of rows."""

    header: list[str]
    count: int
    _rows: Callable[[], Iterator[imports.FileRow]]
    #: Sheets of a workbook to choose from.
    sheets: tuple[str, ...] = ()

    def rows(self, after: int = 0) -> Iterator[imports.FileRow]:
        """Yield rows as texts, without the first `after` ones."""
        for place, row in enumerate(self._rows()):
            if place >= after:
                yield row


def refusal(name: str, reason: str) -> RelatumError:
    """Return the refusal of a file."""
    return RelatumError("file_unreadable", path=name, reason=reason)


def named(cells: Sequence[str]) -> list[str]:
    """Return the names of columns: each one of its own, one that is missing by its place."""
    names: dict[str, int] = {}
    for place, cell in enumerate(cells, 1):
        name = " ".join(cell.replace("\0", "").split())[:200] or f"Column {place}"
        taken = name
        while taken in names:
            names[name] += 1
            taken = f"{name} ({names[name]})"
        names[taken] = 1
    return list(names)


def header_line(lines: Sequence[tuple[int, Sequence[str]]]) -> int:
    """Return the line that names the columns, of the first ones of a file; 0 if none does.

    Titles above it have fewer cells, and the rows below it as many.
    """
    filled = [(line, [cell for cell in cells if cell.strip()]) for line, cells in lines]
    width = median_low([len(cells) for _, cells in filled]) if filled else 0
    for line, cells in filled[:20]:
        if len(cells) * 10 >= width * 8 and cells:
            return line if all(map(_is_word, cells)) else 0
    return 0


def _is_word(cell: str) -> bool:
    """Say whether a text may be the name of a column."""
    bare = cell.strip()
    return not any(sign in bare for sign in "@\n") and any(c.isalpha() for c in bare)
