"""What deleting and restoring records means for those that point to them.

Links that cascade take their records along, down to the last; links that restrict refuse, unless
the record that points goes too; links that clear are emptied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .. import db, spine
from ..catalog import Catalog, EntityType, Relation
from ..storage import among, slices
from . import checks, merges, write
from .batch import Led, Row

#: Records by id, each with the row of the batch that it goes with.
Members = dict[int, Row]
#: The rows that go or come back at once, by type.
Batches = Mapping[EntityType, Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Going:
    """The records of one type that go, or come back, with the rows of a batch."""

    type: EntityType
    members: Members


Family = dict[int, Going]


@dataclass(frozen=True, slots=True)
class Emptied:
    """Records of one type that stay and lose links, with the rows of a batch whose doing it is."""

    type: EntityType
    links: dict[int, list[str]]
    members: Members


def family(catalog: Catalog, batches: Batches, *, hold: bool = True) -> Family:
    """Return all that deleting the sound rows of batches takes along, by type id.

    Notes rows that a restricting link still needs. `hold` locks what is found, so that nobody
    adds to it meanwhile.
    """
    sound = sound_of(batches)
    while True:
        found = closure(catalog, sound, hold=hold)
        for each in list(found.values()):
            for relation in _pointing(catalog, each.type, "restrict"):
                _restrict(relation, each, found)
        left = sound_of(batches)
        if _ids(left) == _ids(sound):
            return found
        # A row that is refused stays, and then so does what it points to: look again.
        sound = left


def sound_of(batches: Batches) -> Family:
    """Return the rows without problems, by type id."""
    return {
        entity_type.id: Going(
            entity_type, {row.id: row for row in batch if row.id is not None and not row.problems}
        )
        for entity_type, batch in batches.items()
    }


def _ids(family: Family) -> set[int]:
    return {id_ for each in family.values() for id_ in each.members}


def _pointing(catalog: Catalog, entity_type: EntityType, on_delete: str) -> list[Relation]:
    return [r for r in catalog.referrers(entity_type.name) if r.link.on_delete == on_delete]


def closure(catalog: Catalog, roots: Family, *, hold: bool) -> Family:
    """Return the records of `roots` and all that cascading links take along, by type id."""
    found: Family = {id_: Going(each.type, dict(each.members)) for id_, each in roots.items()}
    level = list(roots.values())
    while level:
        deeper: list[Going] = []
        for each in level:
            for relation in _pointing(catalog, each.type, "cascade"):
                mine = found.setdefault(relation.type.id, Going(relation.type, {})).members
                fresh = {
                    child: each.members[parent]
                    for child, parent in children(relation, each.members, hold=hold)
                    if child not in mine
                }
                mine.update(fresh)
                if fresh:
                    deeper.append(Going(relation.type, fresh))
        level = deeper
    return found


def children(
    relation: Relation, members: Members, *, hold: bool = False
) -> Iterator[tuple[int, int]]:
    """Yield (id, what it points to) of the live records that point to members."""
    table = relation.type.table
    column = table.c[relation.link.column]
    query = sa.select(table.c.id, column).where(table.c.trashed_at.is_(None), among(column))
    if hold:
        query = query.order_by(table.c.id).with_for_update()
    for piece in slices(sorted(members)):
        found = db.current().connection.execute(query, {"ids": piece})
        yield from (tuple(row) for row in found)


def _staying(relation: Relation, each: Going, found: Family) -> dict[int, list[int]]:
    """Return the records that point to members and stay, by what they point to.

    Links that are spared do not count.
    """
    gone = found[relation.type.id].members if relation.type.id in found else {}
    staying: dict[int, list[int]] = {}
    for child, parent in children(relation, each.members):
        link = Led(child, relation.link.name, parent)
        if child not in gone and link not in each.members[parent].spared:
            staying.setdefault(parent, []).append(child)
    return staying


def _restrict(relation: Relation, each: Going, found: Family) -> None:
    for parent, staying in _staying(relation, each, found).items():
        each.members[parent].refuse(
            "still_referenced", count=len(staying), type=relation.type.name,
            field=relation.link.name, id=min(staying), among=staying,
        )  # fmt: skip


def emptied(catalog: Catalog, found: Family) -> list[Emptied]:
    """Return the links that are emptied, by the type whose records have them."""
    made: dict[int, Emptied] = {}
    for each in found.values():
        for relation in _pointing(catalog, each.type, "clear"):
            mine = made.setdefault(relation.type.id, Emptied(relation.type, {}, {}))
            for parent, staying in _staying(relation, each, found).items():
                for child in staying:
                    mine.links.setdefault(child, []).append(relation.link.name)
                    mine.members[child] = each.members[parent]
    return [each for each in made.values() if each.links]


# -- coming back ----------------------------------------------------------------------------
def returning(catalog: Catalog, batches: Batches, *, along: bool = True) -> Family:
    """Return the sound rows of batches and what went to the trash with them, by type id.

    Notes rows whose whole is still in the trash (`parent_trashed`), and rows of which something
    holds a unique value that is in use by now (`restore_conflict`). Without `along` the rows come
    back alone.
    """
    sound = sound_of(batches)
    while True:
        found = _along(catalog, sound) if along else sound_of(batches)
        for each in found.values():
            _with_whole(catalog, each, found)
        if _ids(sound_of(batches)) == _ids(sound):
            for each in found.values():
                _in_conflict(each)
        left = sound_of(batches)
        if _ids(left) == _ids(sound):
            return found
        # What a refused row would have brought back stays too: look again.
        sound = left


def _along(catalog: Catalog, roots: Family) -> Family:
    found: Family = {id_: Going(each.type, dict(each.members)) for id_, each in roots.items()}
    level = [(each, trashed_in(each.type, each.members)) for each in roots.values()]
    while level:
        deeper: list[tuple[Going, dict[int, int]]] = []
        for each, went in level:
            for relation in _pointing(catalog, each.type, "cascade"):
                mine = found.setdefault(relation.type.id, Going(relation.type, {})).members
                fresh, theirs = _went_along(relation, each.members, went, mine)
                mine.update(fresh)
                if fresh:
                    deeper.append((Going(relation.type, fresh), theirs))
        level = deeper
    return found


def _in_conflict(each: Going) -> None:
    if not each.type.keys or not each.members:
        return
    rows = rows_of(each)
    along = [row for row in rows if each.members[row.id or 0] is not row]
    write.lock(each.type, along, trashed=True)
    checks.unique(each.type, rows, code="restore_conflict")
    for row in along:
        each.members[row.id or 0].problems += row.problems


def trashed_in(entity_type: EntityType, ids: Iterable[int]) -> dict[int, int]:
    """Return by which change sets those of some records went to the trash that are in it."""
    table = entity_type.table
    found: dict[int, int] = {}
    query = sa.select(table.c.id, table.c.trashed_in).where(
        among(table.c.id), table.c.trashed_at.is_not(None)
    )
    for piece in slices(sorted(ids)):
        rows = db.current().connection.execute(query, {"ids": piece})
        found.update((id_, went) for id_, went in rows)
    return found


def _went_along(
    relation: Relation, members: Members, went: dict[int, int], known: Members
) -> tuple[Members, dict[int, int]]:
    table = relation.type.table
    column = table.c[relation.link.column]
    fresh: Members = {}
    theirs: dict[int, int] = {}
    for piece in slices(sorted(members)):
        query = sa.select(table.c.id, column, table.c.trashed_in).where(
            table.c.trashed_at.is_not(None), column.in_(piece)
        )
        for child, parent, change_set in db.current().connection.execute(query):
            if change_set == went.get(parent) and child not in known:
                fresh[child], theirs[child] = members[parent], change_set
    return fresh, theirs


def _with_whole(catalog: Catalog, each: Going, found: Family) -> None:
    """Note members whose cascading links lead into the trash: they would be nowhere."""
    links = [
        link
        for link in (*each.type.lookups, *each.type.references)
        if link.on_delete == "cascade" and link.owner != "system"
    ]
    for link in links:
        table = each.type.table
        for piece in slices(sorted(each.members)):
            query = sa.select(table.c.id, table.c[link.column]).where(
                table.c.id.in_(piece), table.c[link.column].is_not(None)
            )
            wholes = {row[0]: row[1] for row in db.current().connection.execute(query)}
            targets = catalog.targets(link)
            lost = gone(catalog, targets, set(wholes.values()), found)
            for child, whole in wholes.items():
                if whole in lost:
                    each.members[child].refuse(
                        "parent_trashed", link.name, type=lost[whole], id=whole
                    )


def gone(catalog: Catalog, targets: Sequence[str], ids: set[int], found: Family) -> dict[int, str]:
    """Return those of some records that are in the trash and do not come back now, by type.

    What was merged into a live one is not: links to it lead there.
    """
    lost: dict[int, str] = {}
    # Where a link may lead to many types, the spine says which ones are asked for.
    there = spine.types_of(ids) if len(targets) > 1 and ids else None
    for name in targets:
        target: EntityType | None = catalog.types.get(name)
        if target is None or (there is not None and target.id not in there):
            continue
        back: Any = found[target.id].members if target.id in found else {}
        table = target.table
        for piece in slices(sorted(ids - set(back))):
            query = sa.select(table.c.id).where(
                table.c.id.in_(piece), table.c.trashed_at.is_not(None)
            )
            lost.update((id_, name) for id_ in db.current().connection.execute(query).scalars())
    left = merges.masters(lost) if lost else {}
    dead = gone(catalog, targets, set(left.values()), found) if left else {}
    return {id_: name for id_, name in lost.items() if left.get(id_, id_) in (id_, *dead)}


def others(found: Family, batches: Batches) -> list[Going]:
    """Return what goes or comes along, beyond the rows of batches; their own types come last."""
    beyond = [
        Going(each.type, {id_: row for id_, row in each.members.items() if row.id != id_})
        for each in sorted(found.values(), key=lambda each: each.type in batches)
    ]
    return [each for each in beyond if each.members]


def rows_of(each: Going) -> list[Row]:
    """Return the members as rows: those of the batch, and new ones that stand in their places."""
    members = sorted(each.members.items(), key=lambda member: (member[1].place, member[0]))
    return [root if root.id == id_ else Row(root.place, id=id_) for id_, root in members]
