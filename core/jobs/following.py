"""Followers: jobs that are told what was committed, at least once and in order (D11).

A follower is a kind of job with a cursor of its own in the order of commits. The sweep starts it
when there is something beyond that. What it writes and its cursor are committed together; if it
fails it is told the same again, later and later, and nothing after it before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from .. import clock, db, models, positions, records
from ..actor import Actor
from . import rows, verbs
from .kinds import Chunk, Kind, Step, known
from .rows import OPEN

Tell = Callable[[Sequence[dict[str, Any]], Actor], None]
FOLLOWERS: Final[Any] = models.Follower.__table__
#: Failures in a row after which a follower is given up: at one an hour, not soon.
_PATIENCE: Final = 1000


def follower(*, plugin: str, name: str, title: str, tell: Tell, chunk: int = 200) -> Kind:
    """Return a kind of job by which a plugin follows what is committed, for `relatum_jobs`.

    `tell(changes, actor)` gets the changes as the feed shows them, in order, in a transaction that
    may write; what may not happen in one (mail, HTTP) it leaves to jobs that it starts there. It
    begins with what is committed after it was first seen.
    """

    def run(chunk: Chunk) -> Step:
        found = records.feed(_held(name), actor=chunk.actor, limit=chunk.size)
        if found["changes"]:
            tell(found["changes"], chunk.actor)
        _move(name, found["next"])
        done = len(found["changes"])
        if found["more"]:
            return chunk.more(None, done=done)
        return chunk.finish({"told": chunk.done + done}, done=done)

    return Kind(
        name=name, title=title, run=run, prepare=_settled, chunk=chunk, attempts=_PATIENCE,
        follows=plugin,
    )  # fmt: skip


def _settled(_: Chunk) -> None:
    positions.settle()


def _held(kind: str) -> str:
    """Return where a follower is; one that was never seen is at the newest position."""
    held = sa.select(FOLLOWERS.c.place).where(FOLLOWERS.c.kind == kind).with_for_update()
    place: str | None = db.for_writing().connection.execute(held).scalar()
    return place if place is not None else records.NOW


def _move(kind: str, place: str) -> None:
    values, connection = {"place": place, "moved_at": clock.now()}, db.for_writing().connection
    moved = sa.update(FOLLOWERS).where(FOLLOWERS.c.kind == kind).values(**values)
    if not connection.execute(moved).rowcount:
        connection.execute(sa.insert(FOLLOWERS), {"kind": kind, **values})


def behind(connection: sa.Connection) -> dict[str, int]:
    """Return the followers that something was committed for, and how many change sets that is.

    A follower that was never seen is told nothing yet, and counts as well.
    """
    names = [kind.name for kind in known().values() if kind.follows]
    if not names:
        return {}
    places = {row.kind: row.place for row in connection.execute(sa.select(FOLLOWERS))}
    newest, waiting = positions.newest(), positions.unsealed()
    lags = {
        name: newest + waiting - int(places[name].partition(".")[0]) if name in places else 1
        for name in names
    }
    return {name: lag for name, lag in lags.items() if lag > 0}


def due(connection: sa.Connection) -> list[str]:
    """Return the followers to be started: those that are behind and have no job."""
    late = behind(connection)
    if not late:
        return []
    table = rows.TABLE
    at_work = sa.select(table.c.kind).where(table.c.kind.in_(late), table.c.state.in_(OPEN))
    busy = set(connection.execute(at_work).scalars())
    return [name for name in late if name not in busy]


def start() -> None:
    """Start a job for each follower that is due, in the open transaction."""
    for name in due(db.for_writing().connection):
        plugin = known()[name].follows or ""
        verbs.insert(name, "{}", actor=Actor(user_id=None, name=plugin, source="plugin"))


def lagging(connection: sa.Connection) -> Iterator[tuple[str, str, str]]:
    """Yield the followers that failed last and are behind: a code, a sentence and what to do."""
    table, late = rows.TABLE, behind(connection)
    failing = sa.select(table.c.kind, table.c.id, table.c.error).where(
        table.c.kind.in_(late), table.c.state.in_((*OPEN, rows.FAILED)), table.c.error.is_not(None)
    )
    for row in connection.execute(failing.order_by(table.c.id)):
        text = f"{row.kind} is {late[row.kind]} change sets behind: {row.error.rstrip('.')}"
        yield "follower_behind", text, f"See: relatum jobs show {row.id}"
