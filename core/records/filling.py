"""Values that nobody sent: defaults, the owner, and the team that follows the owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from .. import catalog, clock, db
from ..actor import Actor
from ..catalog import EntityType
from ..fields import Field
from ..storage import among, slices
from .batch import Row
from .belonging import inherit


def fill_in(entity_type: EntityType, batch: Sequence[Row], actor: Actor) -> None:
    """Give new rows their defaults and owner; give every row with a new owner that one's team.

    Parts have the owner and the team of their whole.
    """
    new = [row for row in batch if row.before is None and row.id is None]
    for field in entity_type.own_fields:
        if field.default is None:
            continue
        value = default_of(field, actor)
        for row in new:
            row.values.setdefault(field.name, value)
    if entity_type.part_of is not None:
        inherit(entity_type, batch)
    elif entity_type.name != "user":
        for row in new:
            row.values.setdefault("owner", actor.user_id)
        # A user's team is where he works, whoever owns his record.
        _teams(batch)


def default_of(field: Field, actor: Actor) -> Any:
    """Return the stored value that a new record of the actor gets by default."""
    match field.default:
        case "now" if "now" in field.DEFAULTS:
            return clock.now()
        case "today" if "today" in field.DEFAULTS:
            return clock.today(field.zone)
        case "me" if "me" in field.DEFAULTS:
            return actor.user_id
    return field.check(field.default_value())


def _teams_of(users: EntityType) -> Any:
    def make() -> Any:
        table = users.table
        return sa.select(table.c.id, table.c.team_id).where(among(table.c.id))

    return users.statement("teams", make)


def _teams(batch: Sequence[Row]) -> None:
    owned = [r for r in batch if r.values.get("owner") is not None and "team" not in r.values]
    if not owned:
        return
    query, connection = _teams_of(catalog.current().type("user")), db.current().connection
    teams: dict[int, int | None] = {}
    for piece in slices(sorted({row.values["owner"] for row in owned})):
        teams.update((row.id, row.team_id) for row in connection.execute(query, {"ids": piece}))
    for row in owned:
        if row.before is None or row.before["owner"] != row.values["owner"]:
            row.values["team"] = teams.get(row.values["owner"])
