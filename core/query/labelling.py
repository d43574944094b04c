"""What records of any types are called, by their ids alone."""

from __future__ import annotations

from collections.abc import Iterable

from .. import access, spine
from ..actor import Actor
from ..storage import slices
from .related import Labels, labels_of


def labels(ids: Iterable[int], *, actor: Actor) -> Labels:
    """Return what records are called, those in the trash too: {"id": {type, label, trashed}}.

    One query for all of them, and one per type. Records that were purged, and those of types that
    are not there any more, are left out, and what the actor does not see.
    """
    made: Labels = {}
    wanted = set(ids)
    if not wanted:
        return made
    known = access.seen(actor).by_id
    for type_id, theirs in spine.types_of(wanted).items():
        target = known.get(type_id)
        if target is not None and target.trashed_in is None:
            for piece in slices(sorted(theirs)):
                made |= labels_of(target, piece, actor=actor)
    return made
