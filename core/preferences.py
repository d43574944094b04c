"""Preferences: what pages and programs keep for one user, such as a theme or an unsent draft.

Each is a name and JSON. A plugin's names begin with its id and a dot, as `desk.theme` does.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson
import sqlalchemy as sa

from . import access, db, models
from .actor import Actor
from .errors import RelatumError

_TABLE = models.UserPreference.__table__
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_NAME_LENGTH: Final = 100
#: Bytes of JSON that one preference may have.
_SIZE: Final = 262_144


def of(*, actor: Actor) -> dict[str, Any]:
    """Return all that is kept for the actor, by name; nothing for an actor who is no user."""
    access.require_whole(actor, "read", "preferences")
    rows = sa.select(_TABLE.c.name, _TABLE.c.value).where(_TABLE.c.user_id == actor.user_id)
    found = db.current().connection.execute(rows.order_by(_TABLE.c.name))
    return {row.name: orjson.loads(row.value) for row in found}


def get(name: str, *, actor: Actor) -> Any:
    """Return what is kept for the actor by that name; None if nothing is."""
    access.require_whole(actor, "read", "preferences")
    row = sa.select(_TABLE.c.value).where(_at(name, actor))
    found = db.current().connection.execute(row).scalar()
    return None if found is None else orjson.loads(found)


def put(name: str, value: Any, *, actor: Actor) -> None:
    """Keep a value, anything that is JSON, in the place of the one before; None drops it.

    Raises `preference_of_nobody`, `preference_invalid`, `preference_limit`.
    """
    if value is None:
        drop(name, actor=actor)
        return
    _check(name, actor)
    packed = _packed(name, value)
    connection = db.for_writing().connection
    change = sa.update(_TABLE).where(_at(name, actor)).values(value=packed)
    if connection.execute(change).rowcount:
        return
    mine = sa.select(sa.func.count()).where(_TABLE.c.user_id == actor.user_id)
    limit = db.settings().preference_limit
    if connection.execute(mine).scalar_one() >= limit:
        raise RelatumError("preference_limit", limit=limit)
    row = {"user_id": actor.user_id, "name": name, "value": packed}
    connection.execute(sa.insert(_TABLE), row)


def drop(name: str, *, actor: Actor) -> None:
    """Forget a preference; without one nothing happens. Raises `preference_of_nobody`."""
    _check(name, actor)
    db.for_writing().connection.execute(sa.delete(_TABLE).where(_at(name, actor)))


def _check(name: str, actor: Actor) -> None:
    access.require_whole(actor, "change", "preferences")
    if actor.user_id is None:
        raise RelatumError("preference_of_nobody")
    if len(name) > _NAME_LENGTH or not _NAME.fullmatch(name):
        reason = f"a name is at most {_NAME_LENGTH} small letters, digits and _, parted by dots"
        raise RelatumError("preference_invalid", name=name[:_NAME_LENGTH], reason=reason)


def _packed(name: str, value: Any) -> str:
    try:
        packed = orjson.dumps(value)
    except TypeError as error:
        raise RelatumError(
            "preference_invalid", name=name, reason=f"it is no JSON: {error}"
        ) from None
    if len(packed) > _SIZE:
        reason = f"it has more than {_SIZE} bytes; keep less"
        raise RelatumError("preference_invalid", name=name, reason=reason)
    return packed.decode()


def _at(name: str, actor: Actor) -> Any:
    return sa.and_(_TABLE.c.user_id == actor.user_id, _TABLE.c.name == name)
