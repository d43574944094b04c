"""JSON: a list of objects, or an object per line; read piece by piece, whatever its size."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, Any, Final, NamedTuple

import ijson
import orjson

from relatum import imports

from .table import COLUMNS, How, Table, refusal
from .telling import SAMPLE

#: Most bytes of one record.
_RECORD: Final = 4_194_304
_DEPTH: Final = 8


class Names(NamedTuple):
    """What names mean in the records of a type: documents, whose lists are no rows, and lists."""

    documents: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()


NOTHING: Final = Names()


def detect(file: IO[bytes], name: str, given: How) -> How:
    """Return how a JSON file is written: always in UTF-8."""
    return given.replace(encoding="utf-8", header=1, delimiter=None)


@contextmanager
def opened(file: IO[bytes], name: str, how: How, known: Names = NOTHING) -> Iterator[Table]:
    """Give the table of a JSON file; the whole file is read once for its columns.

    What a list of objects holds has columns of its own (`lines.price`), and a row for each.
    """
    #: Names, and whether any record has a value there.
    names: dict[str, bool] = {}
    count, listed = 0, False
    for _, pieces, has_lists in _records(file, name, how, known):
        count, listed = count + 1, listed or has_lists
        for piece in pieces:
            for key, text in piece.items():
                names[key] = bool(text) or names.get(key, False)
        if len(names) > COLUMNS:
            raise refusal(name, f"has more than {COLUMNS:,} different names in its records")
    # What is null in one record and an object in another has its members as columns.
    # A list of lines without any has none.
    inner = {key.rpartition(".")[0] for key in names} | known.lists
    header = [key for key, filled in names.items() if filled or key not in inner]

    def rows() -> Iterator[imports.FileRow]:
        for line, pieces, _ in _records(file, name, how, known):
            first, *rest = [[piece.get(key, "") for key in header] for piece in pieces]
            yield (line, first, [(line, cells) for cells in rest]) if listed else (line, first)

    yield Table(header, count, rows)


def _records(
    file: IO[bytes], name: str, how: How, known: Names
) -> Iterator[tuple[int, list[dict[str, str]], bool]]:
    """Yield (line, pieces, whether it has lists of objects) of records.

    A piece is texts by path; those below the first hold the further objects.
    """
    found = _lines(file, name) if how.format == "ndjson" else _items(file, name)
    for line, record in found:
        if not isinstance(record, dict):
            raise refusal(name, f"record {line} is no object of names and values")
        lists = {k: v for k, v in record.items() if k not in known.documents and _is_list(v)}
        pieces: list[dict[str, str]] = [{}]
        _flatten(pieces[0], "", {k: v for k, v in record.items() if k not in lists}, name, 0)
        for key, items in lists.items():
            pieces += [{} for _ in range(len(items) - len(pieces))]
            for piece, item in zip(pieces, items, strict=False):
                _flatten(piece, f"{key}.", item, name, 1)
        yield line, pieces, bool(lists)


def _is_list(value: Any) -> bool:
    """Say whether a value is a list of objects."""
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _lines(file: IO[bytes], name: str) -> Iterator[tuple[int, Any]]:
    file.seek(0)
    line = 0
    while text := file.readline(_RECORD + 1):
        line += 1
        if len(text) > _RECORD:
            raise refusal(name, f"line {line} is longer than {_RECORD:,} bytes")
        bare = text.removeprefix(b"\xef\xbb\xbf").strip()
        if bare:
            try:
                yield line, orjson.loads(bare)
            except orjson.JSONDecodeError as error:
                raise refusal(name, f"line {line} is not JSON: {error}") from None


def _items(file: IO[bytes], name: str) -> Iterator[tuple[int, Any]]:
    """Yield the records of a list, or of the first list in an object, numbered from 1."""
    file.seek(0)
    start = file.read(SAMPLE).lstrip(b"\xef\xbb\xbf \t\r\n")
    file.seek(3 if _has_mark(file) else 0)
    prefix = "item" if start.startswith(b"[") else f"{_first_list(start, name)}.item"
    try:
        yield from enumerate(ijson.items(_Bare(file), prefix), 1)
    except ijson.JSONError as error:
        said = str(error).splitlines()[0]
        raise refusal(name, f"is not JSON: {said}") from None


class _Bare:
    """A file as ijson reads it, by this alone."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


def _has_mark(file: IO[bytes]) -> bool:
    file.seek(0)
    return file.read(3) == b"\xef\xbb\xbf"


def _first_list(start: bytes, name: str) -> str:
    try:
        for prefix, event, _ in ijson.parse(io.BytesIO(start)):
            if event == "start_array":
                return str(prefix)
    except ijson.JSONError:
        pass
    raise refusal(name, "holds no list of records near its start")


def _flatten(
    flat: dict[str, str], prefix: str, value: dict[str, Any], name: str, deep: int
) -> None:
    if deep > _DEPTH:
        raise refusal(name, f"nests deeper than {_DEPTH} levels")
    for key, inside in value.items():
        path = f"{prefix}{key}"
        if isinstance(inside, dict):
            _flatten(flat, f"{path}.", inside, name, deep + 1)
        else:
            flat[path] = _text(inside)


def _text(value: Any) -> str:
    """Return a JSON value as a cell holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        if all(not isinstance(each, (dict, list)) for each in value):
            texts = (_text(each).replace("\\", "\\\\").replace(";", "\\;") for each in value)
            return "; ".join(texts)
        return orjson.dumps(value, default=str).decode()
    if isinstance(value, (float, Decimal)):
        return format(Decimal(str(value)), "f")
    return str(value)
