"""Run the enabled plugins and take in what they bring; one that can't be used is left out.

A plugin that fails harms nobody else: it is left out with the reason, and so are those that
require it. What an administrator wants, that it is enabled, stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from traceback import format_exception
from types import MappingProxyType, ModuleType
from typing import Any

from marshmallow import Schema

from .. import plugin_tables
from ..config import Config
from ..errors import Invalid, Problem
from ..fields import Field
from ..hooks import COLLECT, POLICIES, Hooks, hiding, reason_of
from ..jobs import Kind
from . import imported, migrations
from . import routes as rules
from .checking import check_field_type, check_job
from .checking import check_provides as check_provides
from .discovery import BUNDLED, HOME, Found, discover, run
from .manifest import (
    CAPABILITIES,
    INCOMPATIBLE,
    MISSING,
    QUARANTINED,
    SAFE,
    Manifest,
    Plugin,
    Unfit,
    Unset,
    fits,
)
from .ordering import builds_on as builds_on
from .ordering import in_order as in_order
from .ordering import provided as provided
from .settings_schema import Kept, SettingsSchema, Values, settings_schema
from .states import State as State
from .states import states as states


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
    #: The places on the pages of others that it fills; None if these others are not here.
    slots: tuple[str, ...] | None = ()
    settings: SettingsSchema

    @property
    def capabilities(self) -> frozenset[str]:
        """What it does of CAPABILITIES, as far as that is seen in what it brings."""
        seen = {
            "public": any(rule.public for rule in self.rules),
            "secrets": bool(self.settings.secrets),
            "tables": migrations.has_any(self.found.path),
        }
        return frozenset(word for word, found in seen.items() if found)

    def brings(self) -> dict[str, tuple[str, ...]]:
        """Return the names of what it brings, as a manifest lists them, without declarations."""
        slots = {} if self.slots is None else {"slots": self.slots}
        return {
            **slots,
            "settings": tuple(sorted(self.settings.settings)),
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
    #: Where that came from, for developers.
    trace: str = ""
    #: What is wrong with its settings.
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The plugins of one generation: those that run, in order, and why others do not."""

    generation: int = 0
    hooks: Hooks = field(default_factory=Hooks)
    active: Mapping[str, Active] = field(default_factory=lambda: MappingProxyType({}))
    faults: Mapping[str, Fault] = field(default_factory=lambda: MappingProxyType({}))
    disabled: frozenset[str] = frozenset()
    #: The settings of those that have any, also of one that lacks them.
    settings: Mapping[str, SettingsSchema] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def shell(self) -> rules.Shell | None:
        """The shell among them; None if none is one."""
        for active in self.active.values():
            if active.routes is not None and active.routes.shell is not None:
                return active.routes.shell
        return None


def load(
    known: Mapping[str, State],
    generation: int,
    config: Config,
    *,
    left_out: Mapping[str, str] = MappingProxyType({}),
    safe: bool = False,
    until_replaced: bool = False,
    draft: str | None = None,
) -> Loaded:
    """Run the enabled plugins of an instance; `left_out` says why some must not be tried.

    `until_replaced` a process runs the code that it has where a newer version is enabled.
    `draft` is one that is run even if its settings are still to be given.
    """
    wanted = [state for state in known.values() if state.enabled]
    disabled = frozenset(state.id for state in known.values() if not state.enabled)
    hooks = Hooks(generation=generation, home=config.home, opener=plugin_tables.open_table)
    if safe or not wanted:
        reason = "The instance is in safe mode"
        faults = {s.id: Fault(kind=SAFE, reason=reason) for s in wanted}
        hooks.lacking = bool(faults)
        return Loaded(generation=generation, hooks=hooks, faults=faults, disabled=disabled)
    loading = _Loading(hooks, left_out, draft, until_replaced=until_replaced)
    found = discover(config)
    for plugin_id in in_order({s.id: found[s.id] for s in wanted if s.id in found}):
        loading.take(found[plugin_id], known[plugin_id])
    for state in wanted:
        if state.id not in found:
            loading.refuse(state.id, MISSING, "It is not on this machine any more")
        elif state.id not in loading.active and state.id not in loading.faults:
            loading.refuse(state.id, QUARANTINED, "It is part of a circle of requirements")
    _settle(hooks, loading)
    return Loaded(
        generation=generation, hooks=hooks, active=loading.active, faults=loading.faults,
        disabled=disabled, settings=loading.settings,
    )  # fmt: skip


