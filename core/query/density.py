"""Whether somebody sees few records of a type or many: the plan of a list depends on it (M12).

Of few the list is made of these; of many it is read in its order until the page is full. Both
statements mean the same, so what was found out holds for a while. So it is with what is shared.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from .. import db
from ..catalog import EntityType
from .compiling import branches, shares
from .filters import asker
from .terms import Query

#: So many are few.
FEW: Final = 2000
#: Seconds that an answer holds, and answers that are kept of a type.
_HOLDS: Final = 60.0
_MOST: Final = 10_000
_lock = threading.Lock()


class Density(NamedTuple):
    """Whether somebody sees few records of a type, and whether many records are shared with him."""

    few: bool
    many_shared: bool


_known: WeakKeyDictionary[EntityType, dict[Any, tuple[float, Density]]] = WeakKeyDictionary()
_UNASKED: Final = Density(few=False, many_shared=True)


def is_few(query: Query) -> bool:
    """Say whether who asks sees few live records of the type of a query."""
    return of(query).few


def of(query: Query) -> Density:
    """Return how much who asks sees of the live records of the type of a query."""
    if query.type.rule is None or query.trashed or query.as_of is not None:
        return _UNASKED
    key, now = (query.actor.user_id, query.actor.team_id), time.monotonic()
    with _lock:
        found = _known.setdefault(query.type, {})
        until, known = found.get(key, (0.0, _UNASKED))
    if until < now:
        known = _asked(query)
        with _lock:
            if len(found) >= _MOST:
                found.clear()
            found[key] = now + _HOLDS, known
    return known


def _asked(query: Query) -> Density:
    of = query.type
    shared = _counted(query, of.statement("density of shares", lambda: [*_counting(shares())]))
    if shared > FEW:
        return Density(few=False, many_shared=True)
    seen = _counted(query, of.statement("density", lambda: [*_counting(branches(of))]))
    return Density(few=seen <= FEW, many_shared=False)


def _counted(query: Query, statements: Sequence[Any]) -> int:
    """Return how many records are seen; once they are no longer few, no more are counted."""
    count, values = 0, asker(query.actor)
    for statement in statements:
        count += int(db.current().connection.execute(statement, values).scalar_one())
        if count > FEW:
            break
    return count


def _counting(branches: Iterable[Any]) -> Iterator[Any]:
    for branch in branches:
        some = branch.limit(FEW + 1).subquery()
        yield sa.select(sa.func.count()).select_from(some)
