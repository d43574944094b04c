"""Look into a file that was sent: how it is written, its columns, and where they may go."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from relatum import Actor, imports, reading, seen, uploads

from . import formats
from .formats import How
from .proposing import propose
from .reading import names_of

#: Rows that are looked at for styles, and those that people are shown.
LOOKED: Final = 500
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in a file: `map` is the import map that is proposed for its type."""

    upload: uploads.Upload
    how: How
    header: list[str]
    count: int
    sample: list[list[str]]
    sheets: tuple[str, ...]
    map: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        """Return it as the API does."""
        return {
            "id": self.upload.id, "name": self.upload.name, "size": self.upload.size,
            "how": self.how.as_json(), "header": self.header, "rows": self.count,
            "sample": self.sample[:SHOWN], "sheets": list(self.sheets), "map": self.map,
        }  # fmt: skip


def look(
    upload_id: int, *, actor: Actor, type_name: str | None = None, how: How | None = None
) -> Look:
    """Look into a file; opens its own transactions. Raises what is wrong with the file."""
    with reading():
        upload = uploads.get(upload_id, actor=actor)
        known = formats.Names() if type_name is None else names_of(type_name, actor)
    with uploads.opened(upload.id) as file:
        found = formats.detect(file, upload.name, how)
        with formats.opened(file, upload.name, found, known) as table:
            rows = islice(table.rows(), LOOKED)
            sample = [c for row in rows for _, c in (row[:2], *imports.rest_of(row))][:LOOKED]
            header, count, sheets = table.header, table.count, table.sheets
    made = None
    if type_name is not None:
        with reading():
            made = propose(seen(actor).type(type_name), header, sample)
    return Look(upload, found, header, count, sample, sheets, made)
