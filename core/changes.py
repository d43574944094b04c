"""Change sets: every transaction that writes records says who did what, in the same commit (D11).

`core_change.data` is JSON {field: [before, after]} in wire form; a create has null before. What is
read here is as it was kept: `core.records` shows of it what the reader may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from . import clock, db, models
from .actor import Actor
from .errors import RelatumError
from .fields.number import INTEGER_LIMIT
from .storage import slices

#: Where a transaction notes the id of the job that it is a chunk of.
JOB: Final = "job"
#: Where it notes the instant of its change set.
_AT: Final = "change_set_at"


class Change(NamedTuple):
    """What happened to one record: create, update, delete or restore."""

    record_id: int
    op: str
    version: int
    data: dict[str, list[Any]]


class Line(NamedTuple):
    """A change as it is kept: of which set, of a record of which type (by its number)."""

    id: int
    change_set: int
    record_id: int
    type_id: int
    op: str
    version: int
    data: dict[str, list[Any]]


class Header(NamedTuple):
    """Who made a change set, when and from where; what it undoes, and by which one it is undone."""

    id: int
    at: datetime
    actor: int | None
    source: str
    generation: int
    job: int | None
    undoes: int | None
    undone_by: int | None

    def as_json(self) -> dict[str, Any]:
        """Return it as answers show it."""
        return {
            "id": self.id, "at": self.at, "actor": self.actor, "source": self.source,
            "job": self.job, "undoes": self.undoes, "undone_by": self.undone_by,
        }  # fmt: skip


_CHANGE: sa.Table = models.Change.__table__
_SET: sa.Table = models.ChangeSet.__table__
_UNDOING: Any = _SET.alias("undoing")
_INSERT = sa.insert(_CHANGE)
_INSERT_SET = sa.insert(_SET).returning(_SET.c.id)
#: The newest position; 0 if nothing was written yet.
NEWEST: Final[Any] = sa.func.coalesce(sa.func.max(_SET.c.position), 0)
#: Writers of SQLite come one after the other, so a change set can take its place at once.
_INSERT_IN_PLACE = _INSERT_SET.values(position=sa.select(NEWEST).scalar_subquery() + 1)
_HEADERS = sa.select(
    _SET.c.id, _SET.c.at, _SET.c.actor_id, _SET.c.source, _SET.c.generation, _SET.c.job_id,
    _SET.c.undoes, _UNDOING.c.id,
).join_from(_SET, _UNDOING, _UNDOING.c.undoes == _SET.c.id, isouter=True)  # fmt: skip
#: What a `Line` is made of, by `line_of`.
LINE: Final[tuple[Any, ...]] = (
    _CHANGE.c.id, _CHANGE.c.change_set_id, _CHANGE.c.record_id, models.Record.__table__.c.type_id,
    _CHANGE.c.op, _CHANGE.c.version, _CHANGE.c.data,
)  # fmt: skip
_LINES = sa.select(*LINE).join_from(_CHANGE, models.Record.__table__)


def _default(value: Any) -> Any:
    return str(value)


def dump(value: Any) -> bytes:
    """Return JSON as it goes out and into history: instants with Z, decimals as text."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def number() -> int | None:
    """Return the id of the open transaction's change set; None if it has written no records."""
    found: int | None = db.current().memo.get("change_set")
    return found


def change_set(actor: Actor, *, undoes: int | None = None) -> int:
    """Return the id of the open transaction's change set, made on first use.

    `undoes` is the one that it puts back, if that is what it is made for.
    """
    tx = db.for_writing()
    known: int | None = tx.memo.get("change_set")
    if known is None:
        tx.memo[_AT] = clock.now()
        known = tx.connection.execute(
            _INSERT_IN_PLACE if tx.dialect == "sqlite" else _INSERT_SET,
            {
                "at": tx.memo[_AT],
                "actor_id": actor.user_id,
                "source": actor.source,
                "generation": tx.epochs.catalog,
                "job_id": tx.memo.get(JOB),
                "undoes": undoes,
            },
        ).scalar_one()
        tx.memo["change_set"] = known
    return known


def moment(actor: Actor) -> datetime:
    """Return the instant of the open transaction's change set: what it writes carries it."""
    change_set(actor)
    found: datetime = db.for_writing().memo[_AT]
    return found


def undoes(change_set_id: int, actor: Actor) -> None:
    """Let the open transaction's change set be the one that puts another back."""
    mine = change_set(actor)
    marked = sa.update(_SET).where(_SET.c.id == mine).values(undoes=change_set_id)
    db.for_writing().connection.execute(marked)


