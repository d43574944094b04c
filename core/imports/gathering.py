"""Which rows of a file make one record: a row, and those below it that hold further lines of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .. import db
from ..errors import RelatumError
from ..fields import fold
from .maps import Column, ImportMap
from .texts import Template

#: (line, cells), and the further rows of the same record, if whoever reads them knows.
FileRow = tuple[int, list[str]] | tuple[int, list[str], Sequence[tuple[int, list[str]]]]


def height(row: FileRow) -> int:
    """Return how many rows of the file a record takes; those of one line are one."""
    return 1 if len(row) == 2 else 1 + sum(line != row[0] for line, _ in row[2])


def rest_of(row: FileRow) -> Sequence[tuple[int, list[str]]]:
    """Return the further rows of a record."""
    return row[2] if len(row) == 3 else ()


def pieces(rows: Iterable[FileRow], size: int) -> Iterator[list[FileRow]]:
    """Yield chunks of at least `size` rows and lines, none of which ends within a record."""
    chunk: list[FileRow] = []
    count = 0
    for row in rows:
        chunk.append(row)
        count += 1 + len(rest_of(row))
        if count >= size:
            yield chunk
            chunk, count = [], 0
    if chunk:
        yield chunk


class Gathering:
    """Puts the rows of one file together, if its map has columns for a line per row.

    A row goes on with the record above if it has the same key, or none; without a key, if it
    has nothing but lines. A row without key, or with lines alone, that is meant otherwise than
    the record (by the map's `only`) begins another one.
    """

    def __init__(
        self,
        header: Sequence[str],
        columns: Sequence[Column | None],
        composed: Sequence[tuple[Column, Template]],
        mapping: ImportMap,
    ) -> None:
        places = [(at, column) for at, column in enumerate(columns) if column is not None]
        self.header = header
        #: What speaks of the record, not of the line that a row stands for: columns with their
        #: places, and texts of several columns.
        self.own: list[tuple[Column, int | Template]] = [
            (c, at) for at, c in places if c.line is None or not c.line.of_row
        ]
        self.gathers = len(self.own) < len(places)
        self.own += composed
        # What is fixed is the same in every row.
        key = [name for name in mapping.key if name not in mapping.fixed]
        keyed = [(c, at) for c, at in self.own if c.line is None and c.field.name in key]
        self.keyed = keyed if len(keyed) == len(key) else []
        self.only = [header.index(name) for name in mapping.only]

    def rows(self, rows: Iterable[FileRow]) -> Iterator[FileRow]:
        """Yield the rows of a file, those of one record as one.

        Raises `record_rows_limit`.
        """
        if not self.gathers:
            yield from rows
            return
        limit = db.settings().import_record_rows
        first: tuple[int, list[str]] | None = None
        rest: list[tuple[int, list[str]]] = []
        whole = False
        for row in rows:
            line, cells = row[0], row[1]
            if first is None or whole or len(row) == 3 or not self._goes_on(first[1], cells):
                if first is not None:
                    yield (*first, rest)
                # Whoever gives a row its further ones knows all of them.
                first, rest, whole = (line, cells), list(rest_of(row)), len(row) == 3
            else:
                rest.append((line, cells))
            if len(rest) >= limit:
                raise RelatumError("record_rows_limit", line=first[0], limit=limit)
        if first is not None:
            yield (*first, rest)

    def _goes_on(self, first: list[str], cells: list[str]) -> bool:
        texts = [fold(self._text(each, cells)) for each in self.keyed or self.own]
        if not any(texts):
            return all(_bare(cells, at) in ("", _bare(first, at)) for at in self.only)
        above = (fold(self._text(each, first)) for each in self.keyed)
        return bool(self.keyed) and texts == list(above)

    def differing(self, first: list[str], cells: list[str]) -> Iterator[tuple[Column, str]]:
        """Yield the columns, with their texts, in which a further row says something else."""
        for each in self.own:
            text = self._text(each, cells)
            if text and fold(text) != fold(self._text(each, first)):
                yield each[0], text

    def _text(self, each: tuple[Column, int | Template], cells: list[str]) -> str:
        column, source = each
        if isinstance(source, Template):
            return column.text(source.filled(self.header, cells)).strip()
        return column.text(cells[source]).strip() if source < len(cells) else ""


def _bare(cells: list[str], at: int) -> str:
    return cells[at].strip() if at < len(cells) else ""
