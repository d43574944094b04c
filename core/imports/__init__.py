"""Import a CSV file: a thin, streaming reader in front of `records.upsert` and `records.create`.

Two passes over the file. The first reads and checks everything: texts, links, the rules of the
fields, unique keys. The second writes, `import_chunk` rows per transaction. Links from records
of the file to others of the same type (a parent company by name, further down) follow last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial as bound
from itertools import islice
from pathlib import Path
from typing import Any

from .. import access, catalog, db, records
from ..actor import Actor
from ..catalog import EntityType, Key
from ..errors import Invalid, Problem, RelatumError
from ..fields import Field, Lookup
from ..records import Outcome
from .cells import CellProblem as CellProblem
from .cells import Cells, Parsed
from .lookups import Lookups
from .maps import ImportMap as ImportMap
from .maps import bind, find_key, finder, make_column
from .maps import load_map as load_map
from .maps import read_map as read_map
from .reader import Source as Source
from .report import Report as Report

Progress = Callable[[str, int], None]
Lines = Sequence[tuple[int, list[str]]]


def run(
    type_name: str,
    path: str | Path,
    *,
    actor: Actor,
    mapping: ImportMap | None = None,
    key: Sequence[str] = (),
    partial: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Import a file into a type and return the report; opens its own transactions.

    With a unique `key` (or the map's) rows that exist are updated, without one all are created.
    Any problem refuses the whole file, unless `partial`: then the sound rows go in. Raises what
    is wrong with map, key or file as a whole; problems of rows are in the report.
    """
    mapping = mapping or ImportMap()
    source = Source(path, mapping)
    actor = dataclasses.replace(actor, source="import")
    with db.reading(timed=False):
        access.require(actor, "create", f"records of '{type_name}'")
        known = catalog.current()
        entity_type = known.type(type_name)
        columns = bind(known, entity_type, mapping, source.header)
        cells = Cells(known, entity_type, columns, mapping.fixed, actor)
        wanted = find_key(entity_type, tuple(key) or mapping.key, cells.filled)
    report = Report(type_name, str(path), dry_run=dry_run, partial=partial)
    importing = _Import(entity_type, source, cells, wanted, actor, report, progress or _quiet)
    importing.check()
    if not dry_run and (partial or not report.refused):
        importing.write()
    return report


def _quiet(stage: str, rows: int) -> None:
    """Say nothing."""


