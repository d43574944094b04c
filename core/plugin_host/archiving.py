"""The archive of a removed plugin: its records, its values on the types of others, its tables.

It has the form of a backup with tables of one plugin alone: stored values, ids included. What the
plugin had declared, and what an administrator had changed of that, is in its facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson
import sqlalchemy as sa

from ...version import __version__
from .. import backup, catalog, clock, db, entities, migrations, models, plugin_tables, roles
from ..actor import Actor
from ..backup import archive
from ..catalog import Catalog, EntityType
from ..fields import Field, Link, Several
from . import settings, tables
from .looking import TABLE

FORM: Final = "relatum-plugin"
ARCHIVES: Final = "archives"
SHARE: Final[Any] = models.Share.__table__
COUNTER: Final[Any] = models.Counter.__table__
_FETCH: Final = 5000


# -- what belongs to a plugin ---------------------------------------------------------------
def own_types(known: Catalog, plugin_id: str) -> list[EntityType]:
    """Return the types of a plugin, those in the trash too."""
    return [t for t in (*known.types.values(), *known.trashed_types) if t.owner == plugin_id]


def of_others(known: Catalog, plugin_id: str) -> Iterator[tuple[EntityType, Field]]:
    """Yield what goes with a plugin's types and is on others', or others' on its own.

    Its fields on the types of others, links of others to its types, and fields that others added
    to its types; those in the trash too.
    """
    mine = {t.name for t in own_types(known, plugin_id)}
    for entity_type in (*known.types.values(), *known.trashed_types):
        for field in (*entity_type.fields.values(), *entity_type.in_trash):
            if field.owner == "system" or (entity_type.owner == field.owner == plugin_id):
                continue
            points = isinstance(field, Link) and not mine.isdisjoint(field.targets)
            if plugin_id in (entity_type.owner, field.owner) or points:
                yield entity_type, field


def filled(connection: sa.Connection, entity_type: EntityType, field: Field) -> int:
    """Return in how many records a field has a value."""
    if isinstance(field, Several):
        column = next(iter(field.values.columns))
        return int(connection.execute(sa.select(sa.func.count(sa.distinct(column)))).scalar_one())
    table = table_with(entity_type, field)
    query = sa.select(sa.func.count()).select_from(table).where(~_blank(table, field))
    return int(connection.execute(query).scalar_one())


def _blank(table: sa.Table, field: Field) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[column.name].is_(None) for column in field.columns()))


def table_with(entity_type: EntityType, *fields: Field) -> sa.Table:
    """Return the table of a type with the columns of fields, which may be in the trash."""
    columns = [sa.Column("id", sa.BigInteger), *(c for field in fields for c in field.columns())]
    return sa.Table(
        entity_type.table_name, sa.MetaData(), *(sa.Column(c.name, c.type) for c in columns)
    )


def changed_of(known: Catalog, plugin_id: str, actor: Actor) -> dict[str, Any]:
    """Return what an administrator made of what a plugin owns: JSON for `put_back`."""
    mine = {t.name for t in own_types(known, plugin_id)}
    exported = entities.export(known)
    touched = {(t.name, f.name) for t, f in of_others(known, plugin_id)}
    extensions = []
    for given in (*exported["extensions"], *exported["types"]):
        name = given.get("type", given.get("name"))
        fields = [f for f in given["fields"] if name in mine or (name, f["name"]) in touched]
        if name in mine:
            extensions.append({**given, "fields": fields})
        elif fields:
            extensions.append({"type": name, "fields": fields})
    patches = [
        patch
        for patch in exported.get("patches", [])
        if patch["type"] in mine or (patch["type"], patch.get("field")) in touched
    ]
    return {
        "schema": {
            "relatum": entities.FORMAT, "types": [], "extensions": extensions, "patches": patches,
        },
        "roles": roles.lines_on(plugin_id, mine, touched, actor=actor),
    }  # fmt: skip


# -- writing --------------------------------------------------------------------------------
def write(plugin_id: str, *, mark: str) -> str:
    """Write the archive of a removed plugin into the home and return its name.

    Opens a reading transaction. `mark` tells it from others of the plugin.
    """
    folder = db.settings().home / ARCHIVES
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{plugin_id}-{mark}.zip"
    part = backup.part_of(target)
    try:
        with db.reading(timed=False), archive.Writer(part, FORM) as out:
            _fill(out, plugin_id)
        backup.publish(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target.name


def _fill(out: archive.Writer, plugin_id: str) -> None:
    connection, known = db.current().connection, catalog.current()
    columns: dict[str, dict[str, list[str]]] = {}
    for entity_type in own_types(known, plugin_id):
        fields = [*entity_type.fields.values(), *entity_type.in_trash]
        columns[entity_type.name] = _columns_of(fields)
        _write_type(out, connection, entity_type, fields)
    parts: dict[str, list[Field]] = {}
    for entity_type, field in of_others(known, plugin_id):
        if entity_type.owner != plugin_id:
            parts.setdefault(entity_type.name, []).append(field)
    for name, fields in parts.items():
        columns[name] = _columns_of(fields)
        _write_part(out, connection, _named(known, name), fields)
    for own in plugin_tables.tables_of(plugin_id).values():
        _write(out, connection, own.physical, own.sql, sa.select(own.sql).order_by(own.sql.c.id))
    row = connection.execute(sa.select(TABLE).where(TABLE.c.id == plugin_id)).one()
    out.finish(
        settings=None, relatum=__version__, revision=str(migrations.revision_of(connection)),
        created_at=clock.now().isoformat(), plugin=plugin_id, plugin_version=row.version,
        declared=row.declared or "{}", changed=row.changed or "{}",
        plugin_settings=orjson.dumps(settings.rows(plugin_id)).decode(),
        columns=orjson.dumps(columns).decode(), steps=str(tables.filled(plugin_id)),
        counters=orjson.dumps(_counters(connection, known, plugin_id)).decode(),
    )  # fmt: skip


def _named(known: Catalog, name: str) -> EntityType:
    """Return a type, live or the last of that name in the trash."""
    trashed = [t for t in known.trashed_types if t.name == name]
    return known.types.get(name) or max(trashed, key=lambda t: t.trashed_in or 0)


def _columns_of(fields: list[Field]) -> dict[str, list[str]]:
    return {field.name: [column.name for column in field.columns()] for field in fields}


def _write_type(
    out: archive.Writer, connection: sa.Connection, entity_type: EntityType, fields: list[Field]
) -> None:
    table = table_with(entity_type, *(f for f in fields if f.name != "id"))
    _write(out, connection, entity_type.name, table, sa.select(table).order_by(table.c.id))
    for field in fields:
        if isinstance(field, Several):
            _write_values(out, connection, entity_type, field)
    ids = sa.select(table.c.id)
    shares = sa.select(SHARE).where(SHARE.c.record_id.in_(ids)).order_by(SHARE.c.id)
    _write(out, connection, f"{entity_type.name}__shares", SHARE, shares)


def _write_part(
    out: archive.Writer, connection: sa.Connection, entity_type: EntityType, fields: list[Field]
) -> None:
    plain = [field for field in fields if not isinstance(field, Several)]
    if plain:
        table = table_with(entity_type, *plain)
        blank = sa.and_(*(_blank(table, field) for field in plain))
        query = sa.select(table).where(~blank).order_by(table.c.id)
        _write(out, connection, entity_type.name, table, query)
    for field in fields:
        if isinstance(field, Several):
            _write_values(out, connection, entity_type, field)


def _write_values(
    out: archive.Writer, connection: sa.Connection, entity_type: EntityType, field: Several
) -> None:
    query = sa.select(field.values).order_by(*field.values.columns)
    _write(out, connection, f"{entity_type.name}__{field.name}", field.values, query)


def _write(
    out: archive.Writer, connection: sa.Connection, name: str, table: sa.Table, query: Any
) -> None:
    columns = [archive.Column(c.name, archive.kind_of(c.type)) for c in table.columns]
    rows = connection.execute(query.execution_options(yield_per=_FETCH))
    out.table(name, columns, rows)


def _counters(connection: sa.Connection, known: Catalog, plugin_id: str) -> dict[str, Any]:
    """Return how far the numbers of a plugin's types have got, by type and field."""
    fields = {f.id: (t.name, f.name) for t in own_types(known, plugin_id) for f in t.numbered}
    found: dict[str, Any] = {}
    for row in connection.execute(sa.select(COUNTER).where(COUNTER.c.field_id.in_(fields))):
        type_name, field_name = fields[row.field_id]
        said = {k: v for k, v in row._asdict().items() if k != "field_id"}
        found.setdefault(type_name, {}).setdefault(field_name, []).append(said)
    return found
