"""Positions of change sets: the order in which they were committed, without gaps (D11).

On SQLite a change set has its position from the beginning, since writers wait for each other. On
PostgreSQL ids are given before the commit, so one sealer after the other gives positions to what
has committed by then; whoever reads by position seals first, and then misses nothing.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from . import changes, db, dialects, models
from .changes import Header, Line
from .errors import RelatumError

_SET: sa.Table = models.ChangeSet.__table__
_CHANGE: sa.Table = models.Change.__table__
#: What was written later to the same record belongs to a change set that was committed later, and
#: has a larger number: whoever writes a record holds it until the commit.
_SEAL: Final = """
UPDATE core_change_set AS s SET position = last.position + o.place
FROM (
    SELECT u.id, row_number() OVER (ORDER BY coalesce(
        (SELECT max(c.id) FROM core_change c WHERE c.change_set_id = u.id), 0), u.id) AS place
    FROM core_change_set u WHERE u.position IS NULL
) AS o, (SELECT coalesce(max(position), 0) AS position FROM core_change_set) AS last
WHERE s.id = o.id
"""


class Place(NamedTuple):
    """Where a reader of changes is: after a change set, or after one of its changes."""

    position: int
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.position}" if self.line is None else f"{self.position}.{self.line}"


def settle() -> None:
    """Give positions to what has committed, in a transaction of its own if there is such."""
    with db.reading(timed=False):
        waiting = unsealed()
    if waiting:
        db.transact(seal)


def unsealed() -> int:
    """Return how many change sets have committed and have no position yet."""
    query = sa.select(sa.func.count()).where(_SET.c.position.is_(None))
    return int(db.current().connection.execute(query).scalar_one())


def seal() -> None:
    """Give positions to all change sets that have committed and have none."""
    tx = db.for_writing()
    if tx.dialect == "sqlite":
        return
    # Two statements: only the second one sees what the sealer before has done.
    dialects.stand_in_line(tx.connection, "positions of change sets")
    tx.connection.execute(sa.text(_SEAL))


def newest() -> int:
    """Return the last position; 0 if nothing was written yet."""
    return int(db.current().connection.execute(sa.select(changes.NEWEST)).scalar_one())


def require(place: Place) -> None:
    """Raise `position_unknown` for a place beyond the newest, `position_gone` for a lost one."""
    first = sa.func.coalesce(sa.func.min(_SET.c.position), 1)
    oldest, last = db.current().connection.execute(sa.select(first, changes.NEWEST)).one()
    if place.position > last:
        raise RelatumError("position_unknown", position=place.position, newest=last)
    before = oldest if place.line is not None else oldest - 1
    if place.position < before:
        raise RelatumError("position_gone", position=place.position, oldest=oldest)


class Placed(NamedTuple):
    """A change with its change set, and the place of a reader who has seen it."""

    place: Place
    header: Header
    line: Line


def after(place: Place, *, limit: int, type_ids: set[int] | None = None) -> list[Placed]:
    """Return the changes after a place, in order; `type_ids` leaves those of some types."""
    if place.line is None:
        return _sets_after(place.position, limit, type_ids)
    at = _SET.c.position == place.position
    rest = _lines(at, _CHANGE.c.id > place.line, limit=limit, type_ids=type_ids)
    if len(rest) < limit:
        rest += _sets_after(place.position, limit - len(rest), type_ids)
    return rest


def _sets_after(position: int, limit: int, type_ids: set[int] | None) -> list[Placed]:
    return _lines(_SET.c.position > position, limit=limit, type_ids=type_ids)


def _lines(*where: Any, limit: int, type_ids: set[int] | None) -> list[Placed]:
    """Return changes in order; the place after the last one of a change set is that of the set."""
    query = (
        sa.select(_SET.c.position, *changes.LINE)
        .join_from(_SET, _CHANGE, _CHANGE.c.change_set_id == _SET.c.id)
        .join(models.Record.__table__)
        .where(*where)
        .order_by(_SET.c.position, _CHANGE.c.id)
        .limit(limit)
    )
    if type_ids is not None:
        query = query.where(models.Record.__table__.c.type_id.in_(type_ids))
    rows = list(db.current().connection.execute(query))
    lines = [changes.line_of(row[1:]) for row in rows]
    known = changes.headers_of({line.change_set for line in lines})
    return [
        Placed(Place(row[0], line.id), known[line.change_set], line)
        for row, line in zip(rows, lines, strict=True)
    ]