class _Import:
    """One import on its way: what the first pass learnt, for the second."""

    def __init__(
        self,
        entity_type: EntityType,
        source: Source,
        cells: Cells,
        key: Key | None,
        actor: Actor,
        report: Report,
        progress: Progress,
    ) -> None:
        self.type, self.source, self.cells, self.key = entity_type, source, cells, key
        self.actor, self.report, self.progress = actor, report, progress
        self.refused = report.refused_lines
        #: Further unique keys that the file fills: who has which value, across chunks.
        others = [
            k for k in entity_type.keys if k is not key and set(k.fields) <= set(cells.filled)
        ]
        self.holders: dict[Key, dict[int, tuple[int, int]]] = {k: {} for k in others}
        #: By which values the file's own records can be linked to, and the links that wait.
        self.offered: dict[str, dict[Any, str]] = {name: {} for name in cells.inward}
        self.waiting: dict[tuple[str, str], list[int]] = {}
        #: Links to set once all is written: {id: (line, status, {field: text})}.
        self.links: dict[int, tuple[int, str, dict[str, str]]] = {}

    # -- first pass ------------------------------------------------------------------------
    def check(self) -> None:
        """Read the whole file and note every problem; writes nothing."""
        for chunk in _chunks(self.source.rows()):
            parsed, outcomes = db.transact(bound(self._try, chunk))
            self.report.rows += len(parsed)
            self.report.count(outcomes)
            self._note(parsed, outcomes)
            self.progress("checked", self.report.rows)
        if self.waiting:
            with db.reading(timed=False):
                self._check_links()

    def _try(self, chunk: Lines) -> tuple[list[Parsed], list[Outcome]]:
        parsed = self.cells.read(chunk)
        sound = [row for row in parsed if not row.problems]
        return parsed, self._verb(sound, dry_run=True)

    def _verb(
        self, rows: Sequence[Parsed], *, dry_run: bool = False, partial: bool = True
    ) -> list[Outcome]:
        values = [row.values for row in rows]
        if self.key is None:
            return records.create(
                self.type.name, values, actor=self.actor, partial=partial, dry_run=dry_run
            )
        return records.upsert(
            self.type.name,
            values,
            key=self.key.fields,
            actor=self.actor,
            partial=partial,
            dry_run=dry_run,
        )

    def _note(self, parsed: Sequence[Parsed], outcomes: Sequence[Outcome]) -> None:
        sound = [row for row in parsed if not row.problems]
        for row, outcome in zip(sound, outcomes, strict=True):
            row.problems += self._of(row, outcome.problems)
            if not row.problems:
                row.problems += self._twice(row)
                if row.problems:
                    self._uncount(outcome.status)
        for row in parsed:
            if row.problems:
                self._refuse(row.line, row.problems)
            self._offer(row)

    def _uncount(self, status: str) -> None:
        setattr(self.report, status, getattr(self.report, status) - 1)

    def _refuse(self, line: int, problems: Sequence[CellProblem]) -> None:
        self.report.refuse(problems, rows=0 if line in self.refused else 1)
        self.refused.add(line)

    def _of(self, row: Parsed, problems: Iterable[Problem]) -> list[CellProblem]:
        """Return problems of the verbs with the line and column they stand in."""
        made = []
        for problem in problems:
            name = (problem.field or "").split(",")[0]
            made.append(
                CellProblem(row.line, self.cells.names.get(name), row.texts.get(name), problem)
            )
        return made

    def _twice(self, row: Parsed) -> list[CellProblem]:
        """Note unique values that another record of the file has, in an earlier chunk."""
        identity = hash(_values(self.type, self.key, row)) if self.key else row.line
        found = []
        for key, seen in self.holders.items():
            values = _values(self.type, key, row)
            if any(value is None for value in values):
                continue
            line, owner = seen.setdefault(hash(values), (row.line, identity))
            if owner != identity:
                shown = ", ".join(row.texts.get(name, "") for name in key.fields)
                params = {"fields": ", ".join(key.fields), "value": shown, "other": line}
                found += self._of(row, [Problem("duplicate_in_file", params, key.fields[0])])
        return found

    def _offer(self, row: Parsed) -> None:
        for name, (column, lookups) in self.cells.inward.items():
            assert column.by is not None
            text = row.texts.get(column.by.name, "")
            if text:
                self.offered[name].setdefault(lookups.key(text), text)
            if name in row.links:
                self.waiting.setdefault((name, row.links[name]), []).append(row.line)

    def _check_links(self) -> None:
        for name, (column, lookups) in self.cells.inward.items():
            lookups.learn({text for field, text in self.waiting if field == name})
            for (field, text), lines in self.waiting.items():
                if field != name or lookups.key(text) in self.offered[name]:
                    continue
                found = lookups.find(text)
                if not isinstance(found, Problem):
                    continue
                if found.code == "lookup_unmatched":
                    found = lookups.unmatched(text, self.offered[name].values())
                for line in lines:
                    self._refuse(line, [CellProblem(line, column.name, text, found.at(field=name))])

    # -- second pass -----------------------------------------------------------------------
    def write(self) -> None:
        """Write the rows that the first pass found sound."""
        self.report.forget_counts()
        written = 0
        rows = (row for row in self.source.rows() if row[0] not in self.refused)
        for chunk in _chunks(rows):
            try:
                parsed, outcomes = db.transact(bound(self._put, chunk))
            except Invalid as error:
                self._stop(chunk, error)
                return
            self.report.count(outcomes)
            self._keep(parsed, outcomes)
            written += len(chunk)
            self.progress("written", written)
        for piece in _chunks(iter(self.links.items())):
            self._link(piece)
        self.report.written = True

    def _put(self, chunk: Lines) -> tuple[list[Parsed], list[Outcome]]:
        parsed = self.cells.read(chunk)
        problems = [p.problem.at(row=row.line) for row in parsed for p in row.problems]
        if problems and not self.report.partial:
            raise Invalid(problems)
        sound = [row for row in parsed if not row.problems]
        return parsed, self._verb(sound, partial=self.report.partial)

    def _stop(self, chunk: Lines, error: Invalid) -> None:
        """Note that others have changed what the check saw; this chunk is not written."""
        line = chunk[0][0]
        self.report.stopped = line
        made = [CellProblem(line, None, None, problem) for problem in error.problems]
        self.report.refuse(made, rows=len(chunk))

    def _keep(self, parsed: Sequence[Parsed], outcomes: Sequence[Outcome]) -> None:
        for row in parsed:
            if row.problems:
                self._refuse(row.line, row.problems)
        sound = [row for row in parsed if not row.problems]
        for row, outcome in zip(sound, outcomes, strict=True):
            if outcome.problems:
                self._refuse(row.line, self._of(row, outcome.problems))
            elif row.links and outcome.id is not None:
                # A record that stands in several lines is what its first one made it.
                _, status, _ = self.links.get(outcome.id, (0, outcome.status, {}))
                self.links[outcome.id] = (row.line, status, row.links)

    def _link(self, piece: Sequence[tuple[int, tuple[int, str, dict[str, str]]]]) -> None:
        rows, problems = db.transact(bound(self._linked, piece))
        for problem in problems:
            self.report.refuse([problem], rows=0)
        for id_, outcome in rows:
            if outcome.status == "updated" and self.links[id_][1] == "unchanged":
                self._uncount("unchanged")
                self.report.updated += 1

    def _linked(
        self, piece: Sequence[tuple[int, tuple[int, str, dict[str, str]]]]
    ) -> tuple[list[tuple[int, Outcome]], list[CellProblem]]:
        problems: list[CellProblem] = []
        for name, (_, lookups) in self.cells.inward.items():
            lookups.forget()
            lookups.learn({links[name] for _, (_, _, links) in piece if name in links})
        rows: list[dict[str, Any]] = []
        for id_, (line, _, links) in piece:
            row: dict[str, Any] = {"id": id_}
            for name, text in links.items():
                column, lookups = self.cells.inward[name]
                found = lookups.find(text)
                if isinstance(found, Problem):
                    problems.append(CellProblem(line, column.name, text, found.at(field=name)))
                else:
                    row[name] = found
            rows.append(row)
        outcomes = records.update(self.type.name, rows, actor=self.actor, partial=True)
        for row, outcome in zip(rows, outcomes, strict=True):
            line = self.links[row["id"]][0]
            problems += [CellProblem(line, None, None, problem) for problem in outcome.problems]
        return [(row["id"], o) for row, o in zip(rows, outcomes, strict=True)], problems


