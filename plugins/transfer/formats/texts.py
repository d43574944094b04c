"""CSV in any of its spellings: encoding, delimiter and line of names are found out."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from statistics import mode
from typing import IO, Final

from charset_normalizer import from_bytes

from relatum import imports

from .table import COLUMNS, How, Table, header_line, named, refusal
from .telling import BOMS, SAMPLE

DELIMITERS: Final = (",", ";", "\t", "|")
#: What a file that is no UTF-8 may be written in, the likeliest first.
ENCODINGS: Final = (
    "cp1252", "cp1250", "cp1251", "iso8859_15", "iso8859_2", "cp1253", "cp1254", "cp1255",
    "cp1256", "cp1257", "mac_roman", "shift_jis", "gb18030", "big5", "euc_kr",
)  # fmt: skip
_LINES: Final = 60
#: Bytes that no text is full of.
_CONTROLS: Final = [bytes([code]) for code in (*range(9), *range(14, 32), 127)]


def detect(file: IO[bytes], name: str, given: How) -> How:
    """Return how a CSV file is written."""
    encoding = given.encoding or _encoding(file, name)
    how = given.replace(encoding=encoding)
    if how.delimiter is None:
        how = how.replace(delimiter=_delimiter(file, name, how))
    if how.header is None:
        first = list(islice(_lines(file, name, how), _LINES))
        how = how.replace(header=header_line(first))
    return how


@contextmanager
def opened(file: IO[bytes], name: str, how: How) -> Iterator[Table]:
    """Give the table of a CSV file; the whole file is read once, so what is wrong is known."""
    width, count, cells = 0, 0, None
    for line, found in _lines(file, name, how):
        if cells is None and how.header and line >= how.header:
            cells = found
        elif how.header == 0 or cells is not None:
            count, width = count + 1, max(width, len(found)) if how.header == 0 else 0
    if cells is None and how.header:
        raise refusal(name, f"has no line {how.header} that could name the columns")
    header = named([""] * width if cells is None else cells)
    if len(header) > COLUMNS:
        raise refusal(name, f"has {len(header):,} columns; {COLUMNS:,} are possible")

    def rows() -> Iterator[tuple[int, list[str]]]:
        lines = _lines(file, name, how)
        if how.header:
            lines = _below(lines, how.header)
        return lines

    yield Table(header, count, rows)


def _below(lines: Iterator[tuple[int, list[str]]], header: int) -> Iterator[tuple[int, list[str]]]:
    for line, _ in lines:
        if line >= header:
            break
    yield from lines


def _lines(file: IO[bytes], name: str, how: How) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of a file from its start; blank lines are passed over."""
    csv.field_size_limit(imports.CELL_LIMIT)
    line = 0
    file.seek(0)
    text = io.TextIOWrapper(file, how.encoding or "utf-8-sig", newline="")
    try:
        reader = csv.reader(text, delimiter=how.delimiter or ",", strict=True)
        for cells in reader:
            first, line = line + 1, reader.line_num
            if first == 1 and len(cells) <= 2 and cells and cells[0].lower().startswith("sep="):
                continue
            if any(cells):
                yield first, imports.unquoted(cells)
    except UnicodeError as error:
        raise refusal(name, f"is not {how.encoding} after line {line}: {error.__class__.__name__}. "
                      "Choose how it is written") from None  # fmt: skip
    except csv.Error as error:
        raise refusal(name, f"line {line + 1} is not CSV: {error}") from None
    finally:
        # Whoever reads no further may have closed the file by now.
        with suppress(ValueError):
            text.detach()


def _encoding(file: IO[bytes], name: str) -> str:
    file.seek(0)
    start = file.read(SAMPLE)
    for mark, encoding in BOMS:
        if start.startswith(mark):
            return encoding
    if b"\0" in start:
        even, odd = start[::2].count(0), start[1::2].count(0)
        if max(even, odd) * 4 > len(start) and min(even, odd) * 20 < max(even, odd):
            return "utf-16-le" if odd > even else "utf-16-be"
    if sum(map(start.count, _CONTROLS)) * 20 > len(start) + 200:
        raise refusal(
            name, "is no text; CSV, XLSX, ODS, XLS, JSON, NDJSON and vCards can be imported"
        )
    if _is_utf8(file):
        return "utf-8-sig"
    found = from_bytes(_telling(file), cp_isolation=list(ENCODINGS)).best()
    guess = found.encoding if found is not None else "cp1252"
    # Latin code pages differ in few signs: the one of most spreadsheets, if it can be.
    if guess in ("cp1250", "cp1254", "cp1257", "iso8859_15", "iso8859_2", "mac_roman", "cp1252"):
        return "cp1252" if _can_be(file, "cp1252") else guess
    return guess


def _is_utf8(file: IO[bytes]) -> bool:
    return _can_be(file, "utf-8")


def _can_be(file: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while piece := file.read(1 << 20):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _telling(file: IO[bytes]) -> bytes:
    """Return some lines of a file that hold more than ASCII."""
    file.seek(0)
    found = [line for line in islice(file, 20_000) if not line.isascii()]
    return b"".join(found[:400])[:65_536]


def _delimiter(file: IO[bytes], name: str, how: How) -> str:
    """Return the sign that parts the first lines into columns most evenly."""
    best, most = ",", (0.0, 0)
    for sign in DELIMITERS:
        try:
            first = list(islice(_lines(file, name, how.replace(delimiter=sign)), _LINES))
        except Exception:  # noqa: BLE001, S112  # with that sign it is no CSV at all
            continue
        widths = [len(cells) for _, cells in first]
        width = mode(widths) if widths else 1
        even = sum(each == width for each in widths) / max(1, len(widths))
        if width > 1 and (even, width) > most:
            best, most = sign, (even, width)
    return best
