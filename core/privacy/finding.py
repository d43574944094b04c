"""Finding the records of a person, in the trash too, by addresses and numbers that they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import access, catalog, db, query, records
from ..actor import Actor
from ..catalog import EntityType, Relation
from ..errors import RelatumError
from ..fields import Field, Refused

#: Field types whose values say who somebody is, with the operator that finds them.
_KINDS: Final = {"email": "ieq", "phone": "eq"}
#: Records of one type that are found at most.
_MOST: Final = 100


class Trace(NamedTuple):
    """A record of a person: what it is called, what is personal of it, and by what it was found."""

    type: str
    id: int
    label: str
    trashed: bool
    #: Names of its fields that hold something personal, and of its lists of parts.
    fields: tuple[str, ...]
    by: str | None

    def as_json(self) -> dict[str, Any]:
        """Return it as answers show it."""
        return {**self._asdict(), "fields": list(self.fields)}


def is_personal(field: Field) -> bool:
    """Say whether a field holds what is erased with a person."""
    return field.personal or field.kind == "encrypted"


def personal_parts(entity_type: EntityType) -> list[Relation]:
    """Return the lists of a type whose parts hold something personal."""
    known = catalog.current().referrers(entity_type.name)
    return [
        relation
        for relation in known
        if relation.link is relation.type.part_of
        and any(is_personal(field) for field in relation.type.fields.values())
    ]


def find(text: str, *, actor: Actor) -> list[Trace]:
    """Return the records that hold an e-mail address or a phone number. Raises `forbidden`."""
    access.require(actor, "find", "personal data")
    return [*_found({text.strip()}, actor)]


def traces(type_name: str, record_id: int, *, actor: Actor) -> list[Trace]:
    """Return a record, and all others with an e-mail address or a phone number of it.

    The record itself comes first. Raises `record_unknown`, `type_unknown`, `forbidden`.
    """
    access.require(actor, "find", "personal data")
    first = _trace(type_name, record_id, None, actor)
    entity_type = catalog.current().type(type_name)
    said = {*_values(entity_type, [whole(type_name, record_id, actor=actor)])}
    for relation in personal_parts(entity_type):
        for rows in parts_of(relation, record_id, actor=actor):
            said |= {*_values(relation.type, rows)}
    others = (t for t in _found(said, actor) if (t.type, t.id) != (type_name, record_id))
    return [first, *others]


def whole(type_name: str, record_id: int, *, actor: Actor) -> dict[str, Any]:
    """Return a record, in the trash or not."""
    return records.get(type_name, record_id, actor=actor, trashed=True)


def is_trashed(entity_type: EntityType, record_id: int) -> bool:
    """Say whether a record is in the trash."""
    table = entity_type.table
    asked = sa.select(table.c.trashed_at).where(table.c.id == record_id)
    return db.current().connection.execute(asked).scalar() is not None


def parts_of(relation: Relation, record_id: int, *, actor: Actor) -> list[list[dict[str, Any]]]:
    """Return all parts of a record in one of its lists: the live ones, then those in the trash."""
    words = {
        "filter": {"field": relation.link.name, "value": record_id},
        "fields": list(relation.type.fields),
    }  # fmt: skip
    return [
        [*query.every(relation.type.name, {**words, "trashed": trashed}, actor=actor)]
        for trashed in (False, True)
    ]


def _values(entity_type: EntityType, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    names = [field.name for field in entity_type.fields.values() if field.kind in _KINDS]
    yield from (str(row[name]) for row in rows for name in names if row.get(name))


def _found(said: set[str], actor: Actor) -> Iterator[Trace]:
    """Yield the records, or the wholes of parts, that hold one of some values."""
    seen: set[tuple[str, int]] = set()
    for entity_type in catalog.current().types.values():
        asked = _asked(entity_type, said)
        for trashed in (False, True) if asked else ():
            link = entity_type.part_of
            words: dict[str, Any] = {"filter": asked, "trashed": trashed}
            if link is not None:
                words["fields"] = [link.name]
            for row in islice(query.every(entity_type.name, words, actor=actor), _MOST):
                place = (entity_type.name, row["id"])
                if link is not None and row.get(link.name) is not None:
                    place = (link.target, row[link.name])
                if place not in seen:
                    seen.add(place)
                    yield _trace(*place, entity_type.label, actor)


def _asked(entity_type: EntityType, said: set[str]) -> dict[str, Any] | None:
    """Return the filter for records with one of some values; None: it has no such field."""
    conditions = []
    for field in entity_type.fields.values():
        for value in said if field.kind in _KINDS else ():
            if _fits(field, value):
                op = _KINDS[field.kind]
                conditions.append({"field": field.name, "op": op, "value": value})
    return {"or": conditions} if conditions else None


def _fits(field: Field, value: str) -> bool:
    """Say whether a value can be one of a field: an address is no number."""
    try:
        return field.check(value) is not None
    except Refused:
        return False


def _trace(type_name: str, record_id: int, by: str | None, actor: Actor) -> Trace:
    entity_type = catalog.current().type(type_name)
    row = whole(type_name, record_id, actor=actor)
    names = [
        f.name
        for f in entity_type.fields.values()
        if is_personal(f) and row.get(f.name) not in (None, "", [])
    ]
    names += [relation.name for relation in personal_parts(entity_type)]
    return Trace(
        type_name, record_id, entity_type.label_of_wire(row),
        is_trashed(entity_type, record_id),
        tuple(names), by,
    )  # fmt: skip


def refuse_none(found: list[tuple[str, int]]) -> None:
    """Raise `bad_parameter` if no record is named."""
    if not found:
        raise RelatumError("bad_parameter", name="records", reason="name at least one record")
