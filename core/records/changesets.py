"""Read change sets: one with all that it wrote, and the last ones of somebody."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from .. import access, catalog, changes, db, models, query
from ..actor import Actor
from ..catalog import EntityType
from ..changes import Line
from ..errors import RelatumError
from . import seeing

_SET: Final[Any] = models.ChangeSet.__table__
_CHANGE: Final[Any] = models.Change.__table__


def change_set(
    change_set_id: int, *, actor: Actor, limit: int = 100, after: int = 0
) -> dict[str, Any]:
    """Return a change set, in the order of its changes.

    {id, at, actor, source, job, undoes, undone_by, records: [{change, type, id, label, op, version,
    changes: {field: [before, after]}}], next}; `next` goes into `after`. Fields that are unknown by
    now are left out, and so is what the actor does not see. Raises `change_unknown`, `forbidden`.
    """
    access.require_any(actor, "read", "changes")
    header = changes.header(change_set_id)
    lines = changes.of_set(change_set_id, limit=limit, after=after)
    visible = seeing.seen((line.record_id for line in lines), actor)
    if not visible and header.actor != actor.user_id and not actor.admin:
        raise RelatumError("change_unknown", id=change_set_id)
    labels = query.labels(visible, actor=actor)
    shown = [_shown(line, labels, actor) for line in lines if line.record_id in visible]
    return {
        **header.as_json(),
        "records": shown,
        "next": lines[-1].id if len(lines) == limit else None,
    }


def changes_by(
    user_id: int | None, *, actor: Actor, limit: int = 50, before: int | None = None
) -> list[dict[str, Any]]:
    """Return the last change sets of a user, or of the system (None), newest first.

    Each is {id, at, actor, source, job, undoes, undone_by, records: {type: {op: count}}}; `before`
    is the id of the last one of the page before. Raises `forbidden`.
    """
    access.require_any(actor, "read", "changes")
    if actor.user_id is None or actor.user_id != user_id:
        access.require(actor, "read", "changes of others")
    known = access.seen(actor).by_id
    found = changes.headers(user_id, limit=limit, before=before)
    counts = changes.counts([each.id for each in found])
    return [
        {
            **each.as_json(),
            "records": {
                type_name(id_): ops
                for id_, ops in counts.get(each.id, {}).items()
                if id_ in known or actor.admin
            },
        }
        for each in found
    ]


def written(*, actor: Actor, limit: int = 20) -> list[int]:
    """Return the ids of records that the actor's last `limit` changes wrote, the last one first.

    Purged records and those in the trash may be among them; `query.labels` says what they are
    called as far as the actor sees them. Raises `forbidden`.
    """
    access.require_any(actor, "read", "changes")
    if actor.user_id is None:
        return []
    last = (
        sa.select(_CHANGE.c.record_id)
        .join_from(_SET, _CHANGE)
        .where(_SET.c.actor_id == actor.user_id)
        .order_by(_SET.c.id.desc(), _CHANGE.c.id.desc())
        .limit(limit)
    )
    return list(dict.fromkeys(db.current().connection.execute(last).scalars()))


def type_name(type_id: int) -> str:
    """Return what the type of a record is called, purged types by their number."""
    known = catalog.current().by_id.get(type_id)
    return known.name if known is not None else f"purged type {type_id}"


def live_type(type_id: int) -> EntityType | None:
    """Return the type of a record; None if it is in the trash or purged."""
    known = catalog.current().by_id.get(type_id)
    return known if known is not None and known.trashed_in is None else None


def _shown(line: Line, labels: query.Labels, actor: Actor) -> dict[str, Any]:
    name, called = type_name(line.type_id), labels.get(str(line.record_id))
    return {
        "change": line.id, "type": name, "id": line.record_id,
        "label": called["label"] if called else f"{name} {line.record_id}",
        "op": line.op, "version": line.version, "changes": recalled(line, actor),
    }  # fmt: skip


def recalled(line: Line, actor: Actor) -> dict[str, list[Any]]:
    """Return [before, after] of each field that is still there and seen, in wire form."""
    live = access.seen(actor).types.get(type_name(line.type_id))
    fields = live.fields if live is not None else {}
    return {
        field: [fields[field].recall(line.record_id, value) for value in both]
        for field, both in line.data.items()
        if field in fields
    }
