"""The tables of jobs: a part of revision 0001, which is long enough without them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from ..storage import Instant, Int64, Text


def _needed(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _free(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind) for name in names]


def make_jobs() -> None:
    """Make the tables of jobs, of their schedules and of the processes that run them."""
    op.create_table(
        "core_job",
        sa.Column("id", Int64, primary_key=True, autoincrement=True),
        *_needed(Text, "kind", "arguments"),
        *_free(Int64, "actor_id"),
        *_free(Text, "scope", "plugin", "schedule"),
        *_needed(Text, "state"),
        *_needed(sa.Boolean, "cancelling"),
        *_free(Text, "claimed_by"),
        *_free(Instant, "claimed_until", "not_before"),
        *_needed(Instant, "turn_at"),
        *_free(Text, "checkpoint"),
        *_needed(sa.Boolean, "exclusive"),
        *_needed(Int64, "done"),
        *_free(Int64, "total"),
        *_free(Text, "result"),
        *_needed(sa.Integer, "attempts"),
        *_free(Text, "error_code", "error"),
        *_needed(Text, "log"),
        *_needed(Instant, "created_at"),
        *_free(Instant, "started_at", "finished_at"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_core_job_state", "core_job", ["state", "id"])
    op.create_index("ix_core_job_kind", "core_job", ["kind", "id"])
    op.create_index("ix_core_job_turn_at", "core_job", ["state", "turn_at", "id"])
    _make_beside()


def _make_beside() -> None:
    op.create_table(
        "core_job_schedule",
        sa.Column("name", Text, primary_key=True),
        *_needed(Text, "kind", "arguments", "rule"),
        *_needed(sa.Boolean, "enabled"),
        *_needed(Text, "owner"),
        *_free(Int64, "actor_id"),
        *_free(Text, "scope"),
        *_free(Instant, "next_run_at", "last_run_at"),
    )
    op.create_table(
        "core_jobs_process",
        sa.Column("id", Text, primary_key=True),
        *_needed(Text, "place"),
        *_needed(sa.Integer, "pid"),
        *_needed(Instant, "started_at", "seen_at"),
    )
    op.create_table(
        "core_worker",
        sa.Column("id", Text, primary_key=True),
        *_needed(Text, "kind", "place"),
        *_needed(sa.Integer, "pid", "generation", "oldest", "code"),
        *_needed(Text, "loaded"),
        *_needed(Instant, "started_at", "since", "seen_at"),
    )
    op.create_table(
        "core_follower",
        sa.Column("kind", Text, primary_key=True),
        *_needed(Text, "place"),
        *_needed(Instant, "moved_at"),
    )


def seed_jobs() -> None:
    """Let what is over be forgotten once a day, and what was committed be sealed."""
    columns = ("name", "kind", "arguments", "rule", "enabled", "owner")
    schedule = sa.table(
        "core_job_schedule", *map(sa.column, columns), sa.column("next_run_at", Instant)
    )
    row: dict[str, Any] = {"arguments": "{}", "enabled": True, "owner": "core"}
    rows: list[dict[str, Any]] = [
        {"name": "forget", "kind": "forget", "rule": "every 1 day", "next_run_at": None},
        {
            "name": "seal", "kind": "seal", "rule": "every 10 minutes",
            "next_run_at": datetime.now(UTC) + timedelta(minutes=10),
        },
    ]  # fmt: skip
    op.get_bind().execute(schedule.insert(), [{**row, **each} for each in rows])
