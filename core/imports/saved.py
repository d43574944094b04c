"""Maps that are kept under a name: several for each type, for all who may import into it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from .. import access, catalog, changes, clock, db, models
from ..actor import Actor
from ..errors import RelatumError, nearest
from ..fields import fold
from .maps import load_map

_MAP: Final[Any] = models.KnownMap.__table__
_USER: Final[Any] = models.User.__table__
NAME_LIMIT: Final = 80


class SavedMap(NamedTuple):
    """A map with its name, who saved it last, and when."""

    name: str
    map: dict[str, Any]
    by: str | None
    at: Any

    def as_json(self) -> dict[str, Any]:
        """Return it as the API and `--json` show it."""
        return {"name": self.name, "by": self.by, "at": self.at, "map": self.map}


def saved(type_name: str, *, actor: Actor) -> list[SavedMap]:
    """Return the maps of a type by name; raise `type_unknown`, `forbidden`."""
    query = (
        sa.select(_MAP.c.name, _MAP.c.map, _USER.c.name.label("by"), _MAP.c.used_at)
        .join(_USER, _USER.c.id == _MAP.c.user_id, isouter=True)
        .where(_MAP.c.type_id == _type_id(type_name, actor), _MAP.c.name.is_not(None))
        .order_by(_MAP.c.name_key)
    )
    rows = db.current().connection.execute(query)
    return [SavedMap(name, orjson.loads(text), by, at) for name, text, by, at in rows]


def get_saved(type_name: str, name: str, *, actor: Actor) -> SavedMap:
    """Return the map of a name, whatever its case; raise `map_unknown`."""
    known = saved(type_name, actor=actor)
    wanted = fold(name.strip())
    for each in known:
        if fold(each.name) == wanted:
            return each
    raise _unknown(type_name, name, [each.name for each in known])


def save(
    type_name: str, name: str, document: dict[str, Any], *, actor: Actor, replace: bool = False
) -> None:
    """Keep a map under a name, in the open transaction; raise `map_exists`, `map_invalid`."""
    type_id, called = _type_id(type_name, actor), name.strip()
    if not called or len(called) > NAME_LIMIT or not called.isprintable():
        reason = f"its name must have 1 to {NAME_LIMIT} characters in one line"
        raise RelatumError("map_invalid", place="name", reason=reason)
    load_map(document)
    connection, where = db.for_writing().connection, {"type_id": type_id, "name_key": fold(called)}
    if replace:
        connection.execute(sa.delete(_MAP).filter_by(**where))
    row = {
        "name": called, "map": changes.dump(document).decode(), "user_id": actor.user_id,
        "used_at": clock.now(),
    }  # fmt: skip
    try:
        connection.execute(sa.insert(_MAP), {**where, **row})
    except sa_exc.IntegrityError:
        raise RelatumError("map_exists", name=called, type=type_name) from None


def drop_saved(type_name: str, name: str, *, actor: Actor) -> None:
    """Forget the map of a name, in the open transaction; raise `map_unknown`."""
    found = get_saved(type_name, name, actor=actor)
    where = {"type_id": _type_id(type_name, actor), "name_key": fold(found.name)}
    db.for_writing().connection.execute(sa.delete(_MAP).filter_by(**where))


def _type_id(type_name: str, actor: Actor) -> int:
    access.require(actor, "create", f"records of '{type_name}'", type_name)
    return catalog.current().type(type_name).id


def _unknown(type_name: str, name: str, known: list[str]) -> RelatumError:
    return RelatumError(
        "map_unknown", name=name[:NAME_LIMIT], type=type_name, nearest=nearest(name, known)
    )
