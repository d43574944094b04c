"""Jobs that count: a kind that makes a record per number, and short ways to run jobs."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, fields

from relatum.core import jobs, records
from relatum.core.jobs import kinds as kinds_module

from .instances import prepared


class CountSchema(Schema):
    """How far a test job counts."""

    to = fields.Integer(required=True, strict=True)


def count(chunk: jobs.Chunk) -> jobs.Step:
    """Make a record per number, up to `to`."""
    at = chunk.checkpoint or 0
    some = range(at, min(at + chunk.size, chunk.arguments["to"]))
    rows = [{"number": number} for number in some]
    records.create("x_number", rows, actor=chunk.actor)
    chunk.log(f"up to {some.stop}")
    if some.stop == chunk.arguments["to"]:
        return chunk.finish({"counted": some.stop}, done=len(some))
    return chunk.more(some.stop, done=len(some), total=chunk.arguments["to"])


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    """Let a test register kinds that nobody else sees."""
    monkeypatch.setattr(kinds_module, "_OWN", dict(kinds_module._OWN))
    kind("count", count, arguments=CountSchema, chunk=2)


def kind(name: str, run: Any, **options: Any) -> jobs.Kind:
    return jobs.register(jobs.Kind(name=name, title=name.title(), run=run, **options))


@prepared
def crm(instance):
    """An instance that keeps numbers, and starts nothing by itself."""
    instance.make_type("x_number", {"name": "number", "kind": "integer"})
    for each in instance.read(jobs.list_schedules):
        instance.write(jobs.change_schedule, each["name"], enabled=False)


def run(instance: Any, job_id: int, by: str = "me", *, chunks: int = 1000) -> str | None:
    """Run a job for a process, for some chunks at most."""
    left = iter(range(chunks - 1))
    with instance.app.app_context():
        return jobs.run(job_id, by=by, pause=lambda: next(left, None) is None)


def swept(instance: Any) -> list[int]:
    with instance.app.app_context():
        return jobs.sweep()


def numbers(instance: Any) -> list[int]:
    return [row.number for row in instance.sql("SELECT number FROM x_number ORDER BY id")]


def queue(instance: Any) -> jobs.Queue:
    """Return the queue that the instance has by its settings."""
    with instance.reading():
        return jobs.current_queue()


def taken(instance: Any) -> int | None:
    """Return what a worker would run next, and take it from the queue."""
    there = queue(instance)
    with instance.app.app_context():
        return there.take()
