"""Remove a plugin: its data is kept for its return, or written to an archive and purged.

Removing is two steps, each old or new. First its code stops and what it declared goes to the
trash, in one transaction; with that the plugin is removed, and enabling it brings all back. To
purge, a job then writes an archive, waits until no worker serves the plugin any more, and drops
what is in the trash. Neither step runs the plugin's code, so both work when its files are gone.
"""

from __future__ import annotations

from typing import Any, Final

import orjson
import sqlalchemy as sa
from marshmallow import Schema, fields

from .. import access, audit, catalog, clock, db, entities, faults, jobs, models, roles
from ..actor import Actor
from ..catalog import Catalog, EntityType
from ..entities.existing import count_rows
from ..errors import RelatumError
from ..jobs import Chunk, Kind, Step
from ..languages import Phrase
from . import archiving, loading, settings, tables, workers
from .discovery import Found
from .loading import State
from .looking import TABLE, needs, there, unknown
from .verbs import PluginPlan, next_generation, shape

PURGE: Final = "purge_plugin"
#: Seconds for which a purge waits for workers before it is tried again later.
_BARRIER_SECONDS: Final = 30.0


# -- looking ahead --------------------------------------------------------------------------
def plan_uninstall(plugin_id: str, *, actor: Actor, purge: bool = False) -> PluginPlan:
    """Say what removing a plugin would do, and with `purge` what of its data would go for good.

    Raises `plugin_unknown`, `plugin_not_enabled` for one that was never enabled, `plugin_needed`
    naming those that require it, and `plugin_shared` naming what others built on its types.
    """
    return _Removal(plugin_id, actor, purge=purge).plan()


class _Removal:
    """A plugin that is to be removed, and what that means."""

    def __init__(self, plugin_id: str, actor: Actor, *, purge: bool) -> None:
        access.require(actor, "customise", "plugins")
        self.actor, self.purge = actor, purge
        self.found, known = there(), loading.states(db.current().connection)
        if plugin_id not in known:
            if plugin_id in self.found:
                raise RelatumError("plugin_not_enabled", plugin=plugin_id)
            raise unknown(plugin_id, [*self.found, *known])
        self.state = known[plugin_id]
        self.owner = owner_of(plugin_id, self.found)
        by = [s.id for s in known.values() if s.enabled and needs(self.found, s, plugin_id)]
        if by:
            raise RelatumError("plugin_needed", plugin=plugin_id, by=", ".join(sorted(by)))
        self.changes: list[dict[str, Any]] = []
        if not self.state.removed:
            self.changes = entities.declared_changes({}, self.owner)
        elif not purge:
            raise RelatumError("plugin_not_enabled", plugin=plugin_id)
        if purge:
            self._check_shared()

    def _check_shared(self) -> None:
        """Refuse to purge types on which other plugins keep something."""
        every = catalog.current()
        shared = [
            f"{t.name}.{f.name}"
            for t, f in archiving.of_others(every, self.state.id)
            if f.owner not in ("local", self.state.id)
        ]
        if shared:
            raise RelatumError(
                "plugin_shared", plugin=self.state.id, uses=", ".join(sorted(shared))
            )

    def plan(self) -> PluginPlan:
        model = entities.plan(self.changes, actor=self.actor, owner=self.owner)
        told = _losses(self.state.id) if self.purge else [
            Phrase("What it owns is kept, hidden; enabling it again brings all back")
        ]  # fmt: skip
        return PluginPlan(
            action="purge" if self.purge else "uninstall", plugins=(self.state.id,),
            before=self.state.version, notes=tuple(told),
            model=model if self.changes else None, destructive=self.purge,
        )  # fmt: skip

    def apply(self) -> None:
        """Take the plugin out of service, in the open exclusive transaction."""
        if self.state.removed:
            return
        changed = archiving.changed_of(catalog.current(), self.state.id, self.actor)
        shape(self.changes, self.owner, f"remove {self.state.id}", actor=self.actor)
        faults.point("plugins.before_row")
        gone = {
            "enabled": False, "fault": None, "reason": None, "removed_at": clock.now(),
            "changed": orjson.dumps(changed).decode(),
        }  # fmt: skip
        row = sa.update(TABLE).where(TABLE.c.id == self.state.id).values(**gone)
        db.for_writing().connection.execute(row)
        next_generation()
        audit.note("plugin_removed", f"plugin:{self.state.id}", actor=self.actor)


def owner_of(plugin_id: str, found: dict[str, Found]) -> entities.Owner:
    """Return who owns what a plugin declared."""
    each = found.get(plugin_id)
    return entities.Owner(plugin_id, each is not None and loading.is_bundled(each))


