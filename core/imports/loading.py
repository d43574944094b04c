"""Bring lines of texts into a type, chunk by chunk: whoever read them, and whoever asks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Final

from .. import access, db, records
from ..actor import Actor
from ..catalog import EntityType, Key
from ..errors import Problem, RelatumError
from .cells import CellProblem, Cells, Parsed, is_missing
from .gathering import FileRow, Gathering, rest_of
from .lists import Lists
from .maps import ImportMap, bind, compose, find_key

Lines = Sequence[FileRow]
#: What becomes of a row: all are created; those that match are updated, others refused; or either.
MODES: Final = ("create", "update", "upsert")
#: What becomes of a row that a plugin asks about: it is refused with the question, it is written
#: all the same, or it is left out.
REFUSE, ACCEPT, SKIP = "refuse", "accept", "skip"
ANSWERS: Final = (REFUSE, ACCEPT, SKIP)
#: What becomes of a row that is not among those that the map is about.
SKIPPED: Final = "skipped"


class Loading:
    """The way of one file's lines into one type; made and used in open transactions.

    `header` names the columns and `mapping` says where they go. Records are found by the fields
    of `key` (or the map's): without one every row is a new record. With `loose` these need not
    be unique. `answer` says what becomes of rows that a plugin asks about, such as duplicates.
    Raises what is wrong with map, key and rights.
    """

    def __init__(
        self,
        type_name: str,
        header: Sequence[str],
        *,
        mapping: ImportMap,
        actor: Actor,
        key: Sequence[str] = (),
        mode: str = "upsert",
        loose: bool = False,
        answer: str = REFUSE,
    ) -> None:
        for action in ("import", "create"):
            access.require(actor, action, f"records of '{type_name}'", type_name)
        known = access.seen(actor)
        self.type: EntityType = known.type(type_name)
        self.actor, self.mode, self.answer = actor, mode, answer
        mapping = dataclasses.replace(mapping, key=tuple(key) or mapping.key)
        columns = bind(known, self.type, mapping, header)
        own = [column if column and column.line is None else None for column in columns]
        composed = compose(known, self.type, mapping)
        self.cells = Cells(
            known, self.type, own, mapping.fixed, actor, header=header, composed=composed
        )
        self.lists = Lists(
            known, self.type, columns, mapping, actor, Gathering(header, columns, composed, mapping)
        )
        #: Places of columns, and the texts there of the rows that are meant.
        self.only = [(header.index(name), frozenset(texts)) for name, texts in mapping.only.items()]
        wanted = () if mode == "create" else mapping.key
        self.key: Key | None = find_key(self.type, wanted, self.cells.filled, loose=loose)
        if mode == "update" and self.key is None:
            reason = "without a key no record is found that could be updated"
            raise RelatumError("map_invalid", place="key", reason=reason)

    # -- a chunk ---------------------------------------------------------------------------
    def bring(self, lines: Lines, *, partial: bool = True, dry_run: bool = False) -> list[Parsed]:
        """Write the sound rows of some lines, or only try, and return what became of each.

        Links into the file itself are left to `link`. Without `partial` a refusal raises.
        """
        if dry_run and (self.cells.creates or self.lists.creates):
            with db.attempt():
                rows = self._bring(lines, partial=partial, dry_run=True)
            self.forget()
            return rows
        return self._bring(lines, partial=partial, dry_run=dry_run)

    def _bring(self, lines: Lines, *, partial: bool, dry_run: bool) -> list[Parsed]:
        if not self.only:
            return self._written(lines, partial=partial, dry_run=dry_run)
        meant = [self._is_meant(row[1]) for row in lines]
        kept = [row for row, is_meant in zip(lines, meant, strict=True) if is_meant]
        rows = iter(self._written(kept, partial=partial, dry_run=dry_run))
        return [
            next(rows) if is_meant else Parsed(row[0], row[1], rest_of(row), status=SKIPPED)
            for row, is_meant in zip(lines, meant, strict=True)
        ]

    def _is_meant(self, cells: Sequence[str]) -> bool:
        """Say whether the first row of a record is one of those that the map is about."""
        return all(
            (cells[place].strip() if place < len(cells) else "") in texts
            for place, texts in self.only
        )

    def _written(self, lines: Lines, *, partial: bool, dry_run: bool) -> list[Parsed]:
        rows = self.cells.read(lines)
        self.lists.read(rows)
        sound = [row for row in rows if not row.problems]
        outcomes = self._verb(sound, partial=partial, dry_run=dry_run)
        for row, outcome in zip(sound, outcomes, strict=True):
            row.status, row.id, row.changes = outcome.status, outcome.id, outcome.changes
            row.parts = self.lists.told(outcome.parts)
            if self.answer == SKIP and outcome.problems and _only_asked(outcome.problems):
                row.status = SKIPPED
            elif outcome.problems:
                row.problems += self.placed(row, outcome.problems)
        return rows

    def _verb(
        self, rows: Sequence[Parsed], *, partial: bool, dry_run: bool
    ) -> list[records.Outcome]:
        values = [row.values for row in rows]
        name, ways = self.type.name, {"actor": self.actor, "partial": partial, "dry_run": dry_run}
        ways["accept"] = records.EVERYTHING if self.answer == ACCEPT else ()
        checked = self.cells.checked
        if self.key is None:
            return records.create(name, values, checked=checked, **ways)  # type: ignore[arg-type]
        if self.key.fields == ("id",):
            return self._by_id(values, **ways)
        return records.upsert(
            name, values, key=self.key.fields, checked=checked,
            loose=self.key not in self.type.keys, creates=self.mode != "update",
            **ways,  # type: ignore[arg-type]
        )  # fmt: skip

    def _by_id(self, values: list[dict[str, Any]], **ways: Any) -> list[records.Outcome]:
        """Update the rows that have an id; create the others."""
        known = [i for i, row in enumerate(values) if row.get("id") is not None]
        fresh = [i for i, row in enumerate(values) if row.get("id") is None]
        made: dict[int, records.Outcome] = {}
        checked = self.cells.checked - {"id"}
        seen: set[int] = set()
        repeated = [i for i in known if values[i]["id"] in seen or seen.add(values[i]["id"])]  # type: ignore[func-returns-value]
        first = [i for i in known if i not in set(repeated)]
        for places in (first, *([i] for i in repeated)):
            rows = [values[i] for i in places]
            found = records.update(self.type.name, rows, checked=checked, **ways) if rows else ()
            made.update(zip(places, found, strict=True))
        if fresh and self.mode == "update":
            missing = Problem("key_missing", {"field": "id"}, "id")
            made.update((i, records.Outcome(i, "refused", problems=(missing,))) for i in fresh)
        elif fresh:
            rows = [{n: v for n, v in values[i].items() if n != "id"} for i in fresh]
            found = records.create(self.type.name, rows, checked=checked, **ways)
            made.update(zip(fresh, found, strict=True))
        return [made[i] for i in range(len(values))]

    def placed(self, row: Parsed, problems: Iterable[Problem]) -> list[CellProblem]:
        """Return problems of the verbs with the line and column they stand in."""
        made = []
        for problem in problems:
            if (found := self.lists.placed(row, problem)) is not None:
                made.append(found)
                continue
            name = (problem.field or "").split(",")[0]
            column = self.cells.names.get(name)
            made.append(CellProblem(row.line, column, self.cells.text(row, name), problem))
        return made

    def forget(self) -> None:
        """Drop what was read of other records: it may not be there any more."""
        self.cells.forget()
        self.lists.forget()

    # -- links into the file ---------------------------------------------------------------
    def link(
        self, waiting: Sequence[tuple[int, int, dict[str, str]]]
    ) -> tuple[list[records.Outcome], list[CellProblem]]:
        """Set the links of records that other lines of the file name: (line, id, {field: text}).

        Returns what became of each record, and what no record was found for.
        """
        problems: list[CellProblem] = []
        for name, (_, lookups) in self.cells.inward.items():
            lookups.forget()
            lookups.learn({links[name] for _, _, links in waiting if name in links})
        rows: list[dict[str, Any]] = []
        for line, id_, links in waiting:
            row: dict[str, Any] = {"id": id_}
            for name, text in links.items():
                column, lookups = self.cells.inward[name]
                found = lookups.find(text)
                if column.optional and is_missing(found):
                    row[name] = None
                elif isinstance(found, Problem):
                    problems.append(CellProblem(line, column.name, text, found.at(field=name)))
                else:
                    row[name] = found
            rows.append(row)
        outcomes = records.update(self.type.name, rows, actor=self.actor, partial=True)
        for (line, _, _), outcome in zip(waiting, outcomes, strict=True):
            problems += [CellProblem(line, None, None, problem) for problem in outcome.problems]
        return outcomes, problems


def _only_asked(problems: Iterable[Problem]) -> bool:
    return all(problem.code == "confirm_needed" for problem in problems)


def gathering(
    type_name: str,
    header: Sequence[str],
    *,
    mapping: ImportMap,
    actor: Actor,
    key: Sequence[str] = (),
) -> Gathering:
    """Return what puts the rows of a file together that are one record; in an open transaction."""
    known = access.seen(actor)
    mapping = dataclasses.replace(mapping, key=tuple(key) or mapping.key)
    entity_type = known.type(type_name)
    columns = bind(known, entity_type, mapping, header)
    return Gathering(header, columns, compose(known, entity_type, mapping), mapping)
