"""Read the lines of records from the cells of a file: from columns of a line, or from its rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .. import records
from ..actor import Actor
from ..catalog import INHERITED, Catalog, EntityType, Relation
from ..errors import Problem, RelatumError
from .cells import CellProblem, Cells, Parsed
from .gathering import Gathering
from .maps import Column, ImportMap, Line
from .targets import lists_of


class Lists:
    """All lists of lines that the columns of one file fill."""

    def __init__(
        self,
        catalog: Catalog,
        entity_type: EntityType,
        columns: Sequence[Column | None],
        mapping: ImportMap,
        actor: Actor,
        gathering: Gathering,
    ) -> None:
        self.gathering = gathering
        known, names = (
            lists_of(catalog, entity_type),
            {c.line.list for c in columns if c and c.line},
        )
        for name in mapping.lines:
            if name not in names:
                reason = f"no column of the file goes to a list '{name}'"
                raise RelatumError("map_invalid", place=f"lines.{name}", reason=reason)
        self.lists = {
            name: _List(catalog, name, known[name], columns, mapping.lines.get(name, {}), actor)
            for name in sorted(names)
        }

    @property
    def creates(self) -> bool:
        """Whether reading may create the records that links of lines name."""
        return any(slot.cells.creates for each in self.lists.values() for slot in each.slots)

    def forget(self) -> None:
        """Drop what was read of other records."""
        for each in self.lists.values():
            for slot in each.slots:
                slot.cells.forget()

    def read(self, rows: Sequence[Parsed]) -> None:
        """Give rows their lines; runs in an open transaction."""
        for row in rows:
            self._agree(row)
        for each in self.lists.values():
            each.read(rows)

    def _agree(self, row: Parsed) -> None:
        """Note in which cells the further rows of a record speak of another than its first."""
        for line, cells in row.rest:
            for column, text in self.gathering.differing(row.cells, cells):
                problem = Problem("row_disagrees", {"line": row.line}, column.path)
                row.problems.append(CellProblem(line, column.name, text, problem))

    def told(
        self, parts: Mapping[str, Sequence[records.Outcome]]
    ) -> dict[str, list[records.Outcome]]:
        """Return what became of lines without what their record says of them."""
        made: dict[str, list[records.Outcome]] = {}
        for name, outcomes in parts.items():
            own = {self.lists[name].relation.link.name, records.POSITION, *INHERITED}
            for each in outcomes:
                changes = {n: v for n, v in (each.changes or {}).items() if n not in own}
                made.setdefault(name, []).append(dataclasses.replace(each, changes=changes))
        return made

    def placed(self, row: Parsed, problem: Problem) -> CellProblem | None:
        """Return a problem of a line (`lines.0.price`) where it stands; None if it is of none."""
        name, _, inside = (problem.field or "").partition(".")
        place, _, field = inside.partition(".")
        sent = row.sent.get(name, [])
        if not place.isdecimal() or int(place) >= len(sent):
            return None
        cells, part = sent[int(place)]
        field = field.split(",")[0]
        return CellProblem(part.line, cells.names.get(field), cells.text(part, field), problem)


class _Slot:
    """The columns that make one line of a record; or, `by_row`, one of each row."""

    def __init__(
        self,
        catalog: Catalog,
        entity_type: EntityType,
        columns: Sequence[Column | None],
        line: Line,
        actor: Actor,
    ) -> None:
        self.by_row = line.of_row
        mine = [
            column if column and column.line and column.line.is_as(line) else None
            for column in columns
        ]
        self.places = [(at, column) for at, column in enumerate(mine) if column is not None]
        for name in line.fixed:
            entity_type.path(name)
        self.fixed = tuple(dict.fromkeys(name.partition(".")[0] for name in line.fixed))
        self.cells = Cells(catalog, entity_type, mine, line.fixed, actor, inward=False)
        #: Fields that are never empty: where the file says nothing, they stay as they are.
        self.kept = [name for name in self.cells.filled if _has_value(entity_type, name)]

    def lines_of(self, row: Parsed) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows of the file in which a record has such a line."""
        for line, cells in ((row.line, row.cells), *(row.rest if self.by_row else ())):
            # What is too short or too long was refused.
            sound = len(cells) == len(self.cells.columns)
            if sound and any(cells[at].strip() and c.text(cells[at]) for at, c in self.places):
                yield line, cells


def _has_value(entity_type: EntityType, name: str) -> bool:
    """Say whether every record has a value of a field, whoever makes it."""
    field = entity_type.path(name)
    return name == "id" or (field.required and field.default is not None)


class _List:
    """One list of lines, and the columns that go to it."""

    def __init__(
        self,
        catalog: Catalog,
        name: str,
        relation: Relation,
        columns: Sequence[Column | None],
        given: dict[str, Any],
        actor: Actor,
    ) -> None:
        self.name, self.relation = name, relation
        self.replace = bool(given.get("replace"))
        self.slots: list[_Slot] = []
        made: list[Line] = []
        for column in columns:
            line = column.line if column else None
            if line is None or line.list != name or any(line.is_as(other) for other in made):
                continue
            made.append(line)
            self.slots.append(_Slot(catalog, relation.type, columns, line, actor))
        # Lines that are named come before those of rows.
        self.slots.sort(key=lambda slot: slot.by_row)
        self.by = tuple(dict.fromkeys(self._ways(given.get("key"))))

    def _ways(self, key: Sequence[str] | None) -> Iterator[tuple[str, ...]]:
        """Yield the sets of fields by which lines are those that there are, the surest first."""
        filled = {n.partition(".")[0] for slot in self.slots for n in slot.cells.filled} - {"id"}
        if filled:
            yield tuple(sorted(filled))
        if key:
            for name in key:
                self.relation.type.field(name)
                if name not in filled:
                    reason = f"no column of the file goes to '{self.name}.{name}'"
                    raise RelatumError("map_invalid", place=f"lines.{self.name}.key", reason=reason)
            yield tuple(key)
            return
        for unique in self.relation.type.keys:
            names = tuple(n for n in unique.fields if n != self.relation.link.name)
            if names and set(names) <= filled:
                yield names
        yield from (slot.fixed for slot in self.slots if slot.fixed)

    def read(self, rows: Sequence[Parsed]) -> None:
        """Give rows their lines of this list, and note in them what is wrong with the texts."""
        values: dict[int, list[dict[str, Any]]] = {id(row): [] for row in rows}
        for slot in self.slots:
            found = [(row, at) for row in rows for at in slot.lines_of(row)]
            for (row, _), part in zip(found, slot.cells.read([at for _, at in found]), strict=True):
                for name in slot.kept:
                    if part.values.get(name, name) is None:
                        del part.values[name]
                place = len(values[id(row)])
                values[id(row)].append(part.values)
                row.sent.setdefault(self.name, []).append((slot.cells, part))
                row.problems += self._inside(part.problems, place)
        for row in rows:
            sent = values[id(row)]
            if sent or self.replace:
                row.values[self.name] = records.Merge(sent, self.by, self.replace)

    def _inside(self, problems: Iterable[CellProblem], place: int) -> Iterator[CellProblem]:
        for found in problems:
            name = f"{self.name}.{place}.{found.problem.field}"
            yield CellProblem(found.line, found.column, found.value, found.problem.at(field=name))
