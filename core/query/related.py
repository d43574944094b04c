"""What a page shows of other records: their labels, and fields reached over links.

Never a join per link: the rows are read alone, then each level of links with one select per
type, for all rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from .. import db, spine
from ..actor import Actor
from ..catalog import Catalog, EntityType
from ..fields import Field, Lookup, Reference
from ..storage import among
from .compiling import seen
from .filters import asker
from .paths import Path, read

Labels = dict[str, dict[str, Any]]
Rows = dict[int, Mapping[str, Any]]
#: Fields by their column; a composite one by the name that its columns begin with.
Shown = dict[str, Field]


@dataclass(slots=True)
class _Link:
    """One link to follow: what is wanted of the records that it leads to."""

    lookup: Lookup
    target: EntityType
    labelled: bool = False
    fields: dict[str, Field] = field(default_factory=dict)
    links: dict[str, _Link] = field(default_factory=dict)

    def wanted(self) -> dict[str, Field]:
        """Return the fields of the target that are needed, by name."""
        found = [*self.fields.values(), *(link.lookup for link in self.links.values())]
        if self.labelled:
            found += self.target.title_fields
        return {each.name: each for each in found}


class Related:
    """The shown fields of a list: the columns of its own table, and the links to follow."""

    def __init__(
        self, catalog: Catalog, paths: Sequence[Path], actor: Actor, *, labelled: bool = True
    ) -> None:
        self.catalog, self.actor, self.labelled = catalog, actor, labelled
        self.paths = paths
        self.links: dict[str, _Link] = {}
        columns: Shown = {}
        for path in paths:
            self._want(catalog, path)
            first = path.steps[0].lookup if path.steps else path.field
            columns[first.column] = first
        columns.pop("id", None)
        self._fields = columns
        #: What is selected, the id first.
        self.columns = ("id", *columns)

    def shown(self, table: Any) -> list[sa.ColumnElement[Any]]:
        """Return what to select of a table, in the order of `columns`."""
        wholes = (found.whole(table).label(name) for name, found in self._fields.items())
        return [table.c.id, *wholes]

    def _want(self, catalog: Catalog, path: Path) -> None:
        links = self.links
        found: _Link | None = None
        for step in path.steps:
            found = links.setdefault(step.lookup.name, _Link(step.lookup, step.target))
            links = found.links
        if found is not None:
            found.fields[path.field.name] = path.field
        if isinstance(path.field, Lookup) and self.labelled:
            target = catalog.type(path.field.target)
            links.setdefault(path.field.name, _Link(path.field, target)).labelled = True

    def records(self, rows: Sequence[Any]) -> tuple[list[dict[str, Any]], Labels]:
        """Return the rows as they go out, and the labels of what they point to."""
        places = {name: place for place, name in enumerate(self.columns)}
        labels: Labels = {}
        reached = self._follow(rows, places, labels) if self.links else {}
        makers: list[tuple[str, Callable[[int, Any], Any]]] = []
        for path in self.paths:
            if path.steps:
                makers.append((path.text, _from_list(reached[path.text])))
            else:
                makers.append((path.text, _from_row(places[path.field.column], path.field)))
        if self.labelled:
            self._label_mixed(rows, places, reached, labels)
        made = []
        for number, row in enumerate(rows):
            record = {"id": row[0]}
            for name, value in makers:
                record[name] = value(number, row)
            made.append(record)
        return made, labels

    def _label_mixed(
        self,
        rows: Sequence[Any],
        places: dict[str, int],
        reached: dict[str, list[Any]],
        labels: Labels,
    ) -> None:
        """Label what references point to: the spine says of which type each record is."""
        ids: set[int] = set()
        for path in self.paths:
            if isinstance(path.field, Reference):
                place = places.get(path.field.column, 0)
                found = reached[path.text] if path.steps else [row[place] for row in rows]
                ids.update(id_ for id_ in found if id_ is not None)
        if not ids:
            return
        for type_id, theirs in spine.types_of(ids).items():
            target = self.catalog.by_id.get(type_id)
            if target is not None:
                labels.update(labels_of(target, theirs, actor=self.actor))

    def _follow(
        self, rows: Sequence[Any], places: dict[str, int], labels: Labels
    ) -> dict[str, list[Any]]:
        """Return the values of each path with links, one for each row."""
        reached: dict[str, list[Any]] = {}
        level: list[tuple[str, _Link, list[int | None]]] = [
            (name, link, [row[places[link.lookup.column]] for row in rows])
            for name, link in self.links.items()
        ]
        while level:
            found = _read(level, self.actor)
            deeper: list[tuple[str, _Link, list[int | None]]] = []
            for prefix, link, ids in level:
                records = found[link.target.id]
                if link.labelled:
                    _label(labels, link.target, ids, records)
                live = [_live(records, id_) for id_ in ids]
                for name, wanted in link.fields.items():
                    wire = wanted.wire
                    reached[f"{prefix}.{name}"] = [
                        None if record is None else wire(record[name]) for record in live
                    ]
                for name, further in link.links.items():
                    onward = [None if record is None else record[name] for record in live]
                    deeper.append((f"{prefix}.{name}", further, onward))
            level = deeper
        return reached


def _read(level: Sequence[tuple[str, _Link, list[int | None]]], actor: Actor) -> dict[int, Rows]:
    """Read what one level of links needs, by type: one select each."""
    wanted: dict[int, tuple[EntityType, set[int], dict[str, Field]]] = {}
    for _, link, ids in level:
        _, known, fields = wanted.setdefault(link.target.id, (link.target, set(), {}))
        known.update(id_ for id_ in ids if id_ is not None)
        fields |= link.wanted()
    return {type_id: _fetch(*each, actor) for type_id, each in wanted.items()}


def _fetch(target: EntityType, ids: set[int], fields: Mapping[str, Field], actor: Actor) -> Rows:
    """Return the stored values of records, by id and name of the field."""
    if not ids:
        return {}
    names = ("id", "trashed_at", *sorted(fields.keys() - {"id", "trashed_at"}))

    def make() -> Any:
        table = target.table
        wholes = (fields[name].whole(table).label(name) for name in names[2:])
        return sa.select(table.c.id, table.c.trashed_at, *wholes).where(
            among(table.c.id), seen(target, table)
        )

    statement = target.statement(("related", names), make)
    values = {"ids": sorted(ids), **asker(actor)}
    rows = db.current().connection.execute(statement, values).all()
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def _live(records: Rows, id_: int | None) -> Mapping[str, Any] | None:
    found = records.get(id_) if id_ is not None else None
    return None if found is None or found["trashed_at"] is not None else found


def _label(
    labels: Labels,
    target: EntityType,
    ids: Iterable[int | None],
    records: Rows,
) -> None:
    for id_ in ids:
        row = records.get(id_) if id_ is not None else None
        if row is None or str(id_) in labels:
            continue
        labels[str(id_)] = {
            "type": target.name,
            "label": target.label_of(row),
            "trashed": row["trashed_at"] is not None,
        }


def labels_of(target: EntityType, ids: Iterable[int | None], *, actor: Actor) -> Labels:
    """Return the labels of records of one type, those in the trash too; purged ones have none."""
    labels: Labels = {}
    wanted = {id_ for id_ in ids if id_ is not None}
    rows = _fetch(target, wanted, {f.name: f for f in target.title_fields}, actor)
    _label(labels, target, wanted, rows)
    return labels


def _from_row(place: int, shown: Field) -> Callable[[int, Any], Any]:
    # Most values go out as they are; orjson writes dates and instants itself.
    if type(shown).wire is Field.wire:
        return lambda _, row: row[place]
    wire = shown.wire
    return lambda _, row: wire(row[place])


def _from_list(values: Sequence[Any]) -> Callable[[int, Any], Any]:
    return lambda number, _: values[number]


def all_fields(known: Catalog, entity_type: EntityType) -> tuple[Path, ...]:
    """Return every field of a type as a path."""
    return tuple(read(known, entity_type, name) for name in entity_type.fields)