def _losses(plugin_id: str) -> list[Phrase]:
    """Return what a purge drops, counted: an archive has it from then on."""
    every, connection = catalog.current(), db.current().connection
    told = [
        Phrase(
            "{count} records of {type} go for good",
            type=t.name, count=count_rows(connection, t, trashed=True),
        )
        for t in archiving.own_types(every, plugin_id)
    ]  # fmt: skip
    for entity_type, field in archiving.of_others(every, plugin_id):
        count = archiving.filled(connection, entity_type, field)
        name = f"{entity_type.name}.{field.name}"
        if field.owner == plugin_id:
            told.append(Phrase("{count} values of {field} go for good", field=name, count=count))
        else:
            told.append(
                Phrase("yours goes along: {field} with {count} values", field=name, count=count)
            )
    told += [
        Phrase("{count} rows of its table {table} go for good", table=name, count=count)
        for name, count in tables.counts(plugin_id).items()
    ]
    if settings.rows(plugin_id):
        told.append(Phrase("its settings go; the archive has them, but none of their secrets"))
    told.append(Phrase("An archive is written first; relatum plugins restore brings it back"))
    return told


# -- removing -------------------------------------------------------------------------------
def uninstall(
    plugin_id: str, *, actor: Actor, purge: bool = False, expect: str | None = None
) -> PluginPlan:
    """Remove a plugin in the open exclusive transaction; with `purge` a job drops its data.

    `expect` is the fingerprint of the plan that was looked at. Raises what `plan_uninstall`
    does, and `plan_stale`.
    """
    removal = _Removal(plugin_id, actor, purge=purge)
    made = removal.plan()
    made.must_be(expect)
    removal.apply()
    if purge:
        job = jobs.enqueue(PURGE, {"plugin": plugin_id}, actor=actor)
        made = made.with_job(job)
    return made


class _PurgeArguments(Schema):
    """The plugin whose data is dropped."""

    plugin = fields.String(required=True)


def _archive(chunk: Chunk) -> str | None:
    """Write the archive, outside of a transaction; the same job writes the same file again.

    Before anything is dropped, wait until nobody works by an older set of plugins.
    """
    if chunk.checkpoint is None:
        return archiving.write(chunk.arguments["plugin"], mark=str(chunk.job_id))
    with db.reading(timed=False) as tx:
        generation = tx.epochs.plugins
    if not workers.wait_converged(generation, _BARRIER_SECONDS):
        raise TimeoutError("a worker still serves an older set of plugins")
    return None


def _purge(chunk: Chunk) -> Step:
    plugin_id = chunk.arguments["plugin"]
    if chunk.checkpoint is None:
        chunk.log(f"The archive is {chunk.prepared}")
        return chunk.more({"archive": chunk.prepared}, exclusive=True)
    state = loading.states(db.current().connection).get(plugin_id)
    if state is None or not state.removed:
        return chunk.finish({"given_up": "the plugin was enabled again, or purged by another job"})
    drop(state, actor=chunk.actor)
    return chunk.finish(chunk.checkpoint)


def drop(state: State, *, actor: Actor) -> None:
    """Drop what a removed plugin owns, in the open exclusive transaction."""
    owner = owner_of(state.id, there())
    changes = _purges(catalog.current(), state.id)
    shape(changes, owner, f"purge {state.id}", actor=actor)
    faults.point("plugins.before_row")
    connection = db.for_writing().connection
    roles.forget_permissions(state.id)
    jobs.forget(state.id)
    tables.drop(state.id)
    preference = models.UserPreference.__table__
    connection.execute(
        sa.delete(preference).where(preference.c.name.startswith(f"{state.id}.", autoescape=True))
    )
    cost = models.PluginCost.__table__
    connection.execute(sa.delete(cost).where(cost.c.plugin == state.id))
    settings.forget(state.id)
    connection.execute(sa.delete(TABLE).where(TABLE.c.id == state.id))
    next_generation()
    audit.note("plugin_purged", f"plugin:{state.id}", actor=actor)


def _purges(known: Catalog, plugin_id: str) -> list[dict[str, Any]]:
    """Return the changes that drop what a plugin has in the trash: fields first, then types."""
    mine = {t.name: t for t in archiving.own_types(known, plugin_id)}
    every: list[EntityType] = [*known.types.values(), *known.trashed_types]
    gone = {
        (t.name, f.name)
        for t in every
        if t.owner != plugin_id
        for f in t.in_trash
        if f.owner == plugin_id
    }
    return [
        *({"op": "purge_field", "type": t, "field": f} for t, f in sorted(gone)),
        *({"op": "purge_type", "type": name} for name in sorted(mine)),
    ]


jobs.register(
    Kind(
        name=PURGE, title="Purge a plugin", run=_purge, prepare=_archive,
        arguments=_PurgeArguments, permission="customise",
    )
)  # fmt: skip
