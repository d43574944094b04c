"""Schedules: rows that say when a kind of job starts by itself. Missed times count as one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from cronsim import CronSim, CronSimError

from .. import access, audit, catalog, clock, db, models
from ..actor import Actor
from ..errors import RelatumError, nearest
from . import rows, verbs
from .kinds import JOB_NAME, Kind, kind_named, runnable
from .rows import TABLE

SCHEDULES: Final[Any] = models.JobSchedule.__table__
_EVERY = re.compile(r"every ([1-9][0-9]{0,4}) (minute|hour|day)s?")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_SHOWN = ("name", "kind", "rule", "enabled", "owner", "next_run_at", "last_run_at")


def list_schedules(*, actor: Actor) -> list[dict[str, Any]]:
    """Return every schedule by name."""
    access.require(actor, "read", "schedules of jobs")
    found = db.current().connection.execute(sa.select(SCHEDULES).order_by(SCHEDULES.c.name))
    return [_shown(row) for row in found]


def _shown(row: Any) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _SHOWN},
        "arguments": orjson.loads(row.arguments),
        "actor": row.actor_id,
    }


def create_schedule(
    name: str,
    kind: str,
    rule: str,
    arguments: dict[str, Any] | None = None,
    *,
    actor: Actor,
    enabled: bool = True,
) -> dict[str, Any]:
    """Make a schedule by which jobs start on behalf of whoever made it; return it.

    `rule` is "every 15 minutes" (hours, days) or five fields of cron, in the instance's zone.
    Raises `schedule_exists`, `job_kind_unknown`, `bad_parameter`, `Invalid`.
    """
    access.require(actor, "customise", "schedules of jobs")
    if not JOB_NAME.fullmatch(name):
        reason = "it must be 1 to 40 characters a-z, 0-9 and _, a letter first"
        raise RelatumError("bad_parameter", name="name", reason=reason)
    wanted = kind_named(kind)
    verbs.require(wanted, actor)
    loaded = wanted.load(arguments or {}, actor)
    next_run = following(rule, clock.now())
    if _find(name) is not None:
        raise RelatumError("schedule_exists", name=name)
    row = {
        "name": name, "kind": kind, "rule": rule, "enabled": enabled, "owner": "local",
        "arguments": rows.dump(loaded), "actor_id": actor.user_id, "next_run_at": next_run,
        "scope": actor.scope and actor.scope.text,
    }  # fmt: skip
    db.for_writing().connection.execute(sa.insert(SCHEDULES), row)
    return _told(name, None, actor)


def change_schedule(
    name: str,
    *,
    actor: Actor,
    rule: str | None = None,
    arguments: dict[str, Any] | None = None,
    enabled: bool | None = None,
) -> dict[str, Any]:
    """Change what is given of a schedule; return it. Its next run follows from now.

    Raises `schedule_unknown` and what `create_schedule` raises.
    """
    access.require(actor, "customise", "schedules of jobs")
    row = _get(name)
    values: dict[str, Any] = {}
    if enabled is not None:
        values["enabled"] = enabled
    if rule is not None:
        values["rule"] = rule
    if arguments is not None:
        values["arguments"] = rows.dump(kind_named(row.kind).load(arguments, actor))
    if rule is not None or (enabled and not row.enabled):
        values["next_run_at"] = following(rule or row.rule, clock.now())
    if values:
        changed = sa.update(SCHEDULES).where(SCHEDULES.c.name == name).values(**values)
        db.for_writing().connection.execute(changed)
    return _told(name, row, actor)


def _told(name: str, was: Any, actor: Actor) -> dict[str, Any]:
    """Note that a schedule was changed, and return it."""
    now = _shown(_get(name))
    before = None if was is None else _shown(was)
    if now != before:
        audit.note("schedule_changed", f"schedule:{name}", actor=actor, before=before, after=now)
    return now


def delete_schedule(name: str, *, actor: Actor) -> None:
    """Take a schedule away; its jobs stay. Raises `schedule_unknown`, `schedule_owned`."""
    access.require(actor, "customise", "schedules of jobs")
    row = _get(name)
    if row.owner != "local":
        raise RelatumError("schedule_owned", name=name, owner=row.owner)
    gone = sa.delete(SCHEDULES).where(SCHEDULES.c.name == name)
    db.for_writing().connection.execute(gone)
    audit.note("schedule_changed", f"schedule:{name}", actor=actor, before=_shown(row))


def settle(kinds: Iterable[Kind], owner: str) -> None:
    """Make the schedules that a plugin's kinds ask for, in the transaction that enables it."""
    connection = db.for_writing().connection
    for kind in kinds:
        if kind.schedule is not None and _find(kind.name) is None:
            row = {
                "name": kind.name, "kind": kind.name, "rule": kind.schedule, "enabled": True,
                "owner": owner, "arguments": "{}",
                "next_run_at": following(kind.schedule, clock.now()),
            }  # fmt: skip
            connection.execute(sa.insert(SCHEDULES), row)


