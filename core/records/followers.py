"""What follows values, so that they are found: sort keys, digests, tables of values.

Both are written together. Where damage has parted them, the values are right: they are what people
see and what the history tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa

from .. import db
from ..catalog import EntityType
from ..fields import Field, Several
from ..storage import among, each_text
from . import sets

#: Texts with a wrong fold that one query looks for.
_TEXTS: Final = 1000


def followed(entity_type: EntityType) -> Iterator[Field]:
    """Yield the fields, and members of fields, whose values something follows."""
    for field in entity_type.with_members:
        if isinstance(field, Several) or _followers(field):
            yield field


def _followers(field: Field) -> list[str]:
    """Return the columns beside the value; those of members follow the members."""
    members = {c.name for member in field.members.values() for c in member.columns()}
    values = members or {field.column}
    return [column.name for column in field.columns() if column.name not in values]


def tables(entity_type: EntityType, field: Field) -> dict[sa.Table, set[str]]:
    """Return the names of the columns that hold a field and what follows it, by table."""
    found = {entity_type.table: {"id", *(column.name for column in field.columns())}}
    if isinstance(field, Several):
        found[field.values] = {column.name for column in field.values.columns}
    return found


def astray(connection: sa.Connection, entity_type: EntityType, field: Field) -> Any:
    """Return the query for the ids of records whose value is not what follows it."""
    table = entity_type.table
    if isinstance(field, Several):
        return _parted(connection, table, field)
    names = [member.column for member in field.members.values()] or [field.column]
    filled = sa.or_(*(table.c[name].is_not(None) for name in names))
    lost = (table.c[name].is_not(None) != filled for name in _followers(field))
    return sa.select(table.c.id).where(sa.or_(*lost))


def _parted(connection: sa.Connection, table: sa.Table, field: Several) -> Any:
    """Return the query for records whose list says something else than the table of values."""
    values, each = field.values, each_text(table.c[field.column])
    kept = sa.select(values.c.id, values.c.value)
    listed = sa.select(table.c.id, each.c.value).select_from(table.join(each, sa.true()))
    found = [
        sa.select(one.except_(other).subquery().c.id)
        for one, other in ((listed, kept), (kept, listed))
    ]
    if field.MATCHED != "value":
        wrong = list(islice(_misfolded(connection, field), _TEXTS))
        found.append(sa.select(values.c.id).where(values.c.value.in_(wrong)))
    return sa.union(*found)


def _misfolded(connection: sa.Connection, field: Several) -> Iterator[str]:
    # No database knows the fold; but many records have the same tags.
    pairs = sa.select(field.values.c.value, field.values.c[field.MATCHED]).distinct()
    for text, matched in connection.execute(pairs):
        if field.match(text) != matched:
            yield text


def _value(field: Field, parts: Sequence[Any]) -> Any:
    if not field.members:
        return parts[0]
    return tuple(parts) if any(part is not None for part in parts) else None


def mend(entity_type: EntityType, field: Field, ids: Sequence[int]) -> None:
    """Write what follows the values of records anew, in the open transaction.

    Neither values nor versions change. What follows a text that can't be decrypted stays.
    """
    table, connection = entity_type.table, db.for_writing().connection
    # What says whether a composite value is empty may be what is lost: its members tell.
    parts = [member.whole(table) for member in field.members.values()] or [field.whole(table)]
    query = sa.select(table.c.id, *parts).where(among(table.c.id)).with_for_update()
    found = [
        (row[0], _value(field, row[1:])) for row in connection.execute(query, {"ids": ids}).all()
    ]
    if isinstance(field, Several):
        sets.anew(field, ids, found)
        return
    names, written = [column.name for column in field.columns()], []
    for id_, value in found:
        if value is None or field.record(id_, value) is not None:
            stored = dict(zip(names, field.store_in(id_, value), strict=True))
            written.append({"_id": id_, **{name: stored[name] for name in _followers(field)}})
    if written:
        changed: dict[str, Any] = {name: sa.bindparam(name) for name in _followers(field)}
        statement = sa.update(table).where(table.c.id == sa.bindparam("_id")).values(changed)
        connection.execute(statement, written)
