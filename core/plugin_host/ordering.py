"""The order in which plugins are run: those that others build on come first."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping

from .discovery import Found


def in_order(found: Mapping[str, Found]) -> list[str]:
    """Return ids, those required first and else by name; what goes in circles is left out.

    Whoever publishes hooks that a plugin.json lists comes before that plugin, too.
    """
    required = {each.id: sorted(builds_on(each, found)) for each in found.values()}
    while True:
        sorter = graphlib.TopologicalSorter({name: required[name] for name in sorted(required)})
        try:
            return [name for name in sorter.static_order() if name in required]
        except graphlib.CycleError as error:
            circle = set(error.args[1])
            required = {n: [r for r in rs if r not in circle] for n, rs in required.items()
                        if n not in circle}  # fmt: skip


def provided(found: Found, word: str) -> tuple[str, ...]:
    """Return what the plugin.json of a plugin lists under a word, before it is run."""
    provides = found.manifest.provides if found.manifest else None
    return tuple((provides or {}).get(word, ()))


def builds_on(each: Found, found: Mapping[str, Found]) -> set[str]:
    """Return those of some plugins that a plugin requires, or whose hooks it implements."""
    publishers = {
        hook: other.id for other in found.values() for hook in provided(other, "hookspecs")
    }
    wanted = set(each.manifest.plugin.requires) if each.manifest else set()
    used = {publishers[hook] for hook in provided(each, "hooks") if hook in publishers}
    return ((wanted | used) - {each.id}) & set(found)
