"""Records that become parts: their owner and team are those of what they belong to."""

from __future__ import annotations

from .. import db, records
from ..catalog import EntityType
from ..errors import Problem
from ..languages import Phrase
from .draft import Draft, Step


def check(draft: Draft) -> None:
    """Plan to let records follow their wholes where a plan gives them some, up to fill_limit."""
    if not draft.steps:
        return
    known = draft.catalog
    for entity_type in known.types.values():
        if not _becomes_part(draft, entity_type):
            continue
        link = entity_type.part_of
        assert link is not None
        query = records.astray(entity_type, known.type(link.target))
        ids = list(draft.connection.execute(query.order_by("id")).scalars())
        limit = db.settings().fill_limit
        step = _last(draft, entity_type)
        if len(ids) > limit:
            told = {"type": entity_type.name, "count": len(ids), "limit": limit}
            step.question = Problem("belonging_limit", told, field=link.name)
        elif ids:
            step.rows = max(step.rows, len(ids))
            step.belonging = (entity_type.name, ids)
            step.notes.append(
                Phrase(
                    "{count} existing rows get the owner and team of what they are part of",
                    count=len(ids),
                )
            )


def _becomes_part(draft: Draft, made: EntityType) -> bool:
    """Say whether records that are there may belong to others than their wholes."""
    before = draft.before.by_id.get(made.id)
    if made.part_of is None or before is None or before is made:
        return False
    stored = {field.id for field in (*before.fields.values(), *before.trashed_fields)}
    same = before.part_of is not None and before.part_of.id == made.part_of.id
    # A type in the trash follows nobody.
    return made.part_of.id in stored and not (same and before.trashed_in is None)


def _last(draft: Draft, entity_type: EntityType) -> Step:
    mine = [s for s in draft.steps if s.target.partition(".")[0] == entity_type.name]
    return mine[-1] if mine else draft.steps[-1]
