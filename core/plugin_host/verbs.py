"""Plan and enable plugins; each verb joins the open transaction.

Enabling is one transaction: tables, declarations, the plugin's row and the epochs, or nothing.
Enabling again brings what the plugin declares up to what is on this machine by now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import access, audit, catalog, clock, db, entities, faults, jobs, models, roles
from .. import hooks as hooking
from ..actor import Actor
from ..errors import Invalid, RelatumError
from ..hooks import costs
from ..languages import Phrase
from . import imported, loading, settings, tables, workers
from .checking import names_of as names_of
from .loading import Active, Loaded, State
from .looking import TABLE, there, unknown
from .manifest import CAPABILITIES, PROVIDED, Manifest, Unfit, Unset, fits

#: Who sees new types unless something else is chosen.
USUAL: Final = "usual"
#: What somebody gives for settings, by name.
Values = Mapping[str, Any]
_NO_VALUES: Final[Values] = MappingProxyType({})


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
    #: What it does beyond records and pages, by word; and where it is from.
    capabilities: dict[str, str] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)
    #: Data goes for good.
    destructive: bool = False
    #: The job that does what is left to do.
    job: int | None = None
    #: Settings that it needs before it runs, and those that are secrets.
    needs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    #: The steps that its own tables take, as plans show them.
    tables: tuple[dict[str, Any], ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether a question is open."""
        return self.model is not None and self.model.blocked

    def with_job(self, job: int) -> PluginPlan:
        """Return the plan with the job that does the rest of it."""
        return replace(self, job=job)

    def must_be(self, fingerprint: str | None) -> None:
        """Raise `plan_stale` unless this is the plan of a fingerprint; None is any."""
        if fingerprint is not None and fingerprint != self.fingerprint:
            raise RelatumError("plan_stale")

    @property
    def fingerprint(self) -> str:
        """What names this plan; it changes with anything that the plan says."""
        model = self.model.fingerprint if self.model else ""
        plan = (self.action, self.plugins, self.version, self.before, self.provides, model)
        seen: list[Any] = [*plan, self.needs, self.tables]
        if self.destructive:
            seen.append(list(self.notes))
        return hashlib.sha256(orjson.dumps(seen)).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        """Return the plan as the API, the command line and the pages show it."""
        model = self.model.as_json() if self.model else {"risk": "safe", "steps": []}
        steps = [*model["steps"], *self.tables]
        risks = [model["risk"], *(step["risk"] for step in self.tables)]
        return {
            "plan": self.fingerprint,
            "action": self.action,
            "plugins": list(self.plugins),
            "version": self.version,
            "version_before": self.before,
            "provides": self.provides,
            "notes": list(self.notes),
            "needs_settings": list(self.needs),
            "blocked": self.blocked,
            "risk": "destructive" if self.destructive else max(risks, key=entities.RISKS.index),
            "steps": steps,
            "capabilities": self.capabilities,
            "origin": self.origin,
            "job": self.job,
        }


# -- enabling -------------------------------------------------------------------------------
def plan_enable(
    plugin_id: str, *, actor: Actor, opening: str = USUAL, values: Values = _NO_VALUES
) -> PluginPlan:
    """Say what enabling a plugin would do, with values for some of its settings.

    `opening` says who sees its new types, one of `roles.OPENINGS`. Runs its code and writes
    nothing. Raises `plugin_unknown`, `plugin_unfit`, `plugin_requires`, `invalid` for values, and
    what planning its declarations raises.
    """
    return Candidate(plugin_id, actor, opening, values).plan()


def enable(
    plugin_id: str,
    *,
    actor: Actor,
    expect: str | None = None,
    opening: str = USUAL,
    values: Values = _NO_VALUES,
) -> PluginPlan:
    """Enable a plugin, or bring it up to date, in the open exclusive transaction.

    `expect` is the fingerprint of the plan that was looked at. Settings that it needs and that
    `values` does not give may follow: it does not run before. Raises what `plan_enable` does,
    `plan_stale`, and `plan_blocked` if a question is open.
    """
    candidate = Candidate(plugin_id, actor, opening, values)
    made = candidate.plan()
    made.must_be(expect)
    candidate.apply()
    return made


