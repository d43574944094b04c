"""The owner and the team of parts, such as lines: those of their whole, whoever writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from .. import catalog, db
from ..actor import Actor
from ..catalog import INHERITED, EntityType
from ..errors import Invalid
from ..fields import Lookup
from ..storage import among, slices
from .batch import Outcome, Row

Update = Callable[..., list[Outcome]]


class _Held(NamedTuple):
    """Whose a record is."""

    owner: int | None
    team: int | None


def inherit(entity_type: EntityType, batch: Sequence[Row]) -> None:
    """Give rows of parts the owner and the team of what they belong to once they are written.

    What new parts and those that move go to is locked first: else somebody could give it to
    another meanwhile, who would find no part to hand on.
    """
    link = entity_type.part_of
    assert link is not None
    coming = {row.after(link.name) for row in batch if _comes(row, link.name)} - {None}
    held = {**_wholes(link, coming, lock=True)}
    staying = {row.after(link.name) for row in batch} - coming - {None}
    held |= _wholes(link, staying, lock=False)
    for row in batch:
        found = held.get(row.after(link.name))
        if found is not None:
            row.values |= found._asdict()


def _comes(row: Row, name: str) -> bool:
    return row.before is None or row.values.get(name, row.before[name]) != row.before[name]


def _wholes(link: Lookup, ids: Iterable[int], *, lock: bool) -> dict[int, _Held]:
    whole, connection = catalog.current().type(link.target), db.current().connection

    def make() -> Any:
        table = whole.table
        query = sa.select(table.c.id, table.c.owner_id, table.c.team_id).where(among(table.c.id))
        query = query.order_by(table.c.id)
        return query.with_for_update(key_share=True) if lock else query

    query = whole.statement(("whose", lock), make)
    found: dict[int, _Held] = {}
    for piece in slices(sorted(ids)):
        rows = connection.execute(query, {"ids": piece})
        found.update((row[0], _Held(row[1], row[2])) for row in rows)
    return found


def hand_on(
    entity_type: EntityType, written: Sequence[Row], *, actor: Actor, update: Update
) -> None:
    """Let the parts of records follow that have got another owner or team, and theirs in turn."""
    given = (row for row in written if row.before is not None and not row.problems)
    moved = {row.id: row for row in given if row.id and row.values.keys() & set(INHERITED)}
    if not moved:
        return
    for part, link in catalog.current().referrers(entity_type.name):
        if link is part.part_of:
            query = astray(part, entity_type).add_columns(part.table.c[link.column])
            _follow(part, query, part.table.c[link.column], moved, actor, update)


def catch_up(
    entity_type: EntityType, restored: Sequence[Row], *, actor: Actor, update: Update
) -> None:
    """Let parts that come out of the trash follow what their whole has become meanwhile."""
    link = entity_type.part_of
    if link is None:
        return
    table, rows = entity_type.table, {row.id: row for row in restored if row.id}
    query = astray(entity_type, catalog.current().type(link.target)).add_columns(table.c.id)
    _follow(entity_type, query, table.c.id, rows, actor, update)


def _follow(
    part: EntityType,
    query: Any,
    column: sa.ColumnElement[Any],
    rows: dict[int, Row],
    actor: Actor,
    update: Update,
) -> None:
    """Update the parts that a query finds by a column; problems are those of the rows named."""
    found: list[tuple[int, int]] = []
    for piece in slices(sorted(rows)):
        of_piece = query.where(column.in_(piece))
        found += [(row[0], row[1]) for row in db.current().connection.execute(of_piece)]
    if not found:
        return
    try:
        sent = [{"id": id_} for id_, _ in found]
        update(part.name, sent, actor=actor)
    except Invalid as error:
        places = [rows[at].place for _, at in found]
        raise Invalid([p.at(row=places[p.row or 0]) for p in error.problems]) from None


def astray(part: EntityType, whole: EntityType) -> Any:
    """Return the query for the ids of live parts whose owner or team is not that of their whole."""
    link, table, other = part.part_of, part.table, whole.table
    assert link is not None
    apart = (table.c[name].is_distinct_from(other.c[name]) for name in ("owner_id", "team_id"))
    joined = table.join(other, other.c.id == table.c[link.column])
    query = sa.select(table.c.id).select_from(joined)
    return query.where(table.c.trashed_at.is_(None), sa.or_(*apart))
