"""Is the instance sound? What the catalog says is compared with what the database holds."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from . import catalog, db, ddl, jobs, migrations, models
from .catalog import Catalog, EntityType
from .db import db as fixed
from .errors import RelatumError
from .fields import FIELD_TYPES, Several
from .records import sealed

#: Less free disk space than this is a finding.
LOW_DISK = 200 * 1024 * 1024
_POSTGRESQL_FLOOR = 130000
#: Tables that could only be ours.
_OURS = re.compile(r"(core|x)_")
_RESTORE = "Restore a backup, or ask for help with this text."


class Finding(NamedTuple):
    """One thing that is wrong: a stable code, a sentence, and what to do."""

    code: str
    text: str
    remedy: str


def examine() -> list[Finding]:
    """Look at everything and return what is wrong; an empty list means a sound instance.

    Opens its own transaction, without a time limit.
    """
    try:
        with db.reading(timed=False) as tx:
            found = [*server(tx.connection), *_revision(tx.connection), *_disk(tx.connection)]
            found += [Finding(*told) for told in jobs.findings(tx.connection)]
            broken = list(_metadata(tx.connection))
            if broken:
                # Without sound metadata there is no catalog to compare with.
                return found + broken
            known = catalog.load(tx.connection, tx.epochs.catalog)
            checks: tuple[Callable[[sa.Connection, Catalog], Iterator[Finding]], ...] = (
                _tables, _foreign_keys, _indexes, _records, _references, _file, _plugins, _keys,
            )  # fmt: skip
            return found + [finding for look in checks for finding in look(tx.connection, known)]
    except RelatumError as error:
        return [Finding(error.code, str(error), "")]


def repair() -> list[str]:
    """Build the indexes that are missing or unfinished and return their names.

    Raises `index_refused` if rows break a unique one.
    """
    with db.reading(timed=False) as tx:
        missing = ddl.missing_indexes(tx.connection, catalog.current().types.values())
    for index in missing:
        try:
            _build(index)
        except sa_exc.IntegrityError as error:
            reason = str(error.orig).strip().splitlines()[0]
            raise RelatumError(
                "index_refused", table=index.table, columns=", ".join(index.columns), reason=reason
            ) from None
    return [index.name for index in missing]


def _build(index: ddl.CreateIndex) -> None:
    if db.engine().dialect.name == "postgresql":
        # Outside any transaction, so that writers go on meanwhile.
        ddl.build_indexes(db.engine(), [index])
        return
    db.transact(lambda: ddl.execute([index], db.current().connection), exclusive=True)


# -- the database itself --------------------------------------------------------------------
def server(connection: sa.Connection) -> Iterator[Finding]:
    """Yield what the database program lacks."""
    if connection.dialect.name == "postgresql":
        version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
        if version < _POSTGRESQL_FLOOR:
            text = f"PostgreSQL is {version // 10_000}"
            yield Finding("server_old", text, "Upgrade the server to PostgreSQL 13 or newer.")
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            text = f"The database is encoded in {encoding}, not UTF8"
            yield Finding("encoding", text, "Make a database with ENCODING 'UTF8' and move there.")
        return
    for feature, probe in (
        ("JSON", "SELECT json_valid('{}')"),
        ("FTS5", "SELECT 1 FROM pragma_module_list WHERE name = 'fts5'"),
    ):
        try:
            there = connection.exec_driver_sql(probe).scalar()
        except sa_exc.OperationalError:
            there = None
        if not there:
            text = f"SQLite lacks {feature}"
            yield Finding("feature_missing", text, "Use a Python whose SQLite is complete.")


def _revision(connection: sa.Connection) -> Iterator[Finding]:
    found, needed = migrations.revision_of(connection), migrations.known()[-1]
    if found != needed:
        text = f"The fixed tables are at revision {found}; this program needs {needed}"
        yield Finding("revision", text, "Run: relatum upgrade")


def _disk(connection: sa.Connection) -> Iterator[Finding]:
    home = db.settings().home
    free = shutil.disk_usage(home).free if home.exists() else LOW_DISK
    if free < LOW_DISK:
        yield Finding("disk_low", f"Only {free >> 20} MB are free at {home}", "Free some space.")


def _file(connection: sa.Connection, _: Catalog) -> Iterator[Finding]:
    if connection.dialect.name != "sqlite":
        return
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    if mode != "wal":
        text = f"The journal mode is {mode}, not WAL"
        yield Finding("journal_mode", text, "Put the database on a local disk.")
    for line in connection.exec_driver_sql("PRAGMA quick_check(5)").scalars():
        if line != "ok":
            yield Finding("file_damaged", f"The database file is damaged: {line}", _RESTORE)


def _keys(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    for text in sealed.lost(connection, known):
        yield Finding("key_lost", text, "Put the key back into the ring: relatum help operations")


def _plugins(connection: sa.Connection, _: Catalog) -> Iterator[Finding]:
    """Yield enabled plugins that a worker could not run."""
    table = models.PluginRow.__table__
    wanted = sa.select(table.c.id, table.c.reason).where(
        table.c.enabled, table.c.fault.is_not(None)
    )
    for row in connection.execute(wanted.order_by(table.c.id)):
        text = f"Plugin '{row.id}' is enabled and does not run: {row.reason.rstrip('.')}"
        yield Finding("plugin_fault", text, f"Correct it, or: relatum plugins disable {row.id}")


# -- metadata -------------------------------------------------------------------------------
def _metadata(connection: sa.Connection) -> Iterator[Finding]:
    rows = catalog.read_rows(connection)
    for wrong in (*_lost_fields(rows), *_lost_keys(rows), *_numbers(connection, rows)):
        yield Finding("metadata", f"Metadata is inconsistent: {wrong}", _RESTORE)


def _lost_fields(rows: catalog.Rows) -> Iterator[str]:
    names = {row["name"] for row in rows.types.values() if row["trashed_in"] is None}
    for row in rows.fields.values():
        if row["kind"] not in FIELD_TYPES and row["stored_as"] not in FIELD_TYPES:
            yield f"field {row['id']} is of the unknown field type '{row['kind']}'"
        if row["type_id"] not in rows.types:
            yield f"field {row['id']} belongs to no entity type"
        try:
            target = orjson.loads(row["settings"]).get("target")
        except (ValueError, AttributeError):
            yield f"the settings of field {row['id']} are not a JSON object"
            continue
        live = row["trashed_in"] is None and _is_live(rows, row["type_id"])
        if live and row["kind"] == "lookup" and target not in names:
            yield f"field {row['id']} points to '{target}', and there is no such entity type"
    for row in rows.options.values():
        if row["field_id"] not in rows.fields:
            yield f"option {row['id']} belongs to no field"


def _lost_keys(rows: catalog.Rows) -> Iterator[str]:
    system = catalog.system_fields(0, "UTC")
    known: dict[int, set[str]] = {id_: set(system) for id_ in rows.types}
    for row in rows.fields.values():
        if row["trashed_in"] is None and row["type_id"] in known:
            known[row["type_id"]].add(row["name"])
    for row in rows.keys.values():
        lost = set(row["fields"].split(",")) - known.get(row["type_id"], set())
        if row["trashed_in"] is None and lost and _is_live(rows, row["type_id"]):
            yield f"unique key {row['id']} is over unknown fields: {', '.join(sorted(lost))}"


def _numbers(connection: sa.Connection, rows: catalog.Rows) -> Iterator[str]:
    parts = (rows.types, rows.fields, rows.options, rows.keys)
    used = max((id_ for part in parts for id_ in part), default=0)
    if int(rows.settings.get("next_metadata_id", 0)) <= used:
        yield f"the next id of metadata would be one that is in use ({used})"
    newest = connection.execute(sa.select(sa.func.max(models.Generation.number))).scalar()
    if newest is not None and newest > db.current().epochs.catalog:
        yield f"generation {newest} was applied, but the instance is at an older one"


def _is_live(rows: catalog.Rows, type_id: int) -> bool:
    return type_id in rows.types and rows.types[type_id]["trashed_in"] is None


# -- catalog = database ---------------------------------------------------------------------
_COLUMNS_SQLITE = (
    "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c "
    "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
_COLUMNS_POSTGRESQL = (
    "SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod) || "
    "CASE WHEN l.collname = 'C' THEN ' collate \"C\"' ELSE '' END "
    "FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid "
    "LEFT JOIN pg_collation l ON l.oid = a.attcollation "
    "WHERE t.relkind IN ('r', 'p') AND t.relnamespace = current_schema()::regnamespace "
    "AND a.attnum > 0 AND NOT a.attisdropped"
)


def columns_of(connection: sa.Connection) -> dict[str, dict[str, str]]:
    """Return {table: {column: type as the database calls it}} of the whole database."""
    lite = connection.dialect.name == "sqlite"
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.exec_driver_sql(
        _COLUMNS_SQLITE if lite else _COLUMNS_POSTGRESQL
    ):
        found.setdefault(table, {})[column] = kind
    return found


def all_types(known: Catalog) -> Iterator[EntityType]:
    """Yield every entity type that has a table, the trashed ones too."""
    yield from known.types.values()
    yield from known.trashed_types


def tables(known: Catalog) -> dict[str, sa.Table]:
    """Return every table that an instance has, by name: the fixed ones, then the records'."""
    made = {table.name: table for table in fixed.metadata.sorted_tables}
    for each in all_types(known):
        made[each.table_name] = each.table
        made.update({table.name: table for table in each.value_tables})
    return made


