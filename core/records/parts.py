"""Parts of records, such as the lines of an order: written with their whole, all or nothing.

What is sent for a list of parts is the whole list: parts with an id are changed, parts without
are made, parts that it leaves out are deleted. A `Merge` is sent for parts that come in among
those that there are. A type of parts that has a whole number `position` gets the order of the
list in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import catalog, db
from ..actor import Actor
from ..catalog import EntityType, Relation
from ..errors import Invalid, Problem
from ..fields import Field, Integer, Refused, kind_of
from ..storage import slices
from .batch import Merge, Outcome, Row

POSITION: Final = "position"
Verb = Callable[..., list[Outcome]]
#: The parts that changed: id of the whole → name of the list → what became of them.
Parted = dict[int, dict[str, list[Outcome]]]
#: A part on its way: the row of its whole, its place in the list (None: left out), its values.
Item = tuple[Row, int | None, dict[str, Any]]


class _Held(NamedTuple):
    """A part that there is: the row of its whole, its version, and values by field."""

    row: Row
    version: int
    values: Mapping[str, Any]


def save(
    entity_type: EntityType, rows: Sequence[Row], *, actor: Actor, verbs: dict[str, Verb]
) -> Parted:
    """Write the parts that came with rows that are written; return those that changed.

    `verbs` are create, update and delete. Raises `Invalid`, its problems placed in the wholes.
    """
    changed: Parted = {}
    names = sorted({name for row in rows for name in row.parts})
    for name in names:
        relation = catalog.current().inverse(entity_type.name, name)
        touched = [row for row in rows if name in row.parts]
        for id_, outcomes in _List(name, relation, touched, actor).save(verbs).items():
            changed.setdefault(id_, {})[name] = outcomes
    return changed


class _List:
    """One list of parts, of all rows of a batch."""

    def __init__(self, name: str, relation: Relation, rows: list[Row], actor: Actor) -> None:
        self.name, self.relation, self.rows, self.actor = name, relation, rows, actor
        self.ordered = isinstance(relation.type.fields.get(POSITION), Integer)
        self.problems: list[Problem] = []
        self.changed: dict[int, list[Outcome]] = {}

    def save(self, verbs: dict[str, Verb]) -> dict[int, list[Outcome]]:
        known = self._stored()
        of_row: dict[int, dict[int, _Held]] = {}
        for id_, held in known.items():
            of_row.setdefault(held.row.place, {})[id_] = held
        fresh: list[Item] = []
        kept: list[Item] = []
        staying: set[int] = set()
        for row in self.rows:
            sent, mine = row.parts[self.name], of_row.get(row.place, {})
            for item in self._items(row, sent, mine, known):
                (kept if "id" in item[2] else fresh).append(item)
            if isinstance(sent, Merge) and not sent.replace:
                staying |= mine.keys()
        left = known.keys() - staying - {item[2]["id"] for item in kept}
        if not self.problems:
            self._run(
                verbs["delete"], [(known[id_].row, None, {"id": id_}) for id_ in sorted(left)]
            )
            self._run(verbs["update"], kept)
            self._run(verbs["create"], fresh)
        if self.problems:
            raise Invalid(self.problems)
        return self.changed

    def _stored(self) -> dict[int, _Held]:
        table, compared = self.relation.type.table, self._compared()
        column = table.c[self.relation.link.column]
        wholes = {row.id: row for row in self.rows if row.before is not None and row.id}
        found: dict[int, _Held] = {}
        more = [field.whole(table).label(name) for name, field in compared.items()]
        for piece in slices(sorted(wholes)):
            query = sa.select(table.c.id, column, table.c.version, *more).where(
                table.c.trashed_at.is_(None), column.in_(piece)
            )
            for id_, whole, version, *values in db.current().connection.execute(query):
                held = dict(zip(compared, values, strict=True))
                found[id_] = _Held(wholes[whole], version, held)
        return found

    def _compared(self) -> dict[str, Field]:
        """Return the fields that parts are compared by, and put in order by."""
        sent = (row.parts[self.name] for row in self.rows)
        by = {merge.by for merge in sent if isinstance(merge, Merge)}
        names = {name for each in by for some in each for name in some}
        if self.ordered and by:
            names.add(POSITION)
        return {name: self.relation.type.fields[name] for name in sorted(names)}

    def _items(
        self, row: Row, sent: list[Any] | Merge, mine: dict[int, _Held], known: dict[int, _Held]
    ) -> Iterator[Item]:
        """Yield what is sent of one whole, `mine` being the parts that it has."""
        if not isinstance(sent, Merge):
            for place, given in enumerate(sent):
                yield from self._item(row, place, given, known, place + 1)
            return
        in_order = dict(sorted(mine.items(), key=lambda each: (self._position(each[1]), each[0])))
        last = max(map(self._position, mine.values()), default=0)
        for place, given in enumerate(_matched(self.relation.type, sent, in_order)):
            position = place + 1
            if not sent.replace:
                last += "id" not in given
                position = self._position(mine[given["id"]]) if given.get("id") in mine else last
            yield from self._item(row, place, given, known, position)

    def _position(self, held: _Held) -> int:
        return int(held.values.get(POSITION) or 0)

    def _item(
        self, row: Row, place: int, given: Any, known: dict[int, _Held], position: int
    ) -> Iterator[Item]:
        link = self.relation.link.name
        if not isinstance(given, dict):
            self._refuse(row, place, Problem("row_invalid", {"got": kind_of(given)}))
            return
        values = {k: v for k, v in given.items() if k != link}
        stored = known.get(values["id"]) if "id" in values else None
        if given.get(link) not in (None, row.id):
            self._refuse(row, place, Problem("part_elsewhere", {"field": link}, link))
        elif "id" in values and (stored is None or stored.row is not row):
            params = {"type": self.relation.type.name, "id": values["id"]}
            self._refuse(row, place, Problem("record_unknown", params, "id"))
        else:
            if stored is not None and values.get("version") == stored.version:
                # It was the right one: deleting other parts may clear a link and raise it.
                del values["version"]
            new = {} if "id" in values else {link: row.id}
            ordered = {POSITION: position} if self.ordered else {}
            yield row, place, {**values, **new, **ordered}

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
        for (row, _, _), outcome in zip(items, outcomes, strict=True):
            if outcome.status != "unchanged" and row.id is not None:
                self.changed.setdefault(row.id, []).append(outcome)


# -- matching -------------------------------------------------------------------------------------
def _matched(
    entity_type: EntityType, merge: Merge, held: Mapping[int, _Held]
) -> list[dict[str, Any]]:
    """Return the rows of a merge, those that are parts which there are with their ids."""
    free, rows = dict(held), [dict(row) for row in merge.rows]
    for row in rows:
        free.pop(row.get("id", 0), None)
    for names in merge.by:
        fields = [entity_type.fields[name] for name in names]
        for row in rows:
            wanted = None if "id" in row else _checked(fields, row)
            if wanted is None:
                continue
            for id_, part in free.items():
                if all(
                    _agrees(f, part.values[f.name], wanted[f.name])
                    for f in fields
                    if f.name in wanted
                ):
                    row["id"] = id_
                    del free[id_]
                    break
    return rows


def _checked(fields: Sequence[Field], row: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a row says of fields; None if that is nothing, or what no part can have."""
    made: dict[str, Any] = {}
    for field in fields:
        if field.name not in row:
            continue
        value = row[field.name]
        try:
            made[field.name] = None if value in (None, "") else field.check(value)
        except Refused:
            return None
    return made if any(value is not None for value in made.values()) else None


def _agrees(field: Field, stored: Any, wanted: Any) -> bool:
    if wanted is None:
        return bool(stored == field.empty)
    try:
        merged = field.merge(stored, wanted)
    except Refused:
        return False
    key = field.key(merged)
    return bool(merged == stored) if key is None else bool(key == field.key(stored))
