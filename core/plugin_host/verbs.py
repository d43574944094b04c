"""Verbs on plugins: plan, enable, disable. Each joins the open transaction.

Enabling is one transaction: tables, declarations, the plugin's row and the epochs, or nothing.
Enabling again brings what the plugin declares up to what is on this machine by now.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

from .. import access, audit, catalog, clock, db, entities, faults, jobs, models, roles
from .. import hooks as hooking
from ..actor import Actor
from ..errors import RelatumError
from . import loading
from .discovery import discover
from .loading import Active, Loaded, State
from .looking import TABLE, needs, unknown
from .manifest import PROVIDED, Manifest, Unfit, fits


@dataclass(frozen=True, kw_only=True)
class PluginPlan:
    """What enabling or disabling plugins means: ids in order, the change of the data model."""

    action: str
    plugins: tuple[str, ...]
    version: str | None = None
    before: str | None = None
    provides: dict[str, list[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    model: entities.Plan | None = None

    @property
    def blocked(self) -> bool:
        """Whether a question is open."""
        return self.model is not None and self.model.blocked

    @property
    def fingerprint(self) -> str:
        """What names this plan; it changes with anything that the plan says."""
        model = self.model.fingerprint if self.model else ""
        seen = [self.action, self.plugins, self.version, self.before, self.provides, model]
        return hashlib.sha256(orjson.dumps(seen)).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        """Return the plan as the API, the command line and the pages show it."""
        model = self.model.as_json() if self.model else {"risk": "safe", "steps": []}
        return {
            "plan": self.fingerprint,
            "action": self.action,
            "plugins": list(self.plugins),
            "version": self.version,
            "version_before": self.before,
            "provides": self.provides,
            "notes": list(self.notes),
            "blocked": self.blocked,
            "risk": model["risk"],
            "steps": model["steps"],
        }


# -- enabling -------------------------------------------------------------------------------
def plan_enable(plugin_id: str, *, actor: Actor) -> PluginPlan:
    """Say what enabling a plugin would do; nothing is written.

    Runs its code. Raises `plugin_unknown`, `plugin_unfit`, `plugin_requires`, and what planning
    its declarations raises.
    """
    return _Candidate(plugin_id, actor).plan()


def enable(plugin_id: str, *, actor: Actor, expect: str | None = None) -> PluginPlan:
    """Enable a plugin, or bring it up to date, in the open exclusive transaction.

    `expect` is the fingerprint of the plan that was looked at. Raises what `plan_enable` does,
    `plan_stale`, and `plan_blocked` if a question is open.
    """
    candidate = _Candidate(plugin_id, actor)
    made = candidate.plan()
    if expect is not None and expect != made.fingerprint:
        raise RelatumError("plan_stale")
    candidate.apply()
    return made


class _Candidate:
    """A plugin that is to be enabled, run to see what it brings."""

    def __init__(self, plugin_id: str, actor: Actor) -> None:
        access.require(actor, "customise", "plugins")
        self.actor, self.tx, home = actor, db.current(), db.settings().home
        self.known = loading.states(self.tx.connection)
        self.found = discover(home)
        if plugin_id not in self.found:
            raise unknown(plugin_id, list(self.found))
        self.each = self.found[plugin_id]
        try:
            self.manifest = self.each.sound
            self._check_required()
            self.loaded = self._load(home)
            self.active: Active = self.loaded.active[plugin_id]
            self.owner = entities.Owner(plugin_id, loading.is_bundled(self.each))
            self.changes = self._declared()
        except Unfit as unfit:
            raise RelatumError("plugin_unfit", plugin=plugin_id, reason=str(unfit)) from unfit

    def _check_required(self) -> None:
        if self.manifest.plugin.shell:
            self._check_shell()
        for other, range_ in self.manifest.plugin.requires.items():
            state = self.known.get(other)
            wanted = f"{other} {range_}".strip()
            if state is None or not state.enabled:
                raise RelatumError("plugin_requires", plugin=self.each.id, wanted=wanted, id=other)
            if not fits(state.version, range_):
                has = f"{wanted} (version {state.version} is enabled)"
                raise RelatumError("plugin_requires", plugin=self.each.id, wanted=has, id=other)

    def _check_shell(self) -> None:
        """Refuse a second shell, which would leave one of both out."""
        for state in self.known.values():
            other = self.found.get(state.id)
            manifest = other.manifest if other is not None else None
            if state.enabled and state.id != self.each.id and manifest and manifest.plugin.shell:
                raise RelatumError("shell_taken", plugin=self.each.id, other=state.id)

    def _load(self, home: Any) -> Loaded:
        state = State(id=self.each.id, version=self.each.version, enabled=True)
        known = {**self.known, self.each.id: state}
        loaded = loading.load(known, self.tx.epochs.plugins, home)
        fault = loaded.faults.get(self.each.id)
        if fault is not None:
            raise Unfit(fault.reason)
        return loaded

    def _declared(self) -> list[dict[str, Any]]:
        document = self._document()
        with hooking.using(self.loaded.hooks):
            return entities.declared_changes(document, self.owner)

    def _document(self) -> Any:
        try:
            results = self.loaded.hooks.collect("relatum_declare", only=self.each.id)
        except RelatumError:
            raise
        except Exception as error:
            raise Unfit(f"relatum_declare: {hooking.reason_of(error)}") from error
        declared = results[0].value if results else {}
        document, self.proposed = roles.of_declarations(declared)
        self.provides = {**self.active.brings(), **names_of(document)}
        if self.manifest.provides is not None:
            loading.check_provides(self.manifest, self.provides)
        return document

    def plan(self) -> PluginPlan:
        state = self.known.get(self.each.id)
        before = state.version if state else None
        with hooking.using(self.loaded.hooks):
            model = entities.plan(self.changes, actor=self.actor, owner=self.owner)
        action = "enable" if state is None or not state.enabled else "update"
        return PluginPlan(
            action=action, plugins=(self.each.id,), version=self.each.version, before=before,
            provides={n: list(self.provides.get(n, ())) for n in PROVIDED if n in self.provides},
            notes=tuple(roles.told(self._proposals(), self._new_types())),
            model=model if self.changes else None,
        )  # fmt: skip

    def _new_types(self) -> list[str]:
        known = catalog.current().types
        return [name for name in self.provides.get("types", ()) if name not in known]

    def _proposals(self) -> list[roles.Proposal]:
        """Return what is proposed of what is new: on the rest an administrator has his word."""
        new, first = set(self._new_types()), self.each.id not in self.known
        allowed = [
            roles.Proposal(role, permission=each.name, label=each.label)
            for each in self.active.permissions
            for role in each.roles
            if first
        ]
        return [*allowed, *(each for each in self.proposed if each.type in new)]

    def apply(self) -> None:
        proposals = self._proposals()
        with hooking.using(self.loaded.hooks):
            if self.changes:
                entities.apply(self.changes, actor=self.actor, owner=self.owner)
            else:
                entities.touch_catalog(f"enable {self.each.id}", actor=self.actor)
        faults.point("plugins.before_row")
        now, state = clock.now(), self.known.get(self.each.id)
        stored = Manifest(
            plugin=self.manifest.plugin, provides={n: tuple(v) for n, v in self.provides.items()}
        )
        values = {
            "version": self.each.version, "enabled": True, "fault": None, "reason": None,
            "manifest": orjson.dumps(stored.as_json()).decode(), "enabled_at": now,
        }  # fmt: skip
        if state is None:
            row = {"id": self.each.id, "installed_at": now, **values}
            self.tx.connection.execute(sa.insert(TABLE), row)
        else:
            changed = sa.update(TABLE).where(TABLE.c.id == self.each.id).values(**values)
            self.tx.connection.execute(changed)
        roles.accept(proposals)
        jobs.settle(self.active.job_kinds, self.each.id)
        _next_generation()
        was = {"version": state.version, "enabled": state.enabled} if state else None
        told = {"version": self.each.version, "roles": roles.told(proposals, ())}
        audit.note(
            "plugin_enabled", f"plugin:{self.each.id}", actor=self.actor, before=was, after=told
        )


def names_of(document: Any) -> dict[str, tuple[str, ...]]:
    """Return the names of the types and of the fields on others' types in declarations."""
    if not isinstance(document, dict):
        return {}
    types = [t for t in document.get("types") or () if isinstance(t, dict)]
    extensions = [e for e in document.get("extensions") or () if isinstance(e, dict)]
    own = {str(t.get("name")) for t in types}
    return {
        "types": tuple(sorted(own)),
        "fields": tuple(
            sorted(
                f"{e.get('type')}.{f.get('name')}"
                for e in extensions
                if str(e.get("type")) not in own
                for f in e.get("fields") or ()
                if isinstance(f, dict)
            )
        ),
    }


