"""The export files of other systems: what is in `sources/`, and which of it a file is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from relatum import fields

_FOLDER: Final = Path(__file__).parent / "sources"


@dataclass(frozen=True, slots=True, eq=False)
class SystemFile:
    """One kind of file that a system exports, and where its columns go.

    `columns` holds {column: rule}: what an import map says of it, besides `if_fits` (only if every
    text of the sample can be read) and `otherwise` (else to this field); None is left out.
    """

    system: str
    label: str
    #: The types that its rows can be of, the preferred one first; the last can be made.
    types: tuple[str, ...]
    #: Sets of columns: a file that has all of one is of this kind.
    marks: tuple[frozenset[str], ...]
    #: The field that holds the system's id: rows and links are found by it.
    id: str
    columns: Mapping[str, dict[str, Any] | None]
    composed: Mapping[str, tuple[dict[str, Any], ...]]
    only: Mapping[str, tuple[str, ...]]
    #: Definitions of fields that may have to be added, by name.
    fields: Mapping[str, dict[str, Any]]
    #: The definition of the type that can be made.
    make: Mapping[str, Any] | None
    #: How columns end that an administrator of the system has added.
    own: str | None

    def rule(self, column: str) -> tuple[bool, dict[str, Any] | None]:
        """Say whether a column is known, and return what is said of it, whatever its case."""
        if column in self.columns:
            return True, self.columns[column]
        found = _folded(self).get(fields.fold(column))
        return (True, self.columns[found]) if found is not None else (False, None)

    def score(self, header: Iterable[str]) -> int:
        """Return how many columns of a file are known; 0 for a file of another kind."""
        names = set(header)
        if not any(marks <= names for marks in self.marks):
            return 0
        return sum(self.rule(name)[0] for name in names)


@cache
def _folded(file: SystemFile) -> dict[str, str]:
    return {fields.fold(name): name for name in reversed(list(file.columns))}


@cache
def known() -> tuple[SystemFile, ...]:
    """Return all files of all systems."""
    found: list[SystemFile] = []
    for path in sorted(_FOLDER.glob("*.toml")):
        document = tomllib.loads(path.read_text("utf-8"))
        found += [_file(document, given) for given in document["file"]]
    return tuple(found)


def _file(document: dict[str, Any], given: dict[str, Any]) -> SystemFile:
    left: dict[str, Any] = dict.fromkeys([*given.get("leave", ()), *given.get("only", ())])
    named = document.get("values", {})
    return SystemFile(
        system=document["system"], label=given["label"], id=document["id"],
        types=tuple(given.get("types") or [given["type"]]),
        marks=tuple(frozenset(names) for names in given["marks"]),
        columns={
            **{name: _rule(rule, named) for name, rule in given["columns"].items()},
            **{name: None for name in left if name not in given["columns"]},
        },
        composed={
            name: tuple({"text": text} if isinstance(text, str) else text for text in texts)
            for name, texts in given.get("composed", {}).items()
        },
        only={name: tuple(texts) for name, texts in given.get("only", {}).items()},
        fields={**document.get("fields", {}), **given.get("fields", {})},
        make=given.get("make"), own=document.get("own"),
    )  # fmt: skip


def _rule(rule: Any, named: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a rule in full: a field alone, a name of shared values and "" are short for others."""
    if not rule:
        return None
    made: dict[str, Any] = {"field": rule} if isinstance(rule, str) else dict(rule)
    values = made.get("values")
    if values is not None:
        meant = named[values] if isinstance(values, str) else values
        made["values"] = {text: value or None for text, value in meant.items()}
    return made


def recognise(header: Sequence[str], type_name: str | None = None) -> list[SystemFile]:
    """Return what a file can be by its columns, the likeliest first; [] if nothing fits.

    Files of one system go before it whose rows are of the type that is asked for. A file that
    holds records of several types is found once for each.
    """
    scores = {file: score for file in known() if (score := file.score(header))}
    if not scores:
        return []
    best = max(scores, key=lambda file: scores[file])
    among = [
        file
        for file in scores
        if file.system == best.system and (file.label == best.label or type_name in file.types)
    ]
    return sorted(among, key=lambda f: (type_name not in f.types, -scores[f]))
