"""What jobs of import note beside their rows: lines of a file, and the maps that were used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from .. import catalog, changes, clock, db, models
from ..actor import Actor
from .cells import Parsed
from .gathering import FileRow, rest_of

_LINE: Final[Any] = models.ImportLine.__table__
_MAP: Final[Any] = models.KnownMap.__table__
REFUSED, WAITING, SHOWN = "refused", "waiting", "shown"


class Kept(NamedTuple):
    """A line of the file of a job, and what was noted of it."""

    line: int
    data: Any


def keep(job_id: int, state: str, lines: Iterable[Kept]) -> None:
    """Note lines in the open transaction."""
    rows = [
        {"job_id": job_id, "state": state, "line": each.line, "data": _dump(each.data)}
        for each in lines
    ]
    if not rows:
        return
    db.for_writing().connection.execute(sa.insert(_LINE), rows)


def _dump(value: Any) -> str:
    return changes.dump(value).decode()


def refusal(row: Parsed) -> Kept:
    """Return what is kept of a refused record: its rows and what is wrong with them."""
    problems = [found.as_json() for found in row.problems]
    return Kept(row.line, {**rows_of((row.line, row.cells, row.rest)), "problems": problems})


def rows_of(row: FileRow) -> dict[str, Any]:
    """Return the rows of a record as they are kept: its cells, and the further rows."""
    rest = [{"line": line, "cells": cells} for line, cells in rest_of(row)]
    return {"cells": row[1], "rest": rest} if rest else {"cells": row[1]}


def lines(job_id: int, state: str, *, after: int = 0, limit: int = 1000) -> list[Kept]:
    """Return noted lines in the order of the file, beginning after a line."""
    query = (
        sa.select(_LINE.c.line, _LINE.c.data)
        .where(_LINE.c.job_id == job_id, _LINE.c.state == state, _LINE.c.line > after)
        .order_by(_LINE.c.line)
        .limit(limit)
    )
    return [Kept(line, orjson.loads(data)) for line, data in db.current().connection.execute(query)]


def forget(job_id: int, *states: str, upto: int | None = None) -> None:
    """Drop what was noted of lines, all or up to one of them."""
    gone = sa.delete(_LINE).where(_LINE.c.job_id == job_id, _LINE.c.state.in_(states))
    if upto is not None:
        gone = gone.where(_LINE.c.line <= upto)
    db.for_writing().connection.execute(gone)


# -- maps -----------------------------------------------------------------------------------------
def _digest(header: Sequence[str]) -> str:
    return hashlib.sha256(orjson.dumps(sorted(header))).hexdigest()


def remember(type_name: str, header: Sequence[str], document: dict[str, Any], actor: Actor) -> None:
    """Keep the map that a file was imported by, for the next one with the same columns."""
    where = {"type_id": catalog.current().type(type_name).id, "header": _digest(header)}
    connection = db.for_writing().connection
    connection.execute(sa.delete(_MAP).filter_by(**where))
    row = {"map": _dump(document), "user_id": actor.user_id, "used_at": clock.now()}
    connection.execute(sa.insert(_MAP), {**where, **row})


def remembered(type_name: str, header: Sequence[str]) -> dict[str, Any] | None:
    """Return the map that a file with these columns was imported by last."""
    type_id = catalog.current().type(type_name).id
    query = sa.select(_MAP.c.map).where(_MAP.c.type_id == type_id, _MAP.c.header == _digest(header))
    found = db.current().connection.execute(query).scalar()
    return None if found is None else orjson.loads(found)
