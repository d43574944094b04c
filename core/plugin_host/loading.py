"""Run the enabled plugins and take in what they bring; one that can't be used is left out.

A plugin that fails harms nobody else: it is left out with the reason, and so are those that
require it. What an administrator wants, that it is enabled, stays as it is.
"""

from __future__ import annotations

import graphlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import sqlalchemy as sa

from .. import models
from ..fields import FIELD_TYPES, Choice, Field, Link
from ..hooks import COLLECT, POLICIES, Hooks, reason_of
from ..jobs import JOB_NAME, Kind
from . import routes as rules
from .discovery import BUNDLED, HOME, Found, discover, run
from .manifest import PROVIDED, Manifest, Plugin, Unfit, fits

#: Why an enabled plugin does not run.
MISSING, CHANGED, FAILED, SAFE = "missing", "changed", "failed", "safe_mode"


@dataclass(frozen=True, kw_only=True)
class State:
    """A plugin as the instance knows it: a row of core_plugin."""

    id: str
    version: str
    enabled: bool
    fault: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Active:
    """A plugin that runs, and what it brings."""

    found: Found
    module: ModuleType
    hooks: tuple[str, ...] = ()
    #: The hooks that it publishes for others.
    hookspecs: tuple[str, ...] = ()
    field_types: tuple[type[Field], ...] = ()
    job_kinds: tuple[Kind, ...] = ()
    permissions: tuple[rules.Permission, ...] = ()
    routes: rules.Routes | None = None
    rules: tuple[rules.Rule, ...] = ()
    #: What it brings to the hooks of other plugins that are asked once, by hook.
    answers: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def brings(self) -> dict[str, tuple[str, ...]]:
        """Return the names of what it brings, as a manifest lists them, without declarations."""
        return {
            "field_types": tuple(sorted(t.kind for t in self.field_types)),
            "jobs": tuple(sorted(k.name for k in self.job_kinds)),
            "permissions": tuple(sorted(p.name for p in self.permissions)),
            "hooks": self.hooks,
            "hookspecs": self.hookspecs,
            "routes": tuple(sorted(map(str, self.rules))),
        }


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why an enabled plugin does not run."""

    kind: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The plugins of one generation: those that run, in order, and why others do not."""

    generation: int = 0
    hooks: Hooks = field(default_factory=Hooks)
    active: Mapping[str, Active] = field(default_factory=lambda: MappingProxyType({}))
    faults: Mapping[str, Fault] = field(default_factory=lambda: MappingProxyType({}))
    disabled: frozenset[str] = frozenset()

    @property
    def shell(self) -> rules.Shell | None:
        """The shell among them; None if none is one."""
        for active in self.active.values():
            if active.routes is not None and active.routes.shell is not None:
                return active.routes.shell
        return None


def states(connection: sa.Connection) -> dict[str, State]:
    """Return every plugin that was enabled once, by id."""
    table = models.PluginRow.__table__
    columns = (table.c[n] for n in ("id", "version", "enabled", "fault", "reason"))
    query = sa.select(*columns).order_by(table.c.id)
    return {row["id"]: State(**row) for row in map(dict, connection.execute(query).mappings())}


def load(
    known: Mapping[str, State],
    generation: int,
    home: Path,
    *,
    left_out: Mapping[str, str] = MappingProxyType({}),
    safe: bool = False,
) -> Loaded:
    """Run the enabled plugins of an instance; `left_out` says why some must not be tried."""
    wanted = [state for state in known.values() if state.enabled]
    disabled = frozenset(state.id for state in known.values() if not state.enabled)
    hooks = Hooks(generation=generation, home=home)
    if safe or not wanted:
        reason = "The instance is in safe mode"
        faults = {s.id: Fault(kind=SAFE, reason=reason) for s in wanted}
        hooks.lacking = bool(faults)
        return Loaded(generation=generation, hooks=hooks, faults=faults, disabled=disabled)
    loading = _Loading(hooks, left_out)
    found = discover(home)
    for plugin_id in in_order({s.id: found[s.id] for s in wanted if s.id in found}):
        loading.take(found[plugin_id], known[plugin_id])
    for state in wanted:
        if state.id not in found:
            loading.refuse(state.id, MISSING, "It is not on this machine any more")
        elif state.id not in loading.active and state.id not in loading.faults:
            loading.refuse(state.id, FAILED, "It is part of a circle of requirements")
    hooks.field_types = MappingProxyType(
        {t.kind: t for active in loading.active.values() for t in active.field_types}
    )
    hooks.places = MappingProxyType({a.found.id: a.found.path for a in loading.active.values()})
    hooks.job_kinds = MappingProxyType(
        {k.name: k for active in loading.active.values() for k in active.job_kinds}
    )
    hooks.lacking = bool(loading.faults)
    return Loaded(
        generation=generation, hooks=hooks, active=loading.active, faults=loading.faults,
        disabled=disabled,
    )  # fmt: skip


