"""Read a CSV file as a stream of rows, as often as needed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..errors import RelatumError
from .maps import ImportMap

_DELIMITERS = (",", ";", "\t", "|")
#: Most characters of one cell; above the limit of long text, so that the field says what is wrong.
CELL_LIMIT = 1_000_000


#: What a program that opens a file takes for the begin of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def quoted(text: str) -> str:
    """Return a cell of a file that no program takes for a formula: with an apostrophe in front."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) else text


def unquoted(cells: list[str]) -> list[str]:
    """Return cells without the apostrophes that `quoted` puts in front."""
    if not any(cell[:1] == "'" for cell in cells):
        return cells
    return [c[1:] if c[:1] == "'" and c.lstrip("'").startswith(_FORMULA) else c for c in cells]


class Source:
    """A CSV file: its header, and its rows with the line each begins at.

    With `data`, those are the bytes of the file, and `path` is only what it is called.
    """

    def __init__(self, path: str | Path, mapping: ImportMap, *, data: bytes | None = None) -> None:
        self.path, self._data = Path(path), data
        self.encoding = mapping.encoding
        self.delimiter = mapping.delimiter or self._sniff()
        header = next(self._lines(), None)
        if header is None:
            raise self._unreadable("the file is empty; its first line must name the columns")
        self.header = [name.strip() for name in header[1]]
        for place, name in enumerate(self.header):
            if not name:
                raise self._unreadable(f"column {place + 1} has no name in the first line")
            if self.header.index(name) != place:
                raise self._unreadable(f"column '{name}' stands twice in the first line")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line, cells) from the second line on; blank lines are passed over."""
        lines = self._lines()
        next(lines)
        return lines

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(CELL_LIMIT)
        line = 0
        try:
            with self._open() as file:
                reader = csv.reader(file, delimiter=self.delimiter, strict=True)
                for cells in reader:
                    if any(cells):
                        yield line + 1, unquoted(cells)
                    line = reader.line_num
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from None
        except UnicodeError as error:
            raise self._not_text(error) from None
        except csv.Error as error:
            raise self._unreadable(f"line {line + 1} is not CSV: {error}") from None

    def _open(self) -> IO[str]:
        if self._data is None:
            return self.path.open(encoding=self.encoding, newline="")
        return io.TextIOWrapper(io.BytesIO(self._data), encoding=self.encoding, newline="")

    def _sniff(self) -> str:
        """Return the delimiter that parts the first line into the most columns."""
        try:
            with self._open() as file:
                first = file.readline(CELL_LIMIT)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from None
        except UnicodeError as error:
            raise self._not_text(error) from None
        return max(_DELIMITERS, key=lambda sign: len(next(csv.reader([first], delimiter=sign), [])))

    def _unreadable(self, reason: str) -> RelatumError:
        return RelatumError("file_unreadable", path=str(self.path), reason=reason)

    def _not_text(self, error: UnicodeError) -> RelatumError:
        bad = ""
        if isinstance(error, UnicodeDecodeError):
            bad = f" (byte 0x{error.object[error.start]:02X})"
        name = "UTF-8" if self.encoding == "utf-8-sig" else self.encoding
        return self._unreadable(
            f'is not {name} text{bad}. Say how it is written in the map, e.g. "encoding": "cp1252"'
        )
