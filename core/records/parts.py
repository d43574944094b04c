"""Parts of records, such as the lines of an order: written with their whole, all or nothing.

What is sent for a list of parts is the whole list: parts with an id are changed, parts without
are made, parts that it leaves out are deleted. A type of parts that has a whole number
`position` gets the order of the list in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from .. import catalog, db
from ..actor import Actor
from ..catalog import EntityType, Relation
from ..errors import Invalid, Problem
from ..fields import Integer, kind_of
from ..storage import slices
from .batch import Outcome, Row

POSITION: Final = "position"
Verb = Callable[..., list[Outcome]]
#: A part on its way: the row of its whole, its place in the list (None: left out), its values.
Item = tuple[Row, int | None, dict[str, Any]]
#: The parts that there are: id → the row of the whole, and the version.
Stored = dict[int, tuple[Row, int]]


def save(
    entity_type: EntityType, rows: Sequence[Row], *, actor: Actor, verbs: dict[str, Verb]
) -> set[int]:
    """Write the parts that came with rows that are written; return the ids of wholes that changed.

    `verbs` are create, update and delete. Raises `Invalid`, its problems placed in the wholes.
    """
    changed: set[int] = set()
    names = sorted({name for row in rows for name in row.parts})
    for name in names:
        relation = catalog.current().inverse(entity_type.name, name)
        touched = [row for row in rows if name in row.parts]
        changed |= _List(name, relation, touched, actor).save(verbs)
    return changed


class _List:
    """One list of parts, of all rows of a batch."""

    def __init__(self, name: str, relation: Relation, rows: list[Row], actor: Actor) -> None:
        self.name, self.relation, self.rows, self.actor = name, relation, rows, actor
        self.ordered = isinstance(relation.type.fields.get(POSITION), Integer)
        self.problems: list[Problem] = []
        self.changed: set[int] = set()

    def save(self, verbs: dict[str, Verb]) -> set[int]:
        known = self._stored()
        fresh: list[Item] = []
        kept: list[Item] = []
        for row in self.rows:
            for place, given in enumerate(row.parts[self.name]):
                item = self._item(row, place, given, known)
                if item is not None:
                    (kept if "id" in item[2] else fresh).append(item)
        left = known.keys() - {item[2]["id"] for item in kept}
        if not self.problems:
            self._run(verbs["delete"], [(known[id_][0], None, {"id": id_}) for id_ in sorted(left)])
            self._run(verbs["update"], kept)
            self._run(verbs["create"], fresh)
        if self.problems:
            raise Invalid(self.problems)
        return self.changed

    def _stored(self) -> Stored:
        table = self.relation.type.table
        column = table.c[self.relation.link.column]
        wholes = {row.id: row for row in self.rows if row.before is not None and row.id}
        found: Stored = {}
        for piece in slices(sorted(wholes)):
            query = sa.select(table.c.id, column, table.c.version).where(
                table.c.trashed_at.is_(None), column.in_(piece)
            )
            for id_, whole, version in db.current().connection.execute(query):
                found[id_] = (wholes[whole], version)
        return found

    def _item(self, row: Row, place: int, given: Any, known: Stored) -> Item | None:
        link = self.relation.link.name
        if isinstance(given, dict):
            values = {k: v for k, v in given.items() if k != link}
            if given.get(link) not in (None, row.id):
                self._refuse(row, place, Problem("part_elsewhere", {"field": link}, link))
            elif "id" in values and (stored := known.get(values["id"], (None, 0)))[0] is not row:
                params = {"type": self.relation.type.name, "id": values["id"]}
                self._refuse(row, place, Problem("record_unknown", params, "id"))
            else:
                if "id" in values and values.get("version") == stored[1]:
                    # It was the right one: deleting other parts may clear a link and raise it.
                    del values["version"]
                new = {} if "id" in values else {link: row.id}
                ordered = {POSITION: place + 1} if self.ordered else {}
                return row, place, {**values, **new, **ordered}
            return None
        self._refuse(row, place, Problem("row_invalid", {"got": kind_of(given)}))
        return None

    def _refuse(self, row: Row, place: int | None, problem: Problem) -> None:
        where = (self.name, place, problem.field)
        name = ".".join(str(part) for part in where if part is not None)
        self.problems.append(problem.at(field=name, row=row.place))

    def _run(self, verb: Verb, items: list[Item]) -> None:
        if not items:
            return
        try:
            outcomes = verb(
                self.relation.type.name, [values for _, _, values in items], actor=self.actor
            )
        except Invalid as error:
            for problem in error.problems:
                row, place, _ = items[problem.row or 0]
                self._refuse(row, place, problem)
            return
        self.changed |= {
            row.id
            for (row, _, _), outcome in zip(items, outcomes, strict=True)
            if outcome.status != "unchanged" and row.id is not None
        }
