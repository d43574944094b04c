"""Where columns may go: fields of a type, their members, and the fields of its lists of lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..catalog import Catalog, EntityType, Relation
from ..errors import RelatumError, nearest
from ..fields import Field, fold
from ..records import POSITION


class Target(NamedTuple):
    """A field that a column may go to; of lines, with the name of their list."""

    path: str
    label: str
    field: Field
    list: str | None = None


def lists_of(catalog: Catalog, entity_type: EntityType) -> dict[str, Relation]:
    """Return the lists of lines that records of a type have, by name."""
    known = catalog.inverses(entity_type.name)
    return {
        name: relation
        for name, relation in known.items()
        if relation.link.part and name not in entity_type.fields
    }


def line_targets(name: str, relation: Relation) -> Iterator[Target]:
    """Yield where columns may go in a list of lines: not to what the record sets, and to the id."""
    for field in relation.type.with_members:
        whole = field.name.partition(".")[0]
        numbered = field.NUMBERED and not field.settings.get("importable")
        if whole in (relation.link.name, POSITION) or numbered:
            continue
        if not field.read_only or field.name == "id":
            label = f"{relation.label} {field.label}"
            yield Target(f"{name}.{field.name}", label, field, name)


def target_of(catalog: Catalog, entity_type: EntityType, path: str) -> Target:
    """Return what a path names: a field, a member or a field of lines; raise `field_unknown`."""
    first, _, rest = path.partition(".")
    relation = lists_of(catalog, entity_type).get(first) if rest else None
    if relation is None:
        field = entity_type.path(path)
        return Target(path, field.label, field)
    known = {target.path: target for target in line_targets(first, relation)}
    if path not in known:
        field = relation.type.path(rest)
        raise RelatumError("read_only", field=f"{first}.{field.name}")
    return known[path]


def match(catalog: Catalog, entity_type: EntityType, column: str) -> Target:
    """Return what a column is called like, by name or else label; raise `column_unknown`."""
    wanted = fold(column)
    own = [Target(f.name, f.label, f) for f in entity_type.with_members]
    lines = [
        target
        for name, relation in lists_of(catalog, entity_type).items()
        for target in line_targets(name, relation)
    ]
    for attribute in ("path", "label"):
        for found in (*own, *lines):
            if fold(getattr(found, attribute)) == wanted:
                return found
    possible = [t.path for t in own if not t.field.read_only] + [t.path for t in lines]
    near = nearest(wanted, possible)
    raise RelatumError("column_unknown", column=column, type=entity_type.name, nearest=near)
