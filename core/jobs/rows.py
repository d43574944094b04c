"""The rows of jobs: how they are read, shown, and who they act for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import auth, changes, clock, db, models
from ..actor import Actor
from ..errors import RelatumError

TABLE: Final[Any] = models.Job.__table__
QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATES: Final = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)
OPEN: Final = (QUEUED, RUNNING)
#: Lines of the log that a job keeps, the last ones.
_LINES: Final = 100
_SUMMARY: Final = (
    "id", "kind", "state", "cancelling", "done", "total", "attempts", "schedule", "created_at",
    "started_at", "finished_at", "not_before",
)  # fmt: skip
#: A job that nobody holds.
FREE: Final[dict[str, Any]] = {"claimed_by": None, "claimed_until": None}


def dump(value: Any) -> str:
    """Return a value as a column of JSON holds it."""
    return changes.dump(value).decode()


def summary(row: Any) -> dict[str, Any]:
    """Return a job as lists show it."""
    return {
        **{name: getattr(row, name) for name in _SUMMARY},
        "actor": row.actor_id,
        "plugin": row.plugin,
        "error": {"code": row.error_code, "message": row.error} if row.error_code else None,
    }


def details(row: Any) -> dict[str, Any]:
    """Return all that people see of a job."""
    return {
        **summary(row),
        "arguments": orjson.loads(row.arguments),
        "result": None if row.result is None else orjson.loads(row.result),
        "log": orjson.loads(row.log),
    }


def acting(user_id: int | None, plugin: str | None = None, *, scope: str | None = None) -> Actor:
    """Return who acts in a job: a user, a plugin, or the system.

    `scope` is that of the token which began it, and which narrows the user's rights. Raises
    `job_actor_gone` for a user who may not enter any more.
    """
    if user_id is None:
        return Actor(user_id=None, name=plugin or "system", admin=True, source="job")
    actor = auth.actor_of_user(user_id, source="job")
    if actor is None:
        raise RelatumError("job_actor_gone", id=user_id)
    return actor.narrowed(scope)


def with_lines(log: str, lines: Iterable[str]) -> str:
    """Return a log with further lines."""
    at = clock.now()
    fresh = [{"at": at, "text": line} for line in lines]
    return dump([*orjson.loads(log), *fresh][-_LINES:]) if fresh else log


def change(job_id: int, *when: Any, **values: Any) -> bool:
    """Change a job if it meets conditions; say whether it did."""
    changed = sa.update(TABLE).where(TABLE.c.id == job_id, *when).values(**values)
    return bool(db.for_writing().connection.execute(changed).rowcount)


def finished(state: str, **values: Any) -> dict[str, Any]:
    """Return the values of a job that has come to its end."""
    return {"state": state, "finished_at": clock.now(), "cancelling": False, **FREE, **values}
