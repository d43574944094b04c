"""Import a CSV file: a thin, streaming reader in front of `records.upsert` and `records.create`.

Two passes over the file. The first reads and checks everything: texts, links, the rules of the
fields, unique keys. The second writes, `import_chunk` rows per transaction. Links from records
of the file to others of the same type (a parent company by name, further down) follow last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial as bound
from pathlib import Path
from typing import Any

from .. import access, db
from ..actor import Actor
from ..errors import Invalid, Problem, RelatumError
from ..fields import Field, Lookup
from ..storage import slices
from .cells import CellProblem as CellProblem
from .cells import Cells
from .cells import Parsed as Parsed
from .gathering import FileRow as FileRow
from .gathering import Gathering as Gathering
from .gathering import height as height
from .gathering import pieces as pieces
from .gathering import rest_of as rest_of
from .keeping import REFUSED as REFUSED
from .keeping import SHOWN as SHOWN
from .keeping import WAITING as WAITING
from .keeping import Kept as Kept
from .keeping import forget as forget
from .keeping import keep as keep
from .keeping import lines as lines
from .keeping import refusal as refusal
from .keeping import remember as remember
from .keeping import remembered as remembered
from .keeping import rows_of as rows_of
from .loading import ANSWERS as ANSWERS
from .loading import MODES as MODES
from .loading import SKIPPED as SKIPPED
from .loading import Lines as Lines
from .loading import Loading as Loading
from .loading import gathering as gathering
from .lookups import Lookups
from .maps import ImportMap as ImportMap
from .maps import finder, make_column
from .maps import load_map as load_map
from .maps import read_map as read_map
from .numbers import NUMBERS as NUMBERS
from .reader import CELL_LIMIT as CELL_LIMIT
from .reader import Source as Source
from .reader import quoted as quoted
from .reader import unquoted as unquoted
from .report import Report as Report
from .saved import SavedMap as SavedMap
from .saved import drop_saved as drop_saved
from .saved import get_saved as get_saved
from .saved import save as save
from .saved import saved as saved
from .seen import Seen as Seen
from .targets import Target as Target
from .targets import line_targets as line_targets
from .targets import lists_of as lists_of
from .targets import target_of as target_of
from .texts import Template as Template
from .texts import converted as converted

Progress = Callable[[str, int], None]
#: The lines of the file that a record stands in, what became of it, and its links by field.
_Waiting = tuple[list[int], str, dict[str, str]]


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

    With a `key` (or the map's) rows that exist are updated, without one all are created.
    Any problem refuses the whole file, unless `partial`: then the sound rows go in. Raises what
    is wrong with map, key or file as a whole; problems of rows are in the report.
    """
    mapping = mapping or ImportMap()
    source = Source(path, mapping)
    actor = dataclasses.replace(actor, source="import")
    with db.reading(timed=False):
        loading = Loading(type_name, source.header, mapping=mapping, key=key, actor=actor)
    report = Report(type_name, str(path), dry_run=dry_run, partial=partial)
    importing = _Import(loading, source, report, progress or _quiet)
    importing.check()
    if not dry_run and (partial or not report.refused):
        importing.write()
    return report


def _quiet(stage: str, rows: int) -> None:
    """Say nothing."""


