"""The fixed tables of jobs; `core.models` is where everybody takes them from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .db import db
from .storage import Instant, Int64, Text

Model: Any = db.Model


class Job(Model):
    """A piece of work that is done beside requests; this row is the truth of it (D14)."""

    __tablename__ = "core_job"
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(Text)
    arguments: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[int | None] = mapped_column(Int64)
    #: JSON: the scope of the token that started it, whose limits it keeps.
    scope: Mapped[str | None] = mapped_column(Text)
    #: The plugin that acts by itself; the system acts if there is neither user nor plugin.
    plugin: Mapped[str | None] = mapped_column(Text)
    schedule: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    cancelling: Mapped[bool] = mapped_column(sa.Boolean)
    claimed_by: Mapped[str | None] = mapped_column(Text)
    claimed_until: Mapped[datetime | None] = mapped_column(Instant)
    not_before: Mapped[datetime | None] = mapped_column(Instant)
    #: Among those that wait the earliest is next; one that made room for others stands behind.
    turn_at: Mapped[datetime] = mapped_column(Instant)
    #: JSON: where the next chunk begins, and whether it needs the data model for itself.
    checkpoint: Mapped[str | None] = mapped_column(Text)
    exclusive: Mapped[bool] = mapped_column(sa.Boolean)
    done: Mapped[int] = mapped_column(Int64)
    total: Mapped[int | None] = mapped_column(Int64)
    result: Mapped[str | None] = mapped_column(Text)
    #: Failures since it last got on.
    attempts: Mapped[int] = mapped_column(sa.Integer)
    error_code: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    log: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        sa.Index("ix_core_job_state", "state", "id"),
        sa.Index("ix_core_job_kind", "kind", "id"),
        sa.Index("ix_core_job_turn_at", "state", "turn_at", "id"),
        {"sqlite_autoincrement": True},
    )


class JobSchedule(Model):
    """When a kind of job is started by itself: `rule` is "every 15 minutes" or a cron line."""

    __tablename__ = "core_job_schedule"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    arguments: Mapped[str] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(sa.Boolean)
    owner: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[int | None] = mapped_column(Int64)
    #: JSON: the scope of the token that made it; its jobs keep to that.
    scope: Mapped[str | None] = mapped_column(Text)
    #: Empty: as soon as somebody looks.
    next_run_at: Mapped[datetime | None] = mapped_column(Instant)
    last_run_at: Mapped[datetime | None] = mapped_column(Instant)


class Worker(Model):
    """A process that serves requests or runs jobs, and the set of plugins that it has.

    `generation` is what begins in it from now on, `oldest` what something in it still works by;
    `since` is when it took its generation.
    """

    __tablename__ = "core_worker"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    #: web or jobs.
    kind: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(Text)
    pid: Mapped[int] = mapped_column(sa.Integer)
    generation: Mapped[int] = mapped_column(sa.Integer)
    oldest: Mapped[int] = mapped_column(sa.Integer)
    #: What core_epoch said of code when the process began.
    code: Mapped[int] = mapped_column(sa.Integer)
    #: JSON: the code of plugins that it runs, by id: version, digest, and what is wrong with it.
    loaded: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(Instant)
    since: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)


class JobsProcess(Model):
    """A process that runs jobs, and where it lives: who has which job in hand."""

    __tablename__ = "core_jobs_process"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    place: Mapped[str] = mapped_column(Text)
    pid: Mapped[int] = mapped_column(sa.Integer)
    started_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)


class Follower(Model):
    """How far a kind of job that follows what is committed has got."""

    __tablename__ = "core_follower"
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    place: Mapped[str] = mapped_column(Text)
    moved_at: Mapped[datetime] = mapped_column(Instant)