@contextmanager
def apart() -> Iterator[None]:
    """Let what the block writes be a change set of its own within the open transaction."""
    memo = db.for_writing().memo
    around = {name: memo.pop(name) for name in ("change_set", _AT) if name in memo}
    try:
        yield
    finally:
        memo.pop("change_set", None)
        memo.update(around)


def record(changes: Iterable[Change], actor: Actor) -> None:
    """Store changes, at least one, in the open transaction's change set.

    They are best made one by one as they are taken: a list of many thousands of them is what
    the garbage collector would look through again and again.
    """
    number = change_set(actor)
    db.for_writing().connection.execute(
        _INSERT,
        [
            {
                "change_set_id": number,
                "record_id": change.record_id,
                "op": change.op,
                "version": change.version,
                "data": dump(change.data).decode(),
            }
            for change in changes
        ],
    )


#: What is told of a change, by the names that answers have for it.
_TOLD: Final = (
    "id", "at", "actor", "source", "change_set", "undoes", "undone_by", "op", "version", "record",
    "changes",
)  # fmt: skip
_TELLING: Any = sa.select(
    _CHANGE.c.id, _SET.c.at, _SET.c.actor_id, _SET.c.source, _CHANGE.c.change_set_id,
    _SET.c.undoes, _UNDOING.c.id, _CHANGE.c.op, _CHANGE.c.version, _CHANGE.c.record_id,
    _CHANGE.c.data,
).join_from(_CHANGE, _SET).join(_UNDOING, _UNDOING.c.undoes == _SET.c.id, isouter=True)  # fmt: skip


def history(
    record_id: int,
    *,
    limit: int = 100,
    before: int | None = None,
    field: str | None = None,
    chosen: Any = None,
) -> list[dict[str, Any]]:
    """Return a record's changes, newest first: id, at, actor, source, op, version, changes.

    Each also names its change set, what that undoes, and by which one it is undone. `before` is
    the id of the last change of the page before; `field` leaves what gave that field a value.
    `chosen` is a condition that stands for the record's own changes.
    """
    mine = _CHANGE.c.record_id == record_id if chosen is None else chosen
    query = _TELLING.where(mine).order_by(_CHANGE.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_CHANGE.c.id < before)
    if field is not None:
        query = query.where(_gave(field))
    return [_told(row) for row in db.current().connection.execute(query)]


def _gave(field: str) -> Any:
    """Return the condition of changes that gave a field a value."""
    # Quotes within texts are escaped, so this is the name of a field, or one in a JSON value.
    return _CHANGE.c.data.contains(f'"{field}":[', autoescape=True)


def _told(row: Sequence[Any]) -> dict[str, Any]:
    return {**dict(zip(_TOLD, row, strict=True)), "changes": orjson.loads(row[-1])}


