"""Dashboards that plugins bring ready-made: declared, not copied, so a new version brings more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from relatum import Context, hookspec, plugin_host

from .definitions import MOST, OWNERS, PERIODS, Dashboard, Shown, read_widget

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


def _read(value: Iterable[Any], active: plugin_host.Active) -> tuple[Dashboard, ...]:
    """Return the dashboards of a plugin; ValueError says which one can't be."""
    made = tuple(Dashboard(**each) if isinstance(each, Mapping) else each for each in value)
    if not all(isinstance(each, Dashboard) for each in made):
        raise ValueError("it must return Dashboard(name=..., label=..., widgets=...)")
    names = [each.name for each in made]
    if strange := [n for n in names if not _NAME.fullmatch(n) or names.count(n) > 1]:
        raise ValueError(f"'{strange[0]}' is no name of a dashboard, or stands twice")
    for each in made:
        if each.owner not in ("", *OWNERS) or each.period not in ("", *PERIODS):
            raise ValueError(f"owner or period of '{each.name}' is not one of those there are")
        if len(each.widgets) > MOST:
            raise ValueError(f"'{each.name}' has more than {MOST} widgets")
    return tuple(replace(each, widgets=tuple(map(read_widget, each.widgets))) for each in made)


@hookspec("collect", read=_read)
def desk_dashboards(ctx: Context) -> Iterable[Dashboard]:
    """Return ready-made dashboards, as `Dashboard`s or dicts of the same.

    Called when an application is built, outside any transaction. An exception leaves the plugin
    out.
    """
    raise NotImplementedError


def declared() -> dict[str, Shown]:
    """Return all declared dashboards as their plugins have them, by key."""
    found: dict[str, Shown] = {}
    for plugin, some in plugin_host.answers(desk_dashboards.__name__):
        for each in some:
            key = f"{plugin}.{each.name}"
            found[key] = Shown(
                key=key, label=each.label, widgets=each.widgets, icon=each.icon, plugin=plugin,
                at_home=each.at_home, begins={"owner": each.owner, "period": each.period},
            )  # fmt: skip
    return found
