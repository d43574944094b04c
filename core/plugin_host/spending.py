"""What plugins cost in all processes of an instance; and the ones that fail again and again.

Each process counts for itself (`hooks.costs`) and adds what it has counted to the rows now and
then. A plugin of which an isolated part keeps failing is held back until somebody enables it
again; one that refuses or fails writes is not, since then its rules would not hold any more.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import audit, clock, db, entities
from ..actor import system
from ..hooks import costs
from .looking import COST, TABLE
from .manifest import QUARANTINED
from .verbs import next_generation

_ADDED: Final = ("calls", "failures", "slow", "rows", "statements")
_MICRO: Final = 1_000_000


def keep_costs() -> None:
    """Add what this process has counted to the rows, in the open writing transaction."""
    tx = db.for_writing()
    connection, counted = tx.connection, costs.since_told()
    tx.after_commit.append(partial(costs.told, counted))
    for (plugin, part), cost in sorted(counted.items()):
        more: dict[str, Any] = {name: getattr(cost, name) for name in _ADDED}
        more["micros"] = int(cost.seconds * _MICRO)
        last = {"reason": cost.reason, "at": cost.at} if cost.reason else {}
        at = COST.c.plugin == plugin, COST.c.part == part
        longest = int(cost.longest * _MICRO)
        added = sa.update(COST).where(*at).values(
            longest=sa.case((COST.c.longest < longest, longest), else_=COST.c.longest),
            **{name: COST.c[name] + value for name, value in more.items()}, **last,
        )  # fmt: skip
        if connection.execute(added).rowcount == 0:
            row = {"plugin": plugin, "part": part, "since": clock.now(), "longest": longest}
            with db.savepoint():
                connection.execute(sa.insert(COST), {**row, **more, **last})


def hold_back(reasons: dict[str, str]) -> None:
    """Hold plugins back, in the open exclusive transaction; enabling one again lets it go on.

    Never the shell: nobody could sign in to enable it again.
    """
    connection = db.for_writing().connection
    running = TABLE.c.id.in_(reasons), TABLE.c.enabled, TABLE.c.held.is_(None)
    rows = connection.execute(sa.select(TABLE.c.id, TABLE.c.manifest).where(*running))
    known = [row.id for row in rows if not orjson.loads(row.manifest).get("shell")]
    actor = system("system")
    for plugin in sorted(known):
        said = {"held": reasons[plugin], "fault": QUARANTINED, "reason": reasons[plugin]}
        connection.execute(sa.update(TABLE).where(TABLE.c.id == plugin).values(**said))
        entities.touch_catalog(f"hold back {plugin}", actor=actor)
        next_generation()
        audit.note(
            "plugin_held_back", f"plugin:{plugin}", actor=actor, after={"reason": reasons[plugin]}
        )
        costs.forget(plugin)