def _settle(hooks: Hooks, loading: _Loading) -> None:
    """Let hooks know what the plugins that run bring together."""
    active = loading.active.values()
    hooks.field_types = MappingProxyType({t.kind: t for a in active for t in a.field_types})
    hooks.places = MappingProxyType({a.found.id: a.found.path for a in active})
    hooks.job_kinds = MappingProxyType({k.name: k for a in active for k in a.job_kinds})
    hooks.lacking = bool(loading.faults)


class _Loading:
    """Takes plugins in, one after the other."""

    def __init__(
        self, hooks: Hooks, left_out: Mapping[str, str], draft: str | None, *, until_replaced: bool
    ) -> None:
        self.hooks, self.left_out, self.draft = hooks, left_out, draft
        self.until_replaced = until_replaced
        self.active: dict[str, Active] = {}
        self.faults: dict[str, Fault] = {}
        self.settings: dict[str, SettingsSchema] = {}

    def refuse(self, plugin_id: str, kind: str, reason: str, cause: Unfit | None = None) -> None:
        self.hooks.remove(plugin_id)
        self.active.pop(plugin_id, None)
        behind = cause.__cause__ if cause is not None else None
        trace = "".join(format_exception(behind)) if behind else ""
        problems = cause.problems if isinstance(cause, Unset) else ()
        fault = Fault(kind=kind, reason=reason, trace=trace, problems=problems)
        self.faults[plugin_id] = fault

    def take(self, found: Found, state: State) -> None:
        if found.id in self.left_out:
            self.refuse(found.id, QUARANTINED, self.left_out[found.id])
            return
        try:
            if state.held:
                raise Unfit(state.held)  # noqa: TRY301  # refused as whatever else is wrong
            late = imported.former(found, state.version, allowed=self.until_replaced)
            found = late or found
            if late is None:
                _check_version(found.sound.plugin, state)
                migrations.check_all_done(found, state.done)
            self._check_required(found.sound)
            self.active[found.id] = self._active(found, state)
        except Unfit as unfit:
            self.refuse(found.id, unfit.fault, str(unfit), unfit)

    def _active(self, found: Found, state: State) -> Active:
        try:
            return activate(found, self.hooks, kept=state.settings, known=self.settings)
        except Unset:
            if found.id != self.draft:
                raise
        return activate(found, self.hooks)

    def _check_required(self, manifest: Manifest) -> None:
        if manifest.plugin.shell:
            for active in self.active.values():
                if active.found.sound.plugin.shell:
                    raise Unfit(f"'{active.found.id}' is the shell already")
        for other, range_ in manifest.plugin.requires.items():
            if other not in self.active:
                raise Unfit(f"it requires '{other}', which does not run")
            if not fits(self.active[other].found.version, range_):
                raise Unfit(f"it requires {other} {range_}", INCOMPATIBLE)


def _check_version(plugin: Plugin, state: State) -> None:
    """Refuse code of another version than the one whose declarations are in the database."""
    if plugin.version != state.version:
        is_there = f"version {plugin.version} is there, {state.version} is enabled"
        raise Unfit(f"{is_there}; run: relatum plugins enable {plugin.id}", INCOMPATIBLE)


