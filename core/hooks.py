"""Hooks: what a plugin may add, what happens if it fails, and the caller that knows who did.

A hook is a function below with the mark of its failure policy; a plugin implements it by a
function of the same name with `@hookimpl`. There are few, they take batches, and every argument
is passed by name. `ctx` is a frozen `Context` made for the plugin that is called.

Policies: `collect` hooks run while an application is built, and a plugin that fails is left out
of it; `strict` ones run in the transaction of a write, which a failure undoes; `isolated` ones
run when all is committed, and a failure is logged and hurts nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final, NamedTuple, TypeVar

import pluggy
from flask import current_app, has_app_context

from .actor import Actor
from .errors import RelatumError

F = TypeVar("F", bound=Callable[..., Any])

#: Version of the hooks and of the face: a plugin says which it was written for.
API_VERSION: Final = "1.0"
PROJECT: Final = "relatum"
#: Where an application keeps its hooks.
EXTENSION: Final = "relatum.hooks"
COLLECT, STRICT, ISOLATED = "collect", "strict", "isolated"

hookimpl = pluggy.HookimplMarker(PROJECT)
_spec = pluggy.HookspecMarker(PROJECT)
_log = logging.getLogger("relatum.hooks")
#: Where a function that is a hook of a plugin keeps its policy.
_MARK: Final = "relatum_policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every hook and route of a plugin is told: for whom it works and where.

    `actor` is who acts; None while an application is built.
    """

    plugin: str
    home: Path
    actor: Actor | None = None

    def as_plugin(self) -> Actor:
        """Return the plugin itself as an actor; its changes say so in the history."""
        return Actor(user_id=None, name=self.plugin, admin=True, source="plugin")


class Policy(NamedTuple):
    """What the mark of a hook says of it."""

    failure: str
    #: Called in the opposite order: first who builds on others.
    backwards: bool = False
    #: (what a plugin returned to a published hook, that plugin) -> what is kept; or ValueError.
    read: Callable[[Any, Any], Any] | None = None
    publisher: str = ""


def spec(failure: str, *, backwards: bool = False) -> Callable[[F], F]:
    """Mark a function as a hook with a failure policy."""

    def mark(function: F) -> F:
        POLICIES[function.__name__] = Policy(failure, backwards)
        return _spec(function)

    return mark


POLICIES: dict[str, Policy] = {}


def hookspec(
    failure: str, *, backwards: bool = False, read: Callable[[Any, Any], Any] | None = None
) -> Callable[[F], F]:
    """Mark a function as a hook that a plugin publishes, to be returned by `relatum_hookspecs`.

    `failure` is collect, strict or isolated. What a collect hook returns is read by
    `read(value, active)` when an application is built; its ValueError leaves the other plugin out.
    """

    def mark(function: F) -> F:
        vars(function)[_MARK] = Policy(failure, backwards, read)
        return _spec(function)

    return mark


# -- the hooks ------------------------------------------------------------------------------
@spec(COLLECT)
def relatum_declare(ctx: Context) -> Mapping[str, Any]:
    """Return the entity types of the plugin, and its fields on the types of others.

    Called when a plugin is planned or enabled, never by a worker; in a transaction that the
    plugin does not need. Returns a document as `relatum schema export` writes it:
    `{"types": [...], "extensions": [...]}`, each with fields, keys and views. An exception refuses
    to enable the plugin.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_field_types(ctx: Context) -> Iterable[type]:
    """Return field types: subclasses of a field type that there is, which stores as that does.

    Called when an application is built, outside any transaction. The name (`kind`) begins with
    the plugin's id and an underscore. An exception leaves the plugin out.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_jobs(ctx: Context) -> Iterable[Any]:
    """Return kinds of jobs, as `jobs.Kind`.

    Called when an application is built, outside any transaction. A name begins with the
    plugin's id and an underscore. An exception leaves the plugin out.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_permissions(ctx: Context) -> Iterable[Any]:
    """Return the permissions that the plugin's routes ask for, as `Permission`.

    Called when an application is built, outside any transaction. A name is the plugin's id, a
    dot and a word. An exception leaves the plugin out.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_routes(ctx: Context) -> Any:
    """Return `Routes`: Flask blueprints for pages, mounted at /x/ID, and for the API, /api/x/ID.

    Called when an application is built, outside any transaction. Every view says who may come
    in, by `@requires(...)`. An exception, or a view that does not say, leaves the plugin out.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_commands(ctx: Context) -> Iterable[Any]:
    """Return click commands, run as `relatum ID COMMAND`.

    Called when one of them is asked for, outside any transaction; a command opens its own by
    `reading()` or `transact(...)`. An exception fails the command.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_hookspecs(ctx: Context) -> Iterable[Callable[..., Any]]:
    """Return the hooks that the plugin publishes for others: functions marked by `@hookspec`.

    Called when an application is built, outside any transaction. A name begins with the plugin's
    id and an underscore. An exception leaves the plugin out.
    """
    raise NotImplementedError


