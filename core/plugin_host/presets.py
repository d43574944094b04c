"""Presets: choices of plugins that are enabled together when an instance is made.

A plugin says itself which presets it is part of; the kernel knows one by name, the empty one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from .. import db
from .. import hooks as hooking
from ..actor import Actor
from ..config import Config
from ..errors import RelatumError, nearest
from . import loading
from .discovery import Found, discover
from .verbs import enable

#: The preset without any plugin: an API without pages.
NONE: Final = "none"


def presets(config: Config | None) -> dict[str, tuple[str, ...]]:
    """Return the ids of the plugins of each preset, those required first; `none` leads.

    Presets of more plugins follow those of fewer. Reads files and runs nothing.
    """
    found = {i: f for i, f in discover(config).items() if f.manifest and not f.problem}
    named: dict[str, set[str]] = {}
    for plugin_id, each in found.items():
        for name in each.sound.plugin.presets:
            named.setdefault(name, set()).add(plugin_id)
    whole = {name: with_required(found, ids) for name, ids in named.items() if name != NONE}
    ordered = sorted(whole.items(), key=lambda item: (len(item[1]), item[0] == "all", item[0]))
    return {NONE: (), **dict(ordered)}


def with_required(found: Mapping[str, Found], ids: Collection[str]) -> tuple[str, ...]:
    """Return plugins with all that they require, in the order of enabling."""
    wanted, left = set(ids), list(ids)
    while left:
        required = set(found[left.pop()].sound.plugin.requires) & set(found)
        left += required - wanted
        wanted |= required
    return tuple(loading.in_order({i: found[i] for i in wanted}))


def plugins_of(preset: str, config: Config | None) -> tuple[str, ...]:
    """Return the ids of a preset's plugins in order; raise `preset_unknown`."""
    known = presets(config)
    if preset not in known:
        raise RelatumError(
            "preset_unknown", preset=preset[:80], known=", ".join(known),
            nearest=nearest(preset[:80], list(known)),
        )  # fmt: skip
    return known[preset]


def enable_preset(preset: str, *, actor: Actor) -> tuple[str, ...]:
    """Enable the plugins of a preset in the open exclusive transaction; return their ids.

    Raises `preset_unknown`, and what enabling one of them raises.
    """
    ids = plugins_of(preset, db.settings())
    for plugin_id in ids:
        enable(plugin_id, actor=actor)
    return ids


@contextmanager
def at_work() -> Iterator[hooking.Hooks]:
    """Let the plugins that are enabled in the open transaction take part in what it writes."""
    tx = db.current()
    known = loading.states(tx.connection)
    hooks = loading.load(known, tx.epochs.plugins, db.settings()).hooks
    with hooking.using(hooks):
        yield hooks
