"""The change feed: what was written to records, in the order of the commits."""

from __future__ import annotations

import re
from typing import Any, Final

from .. import access, positions
from ..actor import Actor
from ..errors import RelatumError
from ..positions import Place, Placed
from . import seeing
from .changesets import recalled, type_name

#: What stands for the newest position.
NOW: Final = "now"
#: Changes that are looked through at once, and how often for one page: where nearly all are hidden,
#: a page may have less than fits, and more follows.
_BATCH: Final = 1000
_BATCHES: Final = 20
_PLACE: Final = re.compile(r"(0|[1-9][0-9]{0,15})(?:[.]([1-9][0-9]{0,15}))?")


def feed(
    since: str, *, actor: Actor, limit: int = 100, type_name: str | None = None
) -> dict[str, Any]:
    """Return what was written to records after a place, in order.

    {"changes": [{position, change_set, at, actor, source, job, undoes, type, id, op, version,
    changes: {field: [before, after]}}], "next": the place to go on from, "more": whether anything
    follows}; a record that went has the op delete or purge. `since` is "0", the `next` of an answer
    before, or "now". Whoever reads settles positions first. Raises `position_unknown`,
    `position_gone`, `bad_parameter`, `type_unknown`, `forbidden`.
    """
    types = _types(type_name, actor)
    newest = positions.newest()
    place = Place(newest) if since == NOW else _place(since)
    positions.require(place)
    found, rest = _visible(place, types, limit, actor)
    return {
        "changes": [_shown(each, actor) for each in found],
        "next": str(rest or Place(newest)),
        "more": rest is not None,
    }


def _visible(
    place: Place, types: set[int], limit: int, actor: Actor
) -> tuple[list[Placed], Place | None]:
    """Return changes that an actor sees, and where more may follow; None: nothing does.

    What he does not see neither ends a page nor fills one: else its length would tell of it.
    """
    found: list[Placed] = []
    size = limit + 1
    for _ in range(_BATCHES):
        some = positions.after(place, limit=size, type_ids=types)
        visible = seeing.seen((each.line.record_id for each in some), actor)
        found += [each for each in some if each.line.record_id in visible]
        if len(found) > limit:
            return found[:limit], found[limit - 1].place
        if len(some) < size:
            return found, None
        place, size = some[-1].place, max(size, _BATCH)
    return found, place


def _types(name: str | None, actor: Actor) -> set[int]:
    """Return the types that are asked for and may be read, by their numbers."""
    if name is not None:
        return {seeing.readable(name, actor).id}
    access.require_any(actor, "read", "changes")
    return {each.id for each in access.seen(actor).by_id.values()}


def _place(text: str) -> Place:
    found = _PLACE.fullmatch(text)
    if found is None:
        reason = "it must be a position: 0, now, or the next of an answer before"
        raise RelatumError("bad_parameter", name="since", reason=reason)
    position, line = found.groups()
    return Place(int(position), int(line) if line else None)


def _shown(each: Placed, actor: Actor) -> dict[str, Any]:
    header, line = each.header, each.line
    return {
        "position": each.place.position, "change_set": header.id, "at": header.at,
        "actor": header.actor, "source": header.source, "job": header.job,
        "undoes": header.undoes, "type": type_name(line.type_id), "id": line.record_id,
        "op": line.op, "version": line.version, "changes": recalled(line, actor),
    }  # fmt: skip
