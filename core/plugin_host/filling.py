"""Data steps of migrations: run as one job per plugin, chunk by chunk, in the order of the steps.

Where a step goes on is in the ledger, in the transaction of the chunk: a killed job goes on after
its last chunk, and so does another job, when the plugin is enabled again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from ...schemas.jobs import PluginFillSchema
from .. import db, hooks, jobs, models, plugin_tables
from ..actor import Actor
from ..errors import RelatumError
from ..jobs import Chunk, Kind
from ..jobs import Step as Done
from ..plugin_tables import FILLING, Applied
from . import following, loading, migrations
from .discovery import Found
from .manifest import Unfit

_JOB: Final[Any] = models.Job.__table__
_OPEN: Final = ("queued", "running")
_SIZE: Final = 500


def unfinished(plugin: str) -> list[Applied]:
    """Return the steps of a plugin whose data step is not done, in order."""
    done = plugin_tables.applied(db.current().connection).get(plugin, [])
    return [row for row in done if row.state == FILLING]


def start(plugin: str) -> None:
    """Start the job that fills the tables of a plugin, if there is something to fill."""
    if unfinished(plugin) and not _jobs(plugin):
        jobs.enqueue(FILL.name, {"plugin": plugin}, actor=_acting(plugin))


def stop(plugin: str) -> None:
    """Let the job of a plugin end: what it fills goes."""
    for job_id in _jobs(plugin):
        jobs.cancel(job_id, actor=_acting(plugin))


def _acting(plugin: str) -> Actor:
    """Return the plugin as who acts in its data steps, whoever has enabled it."""
    return Actor(user_id=None, name=plugin, admin=True, source="plugin")


def _jobs(plugin: str) -> list[int]:
    mine = (_JOB.c.kind == FILL.name, _JOB.c.plugin == plugin, _JOB.c.state.in_(_OPEN))
    return list(db.current().connection.execute(sa.select(_JOB.c.id).where(*mine)).scalars())


def at_once(found: Found) -> None:
    """Do all that is left of the data steps of a plugin, in the open exclusive transaction."""
    for row in unfinished(found.id):
        try:
            _to_the_end(found, row)
        except (RelatumError, sa_exc.DBAPIError):
            raise
        except Exception as error:  # whatever a stranger's code may do
            reason = f"the data step {row.title} failed: {hooks.reason_of(error)}"
            raise RelatumError("plugin_unfit", plugin=found.id, reason=reason) from error


def _to_the_end(found: Found, row: Applied) -> None:
    chunk = Chunk(
        job_id=0, actor=_acting(found.id), arguments={}, checkpoint=None, size=_SIZE, done=0,
        total=None,
    )  # fmt: skip
    step, at = _chunk(found, row, chunk)
    while not step.finished:
        step, at = _chunk(found, at, chunk)


def _chunk(found: Found, row: Applied, chunk: Chunk) -> tuple[Done, Applied]:
    """Do one chunk of a data step and note where it got to; raise `Unfit`."""
    known = migrations.find(found)
    migrations.check(known, [row])
    fill = migrations.load(known[row.number - 1]).fill
    with replace(FILL, plugin=found.id).at_work(chunk.actor):
        step = fill(replace(chunk, checkpoint=row.checkpoint, done=row.filled))
    if not isinstance(step, Done):
        raise TypeError(f"fill of {row.title} must return chunk.more(...) or chunk.finish(...)")
    plugin_tables.fill(
        found.id, row.number, done=step.done, checkpoint=step.checkpoint, finished=step.finished
    )
    return step, row._replace(checkpoint=step.checkpoint, filled=row.filled + step.done)


def _run(chunk: Chunk) -> Done:
    plugin = chunk.arguments["plugin"]
    left = unfinished(plugin)
    if not left:
        return chunk.finish({"plugin": plugin, "filled": chunk.done})
    active = following.current().active.get(plugin)
    if active is None:
        return _waiting(plugin, chunk)
    try:
        step, _ = _chunk(active.found, left[0], chunk)
    except Unfit as unfit:
        raise RelatumError("plugin_unfit", plugin=plugin, reason=str(unfit)) from unfit
    return chunk.more(left[0].number, done=step.done, exclusive=step.exclusive)


def _waiting(plugin: str, chunk: Chunk) -> Done:
    """End the job of a disabled plugin, which starts anew with it; one that fails may run soon."""
    state = loading.states(db.current().connection).get(plugin)
    if state is None or not state.enabled:
        chunk.log("The plugin is disabled: the data step goes on when it is enabled again")
        return chunk.finish({"plugin": plugin, "filled": chunk.done})
    fault = following.current().faults.get(plugin)
    reason = fault.reason if fault else "it is not loaded here"
    raise RelatumError("fill_waits", plugin=plugin, reason=reason.rstrip("."))


FILL: Final = jobs.register(
    Kind(
        name="plugin_fill", title="Fill the tables of a plugin", run=_run,
        arguments=PluginFillSchema, permission="customise", chunk=_SIZE,
    )
)  # fmt: skip
