"""What plugins add to each other: answers to published hooks, and parts of a page.

A part is drawn as the plugin that brings it, in a savepoint and by the clock. One that fails or is
slow is noted with its plugin and its name, and harms nothing beside it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask import current_app, g, has_app_context

from .. import db, languages
from .. import hooks as hooking
from ..errors import RelatumError
from ..hooks import COLLECT, ISOLATED, costs, reason_of
from ..hooks.costs import BUDGET_MS as BUDGET_MS
from . import following
from .routes import context

T = TypeVar("T")

_log = logging.getLogger("relatum.parts")


class PartFailed(Exception):
    """A part of a page can't be drawn; the message says why, for an administrator."""

    def __init__(self, plugin: str, part: str, reason: str) -> None:
        super().__init__(reason)
        self.plugin, self.part, self.reason = plugin, part, reason


@dataclass(frozen=True, slots=True)
class Note:
    """A part of a page, or a hook, that failed or was slow in this process: how often, and why."""

    plugin: str
    part: str
    reason: str
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
    g.relatum = hooking.current().context(plugin, before.actor)
    try:
        with costs.measured(plugin, part):
            if not db.is_open():
                return work()
            with db.savepoint():
                return work()
    except RelatumError as error:
        _log.exception("plugin %s failed in %s", plugin, part)
        costs.failed(plugin, part, str(error))
        raise PartFailed(plugin, part, str(error)) from error
    except Exception as error:
        _log.exception("plugin %s failed in %s", plugin, part)
        raise PartFailed(plugin, part, reason_of(error)) from error
    finally:
        g.relatum = before


def translated(text: str, /, **values: Any) -> str:
    """Return a text of the plugin that runs in the reader's language, values in its places.

    The words of the shell come first, if there is one, then the plugin's own.
    """
    return translated_of(context().plugin, text, **values)


def translated_of(plugin: str, text: str, /, **values: Any) -> str:
    """Return a text of a plugin as `translated` does, for its hooks: they may run in any other's.

    Outside of an application, as while a plugin is looked at, it is the text itself.
    """
    found = text
    if has_app_context():
        say: Any = current_app.jinja_env.globals.get("_")
        found = str(say(text)) if say is not None else text
        if found == text:
            found = languages.of(plugin, following.language()).gettext(text)
    return found.format(**values) if values else found


def notes() -> list[Note]:
    """Return what failed or was slow in this process, the newest first."""
    found = [
        Note(plugin, part, cost.reason, cost.failures + cost.slow, cost.at)
        for (plugin, part), cost in costs.in_process().items()
        if cost.reason is not None and cost.at is not None
    ]
    return sorted(found, key=lambda note: note.at, reverse=True)
