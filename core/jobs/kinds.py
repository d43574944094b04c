"""Kinds of jobs: what each is called, who may start it, and how a chunk of it is done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from flask import g
from marshmallow import Schema, ValidationError

from ...schemas.entity_types import flat
from .. import hooks
from ..actor import Actor
from ..errors import Invalid, Problem, RelatumError, nearest
from ..fields import kind_of
from ..hooks import costs

#: What a kind and a schedule may be called.
JOB_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
#: Failures in a row after which a job is given up, unless its kind says otherwise.
ATTEMPTS: Final = 5
#: Most characters of a line of a job's log.
_LINE = 500


@dataclass(frozen=True, slots=True)
class Step:
    """What a chunk came to: where the next one begins, or that there is none."""

    checkpoint: Any = None
    done: int = 0
    total: int | None = None
    finished: bool = False
    result: Mapping[str, Any] | None = None
    exclusive: bool = False


@dataclass(slots=True, kw_only=True)
class Chunk:
    """A piece of a job: what it was asked, where it is, and about how much it should do.

    `done` counts what earlier chunks did; `prepared` is what `Kind.prepare` returned.
    """

    job_id: int
    actor: Actor
    arguments: dict[str, Any]
    checkpoint: Any
    size: int
    done: int
    total: int | None
    prepared: Any = None
    lines: list[str] = field(default_factory=list)

    def log(self, text: str) -> None:
        """Leave a line that people read beside the job; only the last hundred are kept."""
        self.lines.append(" ".join(text.split())[:_LINE])

    def more(
        self, checkpoint: Any, *, done: int = 0, total: int | None = None, exclusive: bool = False
    ) -> Step:
        """Say that another chunk follows, which begins at `checkpoint`, a JSON value.

        `done` is what this chunk did, `total` what the whole job has to do if that is known now.
        """
        return Step(checkpoint, done, total, exclusive=exclusive)

    def finish(
        self, result: Mapping[str, Any] | None = None, *, done: int = 0, total: int | None = None
    ) -> Step:
        """Say that the job is done, with a result that JSON can hold."""
        return Step(None, done, total, finished=True, result=result or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of job; `name` begins with the id of the plugin that brings it.

    `arguments` is the marshmallow schema of what it is asked; without one it takes nothing.
    `check` may refuse loaded arguments by what the instance holds, in the transaction that
    starts the job, and returns those to keep. `permission` is what its starter needs; with None
    it is `check` that refuses who may not, by what the job would do.
    """

    name: str
    title: str
    run: Callable[[Chunk], Step]
    prepare: Callable[[Chunk], Any] | None = None
    arguments: type[Schema] | None = None
    check: Callable[[dict[str, Any], Actor], dict[str, Any]] | None = None
    permission: str | None = "run"
    #: Says what a job with loaded arguments would do, in a transaction that may write and keeps
    #: nothing; it refuses what `check` does.
    look: Callable[[dict[str, Any], Actor], dict[str, Any]] | None = None
    #: Steps of a chunk at most, such as records.
    chunk: int = 500
    #: Failures in a row after which it is given up.
    attempts: int = ATTEMPTS
    #: Jobs of the kind that run at once, across all processes and machines; None: no limit.
    limit: int | None = None
    #: The plugin that it tells what is committed: see `jobs.follower`.
    follows: str | None = None
    #: When it starts by itself, such as "every 1 day"; see `relatum help jobs`.
    schedule: str | None = None
    #: Who brings it, as is known once a plugin runs; the core's own have none.
    plugin: str = ""

    def load(self, arguments: Any, actor: Actor) -> dict[str, Any]:
        """Return checked arguments; raise `Invalid` naming each that is wrong."""
        loaded = self.read(arguments)
        if self.check is None:
            return loaded
        with self.at_work(actor):
            return self.check(loaded, actor)

    @contextmanager
    def at_work(self, actor: Actor, *, budget: int | None = costs.CHUNK_MS) -> Iterator[None]:
        """Let what the plugin does in the block be told its own `context()`, and count it.

        What it does outside of a chunk's transaction takes as long as it likes: `budget` None.
        """
        if not self.plugin:
            yield
            return
        before = g.get("relatum")
        g.relatum = hooks.current().context(self.plugin, actor)
        try:
            with costs.measured(self.plugin, self.name, budget=budget):
                yield
        finally:
            g.relatum = before

    def read(self, arguments: Any) -> dict[str, Any]:
        """Return arguments of the right shape; raise `Invalid` naming each that is wrong."""
        if not isinstance(arguments, dict):
            reason = f"they must be an object, not {kind_of(arguments)}"
            raise RelatumError("bad_parameter", name="arguments", reason=reason)
        schema = (self.arguments or Schema)(unknown="raise")
        try:
            loaded: dict[str, Any] = schema.load(arguments)
        except ValidationError as error:
            raise Invalid(
                [
                    Problem("value_invalid", {"reason": reason}, field=f"arguments.{path}")
                    for path, reason in flat(error)
                ]
            ) from None
        return loaded


_OWN: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Take in a kind of the core, when its module is imported."""
    _OWN[kind.name] = kind
    return kind


def known() -> dict[str, Kind]:
    """Return every kind by name: the core's and those of the plugins that run."""
    return {**_OWN, **hooks.current().job_kinds}


def runnable(column: Any) -> list[Any]:
    """Return the condition that a column of kinds names one that this process can run.

    There is none where all enabled plugins run: then what nobody knows fails, and says so. Else
    another machine may have the plugin that fails or is missing here.
    """
    return [column.in_(known())] if hooks.current().lacking else []


def kind_named(name: str) -> Kind:
    """Return a kind; raise `job_kind_unknown`."""
    kinds = known()
    if name not in kinds:
        near = nearest(name[:80], sorted(kinds))
        raise RelatumError("job_kind_unknown", kind=name[:80], nearest=near)
    return kinds[name]
