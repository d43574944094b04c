"""A list of people as a spreadsheet writes it: CSV with a line of names, whatever its spelling."""

from __future__ import annotations

import codecs
import re
from typing import Any, Final

from ..errors import RelatumError, nearest
from ..fields import fold
from ..imports import ImportMap, Source

#: What columns may be called, by what they hold; a word is compared without marks and signs.
_CALLED: Final = {
    "name": "name fullname user person vollername benutzer",
    "email": "email mail emailaddress mailaddress address adresse emailadresse mailadresse",
    "team": "team teamname department abteilung",
    "roles": "roles role rolle rollen",
    "admin": "admin administrator administration isadmin",
}
_COLUMNS: Final = {word: name for name, words in _CALLED.items() for word in words.split()}
#: What parts several roles in one cell.
_BETWEEN: Final = re.compile(r"[,;|\n]")
_YES: Final = frozenset("yes y true 1 x ja j wahr admin administrator".split())
_NO: Final = frozenset(("", *"no n false 0 nein falsch".split()))
#: A first line by which spreadsheets say what parts the cells.
_TOLD: Final = re.compile(r"sep=([,;|\t])", re.IGNORECASE)


def listed(text: bytes | str, name: str = "the list") -> list[tuple[int, dict[str, Any]]]:
    """Return the people of a CSV file as (line, row), a row as `invite` takes it.

    Delimiter and encoding are found out. Raises `file_unreadable`, `people_column`,
    `people_column_twice`.
    """
    plain = (decoded(text) if isinstance(text, bytes) else text).removeprefix("\ufeff")
    told = _TOLD.match(plain)
    # The line itself stays, empty, so that the others keep their numbers.
    plain = plain[told.end() :] if told else plain
    mapping = ImportMap(encoding="utf-8", delimiter=told[1] if told else None)
    source = Source(name, mapping, data=plain.encode())
    columns = [_column(title) for title in source.header]
    doubled = [t for t, c in zip(source.header, columns, strict=True) if columns.count(c) > 1]
    if doubled:
        raise RelatumError("people_column_twice", column=doubled[1][:80])
    return [(line, _row(columns, cells)) for line, cells in source.rows()]


def decoded(data: bytes) -> str:
    """Return the text of a file: Unicode if it can be, else as old spreadsheets write it."""
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if marked else "utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _column(title: str) -> str:
    found = _COLUMNS.get(re.sub(r"[^a-z]", "", fold(title) or ""))
    if found is None:
        near = nearest(title[:80], list(_CALLED))
        columns = ", ".join(_CALLED)
        raise RelatumError("people_column", column=title[:80], columns=columns, nearest=near)
    return found


def _row(columns: list[str], cells: list[str]) -> dict[str, Any]:
    texts = {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
    row: dict[str, Any] = {name: text for name, text in texts.items() if text}
    if "roles" in row:
        row["roles"] = [part.strip() for part in _BETWEEN.split(row["roles"]) if part.strip()]
    if "admin" in texts:
        word = texts["admin"].casefold()
        row["admin"] = word in _YES if word in _YES | _NO else texts["admin"]
    return row
