"""Change sets: every transaction that writes records says who did what, in the same commit (D11).

`core_change.data` is JSON {field: [before, after]} in wire form; a create stores after alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from . import clock, db, models
from .actor import Actor

#: Where a transaction notes the id of the job that it is a chunk of.
JOB: Final = "job"


class Change(NamedTuple):
    """What happened to one record: create, update, delete or restore."""

    record_id: int
    op: str
    version: int
    data: dict[str, list[Any]]


_INSERT = sa.insert(models.Change.__table__)
_INSERT_SET = sa.insert(models.ChangeSet.__table__).returning(models.ChangeSet.__table__.c.id)


def _default(value: Any) -> Any:
    return str(value)


def dump(value: Any) -> bytes:
    """Return JSON as it goes out and into history: instants with Z, decimals as text."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def change_set(actor: Actor) -> int:
    """Return the id of the open transaction's change set, made on first use."""
    tx = db.for_writing()
    known: int | None = tx.memo.get("change_set")
    if known is None:
        known = tx.connection.execute(
            _INSERT_SET,
            {
                "at": clock.now(),
                "actor_id": actor.user_id,
                "source": actor.source,
                "generation": tx.epochs.catalog,
                "job_id": tx.memo.get(JOB),
            },
        ).scalar_one()
        tx.memo["change_set"] = known
    return known


@contextmanager
def apart() -> Iterator[None]:
    """Let what the block writes be a change set of its own within the open transaction."""
    memo = db.for_writing().memo
    around = memo.pop("change_set", None)
    try:
        yield
    finally:
        memo.pop("change_set", None)
        if around is not None:
            memo["change_set"] = around


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


def history(record_id: int, *, limit: int = 100, before: int | None = None) -> list[dict[str, Any]]:
    """Return a record's changes, newest first: id, at, actor, source, op, version, changes.

    `before` is the id of the last change of the page before.
    """
    change, change_set = models.Change.__table__.c, models.ChangeSet.__table__.c
    query = (
        sa.select(
            change.id, change_set.at, change_set.actor_id, change_set.source,
            change.change_set_id, change.op, change.version, change.data,
        )
        .join_from(models.Change.__table__, models.ChangeSet.__table__)
        .where(change.record_id == record_id)
        .order_by(change.id.desc())
        .limit(limit)
    )  # fmt: skip
    if before is not None:
        query = query.where(change.id < before)
    return [
        {
            "id": row.id,
            "at": row.at,
            "actor": row.actor_id,
            "source": row.source,
            "change_set": row.change_set_id,
            "op": row.op,
            "version": row.version,
            "changes": orjson.loads(row.data),
        }
        for row in db.current().connection.execute(query)
    ]
