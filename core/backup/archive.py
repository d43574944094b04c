"""The archive: a zip of `manifest.json`, `tables/NAME.ndjson` and perhaps `settings.toml`.

A line of a table is a JSON list of one row's values in the order of the manifest's columns:
instants, dates and times as ISO 8601, decimals and JSON as text. Nothing in it depends on the
database.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from ..errors import RelatumError
from ..storage import Instant, Int64, Json, Scaled, Text, Texts, json_text

FORMAT = "relatum-backup"
VERSION = 1
_MANIFEST = "manifest.json"
_SETTINGS = "settings.toml"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_LEVEL = 3
_READ = 1 << 20
#: What reading a file raises that somebody cut, changed or made up.
_DAMAGE = (KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its kind of value, and the table it references in the database."""

    name: str
    kind: str
    references: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table in the archive: its columns, number of rows, and the digest of its lines."""

    name: str
    columns: tuple[Column, ...]
    rows: int
    sha256: str

    @property
    def member(self) -> str:
        """The name of its file in the archive."""
        return f"tables/{self.name}.ndjson"


def kind_of(type_: TypeEngine[Any]) -> str:
    """Return the kind of value that a column type holds."""
    if isinstance(type_, Instant):
        return "instant"
    if isinstance(type_, Scaled):
        return f"decimal:{type_.scale}"
    for kind, cls in (
        ("json", Json),
        ("texts", Texts),
        ("boolean", sa.Boolean),
        ("date", sa.Date),
        ("time", sa.Time),
        ("integer", sa.Integer),
        ("text", sa.Text),
    ):
        if isinstance(type_, cls):
            return kind
    raise TypeError(f"a backup can't hold {type_!r}")


def type_of(kind: str) -> TypeEngine[Any]:
    """Return the column type of a kind; raise ValueError for an unknown one."""
    plain: dict[str, Any] = {
        "instant": Instant(),
        "boolean": sa.Boolean(),
        "date": sa.Date(),
        "time": sa.Time(),
        "json": Json(),
        "texts": Text,  # as it is stored: a copy goes past the column types
        "integer": Int64,
        "text": Text,
    }
    name, _, scale = kind.partition(":")
    if name == "decimal":
        return Scaled(int(scale))
    if kind not in plain:
        raise ValueError(f"unknown kind of value '{kind}'")
    made: TypeEngine[Any] = plain[kind]
    return made


#: How a kind comes out of JSON, where JSON has no word for it.
_READERS: dict[str, Callable[[Any], Any]] = {
    "instant": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
    "texts": json_text,
}


class Writer:
    """Writes an archive; without `finish` it is no archive."""

    def __init__(self, path: Path, form: str = FORMAT) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._form = form
        self.tables: list[Table] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._zip.close()

    def table(self, name: str, columns: Sequence[Column], rows: Iterable[Any]) -> None:
        """Write the rows of a table."""
        digest, count = hashlib.sha256(), 0
        entry = Table(name, tuple(columns), 0, "")
        with self._zip.open(entry.member, "w", force_zip64=True) as raw:
            out = io.BufferedWriter(raw, _READ)
            for row in rows:
                line = orjson.dumps(list(row), default=str, option=orjson.OPT_UTC_Z) + b"\n"
                digest.update(line)
                out.write(line)
                count += 1
            out.flush()
            out.detach()
        self.tables.append(Table(name, entry.columns, count, digest.hexdigest()))

    def finish(self, *, settings: bytes | None, **facts: str) -> None:
        """Write the settings and the manifest, which says what must be there."""
        if settings is not None:
            self._zip.writestr(_SETTINGS, settings)
        manifest = {
            "format": self._form,
            "version": VERSION,
            **facts,
            "settings": None if settings is None else hashlib.sha256(settings).hexdigest(),
            "tables": [asdict(entry) for entry in self.tables],
        }
        self._zip.writestr(_MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))


class Reader:
    """An archive whose every byte was checked on opening; raises `restore_refused`."""

    def __init__(self, path: Path, form: str = FORMAT) -> None:
        self._path, self._form = path, form
        try:
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise self.refused(f"can't be read: {error.strerror or error}") from None
        except zipfile.BadZipFile:
            raise self.refused("is no backup, or cut off") from None
        try:
            self._load()
            self._verify()
        except _DAMAGE as error:
            self._zip.close()
            raise self.refused(f"is damaged ({type(error).__name__}: {error})") from None
        except BaseException:
            self._zip.close()
            raise

    def refused(self, what: str) -> RelatumError:
        """Return the refusal to restore this file."""
        return RelatumError("restore_refused", reason=f"{self._path} {what}. Nothing was changed.")

    def _load(self) -> None:
        manifest = orjson.loads(self._zip.read(_MANIFEST))
        if manifest["format"] != self._form:
            raise self.refused(f"is no {self._form}")
        self.facts = {k: v for k, v in manifest.items() if isinstance(v, str)}
        self.relatum = str(manifest["relatum"])
        if manifest["version"] != VERSION:
            raise self.refused(f"has another format; it was made by relatum {self.relatum}")
        self.revision = str(manifest["revision"])
        self.created_at = str(manifest["created_at"])
        self._settings = manifest["settings"]
        self.tables = [
            Table(
                _name(entry["name"]),
                tuple(
                    Column(_name(c["name"]), c["kind"], c["references"]) for c in entry["columns"]
                ),
                int(entry["rows"]),
                entry["sha256"],
            )
            for entry in manifest["tables"]
        ]

    def _verify(self) -> None:
        for entry in self.tables:
            digest = hashlib.sha256()
            with self._zip.open(entry.member) as lines:
                while piece := lines.read(_READ):
                    digest.update(piece)
            if digest.hexdigest() != entry.sha256:
                raise self.refused(f"is damaged: the checksum of {entry.member} is wrong")
            for column in entry.columns:
                type_of(column.kind)
        if self._settings is not None:
            found = hashlib.sha256(self._zip.read(_SETTINGS)).hexdigest()
            if found != self._settings:
                raise self.refused(f"is damaged: the checksum of {_SETTINGS} is wrong")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._zip.close()

    def rows(self, entry: Table) -> Iterator[list[Any]]:
        """Yield the rows of a table, values as the columns' types take them."""
        readers = [
            (place, _READERS[kind])
            for place, column in enumerate(entry.columns)
            if (kind := column.kind.partition(":")[0]) in _READERS
        ]
        with self._zip.open(entry.member) as raw:
            for line in io.BufferedReader(raw, _READ):  # type: ignore[type-var]
                row: list[Any] = orjson.loads(line)
                for place, read in readers:
                    if row[place] is not None:
                        row[place] = read(row[place])
                yield row

    def settings(self) -> str | None:
        """Return the settings file of the instance, if it had one."""
        if self._settings is None:
            return None
        return self._zip.read(_SETTINGS).decode("utf-8", "replace")


def _name(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name")
    return name
