"""Looking at the settings of a plugin and changing them; the next request has the new ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from .. import access, db
from ..actor import Actor
from ..errors import Invalid, Problem, RelatumError
from . import following, loading, settings
from .looking import TABLE, there, unknown
from .manifest import NEEDS_CONFIG, Unfit, Unset
from .settings_schema import Kept, Setting, SettingsSchema
from .verbs import next_generation

_THING = "settings of plugins"


def show_settings(plugin_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return the settings of a plugin: {plugin, ready, problems, settings}.

    Each of `settings` is {name, kind, many, label, description, required, secret, default, options,
    set, value, variable}. A secret has no value, only whether it is set, or the variable of the
    environment that it is read from. `problems` are what keeps the plugin from running. Raises
    `plugin_unknown`, `plugin_not_enabled`, `plugin_unfit`.
    """
    access.require(actor, "customise", _THING)
    schema = schema_of(plugin_id)
    stored = settings.kept(db.current().connection, plugin_id).get(plugin_id, {})
    problems = _problems(schema, stored)
    return {
        "plugin": plugin_id,
        "ready": not problems,
        "problems": [problem.as_json() for problem in problems],
        "settings": [_shown(each, stored.get(each.name)) for each in schema.settings.values()],
    }


def _problems(schema: SettingsSchema, stored: Mapping[str, Kept]) -> tuple[Problem, ...]:
    try:
        schema.open(stored)
    except Invalid as error:
        return error.problems
    except Unfit as unfit:
        raise RelatumError("plugin_unfit", plugin=schema.plugin, reason=str(unfit)) from unfit
    return ()


def _shown(setting: Setting, row: Kept | None) -> dict[str, Any]:
    if row is not None and row.sealed and not setting.secret:
        row = None
    shown = None if row is None or setting.secret else row.value
    return {
        **setting.as_json(),
        "set": row is not None,
        "value": setting.default if row is None else shown,
        "variable": row.variable if row is not None and setting.secret else None,
    }


def change_settings(plugin_id: str, values: Mapping[str, Any], *, actor: Actor) -> bool:
    """Set settings of a plugin in the open exclusive transaction; None takes a value back.

    Returns whether anything is new; then a new set of plugins begins, which every worker has on
    its next request. Raises `invalid` unless the whole set is valid with it, and what
    `show_settings` does.
    """
    access.require(actor, "customise", _THING)
    schema = schema_of(plugin_id)
    try:
        if not settings.change(schema, values, actor=actor):
            return False
    except Unfit as unfit:
        raise RelatumError("plugin_unfit", plugin=plugin_id, reason=str(unfit)) from unfit
    settle(schema)
    next_generation()
    return True


def settle(schema: SettingsSchema) -> None:
    """Note whether a plugin runs with what is stored now; each worker finds out for itself."""
    connection = db.for_writing().connection
    stored = settings.kept(connection, schema.plugin).get(schema.plugin, {})
    problems = _problems(schema, stored)
    unset = Unset(schema.plugin, problems) if problems else None
    here = (
        TABLE.c.id == schema.plugin,
        sa.or_(TABLE.c.fault == NEEDS_CONFIG, TABLE.c.fault.is_(None)),
    )
    values = {"fault": unset and unset.fault, "reason": unset and str(unset)}
    connection.execute(sa.update(TABLE).where(*here).values(**values))


def schema_of(plugin_id: str) -> SettingsSchema:
    """Return what the settings of an enabled plugin are, whether it runs or lacks some of them."""
    loaded = following.current()
    if plugin_id in loaded.settings:
        return loaded.settings[plugin_id]
    if plugin_id in loaded.active:
        return loaded.active[plugin_id].settings
    if plugin_id in loaded.faults:
        reason = loaded.faults[plugin_id].reason
        raise RelatumError("plugin_unfit", plugin=plugin_id, reason=reason)
    found, known = there(), loading.states(db.current().connection)
    if plugin_id in {*found, *known}:
        raise RelatumError("plugin_not_enabled", plugin=plugin_id)
    raise unknown(plugin_id, [*found, *known])
