"""The catalog as somebody may see it: what he may not read is not there.

A type, a field or a link that is hidden is an unknown one to all that reads by this catalog:
filters, sorting, groups, lists, exports, error texts and their nearest matches.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from ..fields import Field, Link, Money
from .choices import entailing_only
from .entity_types import Catalog, EntityType, copied
from .layouts import Layout

#: Sights of one catalog that are remembered; there are as many as sets of roles that people hold.
_MOST = 64
_seen: WeakKeyDictionary[Catalog, dict[Sight, Catalog]] = WeakKeyDictionary()
#: Where a trimmed type keeps the catalog that it stands in.
_AROUND = "_around"


@dataclass(frozen=True, slots=True)
class Rule:
    """Which records of a type somebody may act on: those that any one of the parts admits.

    `own` are those that he owns, `team` those of his team, `tree` those of his team and of all
    beneath it; `criteria` are filters in JSON. Whatever is shared with him comes on top.
    """

    own: bool = False
    team: bool = False
    tree: bool = False
    criteria: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeSight:
    """What somebody sees of one type.

    `rule` says which records, None: all; `hidden` and `locked` hold the ids of the fields that he
    does not see, and of those that he sees and can't write.
    """

    rule: Rule | None = None
    hidden: frozenset[int] = frozenset()
    locked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees: pairs of the id of a type and what he sees of it, in order of the ids."""

    types: tuple[tuple[int, TypeSight], ...]


def through(known: Catalog, sight: Sight) -> Catalog:
    """Return a catalog as it is seen: one and the same for everybody who sees the same of it."""
    found = _seen.setdefault(known, {})
    made = found.get(sight)
    if made is None:
        while len(found) >= _MOST:
            found.pop(next(iter(found)), None)
        made = found[sight] = _trimmed(known, dict(sight.types))
    return made


def _trimmed(known: Catalog, sights: Mapping[int, TypeSight]) -> Catalog:
    visible = {n: each for n, each in known.types.items() if each.id in sights}
    types = {n: trimmed(each, sights[each.id], visible.keys()) for n, each in visible.items()}
    views = {n: each for n, each in known.views.items() if n in types}
    made = dataclasses.replace(known, types=types, trashed_types=(), patches=(), views=views)
    for each in types.values():
        settle(each, made)
    return made


def settle(entity_type: EntityType, seen: Catalog) -> EntityType:
    """Let a trimmed type know the catalog that it stands in; return it."""
    vars(entity_type)[_AROUND] = seen
    return entity_type


def around(entity_type: EntityType) -> Catalog | None:
    """Return the catalog, as somebody sees it, that a type stands in; None for a whole type."""
    found: Catalog | None = vars(entity_type).get(_AROUND)
    return found


def trimmed(entity_type: EntityType, sight: TypeSight, visible: Container[str]) -> EntityType:
    """Return a type with what a sight shows of it; links into hidden types go, too."""
    made = copied(entity_type, "table")
    hidden = sight.hidden | _told_by(entity_type, sight.hidden)
    fields = {
        name: _locked(field) if field.id in sight.locked else field
        for name, field in entity_type.fields.items()
        if field.id not in hidden and _leads(field, visible)
    }
    if entity_type.entailing and len(fields) < len(entity_type.fields):
        fields = {name: entailing_only(field, fields) for name, field in fields.items()}
    vars(made).update(
        fields=fields,
        trashed_fields=(),
        keys=tuple(key for key in entity_type.keys if set(key.fields) <= fields.keys()),
        layout=_layout(entity_type.layout, fields),
        rule=sight.rule,
    )
    return made


def _told_by(entity_type: EntityType, hidden: frozenset[int]) -> frozenset[int]:
    """Return the fields that would tell hidden amounts: what these are worth."""
    known = entity_type.fields
    amounts = (f for f in known.values() if isinstance(f, Money) and f.id in hidden)
    return frozenset(known[f.base].id for f in amounts if f.base and f.base in known)


def _leads(field: Field, visible: Container[str]) -> bool:
    """Say whether a link leads to anything that is seen; what is no link is."""
    targets = field.targets if isinstance(field, Link) else ()
    return not targets or any(name in visible for name in targets)


def _locked(field: Field) -> Field:
    return field if field.read_only else dataclasses.replace(field, read_only=True)


def _layout(layout: Layout, fields: Mapping[str, Field]) -> Layout:
    def kept(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name in fields)

    sections = (s._replace(fields=kept(s.fields)) for s in layout.sections)
    return Layout(kept(layout.highlights), tuple(s for s in sections if s.fields))
