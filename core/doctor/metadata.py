"""Metadata: whether the rows that the catalog is made of go together."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import sqlalchemy as sa

from .. import catalog, db, models
from ..fields import FIELD_TYPES
from .findings import RESTORE, Finding


def findings(connection: sa.Connection) -> Iterator[Finding]:
    """Yield what can't be: without sound metadata there is no catalog to compare with."""
    rows = catalog.read_rows(connection)
    for wrong in (*_lost_fields(rows), *_lost_keys(rows), *_numbers(connection, rows)):
        yield Finding("metadata", f"Metadata is inconsistent: {wrong}", RESTORE)


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