def in_order(found: Mapping[str, Found]) -> list[str]:
    """Return ids, those required first and else by name; what goes in circles is left out.

    Whoever publishes hooks that a plugin.json lists comes before that plugin, too.
    """
    publishers = {hook: each.id for each in found.values() for hook in provided(each, "hookspecs")}
    required = {each.id: sorted(_builds_on(each, publishers) & set(found)) for each in
                found.values()}  # fmt: skip
    while True:
        sorter = graphlib.TopologicalSorter({name: required[name] for name in sorted(required)})
        try:
            return [name for name in sorter.static_order() if name in required]
        except graphlib.CycleError as error:
            circle = set(error.args[1])
            required = {n: [r for r in rs if r not in circle] for n, rs in required.items()
                        if n not in circle}  # fmt: skip


def provided(found: Found, word: str) -> tuple[str, ...]:
    """Return what the plugin.json of a plugin lists under a word, before it is run."""
    provides = found.manifest.provides if found.manifest else None
    return tuple((provides or {}).get(word, ()))


def _builds_on(found: Found, publishers: Mapping[str, str]) -> set[str]:
    wanted = set(found.manifest.plugin.requires) if found.manifest else set()
    used = {publishers[hook] for hook in provided(found, "hooks") if hook in publishers}
    return (wanted | used) - {found.id}


class _Loading:
    """Takes plugins in, one after the other."""

    def __init__(self, hooks: Hooks, left_out: Mapping[str, str]) -> None:
        self.hooks, self.left_out = hooks, left_out
        self.active: dict[str, Active] = {}
        self.faults: dict[str, Fault] = {}

    def refuse(self, plugin_id: str, kind: str, reason: str) -> None:
        self.hooks.remove(plugin_id)
        self.active.pop(plugin_id, None)
        self.faults[plugin_id] = Fault(kind=kind, reason=reason)

    def take(self, found: Found, state: State) -> None:
        if found.id in self.left_out:
            self.refuse(found.id, FAILED, self.left_out[found.id])
            return
        try:
            manifest = found.sound
            if manifest.plugin.version != state.version:
                reason = f"Version {manifest.plugin.version} is there, {state.version} is enabled"
                self.refuse(found.id, CHANGED, f"{reason}; run: relatum plugins enable {found.id}")
                return
            self._check_required(manifest)
            self.active[found.id] = activate(found, self.hooks)
        except Unfit as unfit:
            self.refuse(found.id, FAILED, str(unfit))

    def _check_required(self, manifest: Manifest) -> None:
        if manifest.plugin.shell:
            for active in self.active.values():
                if active.found.sound.plugin.shell:
                    raise Unfit(f"'{active.found.id}' is the shell already")
        for other, range_ in manifest.plugin.requires.items():
            if other not in self.active:
                raise Unfit(f"it requires '{other}', which does not run")
            if not fits(self.active[other].found.version, range_):
                raise Unfit(f"it requires {other} {range_}")


def activate(found: Found, hooks: Hooks, *, unlisted: bool = False) -> Active:
    """Run a plugin and take in its hooks and what they return; raise `Unfit`.

    `unlisted` is for one whose plugin.json is still to be written: it may implement the hooks of
    plugins that it does not require, since that will list them.
    """
    try:
        manifest = found.sound
        module = run(found)
        _same(manifest, getattr(module, "plugin", None))
        names = hooks.register(found.id, module, listed=provided(found, "hooks"))
        if not unlisted:
            _check_publishers(found, names, hooks)
        made = _answered(_collected(found, module, names, hooks), hooks)
        if manifest.provides is not None:
            check_provides(manifest, made.brings())
    except Unfit:
        hooks.remove(found.id)
        raise
    except (Exception, SystemExit) as error:  # whatever a stranger's code may do
        hooks.remove(found.id)
        raise Unfit(reason_of(error)) from error
    return made


def _check_publishers(found: Found, names: tuple[str, ...], hooks: Hooks) -> None:
    """Refuse hooks of a plugin that is neither required nor met by what plugin.json lists."""
    for name in names:
        policy = hooks.policy(name)
        publisher = policy.publisher if policy is not None else ""
        known = {"", *found.sound.plugin.requires}
        if publisher not in known and name not in provided(found, "hooks"):
            raise Unfit(f"{name} is a hook of '{publisher}', which it does not require")


