"""The caller of hooks: it knows which plugin did what, and what a failure means."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final, NamedTuple

import pluggy
from flask import current_app, has_app_context

from ..actor import Actor
from ..errors import RelatumError
from . import costs, specs
from .hiding import reason_of
from .marking import (
    COLLECT,
    ISOLATED,
    POLICIES,
    PROJECT,
    STRICT,
    Context,
    Policy,
    only_of,
    policy_of,
)

#: Where an application keeps its hooks.
EXTENSION: Final = "relatum.hooks"
_log = logging.getLogger("relatum.hooks")
#: What is left of an argument that a plugin does not want to see.
_NOTHING: Final = object()


class Result(NamedTuple):
    """What one plugin returned."""

    plugin: str
    value: Any


@dataclass(eq=False)
class Hooks:
    """The plugins of one generation of an application, in the order of their requirements."""

    generation: int = 0
    home: Path = field(default_factory=Path)
    #: Told of an isolated hook that failed: plugin, hook, exception.
    on_failure: Callable[[str, str, Exception], None] | None = None
    #: Field types and kinds of jobs by name, besides the kernel's.
    field_types: Mapping[str, type] = field(default_factory=lambda: MappingProxyType({}))
    job_kinds: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    #: The folders of the plugins that run, and their settings, by id.
    places: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    settings: Mapping[str, Mapping[str, Any]] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    #: What opens a table of a plugin's own: (plugin, name) -> the table.
    opener: Callable[[str, str], Any] | None = None
    lacking: bool = False  # an enabled plugin does not run here

    def __post_init__(self) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(specs)
        self._policies = dict(POLICIES)
        self._implemented: frozenset[str] = frozenset()

    def publish(self, plugin: str, functions: Iterable[Any]) -> tuple[str, ...]:
        """Take in the hooks that a plugin publishes, return their names; raise ValueError."""
        published = ModuleType(f"relatum.specs.{plugin}")
        made: dict[str, Policy] = {}
        for function in functions:
            name, policy = getattr(function, "__name__", ""), policy_of(function)
            if policy is None or policy.failure not in (COLLECT, STRICT, ISOLATED):
                raise ValueError("relatum_hookspecs must return functions marked by @hookspec(...)")
            if not name.startswith(f"{plugin}_") or name in {*self._policies, *made}:
                raise ValueError(
                    f"the hook '{name}' must begin with '{plugin}_', and be there once"
                )
            made[name] = policy._replace(publisher=plugin)
            setattr(published, name, function)
        if made:
            self._manager.add_hookspecs(published)
        self._policies.update(made)
        return tuple(sorted(made))

    def policy(self, name: str) -> Policy | None:
        """Return the policy of a hook; None if nobody here publishes one of that name."""
        return self._policies.get(name)

    def register(self, plugin: str, module: Any, *, listed: Iterable[str] = ()) -> tuple[str, ...]:
        """Take a plugin in and return the names of its hooks; raise ValueError with a reason.

        `listed` are hooks that its plugin.json names: those of a plugin that is not here are left
        uncalled, if they are marked as optional.
        """
        try:
            self._manager.register(module, plugin)
            self._manager.check_pending()
            names = tuple(sorted(c.name for c in self._manager.get_hookcallers(module) or ()))
            for name in names:
                self._check(plugin, name, listed)
        except (pluggy.PluginValidationError, ValueError) as error:
            self.remove(plugin)
            raise ValueError(" ".join(str(error).split())) from None
        self._note()
        return names

    def _check(self, plugin: str, name: str, listed: Iterable[str]) -> None:
        if name not in self._policies:
            if name not in listed:
                raise ValueError(f"{name} is the hook of a plugin that it does not require")
            return
        [found] = [i for i in self._implementations(name) if i.plugin_name == plugin]
        for word in ("wrapper", "hookwrapper", "tryfirst", "trylast"):
            if found.opts[word]:
                raise ValueError(f"{name} uses {word}; the order follows from what it requires")
        if found.kwargnames:
            raise ValueError(f"{name} gives {', '.join(found.kwargnames)} a default; drop it")

    def remove(self, plugin: str) -> None:
        """Leave a plugin out."""
        if self._manager.has_plugin(plugin):
            self._manager.unregister(name=plugin)
        own = {n for n in self._policies if n.startswith(f"{plugin}_")} - POLICIES.keys()
        self._policies = {n: p for n, p in self._policies.items() if n not in own}
        self._note()

    def _note(self) -> None:
        self._implemented = frozenset(n for n in self._policies if self._implementations(n))

    def _implementations(self, name: str) -> list[Any]:
        return list(getattr(self._manager.hook, name).get_hookimpls())

    def implemented(self, name: str) -> bool:
        """Say whether any plugin implements a hook; costs next to nothing."""
        return name in self._implemented

    def order(self, name: str) -> tuple[str, ...]:
        """Return the plugins that implement a hook, in the order in which they are called."""
        if name not in self._policies:
            return ()
        found = [each.plugin_name for each in self._implementations(name)]
        return tuple(reversed(found) if self._policies[name].backwards else found)

    def _calls(
        self, name: str, actor: Actor | None, values: dict[str, Any], only: str | None = None
    ) -> Iterator[tuple[str, Callable[[], Any]]]:
        found = {i.plugin_name: i for i in self._implementations(name)}
        for each in map(found.__getitem__, self.order(name)):
            if only is not None and each.plugin_name != only:
                continue
            given = {n: _seen(v, each) for n, v in values.items()}
            if any(value is _NOTHING for value in given.values()):
                continue
            given["ctx"] = self.context(each.plugin_name, actor)
            wanted = {name: given[name] for name in each.argnames}
            rows = sum(len(v) for v in given.values() if isinstance(v, Sized))
            policy = self._policies[name]
            if policy.failure == COLLECT:  # asked once, while an application is built
                yield each.plugin_name, partial(each.function, **wanted)
                continue
            budget = None if policy.unhurried else costs.BUDGET_MS
            measure = partial(
                costs.measured, each.plugin_name, name, rows, strict=policy.failure == STRICT,
                budget=budget,
            )  # fmt: skip
            yield each.plugin_name, partial(_measured, measure, each.function, wanted)

    def context(self, plugin: str, actor: Actor | None = None) -> Context:
        """Return what a plugin is told when it is called for an actor."""
        return Context(
            plugin=plugin, home=self.home, actor=actor, settings=self.settings.get(plugin, {}),
            opener=self.opener,
        )  # fmt: skip

    def collect(self, name: str, *, only: str | None = None, **values: Any) -> list[Result]:
        """Call a hook and return what each plugin returned, None left out.

        An exception is the caller's to deal with.
        """
        results = [Result(p, call()) for p, call in self._calls(name, None, values, only)]
        return [result for result in results if result.value is not None]

    def strict(self, name: str, *, actor: Actor, **values: Any) -> None:
        """Call a hook; what a plugin refuses passes, any other exception is `hook_failed`."""
        if name not in self._implemented:
            return
        for plugin, call in self._calls(name, actor, values):
            try:
                call()
            except RelatumError:
                raise
            except Exception as error:
                _log.exception("plugin %s failed in %s", plugin, name)
                raise RelatumError(
                    "hook_failed", plugin=plugin, hook=name, reason=reason_of(error)
                ) from error

    def isolated(self, name: str, *, actor: Actor, **values: Any) -> None:
        """Call a hook; an exception of one plugin is noted, and the others are called."""
        if name not in self._implemented:
            return
        for plugin, call in self._calls(name, actor, values):
            try:
                call()
            except Exception as error:  # noqa: BLE001  # that is what isolated means
                _log.exception("plugin %s failed in %s", plugin, name)
                if self.on_failure is not None:
                    self.on_failure(plugin, name, error)


def _measured(measure: Any, function: Any, given: dict[str, Any]) -> Any:
    with measure():
        return function(**given)


def _seen(value: Any, implementation: Any) -> Any:
    """Return an argument as a plugin gets it, or `_NOTHING` that it has an interest in."""
    seen_by = getattr(value, "seen_by", None)
    if seen_by is None:
        return value
    seen = seen_by(implementation.plugin_name, only_of(implementation.function))
    return _NOTHING if seen is None else seen


NONE: Final = Hooks()
_instead: ContextVar[Hooks | None] = ContextVar("relatum_hooks", default=None)


@contextmanager
def using(instead: Hooks) -> Iterator[None]:
    """Let other hooks than the application's count in the block, as a plan needs to."""
    token = _instead.set(instead)
    try:
        yield
    finally:
        _instead.reset(token)


def overridden() -> bool:
    """Say whether other hooks than the application's count here."""
    return _instead.get() is not None


def current() -> Hooks:
    """Return the hooks of the current application; without one, hooks that nobody implements."""
    found = _instead.get()
    if found is None:
        found = current_app.extensions.get(EXTENSION, NONE) if has_app_context() else NONE
    return found
