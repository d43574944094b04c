"""Plugins as the instance knows them: which were enabled, and what was done for them here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import sqlalchemy as sa

from .. import models, plugin_tables
from . import settings
from .settings_schema import Kept


@dataclass(frozen=True, kw_only=True)
class State:
    """A plugin as the instance knows it: a row of core_plugin."""

    id: str
    version: str
    enabled: bool
    fault: str | None = None
    reason: str | None = None
    #: Why it is held back although it is enabled.
    held: str | None = None
    #: Its data is kept, hidden, until it is enabled again or purged.
    removed: bool = False
    #: What its settings are set to.
    settings: Mapping[str, Kept] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    #: The steps of its own tables that were done; None: not to be looked at.
    done: tuple[plugin_tables.Applied, ...] | None = None


def states(connection: sa.Connection) -> dict[str, State]:
    """Return every plugin that was enabled once, by id."""
    table = models.PluginRow.__table__
    columns = (table.c[n] for n in ("id", "version", "enabled", "fault", "reason", "held"))
    removed = table.c.removed_at.is_not(None).label("removed")
    query = sa.select(*columns, removed).order_by(table.c.id)
    found = [dict(row) for row in connection.execute(query).mappings()]
    kept = settings.kept(connection) if found else {}
    done = plugin_tables.applied(connection) if found else {}
    return {
        row["id"]: State(
            **row, settings=kept.get(row["id"], {}), done=tuple(done.get(row["id"], ()))
        )
        for row in found
    }
