"""Disable plugins: their code runs no more, their types and records stay."""

from __future__ import annotations

import sqlalchemy as sa

from .. import access, audit, catalog, db, entities, faults
from ..actor import Actor
from ..errors import RelatumError
from . import loading
from .looking import TABLE, needs, there, unknown
from .verbs import PluginPlan, next_generation


def plan_disable(plugin_id: str, *, actor: Actor, cascade: bool = False) -> PluginPlan:
    """Say what disabling a plugin would do; its types and records stay, its code runs no more.

    Raises `plugin_unknown`, `plugin_not_enabled`, and `plugin_needed` naming those that require
    it, unless `cascade` disables them too.
    """
    access.require(actor, "customise", "plugins")
    found, known = there(), loading.states(db.current().connection)
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
    made.must_be(expect)
    entities.touch_catalog(f"disable {', '.join(made.plugins)}", actor=actor)
    faults.point("plugins.before_row")
    gone = {"enabled": False, "fault": None, "reason": None}
    changed = sa.update(TABLE).where(TABLE.c.id.in_(made.plugins)).values(**gone)
    db.for_writing().connection.execute(changed)
    next_generation()
    subjects = [audit.Done(f"plugin:{each}") for each in made.plugins]
    audit.note_all("plugin_disabled", subjects, actor=actor)
    return made
