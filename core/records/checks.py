"""Checks of a batch against what is stored: links, unique keys, rules of users and teams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from zoneinfo import available_timezones

import sqlalchemy as sa

from .. import access, catalog, db, query, spine
from ..actor import Actor
from ..catalog import EntityType, Key
from ..errors import RelatumError, nearest
from ..fields import Lookup, Refused
from ..storage import SLICE, among, slices
from .batch import Led, Row, is_empty

#: Most bytes of the texts of one compound key: an index page of PostgreSQL takes no more.
KEY_BYTES = 2400
#: Advisory locks, one per type, of whoever changes administrators or a tree.
_IN_TURN = 0x52454C50
#: What makes an administrator who can sign in.
ENTERING = ("admin", "active", "email")


def required(entity_type: EntityType, batch: Sequence[Row]) -> None:
    """Note required fields without a value; an update answers only for the fields it changes."""
    needed = [f.name for f in entity_type.own_fields if f.required]
    for row in batch:
        broken = {(problem.field or "").partition(".")[0] for problem in row.problems}
        for name in needed:
            if row.before is not None and name not in row.values:
                continue
            missing = row.values.get(name) is None and name not in broken
            if missing and (row.before or row.id is None):
                row.refuse("required", name)


def references(entity_type: EntityType, rows: Sequence[Row], actor: Actor) -> None:
    """Note links to records that the actor does not find; hold the others (one query a field)."""
    for lookup in entity_type.lookups:
        if lookup.read_only:
            continue
        touched = _linking(lookup.name, rows)
        if not touched:
            continue
        found = _found(lookup, touched, actor)
        for row in touched:
            if row.values[lookup.name] not in found:
                row.refuse(
                    "reference_unknown", lookup.name, type=lookup.target, id=row.values[lookup.name]
                )


def _linking(name: str, rows: Iterable[Row]) -> list[Row]:
    """Return the rows whose link must lead to what is there."""
    touched = [row for row in rows if row.values.get(name) is not None]
    return [row for row in touched if Led(row.id, name, row.values[name]) not in row.spared]


def _found(lookup: Lookup, rows: Iterable[Row], actor: Actor) -> set[int]:
    """Return the records that rows link to and that are there; what was sent must be seen, too."""
    connection, asker = db.for_writing().connection, query.asker(actor)
    sent, filled = set[int](), set[int]()
    for row in rows:
        seen = actor.admin or lookup.name in row.sent
        (sent if seen else filled).add(row.values[lookup.name])
    found: set[int] = set()
    for known, wanted in ((access.seen(actor), sent), (catalog.current(), filled)):
        target = known.types.get(lookup.target)
        for piece in slices(sorted(wanted)) if target is not None else ():
            assert target is not None
            held = connection.execute(_held(target), {"ids": piece, **asker})
            found.update(held.scalars())
    return found


def mixed_references(entity_type: EntityType, rows: Sequence[Row], actor: Actor) -> None:
    """Note references to what the actor does not find, or of a type that the field refuses."""
    known, asker = access.seen(actor), query.asker(actor)
    for field in entity_type.references:
        touched = _linking(field.name, rows)
        if not touched:
            continue
        wanted = sorted({row.values[field.name] for row in touched})
        found: set[int] = set()
        for type_id, ids in spine.types_of(wanted).items():
            target = known.by_id.get(type_id)
            if target is None or not field.admits(target.name) or target.trashed_in is not None:
                continue
            for piece in slices(ids):
                values = {"ids": piece, **asker}
                held = db.for_writing().connection.execute(_held(target), values)
                found.update(held.scalars())
        for row in touched:
            if row.values[field.name] not in found:
                shown = field.named
                id_ = row.values[field.name]
                row.refuse("reference_unknown", field.name, type=shown, id=id_)


def _held(target: EntityType) -> Any:
    """Return the select of those of some ids that are live; nobody can trash them meanwhile."""

    def make() -> Any:
        table = target.table
        held = sa.select(table.c.id).where(among(table.c.id), query.live(target, table))
        return held.with_for_update(read=True, key_share=True, of=table)

    return target.statement("held", make)


def key_values(entity_type: EntityType, key: Key, row: Row) -> tuple[Any, ...] | None:
    """Return what a row would hold in a unique key; None if a part is empty."""
    values = tuple(entity_type.fields[n].key(row.after(n)) for n in key.fields)
    return None if any(value is None for value in values) else values


def unique(entity_type: EntityType, rows: Sequence[Row], *, code: str = "duplicate") -> None:
    """Note rows whose unique keys are taken, by a stored record or within the batch."""
    for key in entity_type.keys:
        places: dict[tuple[Any, ...], Row] = {}
        for row in rows:
            if row.problems or (row.before is not None and not _touches(row, key, code)):
                continue
            values = key_values(entity_type, key, row)
            if values is None:
                continue
            if len(values) > 1 and (length := _bytes(values)) > KEY_BYTES:
                names = ", ".join(key.fields)
                row.refuse("key_too_long", names, fields=names, length=length, max=KEY_BYTES)
            elif values in places:
                row.refuse(
                    "duplicate_in_batch", ", ".join(key.fields), fields=", ".join(key.fields),
                    value=_shown(entity_type, key, row), other=places[values].place,
                )  # fmt: skip
            else:
                places[values] = row
        _taken(entity_type, key, places, code)


def _bytes(values: tuple[Any, ...]) -> int:
    return sum(len(value.encode()) for value in values if isinstance(value, str))


def _touches(row: Row, key: Key, code: str) -> bool:
    return code == "restore_conflict" or any(name in row.values for name in key.fields)


def _taken(
    entity_type: EntityType, key: Key, places: dict[tuple[Any, ...], Row], code: str
) -> None:
    for found in holders(entity_type, key, places):
        row = places[found[0]]
        if found[1]["id"] != row.id:
            row.refuse(
                code, ", ".join(key.fields), fields=", ".join(key.fields),
                value=_shown(entity_type, key, row), type=entity_type.name, id=found[1]["id"],
                label=entity_type.label_of(found[1]),
            )  # fmt: skip


def _shown(entity_type: EntityType, key: Key, row: Row) -> str:
    return ", ".join(str(entity_type.fields[n].wire(row.after(n))) for n in key.fields)


def holders(
    entity_type: EntityType, key: Key, wanted: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Yield (key values, {id, title fields}) of live records that hold one of the values."""
    query, size = _holding(entity_type, key), len(key.fields)
    for piece in slices(wanted, SLICE // size):
        asked = [values[0] for values in piece] if size == 1 else piece
        for row in db.current().connection.execute(query, {"asked": asked}).mappings():
            values = tuple(row[f"k{i}"] for i in range(size))
            shown = {f.name: row[f"t_{f.name}"] for f in entity_type.title_fields}
            yield values, {"id": row["id"], **shown}


def _holding(entity_type: EntityType, key: Key) -> Any:
    def make() -> Any:
        table = entity_type.table
        columns = [table.c[entity_type.fields[name].key_column] for name in key.fields]
        titles = [f.whole(table).label(f"t_{f.name}") for f in entity_type.title_fields]
        asked: sa.BindParameter[Any] = sa.bindparam("asked", expanding=True)
        matches = (columns[0] if len(columns) == 1 else sa.tuple_(*columns)).in_(asked)
        shown = (*(c.label(f"k{i}") for i, c in enumerate(columns)), *titles)
        return sa.select(table.c.id, *shown).where(table.c.trashed_at.is_(None), matches)

    return entity_type.statement(("holding", key), make)


def shadows(entity_type: EntityType, batch: Sequence[Row]) -> None:
    """Note values that a field will refuse once the change of its type is done."""
    for shadow in entity_type.shadows:
        name = shadow.old.name
        for row in batch:
            try:
                shadow.convert(row.values.get(name))
            except Refused as refused:
                row.problems.append(refused.problem.at(field=name, row=row.place))


def options(entity_type: EntityType, batch: Sequence[Row]) -> None:
    """Note options that do not go with what the choice that controls them will hold."""
    for field, choice, when in entity_type.dependent:
        for row in batch:
            value = row.after(field.name)
            if value is None or not row.values.keys() & {field.name, choice.name}:
                continue
            held = row.after(choice.name)
            wrong = [v for v in when if (v == value or v in value) and held not in when[v]]
            broken = {problem.field for problem in row.problems}
            if wrong and choice.name not in broken:
                row.refuse(
                    "option_impossible", field.name, value=wrong[0], field=field.name,
                    choice=choice.name, held=choice.text(held) or "empty",
                    when=" or ".join(map(choice.text, when[wrong[0]])),
                )  # fmt: skip


def needs(entity_type: EntityType, batch: Sequence[Row]) -> None:
    """Note fields that the option of a choice needs a value of, where one of them is written."""
    for choice, options, needed in entity_type.entailing:
        for row in batch:
            option = options.get(row.after(choice.name))
            if option is None or row.values.keys().isdisjoint((choice.name, *needed)):
                continue
            broken = {(problem.field or "").partition(".")[0] for problem in row.problems}
            for name in option.needs:
                if name not in broken and is_empty(row.after(name)):
                    row.refuse(
                        "option_needs", name, type=entity_type.name, choice=choice.name,
                        option=option.label, field=entity_type.fields[name].label,
                        choice_label=choice.label,
                    )  # fmt: skip


def people(entity_type: EntityType, rows: Sequence[Row]) -> None:
    """Note users in a time zone that does not exist, and services that are no services."""
    if entity_type.name != "user":
        return
    for row in rows:
        zone = row.values.get("timezone")
        if zone is not None and zone not in available_timezones():
            near = nearest(zone, sorted(available_timezones()))
            row.refuse("option_unknown", "timezone", value=zone, field="timezone", nearest=near)
        if row.before is not None and "service" in row.values:
            row.refuse("service_fixed", "service")
        is_service = row.values.get("service", (row.before or {}).get("service"))
        if is_service and row.values.get("email"):
            row.refuse("service_address", "email")


def in_turn(entity_type: EntityType, rows: Sequence[Row], *, deleting: bool = False) -> None:
    """Let changes that look at more than their rows happen one after the other, in all processes.

    Those are changes of administrators, and of who is whose parent in a tree.
    """
    connection = db.for_writing().connection
    if connection.dialect.name != "postgresql":
        return
    tree = entity_type.tree
    moved = tree is not None and any(tree.name in row.values for row in rows)
    ruled = entity_type.name == "user" and (
        deleting or any(name in row.values for row in rows for name in ENTERING)
    )
    if moved or ruled:
        lock = "SELECT pg_advisory_xact_lock(%s, %s)"
        connection.exec_driver_sql(lock, (_IN_TURN, entity_type.id))


def administrators(ids: Sequence[int]) -> None:
    """Refuse a state without an administrator who can sign in, or be sent a link.

    Runs after the write, in its transaction.
    """
    table = catalog.current().type("user").table
    enters = table.c.admin, table.c.active, table.c.email.is_not(None), sa.not_(table.c.service)
    admins = sa.select(sa.func.count()).select_from(table)
    admins = admins.where(*enters, table.c.trashed_at.is_(None))
    if not db.for_writing().connection.execute(admins).scalar_one():
        raise RelatumError("last_admin", id=", ".join(map(str, ids)))


def trees(entity_type: EntityType, written: Sequence[Row]) -> None:
    """Refuse records that became their own ancestors; runs after the write."""
    tree = entity_type.tree
    if tree is None:
        return
    table = entity_type.table
    column = table.c[tree.column]
    moved = [r.id for r in written if r.before is not None and r.values.get(tree.name) is not None]
    for piece in slices(moved):
        start = sa.select(table.c.id.label("start"), column.label("at")).where(
            table.c.id.in_(piece)
        )
        above = start.cte(recursive=True)
        step = sa.select(above.c.start, column).where(
            table.c.id == above.c.at, above.c.at != above.c.start, column.is_not(None)
        )
        reached = above.union(step)
        query = sa.select(reached.c.start).where(reached.c.at == reached.c.start).limit(1)
        circle = db.for_writing().connection.execute(query).scalar()
        if circle is not None:
            raise RelatumError("circular", type=entity_type.name, id=circle, field=tree.name)
