"""How large a data model may grow: each limit is a setting, and an error that names it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from .. import db, ddl, models
from ..catalog import Catalog, EntityType
from ..errors import RelatumError
from ..fields import Link
from .draft import Draft

#: Columns of a table for ever: PostgreSQL counts those that were dropped, too.
COLUMNS: Final = {"postgresql": 1_600, "sqlite": 2_000}
#: The share of them beyond which a table is better compacted.
_FEW_LEFT: Final = 0.75


def check(draft: Draft) -> None:
    """Refuse a plan that makes something grow beyond its limit; what is larger may stay so."""
    _types(draft.before, draft.catalog)
    for entity_type in draft.catalog.types.values():
        before = draft.before.by_id.get(entity_type.id)
        if before is entity_type:
            continue
        known = dict(_sizes(before)) if before is not None else {}
        for (what, setting), count in _sizes(entity_type):
            limit = getattr(db.settings(), setting)
            if count > max(limit, known.get((what, setting), 0)):
                raise RelatumError(
                    "model_limit", what=f"'{entity_type.name}'", count=count, things=what,
                    setting=setting, limit=limit,
                )  # fmt: skip
    _columns(draft)


def _types(before: Catalog, after: Catalog) -> None:
    limit = db.settings().type_limit
    count = len(after.types)
    if count > max(limit, len(before.types)):
        raise RelatumError(
            "model_limit", what="The instance", count=count, things="entity types",
            setting="type_limit", limit=limit,
        )  # fmt: skip


def _sizes(entity_type: EntityType) -> Iterator[tuple[tuple[str, str], int]]:
    own = [field for field in entity_type.fields.values() if field.owner != "system"]
    yield ("fields", "field_limit"), len(own)
    yield ("links", "link_limit"), sum(isinstance(field, Link) for field in own)
    yield ("unique keys", "key_limit"), len(entity_type.keys)
    for field in own:
        if field.options:
            yield (f"options of '{field.name}'", "option_limit"), len(field.options)


def _columns(draft: Draft) -> None:
    """Refuse what the table of a type has no columns left for."""
    added: dict[str, int] = {}
    for statement in (s for step in draft.steps for s in step.statements):
        if isinstance(statement, ddl.AddColumn):
            added[statement.table] = added.get(statement.table, 0) + 1
    used = columns_used(draft.connection) if added else {}
    limit = COLUMNS[draft.connection.dialect.name]
    for table, count in added.items():
        if used.get(table, 0) + count > limit:
            name = next(t.name for t in draft.catalog.by_id.values() if t.table_name == table)
            raise RelatumError("columns_spent", type=name, used=used[table], limit=limit)


def columns_used(connection: sa.Connection) -> dict[str, int]:
    """Return how many columns each table has had; on SQLite those that it has."""
    if connection.dialect.name == "postgresql":
        query = (
            "SELECT c.relname, max(a.attnum) FROM pg_class c JOIN pg_attribute a "
            "ON a.attrelid = c.oid WHERE c.relkind = 'r' "
            "AND c.relnamespace = current_schema()::regnamespace GROUP BY c.relname"
        )
    else:
        query = (
            "SELECT m.name, count(*) FROM sqlite_master m JOIN pragma_table_info(m.name) "
            "WHERE m.type = 'table' GROUP BY m.name"
        )
    return {row[0]: int(row[1]) for row in connection.exec_driver_sql(query)}


def findings(connection: sa.Connection) -> Iterator[tuple[str, str, str]]:
    """Yield (code, text, remedy) of the tables that have few columns left."""
    limit = COLUMNS[connection.dialect.name]
    types = models.Type.__table__
    query = sa.select(types.c.name, types.c.table_name).where(types.c.purged_in.is_(None))
    used = columns_used(connection)
    for name, table in connection.execute(query.order_by(types.c.name)):
        if used.get(table, 0) > limit * _FEW_LEFT:
            text = f"The table of '{name}' has had {used[table]} of {limit} columns"
            yield "columns_spent", text, f"Run: relatum doctor --compact {name}"