def _next_generation() -> None:
    faults.point("plugins.before_bump")
    tx = db.for_writing()
    epoch = models.Epoch.__table__
    tx.connection.execute(sa.update(epoch).values(plugins=tx.epochs.plugins + 1))
    tx.memo["plugins"] = tx.epochs.plugins + 1


# -- disabling ------------------------------------------------------------------------------
def plan_disable(plugin_id: str, *, actor: Actor, cascade: bool = False) -> PluginPlan:
    """Say what disabling a plugin would do; its types and records stay, its code runs no more.

    Raises `plugin_unknown`, `plugin_not_enabled`, and `plugin_needed` naming those that require
    it, unless `cascade` disables them too.
    """
    access.require(actor, "customise", "plugins")
    found, known = discover(db.settings().home), loading.states(db.current().connection)
    state = known.get(plugin_id)
    if state is None:
        if plugin_id in found:
            raise RelatumError("plugin_not_enabled", plugin=plugin_id)
        raise unknown(plugin_id, [*found, *known])
    if not state.enabled:
        raise RelatumError("plugin_not_enabled", plugin=plugin_id)
    going = [plugin_id]
    for each in going:
        going += [
            s.id
            for s in known.values()
            if s.enabled and s.id not in going and needs(found, s, each)
        ]
    if len(going) > 1 and not cascade:
        raise RelatumError("plugin_needed", plugin=plugin_id, by=", ".join(sorted(going[1:])))
    kept = [
        f"{t.name} and its records stay readable"
        for t in catalog.current().types.values()
        if t.owner in going
    ]
    return PluginPlan(
        action="disable", plugins=tuple(reversed(going)), before=state.version, notes=tuple(kept)
    )


def disable(
    plugin_id: str, *, actor: Actor, cascade: bool = False, expect: str | None = None
) -> PluginPlan:
    """Disable a plugin in the open exclusive transaction; raises what `plan_disable` does."""
    made = plan_disable(plugin_id, actor=actor, cascade=cascade)
    if expect is not None and expect != made.fingerprint:
        raise RelatumError("plan_stale")
    entities.touch_catalog(f"disable {', '.join(made.plugins)}", actor=actor)
    faults.point("plugins.before_row")
    gone = {"enabled": False, "fault": None, "reason": None}
    changed = sa.update(TABLE).where(TABLE.c.id.in_(made.plugins)).values(**gone)
    db.for_writing().connection.execute(changed)
    _next_generation()
    subjects = [audit.Done(f"plugin:{each}") for each in made.plugins]
    audit.note_all("plugin_disabled", subjects, actor=actor)
    return made
