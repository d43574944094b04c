"""Metadata: whether the rows that the catalog is made of go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa

from .. import catalog, db, entities, models
from ..errors import RelatumError
from ..fields import Money
from . import definitions
from .findings import RESTORE, Finding

#: What a row of each table of metadata is called.
_WORDS: Final = {
    "types": "entity type", "fields": "field", "options": "option", "keys": "unique key",
    "views": "view", "patches": "patch",
}  # fmt: skip
#: What rows refer to, by table and column: the table of metadata that holds it.
_REFERENCES: Final = {
    "fields": ("type_id", "types"), "options": ("field_id", "fields"), "keys": ("type_id", "types"),
    "views": ("type_id", "types"),
}  # fmt: skip
#: Columns that hold JSON, by table, and of what kind it is.
_DOCUMENTS: Final[Mapping[str, Mapping[str, type]]] = {
    "fields": {"settings": dict, "conversion": dict},
    "options": {"when_values": list, "needs": list, "sets": dict},
    "views": {"query": dict},
    "patches": {"value": object, "base_value": object},
}
_JSON: Final = {dict: "a JSON object", list: "a JSON list", object: "JSON"}
#: What patches change, by the word for it.
_PATCHED: Final = {"type": "types", "field": "fields", "option": "options", "view": "views"}
#: Owners that are no plugins.
_OWNERS: Final = frozenset({"core", "local"})
_GENERATIONS: Final = ("created_in", "changed_in", "trashed_in", "purged_in")
_SETTINGS: Final = ("currency", "language", "next_metadata_id", "secret_key", "timezone")
#: The name of a setting of a field, as patches have it.
_SETTING: Final = "settings."


def epochs(connection: sa.Connection) -> Iterator[Finding]:
    """Yield what is wrong with the one row that every transaction reads first."""
    found = connection.execute(sa.select(models.Epoch.__table__)).mappings().all()
    if len(found) != 1:
        yield _inconsistent(f"core_epoch has {len(found)} rows; it always has one")
    for row in found:
        for name, value in row.items():
            if not isinstance(value, int):
                yield _inconsistent(f"core_epoch has '{value}' as {name}, which is a number")


def plugins(connection: sa.Connection) -> Iterator[Finding]:
    """Yield enabled plugins that a worker could not run, and what is noted of plugins in vain."""
    table = models.PluginRow.__table__
    names = ("id", "enabled", "fault", "reason", "held", "manifest", "declared", "changed")
    columns = (table.c[name] for name in names)
    for row in connection.execute(sa.select(*columns).order_by(table.c.id)):
        if row.enabled and (row.fault is not None or row.held is not None):
            reason = (row.reason or row.held or "nobody noted why").rstrip(".")
            text = f"Plugin '{row.id}' is enabled and does not run: {reason}"
            yield Finding("plugin_fault", text, f"Correct it, or: relatum plugins disable {row.id}")
        if _read(row.manifest, dict) is None:
            yield _inconsistent(f"the manifest of plugin '{row.id}' is not {_JSON[dict]}")
        for name in ("declared", "changed"):
            kept = getattr(row, name)
            if kept is not None and _read(kept, dict) is None:
                yield _inconsistent(f"what plugin '{row.id}' has {name} is not {_JSON[dict]}")


def findings(connection: sa.Connection) -> Iterator[Finding]:
    """Yield what can't be: without sound metadata there is no catalog to compare with."""
    rows = catalog.read_rows(connection)
    # What is no value, document or row at all is in the way of looking further.
    wrong = [*_values(rows), *_documents(rows), *_references(rows)]
    wrong = wrong or [
        *_names(rows), *_owners(connection, rows), *_keys(rows), *_patches(rows), *_settings(rows),
        *_numbers(connection, rows),
    ]  # fmt: skip
    for each in wrong or definitions.wrong(rows):
        yield _inconsistent(each)


def _inconsistent(what: str) -> Finding:
    return Finding("metadata", f"Metadata is inconsistent: {what}", RESTORE)


def _every(rows: catalog.Rows) -> Iterator[tuple[str, sa.Table, str, dict[str, Any]]]:
    """Yield every row: the name of its table, the table, what it is called, the row."""
    for attribute, model in catalog.METADATA.items():
        for row in getattr(rows, attribute).values():
            called = row.get("name") or row.get("value") if attribute != "patches" else None
            shown = f" ({called})" if called else ""
            yield attribute, model.__table__, f"{_WORDS[attribute]} {row['id']}{shown}", row


def _read(text: Any, kind: type) -> Any:
    """Return the JSON value of a text; None if it is none, or not of a kind."""
    try:
        found = orjson.loads(text)
    except (orjson.JSONDecodeError, TypeError):
        return None
    return found if isinstance(found, kind) else None