def forget(owner: str) -> None:
    """Forget the schedules and followers of a plugin that is purged, and cancel its open jobs."""
    connection, followers = db.for_writing().connection, models.Follower.__table__
    connection.execute(sa.delete(SCHEDULES).where(SCHEDULES.c.owner == owner))
    its = f"{owner}_"
    connection.execute(
        sa.delete(followers).where(followers.c.kind.startswith(its, autoescape=True))
    )
    open_ = TABLE.c.kind.startswith(its, autoescape=True), TABLE.c.state.in_(rows.OPEN)
    connection.execute(sa.update(TABLE).where(*open_).values(**rows.finished(rows.CANCELLED)))


def _find(name: str) -> Any:
    query = sa.select(SCHEDULES).where(SCHEDULES.c.name == name)
    return db.current().connection.execute(query).first()


def _get(name: str) -> Any:
    row = _find(name)
    if row is None:
        names = db.current().connection.execute(sa.select(SCHEDULES.c.name)).scalars()
        near = nearest(name[:40], list(names))
        raise RelatumError("schedule_unknown", name=name[:40], nearest=near)
    return row


def following(rule: str, after: datetime) -> datetime:
    """Return when a rule is next true after a moment; raise `bad_parameter`."""
    found = _EVERY.fullmatch(rule)
    if found:
        return after + timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    zone = ZoneInfo(catalog.current().settings["timezone"])
    try:
        # Six fields would be seconds, and a word such as @daily none.
        moments = CronSim(rule if rule.count(" ") == 4 else "", after.astimezone(zone))
        return next(moments).astimezone(UTC)
    except (CronSimError, StopIteration):
        reason = (
            f"'{rule[:60]}' is neither \"every N minutes\", hours or days, nor a time in five "
            "fields of cron that comes"
        )
        raise RelatumError("bad_parameter", name="rule", reason=reason) from None


def due(connection: sa.Connection, now: datetime) -> list[str]:
    """Return the names of schedules whose time has come."""
    come = sa.or_(SCHEDULES.c.next_run_at.is_(None), SCHEDULES.c.next_run_at <= now)
    query = sa.select(SCHEDULES.c.name).where(
        SCHEDULES.c.enabled, come, *runnable(SCHEDULES.c.kind)
    )
    return list(connection.execute(query.order_by(SCHEDULES.c.name)).scalars())


def fire(name: str, now: datetime) -> None:
    """Start the job of a schedule that is due, unless its last one is not over yet.

    What keeps it from starting is told by a job that has failed.
    """
    connection, row = db.for_writing().connection, _get(name)
    seen = SCHEDULES.c.next_run_at
    same = seen.is_(None) if row.next_run_at is None else seen == row.next_run_at
    changed = sa.update(SCHEDULES).where(SCHEDULES.c.name == name, same)
    values = {"next_run_at": _next(row, now), "last_run_at": now}
    if not connection.execute(changed.values(**values)).rowcount or verbs.is_open(name):
        return
    try:
        verbs.enqueue(row.kind, orjson.loads(row.arguments), actor=_actor(row), schedule=name)
    except RelatumError as error:
        told = rows.finished(rows.FAILED, error_code=error.code, error=str(error))
        nobody = Actor(user_id=row.actor_id, source="job")
        verbs.insert(row.kind, row.arguments, actor=nobody, schedule=name, **told)


def _next(row: Any, now: datetime) -> datetime:
    """Return the next time after now; one that repeats keeps to its beat."""
    found = _EVERY.fullmatch(row.rule)
    if not found or row.next_run_at is None:
        return following(row.rule, now)
    beat = timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    missed = (now - row.next_run_at) // beat
    return row.next_run_at + beat * (missed + 1)  # type: ignore[no-any-return]


def _actor(row: Any) -> Actor:
    if row.owner in ("core", "local"):
        return rows.acting(row.actor_id, scope=row.scope)
    return Actor(user_id=None, name=row.owner, admin=True, source="plugin")
