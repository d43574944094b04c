"""What a look through a whole file remembers of it: unique values, and links to its own lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..catalog import Key
from ..errors import Problem
from .cells import CellProblem, Parsed, is_missing
from .loading import SKIPPED, Loading


class Seen:
    """The lines of a file that were looked at so far, as far as later ones can clash with them."""

    def __init__(self, loading: Loading) -> None:
        self.loading, self.cells, self.type = loading, loading.cells, loading.type
        #: Further unique keys that the file fills: who has which value, across chunks.
        others = [
            key
            for key in self.type.keys
            if key is not loading.key and set(key.fields) <= set(self.cells.filled)
        ]
        self.holders: dict[Key, dict[int, tuple[int, int]]] = {key: {} for key in others}
        #: By which values the file's own records can be linked to, and the links that wait.
        self.offered: dict[str, dict[Any, str]] = {name: {} for name in self.cells.inward}
        self.waiting: dict[tuple[str, str], list[list[int]]] = {}

    def look(self, rows: Sequence[Parsed]) -> None:
        """Take rows in, and note in them what clashes with an earlier one."""
        rows = [row for row in rows if row.status != SKIPPED] if self.loading.only else rows
        for row in rows if self.holders else ():
            if not row.problems:
                row.problems += self._twice(row)
                if row.problems:
                    row.status = "refused"
        for row in rows if self.offered else ():
            self._offer(row)

    def _twice(self, row: Parsed) -> list[CellProblem]:
        """Return problems of unique values that another record of the file has, further up."""
        key_ = self.loading.key
        identity = hash(self._values(key_, row)) if key_ else row.line
        found = []
        for key, seen in self.holders.items():
            values = self._values(key, row)
            if any(value is None for value in values):
                continue
            line, owner = seen.setdefault(hash(values), (row.line, identity))
            if owner != identity:
                shown = ", ".join(self.cells.text(row, name) or "" for name in key.fields)
                params = {"fields": ", ".join(key.fields), "value": shown, "other": line}
                problem = Problem("duplicate_in_file", params, key.fields[0])
                found += self.loading.placed(row, [problem])
        return found

    def _values(self, key: Key, row: Parsed) -> tuple[Any, ...]:
        return tuple(self.type.fields[name].key(row.values.get(name)) for name in key.fields)

    def _offer(self, row: Parsed) -> None:
        for name, (column, lookups) in self.cells.inward.items():
            assert column.by is not None
            text = self.cells.text(row, column.by.name)
            if text:
                self.offered[name].setdefault(lookups.key(text), text)
            if name in row.links:
                self.waiting.setdefault((name, row.links[name]), []).append(row.lines)

    def unmatched(self) -> Iterator[tuple[list[int], CellProblem]]:
        """Yield (lines, problem) of links into the file that no line and no record meets."""
        for name, (column, lookups) in self.cells.inward.items():
            lookups.learn({text for field, text in self.waiting if field == name})
            for (field, text), lines in self.waiting.items():
                if field != name or lookups.key(text) in self.offered[name]:
                    continue
                found = lookups.find(text)
                if not isinstance(found, Problem) or (column.optional and is_missing(found)):
                    continue
                if found.code == "lookup_unmatched":
                    found = lookups.unmatched(text, self.offered[name].values())
                for each in lines:
                    yield each, CellProblem(each[0], column.name, text, found.at(field=name))
