"""Out of the trash for good: fields and types, with what only they needed.

A reader that began before the trashing may still look at the columns: on PostgreSQL the apply
waits for it (`db.no_older_readers`), on SQLite it reads its own snapshot, schema included.
"""

from __future__ import annotations

from typing import Any

from .. import ddl, plugin_tables
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields import Several
from ..languages import Phrase
from . import existing, owners
from .draft import Draft, Step


def purge_field(draft: Draft, change: dict[str, Any]) -> None:
    """Drop the columns of every field of a name that is in the trash of a type."""
    type_row = draft.type_row(change["type"], trashed=True)
    name = change["field"]
    entity_type = draft.types[type_row["id"]]
    found = [field for field in entity_type.in_trash if field.name == name]
    if not found:
        near = f" '{name}' is live: trash it first." if name in entity_type.fields else ""
        raise RelatumError(
            "field_unknown", type=type_row["name"], field=name,
            nearest=f" None of that name is in the trash.{near}",
        )  # fmt: skip
    summary = Phrase("Purge field {label}: its values are gone for good", label=found[-1].label)
    step = Step("purge_field", f"{type_row['name']}.{name}", summary, risk="destructive")
    stored = draft.before.by_id.get(type_row["id"])
    statements: list[ddl.Statement] = []
    for field in found:
        row = draft.rows.fields[field.id]
        owners.must_own(draft.owner, row, "purged")
        step.rows += existing.count_filled(draft.connection, stored, field)
        statements += _drop_field(draft, step, row)
    step.notes.append(
        Phrase("{count} rows lose their value; the history keeps what it was", count=step.rows)
    )
    draft.touch(step, type_row["id"])
    step.statements[:0] = statements


def _drop_field(draft: Draft, step: Step, row: dict[str, Any]) -> list[ddl.Statement]:
    """Take a field out of the metadata, and return what drops its columns."""
    owner = draft.rows.types[row["type_id"]]
    went = row["trashed_in"] if row["trashed_in"] is not None else owner["trashed_in"]
    _settled(draft, step, f"{owner['name']}.{row['name']}", went)
    made = draft.probe_field(row["id"])
    for key in _keys_of(draft, row):
        del draft.rows.keys[key["id"]]
        step.uses.append(owners.goes_along(key))
    draft.rows.drop_field(row["id"])
    values = [ddl.DropTable(made.values_name)] if isinstance(made, Several) else []
    return [*values, *(ddl.DropColumn(owner["table_name"], c.name) for c in made.columns())]


def _settled(draft: Draft, step: Step, what: str, went: int | None) -> None:
    """Refuse what goes to the trash in this very plan: others read it until that is applied."""
    if went is None or went >= draft.generation:
        raise RelatumError("purge_too_soon", what=what)
    step.trashed_by = max(step.trashed_by, went)


def _keys_of(draft: Draft, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the keys over a field: those made after it, before another one of its name."""
    later = [
        other["id"]
        for other in draft.rows.fields_of(row["type_id"])
        if other["name"] == row["name"] and other["id"] > row["id"]
    ]
    return [
        key
        for key in draft.rows.keys.values()
        if key["type_id"] == row["type_id"]
        and row["name"] in key["fields"].split(",")
        and row["id"] < key["id"] < min(later, default=key["id"] + 1)
    ]


def purge_type(draft: Draft, change: dict[str, Any]) -> None:
    """Drop the tables of every type of a name that is in the trash, and the links to them."""
    name = change["type"]
    found = [t for t in draft.types.values() if t.name == name and t.trashed_in is not None]
    if not found:
        near = f" '{name}' is live: trash it first." if name in draft.catalog.types else ""
        raise RelatumError(
            "type_unknown", type=name, nearest=f" None of that name is in the trash.{near}"
        )
    summary = Phrase(
        "Purge entity type {label}: its records are gone for good", label=found[-1].label
    )
    step = Step("purge_type", name, summary, risk="destructive")
    statements: list[ddl.Statement] = []
    touched: set[int] = set()
    for entity_type in found:
        row = draft.rows.types[entity_type.id]
        owners.must_own(draft.owner, row, "purged")
        _settled(draft, step, name, row["trashed_in"])
        step.rows += existing.count_rows(draft.connection, entity_type, trashed=True)
        statements += _drop_links(draft, step, entity_type, touched)
        for table, sql in plugin_tables.releasing(name, entity_type.id):
            statements.append(ddl.RunSql(sql))
            shown = f"{table.plugin}.{table.name}"
            step.uses.append(Phrase("table {table} of a plugin (lets go of them)", table=shown))
    for entity_type in found:
        statements += [ddl.DropTable(table.name) for table in entity_type.value_tables]
        statements.append(ddl.DropTable(entity_type.table_name))
        draft.rows.drop_type(entity_type.id)
        del draft.types[entity_type.id]
    step.notes.append(
        Phrase("{count} records are gone for good; their history stays", count=step.rows)
    )
    draft.touch(step, *(touched - {entity_type.id for entity_type in found}))
    step.statements[:0] = statements


def _drop_links(
    draft: Draft, step: Step, entity_type: EntityType, touched: set[int]
) -> list[ddl.Statement]:
    """Purge the links of other types to a type: all of them are in the trash, or their type is."""
    statements: list[ddl.Statement] = []
    tables = {row["table_name"]: row for row in draft.rows.types.values()}
    for table, column in ddl.referring(draft.connection, entity_type.table_name):
        owner = tables.get(table)
        fields = draft.rows.fields_of(owner["id"]) if owner is not None else []
        row = next((field for field in fields if field["column_name"] == column), None)
        if owner is None or row is None or owner["id"] == entity_type.id:
            continue  # dropped by an earlier step, or with its own table
        if row["trashed_in"] is None and owner["trashed_in"] is None:
            uses = f"{owner['name']}.{row['name']}"
            raise RelatumError("in_use", what=f"'{entity_type.name}'", uses=uses)
        step.uses.append(Phrase("{field} (purged with it)", field=f"{owner['name']}.{row['name']}"))
        statements += _drop_field(draft, step, row)
        touched.add(owner["id"])
    return statements
