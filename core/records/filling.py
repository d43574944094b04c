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
from .batch import Row, is_empty, reduce, settle
from .belonging import inherit


def complete(
    entity_type: EntityType, batch: Sequence[Row], actor: Actor, *, entering: bool = True
) -> None:
    """Complete rows by what nobody sent, and leave in them what differs from what is stored.

    Without `entering` options set nothing: undo sends all that there was.
    """
    fill_in(entity_type, batch, actor)
    settle(entity_type, batch)
    reduce(batch)
    if entering:
        entail(entity_type, batch, actor)


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
    return _value(field, field.default_value(), actor)


def _value(field: Field, said: Any, actor: Actor) -> Any:
    """Return the stored value for a wire value, or for the word of one that is computed."""
    match said:
        case "now" if "now" in field.DEFAULTS:
            return clock.now()
        case "today" if "today" in field.DEFAULTS:
            return clock.today(field.zone)
        case "me" if "me" in field.DEFAULTS:
            return actor.user_id
    return field.check(said)


def entail(entity_type: EntityType, batch: Sequence[Row], actor: Actor) -> None:
    """Give rows that enter an option of a choice the values that it sets, unless they were sent.

    What one of these enters sets its values, too. Runs when rows hold what differs alone.
    """
    choices = {each.choice.name: each.options for each in entity_type.entailing}
    for row in batch if choices else ():
        entered, done = [name for name in choices if name in row.values], set[str]()
        for name in entered:  # grows by the choices that are set on the way
            option = choices[name].get(row.values[name] or "") if name not in done else None
            done.add(name)
            for target, said in option.sets.items() if option is not None else ():
                if target not in done and not _is_sent(row, target):
                    _set(row, entity_type.fields[target], said, actor)
                    if target in choices and row.after(target) != (row.before or {}).get(target):
                        entered.append(target)


def _set(row: Row, field: Field, said: Any, actor: Actor) -> None:
    value = field.empty if said is None else _value(field, said, actor)
    row.values[field.name] = field.merge(row.after(field.name), value)


def _is_sent(row: Row, name: str) -> bool:
    """Say whether a value was sent: a field that was empty and was sent so says nothing."""
    return name in row.sent and not (
        is_empty(row.after(name)) and (row.before is None or is_empty(row.before[name]))
    )


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