def _values(entity_type: EntityType, key: Key, row: Parsed) -> tuple[Any, ...]:
    return tuple(entity_type.fields[name].key(row.values.get(name)) for name in key.fields)


def _chunks(rows: Iterator[Any]) -> Iterator[list[Any]]:
    size = db.settings().import_chunk
    while chunk := list(islice(rows, size)):
        yield chunk


def find(type_name: str, text: str, *, actor: Actor, by: str | None = None) -> int:
    """Return the id of the one record that a text means, by a field or else by its title.

    Raises `lookup_unmatched`, `lookup_ambiguous`, `map_invalid`, `type_unknown`.
    """
    target = catalog.current().type(type_name)
    lookups = Lookups(target, finder(target, type_name, by), actor)
    lookups.learn([text])
    found = lookups.find(text)
    if isinstance(found, Problem):
        raise RelatumError(found.code, **found.params)
    return found


def _named_by(target: Field, text: str) -> str | None:
    if not isinstance(target, Lookup):
        return None
    if text.strip().isdecimal():
        return "id"
    return "email" if target.target == "user" and "@" in text else None


def read_values(type_name: str, texts: Mapping[str, str], *, actor: Actor) -> dict[str, Any]:
    """Return values of fields for texts, read as an import reads cells.

    A link takes an id, or what names the record; a user's e-mail address too.

    Raises `Invalid` with every problem, `field_unknown`, `read_only`.
    """
    known = catalog.current()
    entity_type = known.type(type_name)
    columns = []
    for name, text in texts.items():
        target = entity_type.path(name)
        columns.append(make_column(known, name, target, by=_named_by(target, text)))
    cells = Cells(known, entity_type, columns, {}, actor, inward=False)
    [row] = cells.read([(1, list(texts.values()))])
    if row.problems:
        raise Invalid([found.problem for found in row.problems])
    return row.values
