"""What plugins add to each other: answers to published hooks, and parts of a page.

A part is drawn as the plugin that brings it, in a savepoint and by the clock. One that fails or is
slow is noted with its plugin and its name, and harms nothing beside it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from flask import current_app, g

from .. import clock, db
from .. import hooks as hooking
from ..errors import RelatumError
from ..hooks import COLLECT, ISOLATED, Context, reason_of
from . import following
from .routes import context

T = TypeVar("T")

#: What a part of a page may take before that is noted.
BUDGET_MS: Final = 50
_NOTES: Final = "relatum.parts"
#: Parts that are remembered; what goes wrong in one over and over is one note.
_MOST: Final = 100
_log = logging.getLogger("relatum.parts")


class PartFailed(Exception):
    """A part of a page can't be drawn; the message says why, for an administrator."""

    def __init__(self, plugin: str, part: str, reason: str) -> None:
        super().__init__(reason)
        self.plugin, self.part, self.reason = plugin, part, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A part of a page that failed or was slow in this process: how often, and last why."""

    plugin: str
    part: str
    reason: str
    slow: bool
    count: int
    at: datetime


def answers(hook: str) -> list[tuple[str, Any]]:
    """Return what each plugin that runs brings to a published hook that is asked once."""
    active = following.current().active
    return [(name, made.answers[hook]) for name, made in active.items() if hook in made.answers]


def call(hook: str, **values: Any) -> None:
    """Call a published hook by its policy, strict or isolated, for whoever asks."""
    hooks, actor = hooking.current(), context().actor
    policy = hooks.policy(hook)
    if policy is None or policy.failure == COLLECT or actor is None:
        raise RuntimeError(f"{hook} is not to be called here")
    called = hooks.isolated if policy.failure == ISOLATED else hooks.strict
    called(hook, actor=actor, **values)


def draw(plugin: str, part: str, work: Callable[[], T]) -> T:
    """Do what a plugin adds to a page, and return it; raise `PartFailed`.

    `context()` is the plugin's meanwhile. What it did to the database is undone if it fails, and
    what takes longer than `BUDGET_MS` is noted.
    """
    before = context()
    g.relatum = Context(plugin=plugin, home=before.home, actor=before.actor)
    started = time.perf_counter()
    try:
        if not db.is_open():
            return work()
        with db.savepoint():
            return work()
    except Exception as error:
        reason = str(error) if isinstance(error, RelatumError) else reason_of(error)
        _log.exception("plugin %s failed in %s", plugin, part)
        _note(plugin, part, reason)
        raise PartFailed(plugin, part, reason) from error
    finally:
        g.relatum = before
        took = (time.perf_counter() - started) * 1000
        if took > BUDGET_MS:
            said = f"It took {took:.0f} ms; {BUDGET_MS} are allowed"
            _log.warning("plugin %s is slow in %s: %d ms of %d", plugin, part, took, BUDGET_MS)
            _note(plugin, part, said, slow=True)


def notes() -> list[Note]:
    """Return the parts of pages that failed or were slow in this process, the newest first."""
    found: dict[Any, Note] = current_app.extensions.get(_NOTES, {})
    return sorted(found.values(), key=lambda note: note.at, reverse=True)


def _note(plugin: str, part: str, reason: str, *, slow: bool = False) -> None:
    held: dict[Any, Note] = current_app.extensions.setdefault(_NOTES, {})
    key = plugin, part, slow
    now = Note(plugin=plugin, part=part, reason=reason, slow=slow, count=1, at=clock.now())
    known = held.get(key)
    if known is not None or len(held) < _MOST:
        held[key] = replace(now, count=known.count + 1) if known else now
