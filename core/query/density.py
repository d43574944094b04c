"""Whether somebody sees few records of a type or many: the plan of a list depends on it (M12).

Of few the list is made of these; of many it is read in its order until the page is full. Both
statements mean the same, so what was found out holds for a while.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Final
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from .. import db
from ..catalog import EntityType
from .compiling import branches
from .filters import asker
from .terms import Query

#: So many are few.
FEW: Final = 2000
#: Seconds that an answer holds, and answers that are kept of a type.
_HOLDS: Final = 60.0
_MOST: Final = 10_000
_lock = threading.Lock()
_known: WeakKeyDictionary[EntityType, dict[Any, tuple[float, bool]]] = WeakKeyDictionary()


def is_few(query: Query) -> bool:
    """Say whether who asks sees few live records of the type of a query."""
    if query.type.rule is None or query.trashed or query.as_of is not None:
        return False
    key, now = (query.actor.user_id, query.actor.team_id), time.monotonic()
    with _lock:
        found = _known.setdefault(query.type, {})
        until, few = found.get(key, (0.0, False))
    if until < now:
        few = _counted(query) <= FEW
        with _lock:
            if len(found) >= _MOST:
                found.clear()
            found[key] = now + _HOLDS, few
    return few


def _counted(query: Query) -> int:
    """Return how many records are seen, up to one more than few."""
    count, values = 0, asker(query.actor)
    for statement in query.type.statement("density", lambda: [*_counting(query.type)]):
        count += int(db.current().connection.execute(statement, values).scalar_one())
        if count > FEW:
            break
    return count


def _counting(entity_type: EntityType) -> Any:
    for branch in branches(entity_type):
        some = branch.limit(FEW + 1).subquery()
        yield sa.select(sa.func.count()).select_from(some)
