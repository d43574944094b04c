"""Workbooks: XLSX, XLS and ODS, read by a process of its own with little memory.

A workbook of a few bytes may say that it has a thousand million cells. What reads it may use so
much memory and no more, and writes the rows to a file that is then read like any other.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import orjson

from .table import COLUMNS, How, Table, header_line, named, refusal

#: Bytes that a workbook unpacks to at most, and how many times its own size, beyond a few.
UNPACKED: Final = 400_000_000
RATIO: Final = 100
_FEW: Final = 50_000_000
#: Members that are looked into at most.
_MEMBERS: Final = 10_000
_SECONDS: Final = 300
_LOOKED: Final = 60
_READER: Final = Path(__file__).with_name("workbook.py")
_SEALED: Final = "EncryptedPackage".encode("utf-16-le")


def detect(file: IO[bytes], name: str, given: How) -> How:
    """Return how a workbook is written: its sheet, and the line of names."""
    _check(file, name)
    with _read(file, name, given.sheet, most=_LOOKED) as (_, sheet, rows):
        how = given.replace(sheet=sheet, encoding=None, delimiter=None)
        if how.header is None:
            how = how.replace(header=header_line(list(rows)))
        return how


@contextmanager
def opened(file: IO[bytes], name: str, how: How) -> Iterator[Table]:
    """Give the table of a sheet, which is read once into a file beside."""
    _check(file, name)
    with _unpacked(file, name, how.sheet, most=0) as (found, lines):
        wanted = how.header or 0
        cells, count, width = None, 0, 0
        for line, row in _rows(lines):
            if cells is None and wanted and line >= wanted:
                cells = row
            elif not wanted or cells is not None:
                count, width = count + 1, max(width, len(row))
        header = named([*(cells or ()), *[""] * (width - len(cells or ()))])
        if len(header) > COLUMNS:
            raise refusal(name, f"has {len(header):,} columns; {COLUMNS:,} are possible")

        def rows() -> Iterator[tuple[int, list[str]]]:
            for line, row in _rows(lines):
                if line > wanted:
                    yield line, row + [""] * (len(header) - len(row))

        yield Table(header, count, rows, tuple(found["sheets"]))


@contextmanager
def _read(
    file: IO[bytes], name: str, sheet: str | None, *, most: int
) -> Iterator[tuple[list[str], str, Iterator[tuple[int, list[str]]]]]:
    with _unpacked(file, name, sheet, most=most) as (found, lines):
        yield found["sheets"], found["sheet"], islice(_rows(lines), _LOOKED)


def _rows(lines: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    lines.seek(0)
    next(lines)
    for text in lines:
        line, cells = orjson.loads(text)
        yield line, cells


@contextmanager
def _unpacked(
    file: IO[bytes], name: str, sheet: str | None, *, most: int
) -> Iterator[tuple[dict[str, Any], IO[bytes]]]:
    """Give what a workbook says of itself, and its rows as lines of JSON."""
    with tempfile.NamedTemporaryFile(suffix=".book") as book, tempfile.TemporaryFile() as lines:
        file.seek(0)
        while piece := file.read(1 << 20):
            book.write(piece)
        book.flush()
        command = [sys.executable, "-I", str(_READER), book.name, sheet or "", str(most)]
        try:
            done = subprocess.run(  # noqa: S603  # our own reader, with a file of ours
                command, stdout=lines, stderr=subprocess.PIPE, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise refusal(name, f"could not be read within {_SECONDS} seconds") from None
        if done.returncode:
            raise refusal(name, _why(done.returncode, done.stderr))
        lines.seek(0)
        yield orjson.loads(next(lines)), lines


def _why(code: int, said: bytes) -> str:
    """Return why a workbook could not be read."""
    words = said.decode("utf-8", "replace").strip().splitlines()
    last = words[-1][:200] if words else ""
    if code == 3:
        return last
    return "needs more memory than a workbook may; save the sheet as CSV and import that"


def _check(file: IO[bytes], name: str) -> None:
    """Refuse a workbook that is sealed, damaged, no workbook, or a bomb."""
    file.seek(0)
    if file.read(2) != b"PK":
        file.seek(0)
        if _SEALED in file.read(1 << 20):
            raise refusal(name, "is protected by a password; save it without one")
        return
    try:
        with zipfile.ZipFile(file) as book:
            _check_zip(book, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise refusal(name, f"is damaged: {error}") from None


def _check_zip(book: zipfile.ZipFile, name: str) -> None:
    members = book.infolist()
    names = {member.filename for member in members}
    if not names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
        raise refusal(name, "is an archive, not a workbook; unpack it and import a file of it")
    size, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if len(members) > _MEMBERS or size > UNPACKED or (size > _FEW and size > packed * RATIO):
        raise refusal(name, f"unpacks to {size:,} bytes, more than a workbook may")
    if "META-INF/manifest.xml" in names and b"encryption-data" in book.read(
        "META-INF/manifest.xml"
    ):
        raise refusal(name, "is protected by a password; save it without one")
    for member in members:
        # What is said of its size is checked by reading: it is all that was looked at above.
        with book.open(member) as inside:
            while inside.read(1 << 20):
                pass
