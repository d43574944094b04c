"""Take the demonstration away again, and leave what people made themselves."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import access, catalog, db, models, records
from ..actor import Actor
from ..catalog import EntityType, Relation
from .marking import unmark

#: Where change sets of example data say they are from.
ORIGIN: Final = "demo"
#: Ids that are looked for in one statement, and records that are deleted at once.
_BATCH: Final = 5_000


class Removed(NamedTuple):
    """What went to the trash, by type, and the ids of what stays since own records need it."""

    removed: dict[str, int]
    kept: dict[str, list[int]]


def remove(*, actor: Actor) -> Removed:
    """Delete every live record of the demonstration, users and teams too, in one change set.

    What a record of one's own points to, or would be deleted along with, stays; so does the
    administrator that the demonstration began with. The instance is one's own from then on. In
    the open exclusive transaction; raises `forbidden`.
    """
    access.require(actor, "delete", "records of the demonstration")
    left = _live()
    removed: dict[str, int] = {}
    bound = _bound(left)
    gone = True
    while gone:
        gone = False
        # What was made last points to what was made first.
        for entity_type in sorted(left, key=lambda t: -max(left[t], default=0)):
            ids = sorted(left[entity_type] - bound)
            done = _delete(entity_type, ids, actor)
            left[entity_type] -= done
            if done:
                removed[entity_type.name] = removed.get(entity_type.name, 0) + len(done)
            gone = gone or bool(done and any(left.values()))
        # What went along with others is gone as well.
        for entity_type, alive in _alive(left).items():
            along = left[entity_type] - alive
            left[entity_type] = alive
            if along:
                removed[entity_type.name] = removed.get(entity_type.name, 0) + len(along)
    unmark(actor=actor)
    return Removed(removed, {t.name: sorted(ids) for t, ids in left.items() if ids})


def _live() -> dict[EntityType, set[int]]:
    """Return the live records that change sets of the demonstration created, by type."""
    spine, change, change_set = (
        model.__table__ for model in (models.Record, models.Change, models.ChangeSet)
    )
    query = (
        sa.select(spine.c.type_id, spine.c.id)
        .join(change, change.c.record_id == spine.c.id)
        .join(change_set, change_set.c.id == change.c.change_set_id)
        .where(change_set.c.source == ORIGIN, change.c.op == "create")
    )
    types = {t.id: t for t in catalog.current().types.values()}
    found: dict[EntityType, set[int]] = {}
    for type_id, id_ in db.current().connection.execute(query):
        if type_id in types:
            found.setdefault(types[type_id], set()).add(id_)
    return _alive(found)


def _alive(found: dict[EntityType, set[int]]) -> dict[EntityType, set[int]]:
    alive: dict[EntityType, set[int]] = {}
    for entity_type, ids in found.items():
        table = entity_type.table
        query = sa.select(table.c.id).where(table.c.trashed_at.is_(None))
        alive[entity_type] = ids & set(db.current().connection.execute(query).scalars())
    return alive


def _bound(demo: dict[EntityType, set[int]]) -> set[int]:
    """Return the ids of demonstration records that would take records of one's own along."""
    found: set[int] = set()
    fresh = True
    while fresh:
        fresh = False
        for entity_type, ids in demo.items():
            for relation in catalog.current().referrers(entity_type.name):
                if relation.link.on_delete == "cascade":
                    own = demo.get(relation.type, set()) - found
                    more = (_pointed(relation, own) & ids) - found
                    found |= more
                    fresh = fresh or bool(more)
    return found


def _pointed(relation: Relation, going: set[int]) -> set[int]:
    """Return what live records point to by a link, those aside that go themselves."""
    table: Any = relation.type.table
    column = table.c[relation.link.column]
    query = sa.select(table.c.id, column).where(table.c.trashed_at.is_(None), column.is_not(None))
    return {parent for id_, parent in db.current().connection.execute(query) if id_ not in going}


def _delete(entity_type: EntityType, ids: list[int], actor: Actor) -> set[int]:
    done: set[int] = set()
    for start in range(0, len(ids), _BATCH):
        rows = [{"id": id_} for id_ in ids[start : start + _BATCH]]
        outcomes = records.delete(entity_type.name, rows, actor=actor, partial=True)
        done |= {o.id for o in outcomes if o.status == "deleted" and o.id is not None}
    return done
