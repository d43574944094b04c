"""JSON: a list of objects, or an object per line; read piece by piece, whatever its size."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, Any, Final

import ijson
import orjson

from .table import COLUMNS, How, Table, refusal
from .telling import SAMPLE

#: Most bytes of one record.
_RECORD: Final = 4_194_304
_DEPTH: Final = 8


def detect(file: IO[bytes], name: str, given: How) -> How:
    """Return how a JSON file is written: always in UTF-8."""
    return given.replace(encoding="utf-8", header=1, delimiter=None)


@contextmanager
def opened(file: IO[bytes], name: str, how: How) -> Iterator[Table]:
    """Give the table of a JSON file; the whole file is read once for its columns."""
    #: Names, and whether any record has a value there.
    names: dict[str, bool] = {}
    count = 0
    for _, record in _records(file, name, how):
        count += 1
        for key, text in record.items():
            names[key] = bool(text) or names.get(key, False)
        if len(names) > COLUMNS:
            raise refusal(name, f"has more than {COLUMNS:,} different names in its records")
    # What is null in one record and an object in another has its members as columns.
    whole = {key.rpartition(".")[0] for key in names}
    header = [key for key, filled in names.items() if filled or key not in whole]

    def rows() -> Iterator[tuple[int, list[str]]]:
        for line, record in _records(file, name, how):
            yield line, [record.get(key, "") for key in header]

    yield Table(header, count, rows)


def _records(file: IO[bytes], name: str, how: How) -> Iterator[tuple[int, dict[str, str]]]:
    found = _lines(file, name) if how.format == "ndjson" else _items(file, name)
    for line, record in found:
        if not isinstance(record, dict):
            raise refusal(name, f"record {line} is no object of names and values")
        flat: dict[str, str] = {}
        _flatten(flat, "", record, name, 0)
        yield line, flat


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