def latest(
    record_ids: Sequence[int],
    *,
    limit: int,
    before: tuple[datetime, int] | None = None,
    having: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return the changes of some records by time, newest first, as `history`, with `record`.

    `before` is (at, id) of the last change of the page before; `having` leaves what gave any of
    these fields a value.
    """
    asked = (
        sa.select(_CHANGE.c.id, _CHANGE.c.record_id)
        .join_from(_CHANGE, _SET)
        .where(_CHANGE.c.record_id.in_(record_ids))
        .order_by(_SET.c.at.desc(), _CHANGE.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        at, id_ = before
        asked = asked.where(sa.or_(_SET.c.at < at, sa.and_(_SET.c.at == at, _CHANGE.c.id < id_)))
    if having:
        asked = asked.where(sa.or_(*map(_gave, having)))
    connection = db.current().connection
    # Which ones is found out without their data, of which there may be much.
    found = {row[0]: row[1] for row in connection.execute(asked)}
    rows = connection.execute(_TELLING.where(_CHANGE.c.id.in_(list(found)))) if found else ()
    told = {row[0]: _told(row) for row in rows}
    return [told[id_] for id_ in found]


# -- one change set -------------------------------------------------------------------------
def header(change_set_id: int, *, hold: bool = False) -> Header:
    """Return who made a change set, when and from where; raise `change_unknown`.

    `hold` locks it: whoever else wants to undo it waits, and then sees that it is undone.
    """
    connection, row = db.current().connection, None
    if 0 < change_set_id <= INTEGER_LIMIT:
        if hold:
            held = sa.select(_SET.c.id).where(_SET.c.id == change_set_id)
            connection.execute(held.with_for_update(key_share=True))
        row = connection.execute(_HEADERS.where(_SET.c.id == change_set_id)).one_or_none()
    if row is None:
        raise RelatumError("change_unknown", id=change_set_id)
    return Header(*row)


def headers(actor_id: int | None, *, limit: int, before: int | None = None) -> list[Header]:
    """Return the change sets of a user (None: of the system), newest first."""
    query = _HEADERS.where(_SET.c.actor_id == actor_id).order_by(_SET.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_SET.c.id < before)
    return [Header(*row) for row in db.current().connection.execute(query)]


def headers_of(ids: Iterable[int]) -> dict[int, Header]:
    """Return change sets by their ids."""
    found: dict[int, Header] = {}
    for piece in slices(sorted(ids)):
        rows = db.current().connection.execute(_HEADERS.where(_SET.c.id.in_(piece)))
        found.update((row[0], Header(*row)) for row in rows)
    return found


def touched(change_set_id: int, *, at_most: int) -> int:
    """Return how many records a change set wrote, counted up to a number."""
    some = (
        sa.select(_CHANGE.c.record_id)
        .where(_CHANGE.c.change_set_id == change_set_id)
        .distinct()
        .limit(at_most)
        .subquery()
    )
    query = sa.select(sa.func.count()).select_from(some)
    return int(db.current().connection.execute(query).scalar_one())


def of_set(change_set_id: int, *, limit: int | None = None, after: int = 0) -> list[Line]:
    """Return the changes of a set in the order they were made; `after` is the id of one of them."""
    query = (
        _LINES.where(_CHANGE.c.change_set_id == change_set_id, _CHANGE.c.id > after)
        .order_by(_CHANGE.c.id)
        .limit(limit)
    )
    return _lines(query)


def last_of(change_set_id: int, *, limit: int, before: int | None = None) -> list[Line]:
    """Return the last changes of a set, or those before the one with an id, in order."""
    query = _LINES.where(_CHANGE.c.change_set_id == change_set_id)
    if before is not None:
        query = query.where(_CHANGE.c.id < before)
    return _lines(query.order_by(_CHANGE.c.id.desc()).limit(limit))[::-1]


def purged(change_set_id: int) -> int:
    """Return how many records a change set purged."""
    query = sa.select(sa.func.count()).where(
        _CHANGE.c.change_set_id == change_set_id, _CHANGE.c.op == "purge"
    )
    return int(db.current().connection.execute(query).scalar_one())


def within(change_set_ids: sa.Select[Any], record_ids: Sequence[int]) -> list[Line]:
    """Return the changes of some records in change sets, in order."""
    of_sets = _CHANGE.c.change_set_id.in_(change_set_ids)
    some = _CHANGE.c.record_id.in_(record_ids)
    return _lines(_LINES.where(of_sets, some).order_by(_CHANGE.c.id))


def of_job(job_id: int, *, before: int | None = None) -> int | None:
    """Return the last change set of a job that is not undone; `before` is one that comes later."""
    query = sa.select(sa.func.max(_SET.c.id)).where(left_of(job_id))
    if before is not None:
        query = query.where(_SET.c.id < before)
    found: int | None = db.current().connection.execute(query).scalar()
    return found


def left_of(job_id: int) -> Any:
    """Return the condition of the change sets of a job that are not undone."""
    return sa.and_(_SET.c.job_id == job_id, ~sa.exists().where(_UNDOING.c.undoes == _SET.c.id))


def wrote(job_id: int) -> bool:
    """Say whether a job wrote any records."""
    query = sa.select(_SET.c.id).where(_SET.c.job_id == job_id).limit(1)
    return db.current().connection.execute(query).first() is not None


def since(record_ids: Iterable[int], *, after: int) -> list[Line]:
    """Return the changes of records that came after the one with an id, in order."""
    found: list[Line] = []
    for piece in slices(sorted(record_ids)):
        some = _CHANGE.c.record_id.in_(piece)
        found += _lines(_LINES.where(some, _CHANGE.c.id > after).order_by(_CHANGE.c.id))
    return found


def _lines(query: sa.Select[Any]) -> list[Line]:
    return [line_of(row) for row in db.current().connection.execute(query)]


def line_of(row: Sequence[Any]) -> Line:
    """Return the change that a row of `LINE` says."""
    return Line._make((*row[:-1], orjson.loads(row[-1])))


def counts(change_set_ids: Sequence[int]) -> dict[int, dict[int, dict[str, int]]]:
    """Return how many records of which type were written how: {set: {type number: {op: n}}}."""
    record = models.Record.__table__.c
    query = (
        sa.select(_CHANGE.c.change_set_id, record.type_id, _CHANGE.c.op, sa.func.count())
        .join_from(_CHANGE, models.Record.__table__)
        .where(_CHANGE.c.change_set_id.in_(change_set_ids))
        .group_by(_CHANGE.c.change_set_id, record.type_id, _CHANGE.c.op)
    )
    found: dict[int, dict[int, dict[str, int]]] = {}
    for change_set_id, type_id, op, count in db.current().connection.execute(query):
        found.setdefault(change_set_id, {}).setdefault(type_id, {})[op] = count
    return found
