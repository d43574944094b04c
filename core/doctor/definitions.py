"""What metadata defines: whether each type and field is one that the rules allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from .. import catalog, ddl
from ..catalog import EntityType
from ..entities import definitions as rules
from ..entities import dependent, entailed
from ..errors import RelatumError
from ..fields import FIELD_TYPES, Field, Lookup

#: The setting that a link is nothing without.
_NEEDED: Final = {"lookup": ("target",), "reference": ("targets", "any")}


def wrong(rows: catalog.Rows) -> Iterator[str]:
    """Yield a sentence for each definition that no plan would have let in."""
    kinds = list(_kinds(rows))
    yield from kinds
    if not kinds:
        builder = catalog.TypeBuilder(rows, None)
        for row in rows.types.values():
            yield from _type(builder, rows, row)


def _kinds(rows: catalog.Rows) -> Iterator[str]:
    """Yield fields without a field type, or without what a link needs to be built."""
    for row in rows.fields.values():
        what = f"field {row['id']} ({row['name']})"
        kind = row["kind"] if row["kind"] in FIELD_TYPES else row["stored_as"]
        needed = _NEEDED.get(kind)
        if kind not in FIELD_TYPES:
            yield f"{what} is of the unknown field type '{row['kind']}'"
        elif kind == row["kind"] and row["stored_as"] is not None:
            yield f"{what} is stored as '{row['stored_as']}', and {kind} is stored as itself"
        elif needed and not any(name in orjson.loads(row["settings"]) for name in needed):
            yield f"{what} is a {kind} without the setting {' or '.join(needed)}"


def _type(builder: catalog.TypeBuilder, rows: catalog.Rows, row: dict[str, Any]) -> Iterator[str]:
    what = f"entity type {row['id']} ({row['name']})"
    try:
        made = builder.type(row, *rows.of_type(row["id"]))
        every = [*made.fields.values(), *made.trashed_fields]
        for field in every:
            if field.owner != "system":
                yield from _field(made, field, rows.fields[field.id]["kind"])
        if made.trashed_in is None:
            rules.check_title(made.title, made.name, made.fields)
            ddl.expected_indexes(made)
        # Made here for the first time: later nobody would say of which type they fail.
        names = [table.name for table in (made.table, *made.value_tables)]
        if len(set(names)) < len(names):
            yield f"{what} has two tables of one name: {', '.join(names)}"
    except RelatumError as error:
        yield f"{what}: {str(error).rstrip('.')}"
    except Exception as error:  # noqa: BLE001  # nobody can foresee what is wrong with it
        yield f"{what} can't be made of its rows ({type(error).__name__}: {error})"


def _field(entity_type: EntityType, field: Field, kind: str) -> Iterator[str]:
    what = f"field {field.id} ({entity_type.name}.{field.name})"
    live = field.trashed_in is None and entity_type.trashed_in is None
    shadows = {shadow.new.id for shadow in entity_type.shadows}
    if field.conversion is not None and field.id not in shadows:
        yield f"{what} is to take the place of field {field.retypes}, which is not a live one"
    if live and isinstance(field, Lookup) and field.target_table is None:
        yield f"{what} points to '{field.target}', and there is no such entity type"
    try:
        field.default_value()
        # What a plugin's field type allows is not known without the plugin.
        if kind in FIELD_TYPES:
            rules.check_settings(kind, field.settings, field.name)
            if live:
                rules.check_flags(field)
                dependent.check_field(entity_type, field)
                entailed.check_field(entity_type, field)
    except RelatumError as error:
        yield f"{what}: {str(error).rstrip('.')}"
    except ValueError:
        yield f"the default of {what} is '{field.default}', which is not JSON"