def _tables(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    actual, expected = columns_of(connection), tables(known)
    for name, table in expected.items():
        if name not in actual:
            yield Finding("table_missing", f"Table '{name}' is missing", _RESTORE)
            continue
        yield from _columns(connection, table, actual[name])
    for name in sorted(set(actual) - set(expected) - {migrations.TABLE}):
        if _OURS.match(name):
            text = f"Table '{name}' belongs to no entity type"
            yield Finding("table_unknown", text, "Look at it, then drop it by hand.")


def _columns(
    connection: sa.Connection, table: sa.Table, actual: dict[str, str]
) -> Iterator[Finding]:
    for column in table.columns:
        wanted, found = _plain(column.type.compile(connection.dialect)), actual.get(column.name)
        if found is None:
            text = f"Column '{column.name}' of '{table.name}' is missing"
            yield Finding("column_missing", text, _RESTORE)
        elif _plain(found) != wanted:
            text = f"Column '{column.name}' of '{table.name}' is {found}, not {wanted}"
            yield Finding("column_type", text, _RESTORE)
    for name in sorted(set(actual) - {column.name for column in table.columns}):
        text = f"Column '{name}' of '{table.name}' belongs to no field"
        yield Finding("column_unknown", text, "Look at it, then drop it by hand.")


def _plain(kind: str) -> str:
    return re.sub(r"\s*,\s*", ",", kind.lower())


def foreign_keys_of(connection: sa.Connection) -> dict[tuple[str, str], str]:
    """Return {(table, column): table it references} of the whole database."""
    found = sa.inspect(connection).get_multi_foreign_keys()
    return {
        (table, key["constrained_columns"][0]): key["referred_table"]
        for (_, table), keys in found.items()
        for key in keys
    }


def _foreign_keys(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    actual = foreign_keys_of(connection)
    for entity_type in known.types.values():
        name = entity_type.table_name
        wanted = {"id": "core_record", "owner_id": "core_user", "team_id": "core_team"}
        for field in (*entity_type.lookups, *entity_type.references):
            if field.owner != "system" and field.target_table:
                wanted[field.column] = field.target_table
        places = {(name, column): target for column, target in wanted.items()}
        places |= {(table.name, "id"): name for table in entity_type.value_tables}
        for (table, column), target in places.items():
            if actual.get((table, column)) != target:
                text = f"Column '{column}' of '{table}' has no foreign key to '{target}'"
                yield Finding("foreign_key_missing", text, _RESTORE)


def _indexes(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    for index in ddl.missing_indexes(connection, known.types.values()):
        text = f"An index of '{index.table}' over {', '.join(index.columns)} is missing"
        yield Finding("index_missing", text, "Run: relatum doctor --repair")
    for each in all_types(known):
        wanted = ddl.expected_indexes(each) if each.trashed_in is None else set()
        names = {index.name for index in wanted}
        for table in (each.table_name, *(values.name for values in each.value_tables)):
            for name in sorted(ddl.actual_indexes(connection, table) - names):
                text = f"Index '{name}' of '{table}' belongs to no field"
                yield Finding("index_unknown", text, "Drop it by hand.")


# -- records --------------------------------------------------------------------------------
def _records(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    present = columns_of(connection)
    for entity_type in all_types(known):
        if entity_type.table_name in present:
            yield from _spine(connection, entity_type)
            yield from _versions(connection, entity_type)
            yield from _followers(connection, entity_type, present)


def _some(connection: sa.Connection, query: sa.Select[Any]) -> tuple[int, int]:
    """Return how many ids a query gives, and the least."""
    column = query.subquery().c.id
    found = connection.execute(sa.select(sa.func.count(column), sa.func.min(column))).one()
    return int(found[0]), int(found[1] or 0)


def _spine(connection: sa.Connection, entity_type: EntityType) -> Iterator[Finding]:
    spine, change = models.Record.__table__, models.Change.__table__
    name, ours = entity_type.name, sa.select(entity_type.table.c.id)
    registered = sa.select(spine.c.id).where(spine.c.type_id == entity_type.id)
    purged = sa.select(change.c.record_id).where(change.c.op == "purge")
    for text, query in (
        (f"{{}} records of '{name}' are not on the spine", ours.except_(registered)),
        (f"{{}} ids of the spine have no record of '{name}'", registered.except_(ours, purged)),
    ):
        count, first = _some(connection, sa.select(query.subquery().c[0].label("id")))
        if count:
            yield Finding("spine", f"{text.format(count)} (for example {first})", _RESTORE)


def _versions(connection: sa.Connection, entity_type: EntityType) -> Iterator[Finding]:
    change: sa.Table = models.Change.__table__
    last = (
        sa.select(change.c.record_id, sa.func.max(change.c.version).label("version"))
        .group_by(change.c.record_id)
        .subquery()
    )
    table = entity_type.table
    query = (
        sa.select(table.c.id)
        .join_from(table, last, last.c.record_id == table.c.id, isouter=True)
        .where(last.c.version.is_distinct_from(table.c.version))
    )
    count, first = _some(connection, query)
    if count:
        text = f"{count} records of '{entity_type.name}' differ from their history in version"
        yield Finding("history", f"{text} (for example {first})", _RESTORE)


def _followers(
    connection: sa.Connection, entity_type: EntityType, present: dict[str, dict[str, str]]
) -> Iterator[Finding]:
    """Yield values without what is kept beside them, by which they are found and kept unique."""
    table = entity_type.table
    for field in entity_type.own_fields:
        if isinstance(field, Several):
            if field.values_name not in present:
                continue
            what, there = "table of values", table.c.id.in_(sa.select(field.values.c.id))
        elif field.key_column != field.column:
            what, there = "sort key", table.c[field.key_column].is_not(None)
        else:
            continue
        value = table.c[field.condition_column("empty")]
        query = sa.select(table.c.id).where(value.is_not(None) != there)
        count, first = _some(connection, query)
        if count:
            text = f"{count} values of '{entity_type.name}.{field.name}' lack their {what}"
            yield Finding("sort_key", f"{text} (for example {first})", "Write those records again.")


def _references(connection: sa.Connection, known: Catalog) -> Iterator[Finding]:
    if connection.dialect.name == "sqlite":
        for table, row, target, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            text = f"Row {row} of '{table}' refers to a row of '{target}' that is not there"
            yield Finding("reference", text, _RESTORE)
        return
    open_ = "SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE NOT convalidated"
    for name, table in connection.exec_driver_sql(open_):
        text = f"Constraint '{name}' of '{table}' was never checked"
        yield Finding("reference", text, f"Run: ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
