"""Shares: a record that a user, or everybody in a team, may read and perhaps change besides."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from .. import access, audit, catalog, clock, db, models, query, records
from ..actor import Actor
from ..errors import Invalid, Problem, RelatumError
from ..fields.number import INTEGER_LIMIT

_SHARE: Final[Any] = models.Share.__table__


def shares(type_name: str, record_id: int, *, actor: Actor) -> list[dict[str, Any]]:
    """Return with whom a record is shared, oldest first, for whoever sees it.

    Each is {id, user, team, label, update, expires_at, created_at, created_by}. Raises what
    `records.get` raises.
    """
    records.get(type_name, record_id, actor=actor)
    lasting = sa.or_(_SHARE.c.expires_at.is_(None), _SHARE.c.expires_at > clock.now())
    asked = sa.select(_SHARE).where(_SHARE.c.record_id == record_id, lasting)
    rows = db.current().connection.execute(asked.order_by(_SHARE.c.id)).all()
    labels = query.labels({row.user_id or row.team_id for row in rows}, actor=actor)
    return [_as_json(row, labels) for row in rows]


def _as_json(row: Any, labels: query.Labels) -> dict[str, Any]:
    called = labels.get(str(row.user_id or row.team_id))
    return {
        "id": row.id, "user": row.user_id, "team": row.team_id,
        "label": called["label"] if called else None, "update": row.update,
        "expires_at": row.expires_at, "created_at": row.created_at, "created_by": row.created_by,
    }  # fmt: skip


def share(
    type_name: str,
    record_id: int,
    *,
    actor: Actor,
    user: int | None = None,
    team: int | None = None,
    update: bool = False,
    expires_at: datetime | None = None,
) -> dict[str, Any]:
    """Share a record with a user or a team, instead of what was shared with them before.

    Whoever shares a record to be changed may change it himself. Raises `Invalid`, `forbidden`,
    `record_forbidden`, `record_unknown`.
    """
    connection = db.for_writing().connection
    _may_share(type_name, record_id, actor, update=update)
    if (user is None) is (team is None):
        reason = "name a user or a team, one of them"
        raise Invalid([Problem("value_invalid", {"reason": reason}, "user")])
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid([Problem("value_invalid", {"reason": "it has passed"}, "expires_at")])
    kind, whom = ("user", user) if user is not None else ("team", team)
    records.get(kind, whom or 0, actor=actor)
    column = _SHARE.c[f"{kind}_id"]
    connection.execute(sa.delete(_SHARE).where(_SHARE.c.record_id == record_id, column == whom))
    row = {
        "record_id": record_id, f"{kind}_id": whom, "update": update, "expires_at": expires_at,
        "created_at": clock.now(), "created_by": actor.user_id,
    }  # fmt: skip
    made = connection.execute(sa.insert(_SHARE).returning(_SHARE.c.id), row).scalar_one()
    now = next(each for each in shares(type_name, record_id, actor=actor) if each["id"] == made)
    told = {"user": user, "team": team, "update": update, "expires_at": expires_at}
    audit.note("shared", f"{type_name}:{record_id}", actor=actor, after=told)
    return now


def unshare(share_id: int, *, actor: Actor) -> None:
    """Take a share back; raise `share_unknown`, `forbidden`, `record_forbidden`."""
    connection, found = db.for_writing().connection, None
    if 0 < share_id <= INTEGER_LIMIT:
        spine = models.Record.__table__
        asked = sa.select(_SHARE, spine.c.type_id)
        asked = asked.join(spine, spine.c.id == _SHARE.c.record_id)
        found = connection.execute(asked.where(_SHARE.c.id == share_id)).one_or_none()
    known = catalog.current().by_id.get(found.type_id) if found is not None else None
    if found is None or known is None or not records.seen([found.record_id], actor):
        raise RelatumError("share_unknown", id=share_id)
    _may_share(known.name, found.record_id, actor)
    connection.execute(sa.delete(_SHARE).where(_SHARE.c.id == share_id))
    told = {"user": found.user_id, "team": found.team_id, "update": found.update}
    audit.note("unshared", f"{known.name}:{found.record_id}", actor=actor, before=told)


def _may_share(type_name: str, record_id: int, actor: Actor, *, update: bool = False) -> None:
    records.get(type_name, record_id, actor=actor)
    access.require(actor, "share", f"records of '{type_name}'", type_name)
    entity_type = catalog.current().type(type_name)
    for action in ("share", "update") if update else ("share",):
        if not records.admitted(entity_type, [record_id], action, actor):
            raise RelatumError("record_forbidden", type=type_name, id=record_id, action=action)
