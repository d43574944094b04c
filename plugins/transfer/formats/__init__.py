"""Files of records: what a file is, found by its content, and its rows as texts.

    how = formats.detect(file, name)          # everything that can be told, to be shown
    with formats.opened(file, name, how) as table:
        table.header, table.count, table.rows(after=0)

A row is (line, cells): the line is the one that people see in the file or the sheet. Of JSON
with lists of objects and of vCards, a third part holds a row for each further object.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from . import documents, sheets, texts, vcards
from .documents import NOTHING
from .documents import Names as Names
from .table import FORMATS as FORMATS
from .table import How as How
from .table import Table as Table
from .table import refusal as refusal
from .telling import SAMPLE, kind_of

_WAYS = {
    "csv": texts, "json": documents, "ndjson": documents, "vcard": vcards, "workbook": sheets,
}  # fmt: skip


def detect(file: IO[bytes], name: str, given: How | None = None) -> How:
    """Return how a file is written; what is `given` stays as it is.

    Raises `file_unreadable` with a sentence for what is no file of records.
    """
    given = given or How()
    file.seek(0)
    kind = kind_of(file.read(SAMPLE), name)
    found: How = _WAYS[kind].detect(file, name, given.replace(format=kind))
    return found


@contextmanager
def opened(file: IO[bytes], name: str, how: How, known: Names = NOTHING) -> Iterator[Table]:
    """Give the table of a file, read as `how` says; raises `file_unreadable`.

    `known` says what names in JSON mean.
    """
    if how.format in ("json", "ndjson"):
        way = documents.opened(file, name, how, known)
    else:
        way = _WAYS[how.format or "csv"].opened(file, name, how)
    with way as table:
        yield table
