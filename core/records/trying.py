"""Try a batch: a dry run leaves nothing, and of a partial one all rows go in that can."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Final

from .. import db
from ..errors import Invalid, Problem
from . import hooking
from .batch import Outcome, Row, in_order

#: How often a batch is tried without the rows that were refused, before it goes row by row.
_TRIES: Final = 5


@contextmanager
def tried(batch: Sequence[Row], *, dry_run: bool, accept: Collection[str] = ()) -> Iterator[None]:
    """Write a batch in the block, where what plugins ask is answered by `accept`.

    What a dry run of rows with parts writes is taken back: parts are checked below their whole.
    """
    attempt = db.attempt() if dry_run and with_parts(batch) else nullcontext()
    with hooking.accepting(accept), attempt:
        yield


def with_parts(batch: Sequence[Row]) -> bool:
    """Say whether any row brings parts."""
    return any(row.parts for row in batch)


def each(batch: list[Row], work: Callable[..., list[Outcome]], *, partial: bool) -> list[Outcome]:
    """Write a batch; of a partial one with parts, those rows of which no part is refused.

    A part may undo its whole, so the batch is written whole and, if rows are refused, again
    without them; row by row in the end, should that find more and more.
    """
    if not partial or not with_parts(batch):
        return work(batch, partial=partial)
    left, outcomes = batch, list[Outcome]()
    for attempt in range(_TRIES):
        try:
            with db.savepoint():
                return in_order(outcomes, work([_copy(row) for row in left], partial=False))
        except Invalid as error:
            wrong = _by_row(error)
        if attempt == _TRIES - 1 or not wrong.keys() <= {row.place for row in left}:
            break
        outcomes += [
            Outcome(row.place, "refused", row.id, problems=tuple(wrong[row.place]))
            for row in left
            if row.place in wrong
        ]
        left = [row for row in left if row.place not in wrong]
        if not left:
            break
    return in_order(outcomes, [_alone(row, work) for row in left])


def _copy(row: Row) -> Row:
    return dataclasses.replace(row, values=dict(row.values), problems=list(row.problems))


def _by_row(error: Invalid) -> dict[int | None, list[Problem]]:
    found: dict[int | None, list[Problem]] = {}
    for problem in error.problems:
        found.setdefault(problem.row, []).append(problem)
    return found


def _alone(row: Row, work: Callable[..., list[Outcome]]) -> Outcome:
    try:
        with db.savepoint():
            return work([row], partial=False)[0]
    except Invalid as error:
        return Outcome(row.place, "refused", row.id, problems=tuple(error.problems))