def _same(manifest: Manifest, said: Any) -> None:
    if not isinstance(said, Plugin):
        raise Unfit("its module has no variable plugin = Plugin(...)")
    if said != manifest.plugin:
        raise Unfit("its plugin.json says something else than Plugin(...) in its code")


def _collected(found: Found, module: ModuleType, names: tuple[str, ...], hooks: Hooks) -> Active:
    def returned(hook: str) -> Any:
        results = hooks.collect(hook, only=found.id)
        return results[0].value if results else None

    types = tuple(returned("relatum_field_types") or ())
    for each in types:
        _check_field_type(found, each)
    kinds = tuple(returned("relatum_jobs") or ())
    for kind in kinds:
        _check_job(found, kind)
    permissions = tuple(returned("relatum_permissions") or ())
    for permission in permissions:
        if not isinstance(permission, rules.Permission):
            raise Unfit("relatum_permissions must return Permission(name, label)")
        if not permission.name.startswith(f"{found.id}."):
            raise Unfit(f"permission '{permission.name}' must begin with '{found.id}.'")
    routes = returned("relatum_routes")
    allowed = frozenset(permission.name for permission in permissions)
    checked = (
        ()
        if routes is None
        else rules.check(found.id, routes, allowed, shell=found.sound.plugin.shell)
    )
    published = hooks.publish(found.id, returned("relatum_hookspecs") or ())
    return Active(
        found=found, module=module, hooks=names, hookspecs=published, field_types=types,
        job_kinds=kinds, permissions=permissions, routes=routes, rules=checked,
    )  # fmt: skip


def _answered(made: Active, hooks: Hooks) -> Active:
    """Ask a plugin by the hooks that others publish and that are asked once; raise `Unfit`."""
    answers: dict[str, Any] = {}
    for name in made.hooks:
        policy = hooks.policy(name) if name not in POLICIES else None
        if policy is None or policy.failure != COLLECT:
            continue
        for result in hooks.collect(name, only=made.found.id):
            try:
                read = policy.read
                answers[name] = read(result.value, made) if read else result.value
            except ValueError as error:
                raise Unfit(f"{name}: {error}") from None
    return replace(made, answers=MappingProxyType(answers))


def _check_field_type(found: Found, made: Any) -> None:
    """Refuse what is no field type, or would store or be called otherwise than it may."""
    if not (isinstance(made, type) and issubclass(made, Field)):
        raise Unfit("relatum_field_types must return classes of field types")
    base: Any = next((c for c in made.__mro__ if c in FIELD_TYPES.values()), None)
    if base is None or base is made or issubclass(made, (Link, Choice)):
        raise Unfit(f"field type '{made.kind}' must build on one that is no link and no choice")
    if found.source != BUNDLED and not made.kind.startswith(f"{found.id}_"):
        raise Unfit(f"field type '{made.kind}' must begin with '{found.id}_'")
    if made.kind in FIELD_TYPES or made.columns is not base.columns:
        raise Unfit(f"field type '{made.kind}' must have a name of its own and store as its base")


def _check_job(found: Found, kind: Any) -> None:
    """Refuse what is no kind of job, has a foreign name, or a schedule that is none."""
    if not isinstance(kind, Kind):
        raise Unfit("relatum_jobs must return jobs.Kind(...)")
    if not kind.name.startswith(f"{found.id}_") or not JOB_NAME.fullmatch(kind.name):
        raise Unfit(f"kind of job '{kind.name}' must begin with '{found.id}_'")
    if kind.limit is not None and kind.limit < 1:
        raise Unfit(f"the limit of the kind of job '{kind.name}' must be at least 1, or None")


def check_provides(manifest: Manifest, brings: Mapping[str, tuple[str, ...]]) -> None:
    """Hold what a plugin brings against what its plugin.json says; raise `Unfit`."""
    provides = manifest.provides or {}
    for name in PROVIDED:
        if name not in brings:
            continue
        said, actual = set(provides.get(name, ())), set(brings[name])
        words = name.replace("_", " ")
        if actual - said:
            listed = ", ".join(sorted(actual - said))
            raise Unfit(f"it brings {words} that its plugin.json does not list: {listed}")
        if said - actual:
            listed = ", ".join(sorted(said - actual))
            raise Unfit(f"its plugin.json lists {words} that it does not bring: {listed}")


def is_bundled(found: Found) -> bool:
    """Say whether a plugin came with the program."""
    return found.source == BUNDLED


def is_at_home(found: Found) -> bool:
    """Say whether a plugin is a file of the instance."""
    return found.source == HOME
