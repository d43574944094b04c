"""Options that depend on another choice of the same type: what they name must be there."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ..catalog import EntityType
from ..errors import RelatumError, nearest
from ..fields import Choice, Field
from .draft import Draft
from .existing import holds


def check(draft: Draft) -> None:
    """Refuse a plan that leaves options dependent on what is not there."""
    for entity_type in draft.changed:
        for field in entity_type.own_fields:
            if field.options:
                check_field(entity_type, field)


def check_field(entity_type: EntityType, field: Field) -> None:
    """Refuse options of a field that depend on what is not there."""
    what = f"{entity_type.name}.{field.name}"
    dependent = [option for option in field.options if option.when]
    if field.controlled_by is None:
        if dependent:
            reason = f"option '{dependent[0].value}' has when; name a choice in controlled_by"
            raise RelatumError("definition_invalid", what=what, reason=reason)
        return
    choice = _choice(entity_type, field, what)
    known = [option.value for option in choice.options]
    for option in dependent:
        for value in option.when:
            if value not in known:
                reason = (
                    f"option '{option.value}' goes with '{value}', which is not an option of "
                    f"'{choice.name}'.{nearest(value, known)}"
                )
                raise RelatumError("definition_invalid", what=what, reason=reason)


def _choice(entity_type: EntityType, field: Field, what: str) -> Choice:
    """Return the choice that controls a field; no chain of them runs in a circle."""
    seen, at = [field.name], field
    while at.controlled_by is not None:
        found = entity_type.fields.get(at.controlled_by)
        if not isinstance(found, Choice) or found.name in seen:
            reason = (
                f"controlled_by names '{at.controlled_by}'; it takes another field of this type "
                "that is a choice, and no circle"
            )
            raise RelatumError("definition_invalid", what=what, reason=reason)
        seen.append(found.name)
        at = found
    first = entity_type.fields[seen[1]]
    assert isinstance(first, Choice)
    return first


def controlled(entity_type: EntityType, name: str) -> list[str]:
    """Return the names of the fields that a choice controls."""
    return [field.name for field in entity_type.own_fields if field.controlled_by == name]


def is_narrower(before: Field, made: Field) -> bool:
    """Say whether existing rows may hold an option that has become impossible for them."""
    known = {option.value: option.when for option in before.options}
    moved = before.controlled_by != made.controlled_by
    return any(o.when and (moved or known.get(o.value) != o.when) for o in made.options)


def impossible_ids(connection: sa.Connection, entity_type: EntityType, field: Field) -> list[int]:
    """Return the ids of live records whose option does not go with what they hold beside it."""
    table = entity_type.table
    held = table.c[entity_type.fields[field.controlled_by or ""].column]
    wrong: list[Any] = [
        sa.and_(
            holds(table, field, [option.value]), sa.or_(held.is_(None), held.not_in(option.when))
        )
        for option in field.options
        if option.when
    ]
    query = sa.select(table.c.id).where(table.c.trashed_at.is_(None), sa.or_(*wrong))
    return list(connection.execute(query.order_by(table.c.id)).scalars())