class Candidate:
    """A plugin that is to be enabled, run to see what it brings."""

    def __init__(
        self, plugin_id: str, actor: Actor, opening: str = USUAL, values: Values = _NO_VALUES
    ) -> None:
        access.require(actor, "customise", "plugins")
        if opening not in roles.OPENINGS:
            known = ", ".join(roles.OPENINGS)
            raise RelatumError("bad_parameter", name="access", reason=f"must be one of {known}")
        self.opening = opening
        self.actor, self.tx = actor, db.current()
        self.values = values
        self.known = loading.states(self.tx.connection)
        self.found = there()
        if plugin_id not in self.found:
            raise unknown(plugin_id, list(self.found))
        self.each = self.found[plugin_id]
        if imported.is_other(self.each):
            runs = imported.difference(self.each, self.each.version)
            raise RelatumError("plugin_restart", plugin=plugin_id, reason=runs.partition(";")[0])
        try:
            self.manifest = self.each.sound
            self._check_required()
            self.loaded = self._load()
            self.active: Active = self.loaded.active[plugin_id]
            self.missing = self._missing()
            self.owner = entities.Owner(plugin_id, loading.is_bundled(self.each))
            self.tables = tables.Change(self.each)
            self.document = self._document()
            self.tables.check_types({*catalog.current().types, *self.provides.get("types", ())})
            with hooking.using(self.loaded.hooks):
                self.changes = entities.declared_changes(self.document, self.owner)
            for change in self.changes if opening != USUAL else ():
                if change["op"] == "create_type":
                    change["access"] = opening
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

    def _load(self) -> Loaded:
        was = self.known.get(self.each.id)
        state = State(
            id=self.each.id, version=self.each.version, enabled=True,
            settings=was.settings if was else {},
        )  # fmt: skip
        known = {**self.known, self.each.id: state}
        generation = self.tx.epochs.plugins
        loaded = loading.load(known, generation, db.settings(), draft=self.each.id)
        fault = loaded.faults.get(self.each.id)
        if fault is not None:
            raise Unfit(fault.reason)
        return loaded

    def _missing(self) -> Unset | None:
        """Return what keeps it from running once its settings are as they were given."""
        state, schema = self.known.get(self.each.id), self.active.settings
        stored = state.settings if state else {}
        made = settings.checked(schema, stored, self.values, whole=False)
        try:
            schema.open(made)
        except Invalid as error:
            return Unset(self.each.id, error.problems)
        return None

    def _document(self) -> Any:
        try:
            results = self.loaded.hooks.collect("relatum_declare", only=self.each.id)
        except RelatumError:
            raise
        except Exception as error:
            raise Unfit(f"relatum_declare: {hooking.reason_of(error)}") from error
        declared = results[0].value if results else {}
        document, self.proposed = roles.of_declarations(declared)
        self.provides = {
            **self.active.brings(), **names_of(document), "tables": self.tables.names,
        }  # fmt: skip
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
            notes=(
                *roles.told(self._proposals(), self._new_types(), self.opening),
                *self._needs(),
                *self._replaced(),
            ),
            model=model if self.changes else None, origin=self.each.origin,
            capabilities={word: CAPABILITIES[word] for word in self._capabilities()},
            needs=self.missing.names if self.missing else (),
            secrets=self.active.settings.secrets, tables=tuple(self.tables.as_json()),
        )  # fmt: skip

    def _needs(self) -> tuple[str, ...]:
        """Return the note on settings that are still to be given."""
        if self.missing is None:
            return ()
        names = ", ".join(self.missing.names)
        return (
            Phrase(
                "It does not run before its settings are right: {names}. Set them: relatum plugins "
                "settings {plugin}", names=names, plugin=self.each.id,
            ),
        )  # fmt: skip

    def _capabilities(self) -> list[str]:
        """Return what it says that it does, and what is seen of that, in order."""
        known = {*self.manifest.plugin.capabilities, *self.active.capabilities}
        return [word for word in CAPABILITIES if word in known]

    def _replaced(self) -> list[Phrase]:
        """Return what the plan says of processes that run other code of the plugin, if any do."""
        at_home = loading.is_at_home(self.each)
        if at_home or not workers.run_other(self.each.id, imported.digest(self.each.path)):
            return []
        return [Phrase("The workers run other code of it: they are replaced, one by one")]

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
        if self._replaced():
            workers.ask()
        with hooking.using(self.loaded.hooks):
            shape(self.changes, self.owner, f"enable {self.each.id}", actor=self.actor)
            self.tables.apply()
        faults.point("plugins.before_row")
        now, state = clock.now(), self.known.get(self.each.id)
        stored = Manifest(
            plugin=self.manifest.plugin, provides={n: tuple(v) for n, v in self.provides.items()}
        )
        values = {
            "version": self.each.version, "enabled": True,
            "fault": self.missing and self.missing.fault,
            "reason": self.missing and str(self.missing),
            "manifest": orjson.dumps(stored.as_json()).decode(), "enabled_at": now,
            "declared": orjson.dumps(self.document).decode(), "removed_at": None, "changed": None,
            "held": None,
        }  # fmt: skip
        if state is None:
            row = {"id": self.each.id, "installed_at": now, **values}
            self.tx.connection.execute(sa.insert(TABLE), row)
        else:
            changed = sa.update(TABLE).where(TABLE.c.id == self.each.id).values(**values)
            self.tx.connection.execute(changed)
        costs.forget(self.each.id)
        settings.change(self.active.settings, self.values, actor=self.actor, whole=False)
        roles.accept(proposals)
        jobs.settle(self.active.job_kinds, self.each.id)
        next_generation()
        was = {"version": state.version, "enabled": state.enabled} if state else None
        told = {"version": self.each.version, "roles": roles.told(proposals, ())}
        audit.note(
            "plugin_enabled", f"plugin:{self.each.id}", actor=self.actor, before=was, after=told
        )


def shape(
    changes: list[dict[str, Any]], owner: entities.Owner, reason: str, *, actor: Actor
) -> None:
    """Change the data model for an owner; without changes, only begin a new generation of it."""
    if changes:
        entities.apply(changes, actor=actor, owner=owner)
    else:
        entities.touch_catalog(reason, actor=actor)


def next_generation() -> None:
    """Begin a new set of plugins, in the open exclusive transaction."""
    faults.point("plugins.before_bump")
    tx = db.for_writing()
    epoch = models.Epoch.__table__
    tx.connection.execute(sa.update(epoch).values(plugins=tx.epochs.plugins + 1))
    tx.memo["plugins"] = tx.epochs.plugins + 1
