"""Turn the texts of a file into values of fields; every problem knows its line and column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..actor import Actor
from ..catalog import Catalog, EntityType
from ..errors import Problem
from ..fields import Refused
from .lookups import Lookups
from .maps import Column, make_column

#: Distinct texts per column whose value is remembered.
_REMEMBERED = 10_000
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
    """A line on its way in: values by field, links into the file itself, texts by field."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)


class Cells:
    """Reads the cells of one file for one type."""

    def __init__(
        self,
        catalog: Catalog,
        entity_type: EntityType,
        columns: Sequence[Column | None],
        fixed: Mapping[str, Any],
        actor: Actor,
        *,
        inward: bool = True,
    ) -> None:
        self.columns = columns
        self.fixed, self.constants = _fixed(catalog, entity_type, fixed)
        self.names = {c.field.name: c.name for c in columns if c is not None}
        self._parsers: dict[Column, Callable[[str], Any]] = {}
        #: Links to other types, resolved while reading; and links into the type itself.
        self.lookups: dict[Column, Lookups] = {}
        self.inward: dict[str, tuple[Column, Lookups]] = {}
        for column in (*(c for c in columns if c is not None), *self.fixed):
            if column.target is None or column.by is None:
                self._parsers[column] = _parser(column)
            elif inward and column.target is entity_type and not column.field.required:
                self.inward[column.field.name] = (column, Lookups(column.target, column.by, actor))
            else:
                self.lookups[column] = Lookups(column.target, column.by, actor)

    @property
    def filled(self) -> tuple[str, ...]:
        """Names of the fields that every row gets."""
        return (*self.names, *(c.field.name for c in self.fixed), *self.constants)

    def read(self, rows: Sequence[tuple[int, list[str]]]) -> list[Parsed]:
        """Return the rows with their values; runs in an open transaction."""
        made = [self._shape(line, cells) for line, cells in rows]
        for place, column in enumerate(self.columns):
            if column is not None:
                self._fill(column, made, [_text(column, cells, place) for _, cells in rows])
        for column in self.fixed:
            self._fill(column, made, [column.values[FIXED] or ""] * len(made))
        for row in made:
            row.values = _nested(row.values)
        return made

    def _shape(self, line: int, cells: list[str]) -> Parsed:
        parsed = Parsed(line, dict(self.constants))
        if len(cells) != len(self.columns):
            params = {"got": len(cells), "wanted": len(self.columns)}
            parsed.problems.append(CellProblem(line, None, None, Problem("cells_mismatch", params)))
        return parsed

    def _fill(self, column: Column, rows: Sequence[Parsed], texts: list[str]) -> None:
        name, lookups = column.field.name, self.lookups.get(column)
        if lookups is not None:
            lookups.learn({text for text in texts if text})
        find = lookups.find if lookups is not None else self._parsers.get(column)
        for row, text in zip(rows, texts, strict=True):
            row.texts[name] = text
            if not text:
                row.values[name] = {"add": []} if column.adds else None
            elif find is None:
                row.links[name] = text
            else:
                value = find(text)
                if isinstance(value, Problem):
                    row.problems.append(
                        CellProblem(
                            row.line, column.name, text, value.at(field=value.field or name)
                        )
                    )
                else:
                    row.values[name] = value


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


def _text(column: Column, cells: list[str], place: int) -> str:
    raw = cells[place] if place < len(cells) else ""
    text = column.values.get(raw, raw) or ""
    return text if text.strip() else ""


def _parser(column: Column) -> Callable[[str], Any]:
    parse, style = column.field.parse, column.style

    @lru_cache(maxsize=_REMEMBERED)
    def read(text: str) -> Any:
        try:
            value = parse(text, style)
            return {"add": list(value or ())} if column.adds else value
        except Refused as refused:
            return refused.problem

    return read
