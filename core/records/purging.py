"""Records out of the trash for good: rows, links to them and parts; the spine keeps the id (D12).

What their history says stays; it ends with the purge. Links honour on_delete once more: those
that cascade take along what is in the trash, those that restrict refuse, also from the trash. What
still points to a record that was merged points to the one that is left from then on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from .. import access, catalog, changes, db, ddl, models, plugin_tables
from ..actor import Actor
from ..catalog import EntityType, Relation
from ..errors import RelatumError
from ..fields import Reference
from ..storage import slices
from . import merges, seeing, write
from .batch import Outcome, Row, good, in_order, read, refused
from .deleting import Family, Going, Members
from .verbs import update
from .writing import opened

_SHARE: Final[Any] = models.Share.__table__


def purge(
    type_name: str, rows: Sequence[dict[str, Any]], *, actor: Actor, partial: bool = False
) -> list[Outcome]:
    """Drop records that are in the trash, for good; a row is {id}.

    Raises `Invalid` (`not_in_trash`, `still_referenced`), `purge_refused` for people and teams.
    """
    entity_type = opened(type_name, "purge", actor)
    _may_go(entity_type)
    batch = read(entity_type, rows, with_id=True)
    write.lock(entity_type, batch, trashed=True, strongly=True)
    seeing.admit(entity_type, batch, "purge", actor)
    _name_live(entity_type, batch, actor)
    found = _family(entity_type, batch)
    seeing.mask((row.problems for row in batch), actor)
    written = good(batch, partial=partial)
    for each in found.values():
        _let_go(each, found, actor)
    for each in found.values():
        _drop(each, actor)
    done = [Outcome(row.place, "purged", row.id, row.version + 1) for row in written]
    return in_order(refused(batch), done)


def trashed_ids(
    type_name: str, *, before: datetime, after: int, limit: int, actor: Actor
) -> list[int]:
    """Return the next ids, after one, of records that went to the trash before an instant."""
    access.require(actor, "purge", f"records of '{type_name}'", type_name)
    table = catalog.current().type(type_name).table
    query = (
        sa.select(table.c.id)
        .where(table.c.trashed_at.is_not(None), table.c.trashed_at < before, table.c.id > after)
        .order_by(table.c.id)
        .limit(limit)
    )
    return list(db.current().connection.execute(query).scalars())


def _may_go(entity_type: EntityType) -> None:
    if entity_type.owner in ("core", "system"):
        raise RelatumError("purge_refused", type=entity_type.name)


def _name_live(entity_type: EntityType, batch: Sequence[Row], actor: Actor) -> None:
    """Say of records that are not in the trash that they are not, instead of not knowing them."""
    table = entity_type.table
    asked = [row.id for row in batch if row.id is not None and row.before is None]
    live: set[int] = set()
    for piece in slices(asked):
        query = sa.select(table.c.id).where(table.c.id.in_(piece), table.c.trashed_at.is_(None))
        live.update(db.current().connection.execute(query).scalars())
    live = seeing.admitted(entity_type, live, "read", actor)
    for row in batch:
        if row.id in live:
            row.problems.clear()
            row.refuse("not_in_trash", type=entity_type.name, id=row.id)


# -- what goes along, and what refuses -------------------------------------------------------
def _family(entity_type: EntityType, batch: Sequence[Row]) -> Family:
    """Return what goes with the sound rows, by type id; note rows that something still needs."""
    while True:
        sound = {row.id: row for row in batch if row.id is not None and not row.problems}
        found = _closure(entity_type, sound)
        for each in list(found.values()):
            for relation in catalog.current().referrers(each.type.name):
                _note_needed(relation, each, found)
        if all(not row.problems for row in sound.values()):
            return found


def _closure(entity_type: EntityType, roots: Members) -> Family:
    found: Family = {entity_type.id: Going(entity_type, dict(roots))}
    level = [Going(entity_type, roots)]
    while level:
        deeper: list[Going] = []
        for each in level:
            mastered = _masters(each)
            for relation in catalog.current().referrers(each.type.name):
                if relation.link.on_delete != "cascade":
                    continue
                mine = found.setdefault(relation.type.id, Going(relation.type, {})).members
                fresh = {
                    child: each.members[parent]
                    for child, parent, live in _pointing(relation, each.members)
                    if not live and child not in mine and parent not in mastered
                }
                mine.update(fresh)
                if fresh:
                    deeper.append(Going(relation.type, fresh))
        level = deeper
    return found


def _pointing(relation: Relation, members: Members) -> Iterator[tuple[int, int, bool]]:
    """Yield (id, what it points to, whether it is live) of records that point to members."""
    table = relation.type.table
    column = table.c[relation.link.column]
    for piece in slices(sorted(members)):
        query = (
            sa.select(table.c.id, column, table.c.trashed_at.is_(None))
            .where(column.in_(piece))
            .order_by(table.c.id)
            .with_for_update()
        )
        for child, parent, live in db.current().connection.execute(query):
            yield child, parent, bool(live)


def _note_needed(relation: Relation, each: Going, found: Family) -> None:
    gone = found[relation.type.id].members if relation.type.id in found else {}
    needed: dict[int, list[int]] = {}
    mastered = _masters(each)
    for child, parent, live in _pointing(relation, each.members):
        if parent in mastered:
            continue
        kept = live if relation.link.on_delete == "cascade" else True
        if child not in gone and kept and relation.link.on_delete != "clear":
            needed.setdefault(parent, []).append(child)
    for parent, children in needed.items():
        each.members[parent].refuse(
            "still_referenced", count=len(children), type=relation.type.name,
            field=relation.link.name, id=min(children), among=children,
        )  # fmt: skip


def _masters(each: Going) -> dict[int, int]:
    """Return for the members that were merged the records that are left, if those are there."""
    found = merges.masters(each.members)
    there = write.versions(each.type, set(found.values()) - each.members.keys()) if found else {}
    return {id_: master for id_, master in found.items() if master in there}


# -- letting go ------------------------------------------------------------------------------
def _let_go(each: Going, found: Family, actor: Actor) -> None:
    """Empty every link to members: those of live records by the verb, with history.

    Those to merged ones get what is left instead.
    """
    mastered = _masters(each)
    for relation in catalog.current().referrers(each.type.name):
        gone = found[relation.type.id].members if relation.type.id in found else {}
        rows = [
            {"id": child, relation.link.name: mastered.get(parent)}
            for child, parent, live in _pointing(relation, each.members)
            if live and child not in gone
        ]
        if rows:
            update(relation.type.name, rows, actor=actor.unbound(), check_required=False)
    values = {table.name for table in each.type.value_tables}
    connection = db.for_writing().connection
    # What is left points from the trash: fields, types and records that may come back without.
    mixed = [
        (relation.type.table_name, relation.link.column)
        for relation in catalog.current().referrers(each.type.name)
        if isinstance(relation.link, Reference)
    ]
    for name, column in (*ddl.referring(connection, each.type.table_name), *mixed):
        table = sa.table(name, sa.column(column))
        for id_, master in mastered.items() if name not in values else ():
            here = table.c[column] == id_
            connection.execute(sa.update(table).where(here).values({column: master}))
        for piece in slices(sorted(each.members)):
            here = table.c[column].in_(piece)
            if name in values:
                connection.execute(sa.delete(table).where(here))
            else:
                connection.execute(sa.update(table).where(here).values({column: None}))


def _drop(each: Going, actor: Actor) -> None:
    if not each.members:
        return
    table, connection, mastered = each.type.table, db.for_writing().connection, _masters(each)
    versions: dict[int, int] = {}
    for piece in slices(sorted(each.members)):
        query = sa.select(table.c.id, table.c.version).where(table.c.id.in_(piece))
        versions.update((id_, version) for id_, version in connection.execute(query))
        connection.execute(sa.delete(table).where(table.c.id.in_(piece)))
        connection.execute(sa.delete(_SHARE).where(_SHARE.c.record_id.in_(piece)))
    plugin_tables.let_go(each.type.name, sorted(each.members), into=mastered)
    changes.record(
        (changes.Change(id_, "purge", version + 1, {}) for id_, version in versions.items()), actor
    )
