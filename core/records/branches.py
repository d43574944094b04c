"""Trees when records of them are merged: whoever is above and below, nobody is above himself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sa

from .. import db
from ..actor import Actor
from ..catalog import EntityType
from . import verbs


def leave(entity_type: EntityType, into: Mapping[int, int], actor: Actor) -> None:
    """Let masters that stand below what is merged into them stand where that stood."""
    tree = entity_type.tree
    if tree is None:
        return
    rows = []
    for master in sorted(set(into.values())):
        group = {master, *(id_ for id_, other in into.items() if other == master)}
        line = [master, *above(entity_type, master)]
        inside = [place for place, id_ in enumerate(line) if id_ in group]
        if inside[-1] > 0:
            parent = line[inside[-1] + 1] if inside[-1] + 1 < len(line) else None
            rows.append({"id": master, tree.name: parent})
    if rows:
        verbs.update(entity_type.name, rows, actor=actor.unbound(), check_required=False)


def is_beside(entity_type: EntityType, record_id: int, group: Collection[int]) -> bool:
    """Say whether neither a record nor what is above it is in a group."""
    return not any(id_ in group for id_ in (record_id, *above(entity_type, record_id)))


def above(entity_type: EntityType, record_id: int) -> Iterator[int]:
    """Yield the ids of what is above a record in its tree, from its parent on."""
    assert entity_type.tree is not None
    table, known = entity_type.table, {record_id}
    query = sa.select(table.c[entity_type.tree.column]).where(table.c.id == sa.bindparam("at"))
    at: int | None = record_id
    while at is not None:
        at = db.current().connection.execute(query, {"at": at}).scalar()
        if at is None or at in known:
            return
        known.add(at)
        yield at
