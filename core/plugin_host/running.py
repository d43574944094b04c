"""What the plugins that run bring to the command line, and why the others do not run."""

from __future__ import annotations

from typing import Any

import click
import sqlalchemy as sa

from .. import db
from ..actor import Actor
from ..errors import RelatumError
from . import following, imported, loading
from .loading import Active, Loaded
from .looking import TABLE
from .manifest import RESTART, SAFE, Unfit, read


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
        if not state.enabled or (fault is not None and fault.kind in (SAFE, RESTART)):
            continue
        now = (fault.kind, fault.reason) if fault else (None, None)
        if (state.fault, state.reason) != now:
            changed = sa.update(TABLE).where(TABLE.c.id == state.id)
            tx.connection.execute(changed.values(fault=now[0], reason=now[1]))


def code_of(loaded: Loaded) -> dict[str, dict[str, Any]]:
    """Return the code of plugins that this process runs, by id: `version`, `digest`, `stale`.

    `stale` is why a new process would run another, None if it would not; of a plugin that does
    not run for that reason too.
    """
    found: dict[str, dict[str, Any]] = {}
    for plugin_id, active in loaded.active.items():
        code = imported.code_of(active.found)
        mark = code.digest if code else active.module.__name__.rpartition("_")[2]
        other = imported.is_other(active.found)
        found[plugin_id] = {
            "version": active.found.version, "digest": mark,
            "stale": _difference(active) if other else None,
        }  # fmt: skip
    for plugin_id, fault in loaded.faults.items():
        if fault.kind == RESTART:
            found[plugin_id] = {"version": None, "digest": "", "stale": fault.reason}
    return found


def _difference(active: Active) -> str:
    """Return in what the disk differs from a plugin that runs here; its version is read anew."""
    try:
        version = read(active.found.path).plugin.version
    except Unfit as unfit:
        return f"its files have changed, and can't be used: {unfit}"
    return imported.difference(active.found, version)
