"""Turn the texts of a file into values of fields; every problem knows its line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial as bound
from typing import Any

from ..actor import Actor
from ..catalog import Catalog, EntityType
from ..errors import Problem
from ..fields import Refused
from ..records import Outcome
from .gathering import FileRow, height
from .lookups import Lookups
from .maps import Column, make_column
from .numbers import plain_number
from .texts import Template

#: Distinct texts per column whose value is remembered.
_REMEMBERED = 50_000
#: A value that belongs to a fixed field, not to a column.
FIXED = "(fixed)"


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong in a file: line (from 1, the header is line 1), column, text, problem."""

    line: int
    column: str | None
    value: str | None
    problem: Problem

    def as_json(self) -> dict[str, Any]:
        """Return the problem as the report shows it."""
        return {
            "line": self.line,
            "column": self.column,
            "value": self.value,
            **{k: v for k, v in self.problem.as_json().items() if k != "row"},
        }

    def __str__(self) -> str:
        place = f"line {self.line}"
        if self.column is not None:
            place += f", column '{self.column}'"
        return f"{place}: {self.problem.message}"


@dataclass(slots=True)
class Parsed:
    """A line on its way in: its cells, values by field, links into the file itself.

    `rest` are the further rows of the file that belong to the record.
    """

    line: int
    cells: list[str]
    rest: Sequence[tuple[int, list[str]]] = ()
    values: dict[str, Any] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)
    #: What became of it: created, updated, unchanged, skipped (it is not meant) or refused; of a
    #: dry run, what would change.
    status: str = "refused"
    id: int | None = None
    changes: Mapping[str, tuple[Any, Any]] | None = None
    #: What would become of lines of the record, by their list.
    parts: Mapping[str, Sequence[Outcome]] = field(default_factory=dict)
    #: The lines that were read, by their list, each with what reads its cells.
    sent: dict[str, list[tuple[Cells, Parsed]]] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """How many rows of the file it is."""
        return height((self.line, self.cells, self.rest))

    @property
    def lines(self) -> list[int]:
        """The lines of the file that it stands in."""
        return list(dict.fromkeys([self.line, *(line for line, _ in self.rest)]))


class Cells:
    """Reads the cells of one file for one type, column by column, each distinct text once."""

    def __init__(
        self,
        catalog: Catalog,
        entity_type: EntityType,
        columns: Sequence[Column | None],
        fixed: Mapping[str, Any],
        actor: Actor,
        *,
        inward: bool = True,
        header: Sequence[str] = (),
        composed: Sequence[tuple[Column, Template]] = (),
    ) -> None:
        self.columns, self.header, self.composed = columns, header, composed
        self.fixed, self.constants = _fixed(catalog, entity_type, fixed)
        mixed = tuple(column for column, _ in composed)
        self.names = {c.field.name: c.name for c in (*columns, *mixed) if c is not None}
        self._places = {c.field.name: i for i, c in enumerate(columns) if c is not None}
        self._read: dict[Column, _Texts] = {}
        #: Links to other types, resolved while reading; and links into the type itself.
        self.lookups: dict[Column, Lookups] = {}
        self.inward: dict[str, tuple[Column, Lookups]] = {}
        for column in (*(c for c in columns if c is not None), *mixed, *self.fixed):
            if column.target is None or column.by is None:
                self._read[column] = _Texts(column, _parser(column))
                continue
            lookups = Lookups(column.target, column.by, actor, creates=column.creates)
            if inward and column.target is entity_type and not column.field.required:
                self.inward[column.field.name] = (column, lookups)
            else:
                self.lookups[column] = lookups
        #: Fields whose values are checked once they are read.
        self.checked = frozenset(
            c.field.name for c in (*self._read, *self.lookups) if "." not in c.field.name
        ) - {c.field.name for c in self._read if c.adds}

    @property
    def filled(self) -> tuple[str, ...]:
        """Names of the fields that every row gets."""
        return (*self.names, *(c.field.name for c in self.fixed), *self.constants)

    @property
    def creates(self) -> bool:
        """Whether reading may create the records that links name."""
        return any(lookups.creates for lookups in self.lookups.values())

    def forget(self) -> None:
        """Drop what was read of other records: it may not be there any more."""
        for lookups in self.lookups.values():
            lookups.forget()

    def text(self, row: Parsed, name: str) -> str | None:
        """Return the text that a field of a row has in the file; None if no column fills it."""
        place = self._places.get(name)
        if place is None:
            for column, template in self.composed:
                if column.field.name == name:
                    return column.text(template.filled(self.header, row.cells))
            return next((c.values[FIXED] for c in self.fixed if c.field.name == name), None)
        found = self.columns[place]
        assert found is not None
        return found.text(row.cells[place] if place < len(row.cells) else "")

    def read(self, rows: Sequence[FileRow]) -> list[Parsed]:
        """Return the rows with their values; runs in an open transaction."""
        made = [self._shape(*row) for row in rows]
        filled: dict[str, Iterable[Any]] = {}
        for column, texts in self._texts(made):
            self._fill(column, made, texts, filled)
        names, nested = tuple(filled), any("." in name for name in filled)
        for row, values in zip(made, zip(*filled.values(), strict=True), strict=False):
            row.values = {**self.constants, **dict(zip(names, values, strict=True))}
            if nested:
                row.values = _nested(row.values)
        for row in made if not filled else ():
            row.values = dict(self.constants)
        for name in self.inward:
            # An empty cell empties the link; one with a text is set last.
            for row in made:
                if name not in row.links:
                    row.values[name] = None
        return made

    def _texts(self, rows: Sequence[Parsed]) -> Iterator[tuple[Column, list[str]]]:
        """Yield each column with its text in every row."""
        for place, column in enumerate(self.columns):
            if column is not None:
                yield column, _column(rows, place)
        for column, template in self.composed:
            yield column, [template.filled(self.header, row.cells) for row in rows]
        for column in self.fixed:
            yield column, [column.values[FIXED] or ""] * len(rows)

    def _shape(
        self, line: int, cells: list[str], rest: Sequence[tuple[int, list[str]]] = ()
    ) -> Parsed:
        parsed = Parsed(line, cells, rest)
        wanted = len(self.columns)
        for at, found in ((line, cells), *rest):
            if len(found) != wanted:
                problem = Problem("cells_mismatch", {"got": len(found), "wanted": wanted})
                parsed.problems.append(CellProblem(at, None, None, problem))
        return parsed

    def _fill(
        self,
        column: Column,
        rows: Sequence[Parsed],
        texts: list[str],
        filled: dict[str, Iterable[Any]],
    ) -> None:
        """Note the values that a column gives to a field, and what is wrong with its texts."""
        name = column.field.name
        if name in self.inward and self.inward[name][0] is column:
            for row, raw in zip(rows, texts, strict=True):
                text = column.text(raw)
                if text:
                    row.links[name] = text
            return
        lookups = self.lookups.get(column)
        if lookups is not None:
            lookups.learn({text for raw in set(texts) if (text := column.text(raw))})
            read = _Texts(column, bound(_linked, column, lookups))
        else:
            read = self._read[column]
        filled[name] = read.values(texts)
        if not read.wrong:
            return
        for row, raw in zip(rows, texts, strict=True):
            problem = read.wrong.get(raw)
            if problem is not None:
                found = problem.at(field=problem.field or name)
                row.problems.append(CellProblem(row.line, column.name, column.text(raw), found))


