"""Rows of plugins let go of records that are purged, whether the plugin runs, or is gone.

They refer to the spine, whose rows stay for ever: so they can't hold on to a record or a type,
and what they said of one that is purged goes here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from .. import db
from ..storage import slices
from . import ledger
from .definitions import CASCADE, Column, Table


def let_go(
    type_name: str, ids: Sequence[int], *, into: Mapping[int, int] = MappingProxyType({})
) -> None:
    """Delete or empty what refers to records of a type that are purged in this transaction.

    What refers to one that was merged `into` another refers to that one, unless its unique values
    are taken there.
    """
    connection = db.for_writing().connection
    for table, column in _referring(type_name):
        for id_, master in into.items():
            here, moved = table.sql.c[column.name] == id_, {column.name: master}
            with suppress(sa_exc.IntegrityError), db.savepoint():
                connection.execute(sa.update(table.sql).where(here).values(moved))
        for piece in slices(ids):
            connection.execute(_released(table, column, table.sql.c[column.name].in_(piece)))


def releasing(type_name: str, type_id: int) -> Iterator[tuple[Table, str]]:
    """Yield the tables that refer to records of a type, and the SQL that lets go of all of them."""
    connection = db.current().connection
    spine = sa.table("core_record", sa.column("id"), sa.column("type_id"))
    of_type = sa.select(spine.c.id).where(spine.c.type_id == type_id)
    for table, column in _referring(type_name):
        statement = _released(table, column, table.sql.c[column.name].in_(of_type))
        made = statement.compile(connection, compile_kwargs={"literal_binds": True})
        yield table, str(made)


def _referring(type_name: str) -> list[tuple[Table, Column]]:
    return [
        (table, column)
        for tables in ledger.known().values()
        for table in tables.values()
        for column in table.references
        if column.type in (None, type_name)
    ]


def _released(table: Table, column: Column, here: Any) -> Any:
    if column.on_delete == CASCADE:
        return sa.delete(table.sql).where(here)
    return sa.update(table.sql).where(here).values({column.name: None})
