"""What is proposed to whoever types: values of a set that are in use, records by their titles."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from .. import access, db, types
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields import Several, fold
from .compiling import live
from .filters import asker

#: What a quick search asks of a field: the first of them that it can be asked.
_SEARCHED: Final = ("contains", "starts", "has")


def suggest(
    type_name: str, name: str, *, actor: Actor, starts: str = "", limit: int = 20
) -> list[dict[str, Any]]:
    """Return values that live records have in a field of several values, in order.

    Each is {value, count}; `starts` is what they begin with, whatever case and accents. At most
    `limit` are read, by the index. Raises `forbidden`, `field_unknown` or `no_suggestions`.
    """
    access.require(actor, "read", f"records of '{type_name}'", type_name)
    entity_type = access.seen(actor).type(type_name)
    field = entity_type.field(name)
    if not isinstance(field, Several):
        raise RelatumError("no_suggestions", field=name, kind=field.kind)
    values, table = field.values, entity_type.table
    matched = values.c[field.MATCHED]
    query = (
        sa.select(sa.func.min(values.c.value).label("value"), sa.func.count().label("count"))
        .join_from(values, table, table.c.id == values.c.id)
        .where(live(entity_type, table))
        .group_by(matched)
        .order_by(matched)
        .limit(limit)
    )
    begins = fold(starts) if field.MATCHED != "value" else starts
    if begins:
        query = query.where(
            types.condition("starts", matched, *map(sa.literal, types.arguments("starts", begins)))
        )
    return [dict(row) for row in db.current().connection.execute(query, asker(actor)).mappings()]


def titled(entity_type: EntityType, text: str) -> dict[str, Any] | None:
    """Return the filter of a quick search over the title's fields; None if none can be searched."""
    found = [
        {"field": field.name, "op": operator, "value": text}
        for field in entity_type.title_fields
        if (operator := next((o for o in _SEARCHED if o in field.operators), None)) is not None
    ]
    return {"or": found} if found else None