def _linked(column: Column, lookups: Lookups, text: str) -> int | Problem | None:
    """Return the record that a text means; None where it may be missing, and is."""
    found = lookups.find(text)
    return None if column.optional and is_missing(found) else found


def is_missing(found: int | Problem) -> bool:
    """Say whether what was looked for is not there."""
    return isinstance(found, Problem) and found.code == "lookup_unmatched"


class _Texts:
    """The values of the texts of one column, each looked at once."""

    def __init__(self, column: Column, find: Callable[[str], Any]) -> None:
        self.column, self.find = column, find
        self.wrong: dict[str, Problem] = {}
        self._known: dict[str, Any] = {}

    def values(self, texts: Sequence[str]) -> Iterable[Any]:
        """Return the value of each text, None for what is wrong with one (see `wrong`)."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
            self.wrong.clear()
        known = self._known
        for raw in set(texts).difference(known):
            text = self.column.text(raw)
            value: Any = {"add": []} if self.column.adds else None
            if text:
                value = self.find(text)
                if isinstance(value, Problem):
                    self.wrong[raw], value = value, None
            known[raw] = value
        return map(known.__getitem__, texts)


def _column(rows: Sequence[Parsed], place: int) -> list[str]:
    try:
        return [row.cells[place] for row in rows]
    except IndexError:
        return [row.cells[place] if place < len(row.cells) else "" for row in rows]


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """Return values by field, what goes to members (`address.city`) put together."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        whole, _, member = name.partition(".")
        if member:
            made.setdefault(whole, {})[member] = value
        else:
            made[name] = value
    return made


def _fixed(
    catalog: Catalog, entity_type: EntityType, fixed: Mapping[str, Any]
) -> tuple[list[Column], dict[str, Any]]:
    """Part fixed values into texts, which are read like cells, and values as the API takes them."""
    columns, constants = [], {}
    for name, value in fixed.items():
        target = entity_type.path(name)
        column = make_column(catalog, FIXED, target, values={FIXED: value})
        if isinstance(value, str):
            columns.append(column)
        else:
            constants[name] = value
    return columns, constants


def _parser(column: Column) -> Callable[[str], Any]:
    parse, style, sign = column.field.parse, column.style, column.decimal

    def read(text: str) -> Any:
        try:
            value = parse(plain_number(text, sign) if sign else text, style)
            return {"add": list(value or ())} if column.adds else value
        except Refused as refused:
            return refused.problem

    return read
