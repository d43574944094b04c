"""Where a check has its plugin: instances with it and without, and what it brings."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any, Final
from unittest import mock

from .. import plugin_host
from ..plugin_host import Active, Loaded, discovery
from .instances import Instance
from .kit import Kit
from .making import Make
from .originals import Step
from .subjects import Subject

Check = Callable[["Bench"], None]


class NotConforming(Exception):
    """A plugin does not keep a rule; the message says which, where, and what to do."""


class NotAsked(Exception):
    """A check has nothing to look at; the message says why."""


def demand(told: list[str], rule: str, remedy: str) -> None:
    """Raise `NotConforming` with a rule and its remedy if anything is told against it."""
    if told:
        listed = "\n".join(f"  - {each}" for each in told[:_MOST])
        more = f"\n  … and {len(told) - _MOST} more" if len(told) > _MOST else ""
        raise NotConforming(f"{rule}:\n{listed}{more}\n{remedy}")


#: Most findings of one kind that are listed.
_MOST: Final = 12


class Bench:
    """A plugin and a database; instances are copies, one of them is shared by who only looks."""

    def __init__(self, kit: Kit, word: str, database: str) -> None:
        self.kit, self.word, self.database = kit, word, database
        self._open = ExitStack()
        self._step: Step | None = None
        kit.closing.callback(self._open.close)

    @property
    def subject(self) -> Subject:
        """The plugin."""
        return self.kit.subject(self.word)

    @property
    def id(self) -> str:
        """The id of the plugin."""
        return self.subject.id

    @contextmanager
    def fresh(self, *, enabled: bool = True) -> Iterator[Instance]:
        """Give an instance of one's own, in which the plugin is enabled or is about to be."""
        with self.kit.instance(self.database, self.word, enabled=enabled) as made:
            yield made

    @cached_property
    def shared(self) -> Instance:
        """An instance in which the plugin is enabled; records may be added, nothing else."""
        return self._open.enter_context(self.fresh())

    @cached_property
    def loaded(self) -> Loaded:
        """The plugins of the shared instance."""
        return loaded(self.shared)

    @property
    def active(self) -> Active:
        """What the plugin brings; raises `NotConforming` if it does not run."""
        found = self.loaded.active.get(self.id)
        if found is None:
            fault = self.loaded.faults.get(self.id)
            why = fault.reason if fault else "it is not enabled"
            raise NotConforming(f"'{self.id}' does not run: {why}")
        return found

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The types that it owns."""
        return tuple(t.name for t in self.shared.catalog.types.values() if t.owner == self.id)

    @contextmanager
    def used(self) -> Iterator[tuple[Instance, dict[str, int]]]:
        """Give an instance in which it is enabled and used, and a record's id of each type."""
        before = self.kit.step(self.word, enabled=True)
        step = self._step = self._step or Step(f"use {self.word}", self.sample, before)
        with self.kit.copy(self.database, step) as (app, made):
            yield app, dict(made)

    def sample(self, app: Instance) -> dict[str, int]:
        """Make a record of each of its types; return their ids by type.

        Raises `NotAsked` naming the type of which none can be made.
        """
        make, made = Make(app), dict[str, int]()
        for name in (t.name for t in app.catalog.types.values() if t.owner == self.id):
            try:
                made[name] = int(make(name)["id"])
            except LookupError as error:
                raise NotAsked(f"no record of {name} can be made by itself: {error}") from None
        return made


def loaded(app: Instance) -> Loaded:
    """Return the plugins that an instance runs."""
    with app.reading():
        return plugin_host.current()


@contextmanager
def without(subject: Subject, app: Instance) -> Iterator[Instance]:
    """Let a plugin's files be gone in the block, for an instance that is like one just started."""

    def others(found: Callable[[], Iterator[Any]]) -> Callable[[], Iterator[Any]]:
        return lambda: (each for each in found() if each.id != subject.id)

    names = ("_bundled", "_installed")
    instead: dict[str, Any] = {name: others(getattr(discovery, name)) for name in names}
    subject.take_away(app.home)
    try:
        with mock.patch.multiple(discovery, **instead):
            yield Instance.installed(app.config)
    finally:
        subject.place(app.home)


class Planned(Exception):
    """What a hook raises that is made to fail."""


@contextmanager
def failing(module: Any, hook: str) -> Iterator[None]:
    """Let a plugin's hook raise in the block, whoever calls it from a set that is loaded then."""
    original = getattr(module, hook)

    @functools.wraps(original)
    def raises(*_: Any, **__: Any) -> None:
        raise Planned(f"{hook} was made to fail")

    setattr(module, hook, raises)
    try:
        yield
    finally:
        setattr(module, hook, original)
