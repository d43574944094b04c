"""Values as cells: what an import reads back, and no program takes for a formula."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, Final, NamedTuple

import orjson

from relatum import catalog, fields, imports

#: What every record has stands last.
_LAST: Final = ("owner", "team")


def columns_of(
    entity_type: catalog.EntityType, names: list[str] | None = None
) -> list[tuple[str, fields.Field]]:
    """Return the columns of an export: id and fields, or those named; members one by one."""
    # Whoever may not change a field reads it all the same.
    whole = catalog.current().type(entity_type.name)
    own = [f.name for f in whole.own_fields if f.name not in _LAST]
    wanted = names or ["id", *own, *_LAST]
    found: list[tuple[str, fields.Field]] = []
    for name in wanted:
        if name not in entity_type.fields:
            continue
        field = entity_type.fields[name]
        if field.members:
            found += [(member.name, member) for member in field.members.values()]
        else:
            found.append((name, field))
    return found


class ListOf(NamedTuple):
    """A list of lines in an export: its name, and its columns without it."""

    name: str
    columns: list[tuple[str, fields.Field]]

    @property
    def paths(self) -> list[tuple[str, fields.Field]]:
        """The columns, as they are called beside those of the records."""
        return [(f"{self.name}.{path}", field) for path, field in self.columns]

    def items(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the lines of a record as an import takes them."""
        names = dict.fromkeys(path.partition(".")[0] for path, _ in self.columns)
        return [{name: line.get(name) for name in names} for line in record.get(self.name) or ()]


def lists_in(entity_type: catalog.EntityType, names: list[str] | None) -> list[ListOf]:
    """Return the lists of lines of a type that are named; for None all of them."""
    found = imports.lists_of(catalog.around(entity_type), entity_type)
    made = []
    for name, relation in found.items():
        if names is None or name in names:
            possible = {t.path.partition(".")[2] for t in imports.line_targets(name, relation)}
            every = columns_of(relation.type)
            made.append(ListOf(name, [(p, f) for p, f in every if p in possible - set(_LAST)]))
    return made


def value_of(record: dict[str, Any], path: str) -> Any:
    """Return the wire value at a path of a record."""
    whole, _, member = path.partition(".")
    value = record.get(whole)
    return value.get(member) if member and isinstance(value, dict) else None if member else value


def text_of(field: fields.Field, wire: Any) -> str:
    """Return a wire value as the text that the field reads back."""
    if wire is None or wire == []:
        return ""
    if isinstance(wire, bool):
        return "true" if wire else "false"
    if isinstance(field, (fields.Several, fields.Duration)):
        return field.text(wire)
    if isinstance(wire, datetime):
        return wire.isoformat().replace("+00:00", "Z")
    if isinstance(wire, (date, time)):
        return wire.isoformat()
    if isinstance(wire, (dict, list)):
        return orjson.dumps(wire, default=str).decode()
    return str(wire)


def is_number(field: fields.Field) -> bool:
    """Say whether the cells of a field are numbers, which begin no formula."""
    kinds = (fields.Integer, fields.DecimalField, fields.Lookup, fields.RecordId)
    return isinstance(field, kinds) and not isinstance(field, fields.Duration)