@spec(STRICT)
def relatum_before_write(batch: Any, ctx: Context) -> None:
    """Look at rows before they are written: set values, or refuse rows.

    Called once per type, operation and batch, in the transaction, after defaults and before the
    rules; `batch` is a `WriteBatch`. Returns nothing. An exception undoes the whole write.
    """
    raise NotImplementedError


@spec(STRICT, backwards=True)
def relatum_after_write(batch: Any, ctx: Context) -> None:
    """See rows that were written, with their ids; write what follows from them.

    Called once per type, operation and batch, in the same transaction; what it writes joins the
    change set. Returns nothing. An exception, or a row refused now, undoes the whole write.
    """
    raise NotImplementedError


@spec(ISOLATED)
def relatum_after_commit(changes: Any, ctx: Context) -> None:
    """Hear of what was committed: a tuple of `Committed`, in the order of the writes.

    Called once per transaction that wrote records, after the commit, in no transaction. Returns
    nothing. An exception is logged with the plugin's id; the write stands.
    """
    raise NotImplementedError


@spec(STRICT)
def relatum_demo(demo: Any, ctx: Context) -> None:
    """Bring example data for the demonstration, by `demo`, a `Demo`.

    Called once, in the transaction that makes the instance of `relatum demo`, after the plugins
    that this one requires. Returns nothing. An exception makes no instance.
    """
    raise NotImplementedError


# -- the caller -----------------------------------------------------------------------------
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
    #: The folders of the plugins that run, by id.
    places: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    lacking: bool = False  # an enabled plugin does not run here

    def __post_init__(self) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        specs = ModuleType("relatum.specs")
        vars(specs).update({name: globals()[name] for name in POLICIES})
        self._manager.add_hookspecs(specs)
        self._policies = dict(POLICIES)
        self._implemented: frozenset[str] = frozenset()

    def publish(self, plugin: str, functions: Iterable[Any]) -> tuple[str, ...]:
        """Take in the hooks that a plugin publishes, return their names; raise ValueError."""
        specs = ModuleType(f"relatum.specs.{plugin}")
        made: dict[str, Policy] = {}
        for function in functions:
            name, policy = getattr(function, "__name__", ""), getattr(function, _MARK, None)
            if not isinstance(policy, Policy) or policy.failure not in (COLLECT, STRICT, ISOLATED):
                raise ValueError("relatum_hookspecs must return functions marked by @hookspec(...)")
            if not name.startswith(f"{plugin}_") or name in {*self._policies, *made}:
                raise ValueError(
                    f"the hook '{name}' must begin with '{plugin}_', and be there once"
                )
            made[name] = policy._replace(publisher=plugin)
            setattr(specs, name, function)
        if made:
            self._manager.add_hookspecs(specs)
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

    def _calls(
        self, name: str, actor: Actor | None, values: dict[str, Any], only: str | None = None
    ) -> Iterator[tuple[str, Callable[[], Any]]]:
        found = self._implementations(name)
        for each in reversed(found) if self._policies[name].backwards else found:
            if only is None or each.plugin_name == only:
                ctx = Context(plugin=each.plugin_name, home=self.home, actor=actor)
                given = {**values, "ctx": ctx}
                wanted = {name: _seen(given[name], each.plugin_name) for name in each.argnames}
                yield each.plugin_name, partial(each.function, **wanted)

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


def _seen(value: Any, plugin: str) -> Any:
    """Return an argument as a plugin gets it."""
    seen_by = getattr(value, "seen_by", None)
    return value if seen_by is None else seen_by(plugin)


def reason_of(error: BaseException) -> str:
    """Return an exception in one line, for a sentence."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".strip(": ")[:300]


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
