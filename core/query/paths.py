"""Paths: a field, reached over links to one record (`owner.team.name`), perhaps a part of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .. import db
from ..catalog import Catalog, EntityType, Relation
from ..errors import RelatumError
from ..fields import Field, Lookup, Money


@dataclass(frozen=True, slots=True)
class Step:
    """One link of a path and the type it leads to."""

    lookup: Lookup
    target: EntityType


@dataclass(frozen=True, slots=True)
class Path:
    """A field, the links that lead to it, and the part of its value (`close_date.month`)."""

    text: str
    steps: tuple[Step, ...]
    field: Field
    part: str | None = None

    @property
    def shape(self) -> tuple[object, ...]:
        """What the SQL of this path depends on."""
        return (
            self.field.id,
            self.field.name,
            self.part,
            *((step.lookup.id, step.lookup.name, step.target.fingerprint) for step in self.steps),
        )


def read(catalog: Catalog, entity_type: EntityType, text: str, *, parts: bool = False) -> Path:
    """Return the path that a text names, with a part of the value if `parts` may be named.

    Raises `field_unknown`, `path_invalid` or `path_depth`.
    """
    names = text.split(".")
    limit = db.settings().path_depth
    if len(names) > limit + 1:
        raise RelatumError("path_depth", path=text[:80], limit=limit)
    steps: list[Step] = []
    at = entity_type
    for place, name in enumerate(names):
        found = at.field(name[:80])
        rest = names[place + 1 :]
        if not rest:
            return Path(text, tuple(steps), found)
        if found.members:
            member = at.path(".".join(names[place:])[:80])
            return Path(text, tuple(steps), member)
        if parts and len(rest) == 1 and rest[0] in found.PARTS:
            return Path(text, tuple(steps), found, rest[0])
        if not isinstance(found, Lookup):
            raise RelatumError("path_invalid", path=text[:80], part=name)
        at = catalog.type(found.target)
        steps.append(Step(found, at))
    raise AssertionError("a text splits into at least one name")


def listed(catalog: Catalog, entity_type: EntityType, text: str) -> tuple[Path, Relation]:
    """Return the path to the record whose list a text names (`account.contacts`), and the list.

    Raises what `read` raises, and `inverse_unknown`.
    """
    *links, name = text.split(".")
    # The id is a field that every type has: the path to it is the path to the record.
    path = read(catalog, entity_type, ".".join([*links, "id"]))
    at = path.steps[-1].target if path.steps else entity_type
    return path, catalog.inverse(at.name, name[:80])


def comparable(path: Path, entity_type: EntityType) -> Path:
    """Return the path of what can be compared and summed up over records of several currencies.

    An amount whose record says its currency stands for what it is worth in that of the instance.
    """
    at = path.steps[-1].target if path.steps else entity_type
    base = isinstance(path.field, Money) and at.fields.get(path.field.base or "")
    return replace(path, field=base) if base else path