def activate(
    found: Found,
    hooks: Hooks,
    *,
    unlisted: bool = False,
    kept: Mapping[str, Kept] | None = None,
    known: dict[str, SettingsSchema] | None = None,
) -> Active:
    """Run a plugin and take in its hooks and what they return; raise `Unfit`.

    `unlisted` is for one whose plugin.json is still to be written: it may implement the hooks of
    plugins that it does not require, since that will list them. `kept` are its settings, with
    which it must be able to run; without any it sees its defaults. What its settings are is put
    into `known` even if they are not right.
    """
    try:
        manifest = found.sound
        module = run(found)
        _same(manifest, getattr(module, "plugin", None))
        names = hooks.register(found.id, module, listed=provided(found, "hooks"))
        if not unlisted:
            _check_publishers(found, names, hooks)
        schema = _set(found, hooks, kept, {} if known is None else known)
        made = _answered(_collected(found, module, names, hooks, schema), hooks)
        if manifest.provides is not None:
            check_provides(manifest, made.brings())
            check_capabilities(manifest, made)
    except Unfit:
        hooks.remove(found.id)
        raise
    except (Exception, SystemExit) as error:  # whatever a stranger's code may do
        hooks.remove(found.id)
        raise Unfit(reason_of(error)) from error
    return made


def check_capabilities(manifest: Manifest, made: Active) -> None:
    """Hold what a plugin does against the capabilities that its plugin.json says."""
    unsaid = made.capabilities - set(manifest.plugin.capabilities)
    if unsaid:
        said = "; ".join(f"{word}: it {CAPABILITIES[word]}" for word in sorted(unsaid))
        raise Unfit(f"it has capabilities that it does not say ({said})")


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


def _set(
    found: Found, hooks: Hooks, kept: Mapping[str, Kept] | None, known: dict[str, SettingsSchema]
) -> SettingsSchema:
    """Give a plugin its settings, before it is asked for anything else; raise `Unset`, `Unfit`."""
    hooks.settings = {name: v for name, v in hooks.settings.items() if name != found.id}
    results = hooks.collect("relatum_settings", only=found.id)
    if not results:
        return settings_schema(found.id, Schema)
    schema = known[found.id] = settings_schema(found.id, results[0].value)
    try:
        values: Values = schema.draft() if kept is None else schema.open(kept)
    except Invalid as error:
        raise Unset(found.id, error.problems) from None
    hooks.settings = {**hooks.settings, found.id: values}
    hiding.hide(str(values[name]) for name in schema.secrets if values[name])
    return schema


def _collected(
    found: Found,
    module: ModuleType,
    names: tuple[str, ...],
    hooks: Hooks,
    schema: SettingsSchema,
) -> Active:
    def returned(hook: str) -> Any:
        results = hooks.collect(hook, only=found.id)
        return results[0].value if results else None

    types = tuple(returned("relatum_field_types") or ())
    for each in types:
        check_field_type(found, each)
    kinds = tuple(check_job(found, kind) for kind in returned("relatum_jobs") or ())
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
        settings=schema,
    )  # fmt: skip


def _answered(made: Active, hooks: Hooks) -> Active:
    """Ask a plugin by the hooks that others publish and that are asked once; raise `Unfit`."""
    answers: dict[str, Any] = {}
    places: set[str] = set()
    whole = True
    for name in made.hooks:
        policy = hooks.policy(name) if name not in POLICIES else None
        whole = whole and (name in POLICIES or policy is not None)
        if policy is None or policy.failure != COLLECT:
            continue
        for result in hooks.collect(name, only=made.found.id):
            try:
                read = policy.read
                answers[name] = read(result.value, made) if read else result.value
                places.update(policy.places(answers[name]) if policy.places else ())
            except ValueError as error:
                raise Unfit(f"{name}: {error}") from None
    slots = tuple(sorted(places)) if whole else None
    return replace(made, answers=MappingProxyType(answers), slots=slots)


def is_bundled(found: Found) -> bool:
    """Say whether a plugin came with the program."""
    return found.source == BUNDLED


def is_at_home(found: Found) -> bool:
    """Say whether a plugin is a file of the instance."""
    return found.source == HOME