class _Import:
    """One import on its way: what the first pass learnt, for the second."""

    def __init__(
        self, loading: Loading, source: Source, report: Report, progress: Progress
    ) -> None:
        self.loading, self.source, self.report, self.progress = loading, source, report, progress
        self.cells, self.seen = loading.cells, Seen(loading)
        self.refused = report.refused_lines
        #: Links to set once all is written: {id: (lines, status, {field: text})}.
        self.links: dict[int, _Waiting] = {}

    # -- first pass ------------------------------------------------------------------------
    def check(self) -> None:
        """Read the whole file and note every problem; writes nothing."""
        for chunk in pieces(self._rows(), db.settings().import_chunk):
            rows = db.transact(bound(self.loading.bring, chunk, dry_run=True))
            self.report.rows += sum(row.height for row in rows)
            self.seen.look(rows)
            self.report.count(rows)
            for row in rows:
                if row.problems:
                    self._refuse(row.lines, row.problems)
            self.progress("checked", self.report.rows)
        if self.seen.waiting:
            with db.reading(timed=False):
                for lines_, problem in self.seen.unmatched():
                    self._refuse(lines_, [problem])

    def _rows(self) -> Iterator[FileRow]:
        return self.loading.lists.gathering.rows(self.source.rows())

    def _uncount(self, status: str) -> None:
        setattr(self.report, status, getattr(self.report, status) - 1)

    def _refuse(self, lines_: Sequence[int], problems: Sequence[CellProblem]) -> None:
        """Note problems of a record that stands in some lines of the file."""
        self.report.refuse(problems, rows=0 if lines_[0] in self.refused else len(lines_))
        self.refused.update(lines_)

    # -- second pass -----------------------------------------------------------------------
    def write(self) -> None:
        """Write the rows that the first pass found sound."""
        self.report.forget_counts()
        written = 0
        rows = (row for row in self._rows() if row[0] not in self.refused)
        for chunk in pieces(rows, db.settings().import_chunk):
            try:
                parsed = db.transact(bound(self._put, chunk))
            except Invalid as error:
                self._stop(chunk, error)
                return
            self.report.count(parsed)
            self._keep(parsed)
            written += sum(map(height, chunk))
            self.progress("written", written)
        waiting = list(self.links.items())
        for piece in slices(waiting):
            self._link(piece)
        self.report.written = True

    def _put(self, chunk: Lines) -> list[Parsed]:
        parsed = self.loading.bring(chunk, partial=self.report.partial)
        problems = [p.problem.at(row=row.line) for row in parsed for p in row.problems]
        if problems and not self.report.partial:
            raise Invalid(problems)
        return parsed

    def _stop(self, chunk: Lines, error: Invalid) -> None:
        """Note that others have changed what the check saw; this chunk is not written."""
        line = chunk[0][0]
        self.report.stopped = line
        made = [CellProblem(line, None, None, problem) for problem in error.problems]
        self.report.refuse(made, rows=sum(map(height, chunk)))

    def _keep(self, parsed: Sequence[Parsed]) -> None:
        for row in parsed:
            if row.problems:
                self._refuse(row.lines, row.problems)
            elif row.links and row.id is not None:
                # A record that stands in several lines is what its first one made it.
                _, status, _ = self.links.get(row.id, ([], row.status, {}))
                self.links[row.id] = (row.lines, status, row.links)

    def _link(self, piece: Sequence[tuple[int, _Waiting]]) -> None:
        waiting = [(lines_[0], id_, links) for id_, (lines_, _, links) in piece]
        outcomes, problems = db.transact(bound(self.loading.link, waiting))
        standing = {lines_[0]: lines_ for _, (lines_, _, _) in piece}
        for problem in problems:
            # The record is written, without its link: its rows can be corrected all the same.
            self.report.refuse([problem], rows=0)
            self.refused.update(standing[problem.line])
        for (_, id_, _), outcome in zip(waiting, outcomes, strict=True):
            if outcome.status == "updated" and self.links[id_][1] == "unchanged":
                self._uncount("unchanged")
                self.report.updated += 1


def find(type_name: str, text: str, *, actor: Actor, by: str | None = None) -> int:
    """Return the id of the one record that a text means, by a field or else by its title.

    Raises `lookup_unmatched`, `lookup_ambiguous`, `map_invalid`, `type_unknown`.
    """
    found = meant(type_name, [text], actor=actor, by=by)[text]
    if isinstance(found, Problem):
        raise RelatumError(found.code, **found.params)
    return found


def meant(
    type_name: str, texts: Iterable[str], *, actor: Actor, by: str | None = None
) -> dict[str, int | Problem]:
    """Return the id of the record that each text means, or what is wrong; raises as `find`."""
    target = access.seen(actor).type(type_name)
    lookups = Lookups(target, finder(target, type_name, by), actor)
    wanted = list(dict.fromkeys(texts))
    lookups.learn(wanted)
    return {text: lookups.find(text) for text in wanted}


def unfound(
    type_name: str, texts: Iterable[str], *, actor: Actor, by: str | None = None
) -> list[str]:
    """Return those of the texts that mean no record, or several; raises as `find`."""
    found = meant(type_name, texts, actor=actor, by=by)
    return [text for text, record in found.items() if isinstance(record, Problem)]


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
    known = access.seen(actor)
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
