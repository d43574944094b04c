"""What points to records that are merged points to the one that is left, whoever may see it.

Records that are tied to the merged ones for good (parts, and ties of many to many) and would then
hold the same unique values are merged as well; others that would are named, and refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from .. import catalog, db, faults
from ..actor import Actor
from ..catalog import EntityType, Key
from ..errors import Invalid, RelatumError
from ..fields import Integer, Lookup
from ..storage import slices
from . import branches, checks, merges, seeing, surviving, verbs, write
from .batch import Row
from .deleting import children
from .parts import POSITION

#: Merged records, each with the one that is left.
Into = Mapping[int, int]


@dataclass(slots=True)
class Pointing:
    """Records of one type that point to merged ones: as rows, with what their links become."""

    type: EntityType
    rows: list[Row]
    #: How many links of a name are moved, by the ids of the records.
    links: dict[str, set[int]] = field(default_factory=dict)
    #: Those that would hold what another one holds, with that one.
    doubled: dict[int, int] = field(default_factory=dict)
    #: Ties that would tie a record to itself.
    loose: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Tally:
    """What a merge has moved: by type and link, and what it has merged or let go besides."""

    moved: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    merged: dict[str, set[int]] = field(default_factory=dict)
    shares: int = 0


# -- looking --------------------------------------------------------------------------------
def pointing(entity_type: EntityType, into: Into, *, hold: bool) -> list[Pointing]:
    """Return what points to merged records, by type, with problems noted in the rows.

    Raises `merge_too_large`. `hold` locks it.
    """
    found: dict[int, tuple[EntityType, dict[int, dict[str, int | None]]]] = {}
    count, limit = 0, db.settings().undo_limit
    for relation in catalog.current().referrers(entity_type.name):
        _, mine = found.setdefault(relation.type.id, (relation.type, {}))
        gone = into if relation.type is entity_type else {}
        members: Any = dict.fromkeys(into)
        for child, parent in children(relation, members, hold=hold):
            if child not in gone:
                mine.setdefault(child, {})[relation.link.name] = into[parent]
                count += 1
                if count > limit:
                    raise RelatumError("merge_too_large", limit=limit)
    return [_read(each, links, into, hold) for each, links in found.values() if links]


def _read(
    entity_type: EntityType, links: dict[int, dict[str, int | None]], into: Into, hold: bool
) -> Pointing:
    rows = [Row(place, id=id_) for place, id_ in enumerate(sorted(links))]
    write.lock(entity_type, rows, hold=hold)
    rows = [row for row in rows if row.before is not None]
    made = Pointing(entity_type, rows)
    for row in rows:
        assert row.id is not None
        row.values = _without_self(entity_type, row.id, links[row.id], into)
        for name in row.values:
            made.links.setdefault(name, set()).add(row.id)
    ends = _ends(entity_type)
    for row in rows if len(ends) > 1 else ():
        held = [row.after(link.name) for link in ends]
        if len(set(held)) < len(held) and len({(row.before or {})[e.name] for e in ends}) > 1:
            made.loose.add(row.id or 0)
    _note_doubled(made)
    return made


def _without_self(
    entity_type: EntityType, id_: int, links: dict[str, int | None], into: Into
) -> dict[str, Any]:
    """Return links, those of a record to itself emptied where they may be."""
    return {
        name: None if value == id_ and not entity_type.fields[name].required else value
        for name, value in links.items()
    }


def _ends(entity_type: EntityType) -> list[Lookup]:
    """Return the links of a type whose records are ties of many to many; none of other types."""
    found = [link for link in entity_type.lookups if link.required and link.on_delete == "cascade"]
    return found if len(found) > 1 else []


def _note_doubled(each: Pointing) -> None:
    """Find records that would hold the unique values of another one."""
    rows = [row for row in each.rows if row.id not in each.loose]
    covered = False
    for key in each.type.keys:
        moved = [name for name in key.fields if name in each.links]
        if moved:
            covered = True
            _by_key(each, key, rows, may=any(_is_bound(each.type, name) for name in moved))
    if not covered and _ends(each.type):
        _by_values(each, rows)


def _is_bound(entity_type: EntityType, name: str) -> bool:
    link = entity_type.fields[name]
    return isinstance(link, Lookup) and link.on_delete == "cascade"


def _by_key(each: Pointing, key: Key, rows: Sequence[Row], *, may: bool) -> None:
    held: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        values = checks.key_values(each.type, key, row)
        if values is not None and row.id not in each.doubled:
            held.setdefault(values, []).append(row)
    stored = dict(checks.holders(each.type, key, held))
    for values, some in held.items():
        first = stored.get(values) or {"id": some[0].id, **(some[0].before or {})}
        for row in some:
            if row.id == first["id"]:
                continue
            if may and row.id is not None:
                each.doubled[row.id] = first["id"]
                continue
            names = ", ".join(key.fields)
            shown = ", ".join(
                str(each.type.fields[name].wire(row.after(name)))
                for name in key.fields if name not in each.links
            )  # fmt: skip
            row.refuse(
                "merge_taken", None, fields=names, value=shown, type=each.type.name,
                id=first["id"], label=each.type.label_of(first),
            )  # fmt: skip


def _by_values(each: Pointing, rows: Sequence[Row]) -> None:
    """Find ties that no key keeps apart, and that are the same as another one in every field."""
    table, known = each.type.table, {row.id for row in each.rows}
    others: list[Row] = []
    for name in each.links:
        link = table.c[each.type.fields[name].column]
        wanted = sorted({row.values[name] for row in rows if row.values.get(name) is not None})
        for piece in slices(wanted):
            query = sa.select(table.c.id).where(table.c.trashed_at.is_(None), link.in_(piece))
            ids = db.current().connection.execute(query.order_by(table.c.id)).scalars()
            others += [Row(0, id=id_) for id_ in ids if id_ not in known]
    write.lock(each.type, others, hold=False)
    first: dict[tuple[str, ...], int] = {}
    for row in (*others, *rows):
        names = (f.name for f in each.type.own_fields if f.name != POSITION)
        values = tuple(repr(row.after(name)) for name in names)
        kept = first.setdefault(values, row.id or 0)
        if kept != row.id and row.id in known:
            each.doubled[row.id or 0] = kept


# -- doing ----------------------------------------------------------------------------------
def absorb(entity_type: EntityType, into: Into, tally: Tally, actor: Actor) -> None:
    """Let all that points to records point to what they are merged into, and trash them.

    Raises `Invalid` for what can't be moved, placed in the first row.
    """
    branches.leave(entity_type, into, actor)
    found = pointing(entity_type, into, hold=True)
    refuse(found, actor)
    for each in found:
        _move(each, tally, actor)
    faults.point("merge.after_move")
    rows = [Row(0, id=id_, into=master) for id_, master in sorted(into.items())]
    verbs.trash({entity_type: rows}, actor=actor, partial=False)
    tally.shares += merges.note(into, actor)
    faults.point("merge.after_trash")


def refuse(found: Sequence[Pointing], actor: Actor) -> None:
    """Raise `Invalid` for rows with problems, without what the actor does not see."""
    problems = [row.problems for each in found for row in each.rows if row.problems]
    seeing.mask(problems, actor)
    if problems:
        raise Invalid([problem.at(row=0) for some in problems for problem in some])


def _move(each: Pointing, tally: Tally, actor: Actor) -> None:
    """Move links; what is doubled is merged into what it doubles, and what is loose goes."""
    system = actor.unbound()
    left = each.doubled.keys() | each.loose
    moved = [row for row in each.rows if row.id not in left]
    sent = [{"id": row.id, **row.values} for row in moved]
    _number(each, moved, sent)
    if sent:
        _update(each.type, sent, system)
    for name, ids in each.links.items():
        tally.moved.setdefault((each.type.name, name), set()).update(ids - left)
    if left:
        tally.merged.setdefault(each.type.name, set()).update(left)
    if each.loose:
        going = [Row(0, id=id_) for id_ in sorted(each.loose)]
        verbs.trash({each.type: going}, actor=system, partial=False)
    if each.doubled:
        absorb(each.type, each.doubled, tally, system)
        surviving.fill(each.type, each.doubled, actor=system)


def _update(entity_type: EntityType, sent: list[dict[str, Any]], actor: Actor) -> None:
    try:
        verbs.update(entity_type.name, sent, actor=actor, check_required=False)
    except Invalid as error:
        raise Invalid([problem.at(row=0) for problem in error.problems]) from None


def _number(each: Pointing, rows: Sequence[Row], sent: Sequence[dict[str, Any]]) -> None:
    """Put parts that come to a whole behind those that it has."""
    link = each.type.part_of
    ordered = isinstance(each.type.fields.get(POSITION), Integer)
    if link is None or link.name not in each.links or not ordered or not rows:
        return
    table = each.type.table
    column, position = table.c[link.column], table.c[each.type.fields[POSITION].column]
    wholes = sorted({row.values[link.name] for row in rows if row.values.get(link.name)})
    last: dict[int, int] = {}
    for piece in slices(wholes):
        query = sa.select(column, sa.func.max(position)).where(
            column.in_(piece), table.c.trashed_at.is_(None)
        )
        found = db.current().connection.execute(query.group_by(column))
        last.update((whole, at or 0) for whole, at in found)
    by_id = {row["id"]: row for row in sent}
    for row in sorted(rows, key=lambda row: ((row.before or {})[POSITION] or 0, row.id or 0)):
        whole = row.values.get(link.name)
        if whole is not None:
            last[whole] = last.get(whole, 0) + 1
            by_id[row.id][POSITION] = last[whole]