# -- row by row -----------------------------------------------------------------------------
def _values(rows: catalog.Rows) -> Iterator[str]:
    """Yield values that SQLite keeps although their column is for others."""
    for _, table, what, row in _every(rows):
        for column in table.columns:
            value = row[column.name]
            if not isinstance(value, (column.type.python_type, type(None))):
                yield f"{what} has '{value}' as {column.name}"


def _documents(rows: catalog.Rows) -> Iterator[str]:
    for attribute, _, what, row in _every(rows):
        for name, kind in _DOCUMENTS.get(attribute, {}).items():
            text = row[name]
            null = kind is object and text == "null"
            if text is not None and not null and _read(text, kind) is None:
                yield f"the {name} of {what} is not {_JSON[kind]}"


def _references(rows: catalog.Rows) -> Iterator[str]:
    for attribute, _, what, row in _every(rows):
        if attribute in _REFERENCES:
            column, target = _REFERENCES[attribute]
            if row[column] not in getattr(rows, target):
                yield f"{what} belongs to {_WORDS[target]} {row[column]}, which is not there"


def _names(rows: catalog.Rows) -> Iterator[str]:
    for attribute, _, what, row in _every(rows):
        if attribute in ("types", "fields", "views"):
            try:
                entities.check_name(row["name"])
            except RelatumError as error:
                yield f"{what}: {str(error).rstrip('.')}"


def _owners(connection: sa.Connection, rows: catalog.Rows) -> Iterator[str]:
    known = {*_OWNERS, *connection.execute(sa.select(models.PluginRow.id)).scalars()}
    newest = db.current().epochs.catalog
    for _, _, what, row in _every(rows):
        if row.get("owner", "local") not in known:
            yield f"{what} is owned by '{row['owner']}', and there was never such a plugin"
        for name in _GENERATIONS:
            if (row.get(name) or 0) > newest:
                yield f"{what} has {row[name]} as {name}; the newest generation is {newest}"


def _keys(rows: catalog.Rows) -> Iterator[str]:
    system = catalog.system_fields(0, "UTC")
    known: dict[int, set[str]] = {id_: set(system) for id_ in rows.types}
    for row in rows.fields.values():
        if row["trashed_in"] is None:
            known[row["type_id"]].add(row["name"])
    for row in rows.keys.values():
        lost = set(row["fields"].split(",")) - known[row["type_id"]]
        live = row["trashed_in"] is None and rows.types[row["type_id"]]["trashed_in"] is None
        if live and lost:
            yield f"unique key {row['id']} is over unknown fields: {', '.join(sorted(lost))}"


def _patches(rows: catalog.Rows) -> Iterator[str]:
    for row in rows.patches.values():
        name, attribute = row["property"], _PATCHED.get(row["target_kind"])
        target = getattr(rows, attribute).get(row["target_id"]) if attribute else None
        if attribute is None or target is None:
            yield f"patch {row['id']} changes {row['target_kind']} {row['target_id']}, which is not"
        elif attribute == "fields" and name.startswith(_SETTING):
            continue
        elif name not in target:
            yield f"patch {row['id']} changes '{name}', which no {row['target_kind']} has"
        else:
            column = catalog.METADATA[attribute].__table__.c[name]
            value = orjson.loads(row["value"])
            fits = isinstance(value, column.type.python_type) or (value is None and column.nullable)
            if not fits:
                yield f"patch {row['id']} makes {name} {row['value']}"


# -- the instance ---------------------------------------------------------------------------
def _settings(rows: catalog.Rows) -> Iterator[str]:
    for name in _SETTINGS:
        if not rows.settings.get(name):
            yield f"the setting {name} of the instance is lost"
            return
    try:
        ZoneInfo(rows.settings["timezone"])
    except (ValueError, OSError):
        yield f"the time zone of the instance is '{rows.settings['timezone']}', and there is none"
    try:
        Money.SETTINGS["currency"].check(rows.settings["currency"])
    except ValueError as error:
        yield f"the currency of the instance {error}; it is '{rows.settings['currency']}'"


def _numbers(connection: sa.Connection, rows: catalog.Rows) -> Iterator[str]:
    used = max((row["id"] for _, _, _, row in _every(rows)), default=0)
    next_ = rows.settings.get("next_metadata_id", "")
    if not next_.isdecimal():
        yield f"the next id of metadata would be '{next_}', which is no number"
    elif int(next_) <= used:
        yield f"the next id of metadata would be one that is in use ({used})"
    newest = connection.execute(sa.select(sa.func.max(models.Generation.number))).scalar()
    if newest is not None and newest > db.current().epochs.catalog:
        yield f"generation {newest} was applied, but the instance is at an older one"
