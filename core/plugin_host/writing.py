"""Write `plugin.json` from a plugin's code, so that what it says and what it brings are one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from ..hooks import Hooks, reason_of
from . import loading
from .discovery import Found, at, discover
from .manifest import FILE, PROVIDED, Manifest, Unfit
from .migrations import tables_of
from .verbs import names_of


def manifest_of(path: Path) -> bytes:
    """Return what `plugin.json` in a plugin's folder must say; runs its code; raise `Unfit`."""
    found = at(path)
    hooks = Hooks()
    _take_publishers(found, hooks)
    active = loading.activate(found, hooks, unlisted=True)
    loading.check_capabilities(found.sound, active)
    brings = {
        **active.brings(),
        **names_of(_returned(hooks, "relatum_declare", found.id) or {}),
        "tables": tables_of(found),
        "commands": tuple(
            sorted(str(c.name) for c in _returned(hooks, "relatum_commands", found.id) or ())
        ),
    }
    provides = {name: brings.get(name, ()) for name in PROVIDED}
    document = Manifest(plugin=found.sound.plugin, provides=provides).as_json()
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _take_publishers(found: Found, hooks: Hooks) -> None:
    """Run the plugins of this machine whose hooks the plugin may implement."""
    known = discover(None)
    wanted = {*found.sound.plugin.requires} | {
        each.id for each in known.values() if loading.provided(each, "hookspecs")
    }
    for plugin_id in loading.in_order({i: known[i] for i in wanted - {found.id} if i in known}):
        try:
            loading.activate(known[plugin_id], hooks)
        except Unfit as unfit:
            if plugin_id in found.sound.plugin.requires:
                raise Unfit(f"it requires '{plugin_id}', which does not run: {unfit}") from unfit


def _returned(hooks: Hooks, name: str, plugin_id: str) -> Any:
    try:
        results = hooks.collect(name, only=plugin_id)
    except Exception as error:
        raise Unfit(f"{name}: {reason_of(error)}") from error
    return results[0].value if results else None


def write_manifest(path: Path, *, only_look: bool = False) -> bool:
    """Write the `plugin.json` of a plugin's folder; return whether it said something else before.

    `only_look` writes nothing. Raises `Unfit`.
    """
    wanted, file = manifest_of(path), path / FILE
    same = file.exists() and file.read_bytes() == wanted
    if not same and not only_look:
        file.write_bytes(wanted)
    return not same
