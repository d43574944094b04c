"""Take the demonstration away again, and leave what people made themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import access, catalog, db, models, records
from ..actor import Actor
from ..catalog import EntityType, Relation
from ..records import Outcome

#: Where change sets of example data say they are from.
ORIGIN: Final = "demo"
#: Ids that are looked for in one statement, and records that are deleted at once.
_BATCH: Final = 5_000


#: They stay in the trash: the history goes on to say who did what.
_PEOPLE: Final = ("user", "team")


class Removed(NamedTuple):
    """How many records are gone for good and how many are in the trash, by type.

    `kept` has the ids of those that stay since own records need them.
    """

    removed: dict[str, int]
    trashed: dict[str, int]
    kept: dict[str, list[int]]


def remove(*, actor: Actor) -> Removed:
    """Delete and purge every live record of the demonstration, in one change set.

    Users and teams, and what a record in the trash still needs, go to the trash. What a record of
    one's own points to, or would be deleted along with, stays; so does the administrator that the
    demonstration began with. Raises `forbidden`.
    """
    access.require(actor, "purge", "records of the demonstration")
    found = _live()
    left = {entity_type: set(ids) for entity_type, ids in found.items()}
    bound = _bound(left)
    gone = True
    while gone:
        gone = False
        # What was made last points to what was made first.
        for entity_type in sorted(left, key=lambda t: -max(left[t], default=0)):
            ids = sorted(left[entity_type] - bound)
            done = _delete(entity_type, ids, actor)
            left[entity_type] -= done
            gone = gone or bool(done and any(left.values()))
        # What went along with others is gone as well.
        left = _alive(left)
    went = {entity_type: ids - left[entity_type] for entity_type, ids in found.items()}
    trashed = _purge(went, actor)
    purged = {t.name: len(ids) - trashed.get(t.name, 0) for t, ids in went.items()}
    kept = {t.name: sorted(ids) for t, ids in left.items() if ids}
    return Removed({name: count for name, count in purged.items() if count}, trashed, kept)


def _purge(went: dict[EntityType, set[int]], actor: Actor) -> dict[str, int]:
    """Purge what went to the trash; return how many of each type could not go from there."""
    trashed: dict[str, int] = {}
    for entity_type in sorted(went, key=lambda t: -max(went[t], default=0)):
        ids = sorted(went[entity_type])
        done: set[int] = set()
        if entity_type.name not in _PEOPLE:
            done = _delete(entity_type, ids, actor, records.purge, "purged")
        if len(done) < len(ids):
            trashed[entity_type.name] = len(ids) - len(done)
    return trashed


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


def _delete(
    entity_type: EntityType,
    ids: list[int],
    actor: Actor,
    verb: Callable[..., list[Outcome]] = records.delete,
    status: str = "deleted",
) -> set[int]:
    done: set[int] = set()
    for start in range(0, len(ids), _BATCH):
        rows = [{"id": id_} for id_ in ids[start : start + _BATCH]]
        outcomes = verb(entity_type.name, rows, actor=actor, partial=True)
        done |= {o.id for o in outcomes if o.status == status and o.id is not None}
    return done
