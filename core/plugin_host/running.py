"""What the plugins that run bring to the command line, and why the others do not run."""

from __future__ import annotations

import click
import sqlalchemy as sa

from .. import db
from ..actor import Actor
from ..errors import RelatumError
from . import following, loading
from .loading import Loaded
from .looking import TABLE
from .manifest import Unfit


def is_enabled(plugin_id: str, *, actor: Actor) -> bool:
    """Say whether a plugin is enabled."""
    state = loading.states(db.current().connection).get(plugin_id)
    return state is not None and state.enabled


def commands_of(plugin_id: str, *, actor: Actor) -> list[click.Command]:
    """Return the click commands of a plugin that runs; raise `plugin_unfit`."""
    loaded = following.current()
    try:
        return _commands(loaded, plugin_id)
    except Unfit as unfit:
        raise RelatumError("plugin_unfit", plugin=plugin_id, reason=str(unfit)) from unfit


def _commands(loaded: Loaded, plugin_id: str) -> list[click.Command]:
    if plugin_id not in loaded.active:
        fault = loaded.faults.get(plugin_id)
        raise Unfit(fault.reason if fault else "it is not enabled")
    results = loaded.hooks.collect("relatum_commands", only=plugin_id)
    made = list(results[0].value) if results else []
    if not all(isinstance(command, click.Command) for command in made):
        raise Unfit("relatum_commands must return click commands")
    manifest = loaded.active[plugin_id].found.sound
    if manifest.provides is not None:
        names = tuple(str(command.name) for command in made)
        loading.check_provides(manifest, {"commands": names})
    return made


def note_faults(loaded: Loaded) -> None:
    """Store why enabled plugins do not run, in the open writing transaction; safe to repeat."""
    tx = db.for_writing()
    if tx.epochs.plugins != loaded.generation:
        return
    for state in loading.states(tx.connection).values():
        fault = loaded.faults.get(state.id)
        if not state.enabled or (fault is not None and fault.kind == loading.SAFE):
            continue
        now = (fault.kind, fault.reason) if fault else (None, None)
        if (state.fault, state.reason) != now:
            changed = sa.update(TABLE).where(TABLE.c.id == state.id)
            tx.connection.execute(changed.values(fault=now[0], reason=now[1]))
