"""Look at plugins: what is there, what runs, what it owns, and why one does not run."""

from __future__ import annotations

from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import access, catalog, db, models
from ..actor import Actor
from ..errors import RelatumError, nearest
from . import loading
from .discovery import Found, discover
from .loading import State

TABLE: Final[Any] = models.PluginRow.__table__


def list_plugins(*, actor: Actor) -> list[dict[str, Any]]:
    """Return every plugin that is there or was enabled once, by id."""
    access.require(actor, "read", "plugins")
    found = discover(db.settings().home)
    known, stored = loading.states(db.current().connection), _stored()
    ids = sorted({*found, *known})
    return [_described(i, found.get(i), known.get(i), stored.get(i, {})) for i in ids]


def _stored() -> dict[str, dict[str, Any]]:
    """Return what each plugin that was enabled once said of itself then."""
    rows = db.current().connection.execute(sa.select(TABLE.c.id, TABLE.c.manifest))
    return {row.id: orjson.loads(row.manifest) for row in rows}


def _described(
    plugin_id: str, found: Found | None, state: State | None, stored: dict[str, Any]
) -> dict[str, Any]:
    manifest = found.manifest if found else None
    said = manifest.as_json() if manifest else stored
    return {
        "id": plugin_id,
        "name": said.get("name", plugin_id),
        "description": said.get("description", ""),
        "license": said.get("license", ""),
        "version": manifest.plugin.version if manifest else None,
        "source": found.source if found else None,
        "state": "available" if state is None else "enabled" if state.enabled else "disabled",
        "enabled_version": state.version if state else None,
        "fault": state.fault if state else None,
        "reason": (state.reason if state else None) or (found.problem if found else None),
        "provides": said.get("provides") or stored.get("provides"),
    }


def show(plugin_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return everything that is known of a plugin; raise `plugin_unknown`."""
    access.require(actor, "read", "plugins")
    found, known = discover(db.settings().home), loading.states(db.current().connection)
    if plugin_id not in {*found, *known}:
        raise unknown(plugin_id, [*found, *known])
    each, state = found.get(plugin_id), known.get(plugin_id)
    manifest = _manifest(each, plugin_id)
    return {
        **_described(plugin_id, each, state, _stored().get(plugin_id, {})),
        "path": str(each.path) if each else None,
        "manifest": manifest,
        "required_by": [s.id for s in known.values() if s.enabled and needs(found, s, plugin_id)],
        "types": [t.name for t in catalog.current().types.values() if t.owner == plugin_id],
        "fields": [
            f"{t.name}.{f.name}"
            for t in catalog.current().types.values()
            for f in t.fields.values()
            if f.owner == plugin_id and t.owner != plugin_id
        ],
        "changed_here": _changed_here(plugin_id),
        "workers": _workers(),
    }


def _manifest(found: Found | None, plugin_id: str) -> dict[str, Any] | None:
    if found is not None:
        return found.manifest.as_json() if found.manifest else None
    query = sa.select(TABLE.c.manifest).where(TABLE.c.id == plugin_id)
    stored: dict[str, Any] = orjson.loads(db.current().connection.execute(query).scalar_one())
    return stored


def _changed_here(plugin_id: str) -> list[dict[str, Any]]:
    """Return the administrator's changes of what a plugin owns, conflicts marked."""
    known = catalog.current()
    names: dict[tuple[str, int], tuple[str, str]] = {}
    for entity_type in known.types.values():
        names["type", entity_type.id] = entity_type.name, entity_type.owner
        for each in (*entity_type.fields.values(), *entity_type.trashed_fields):
            place = f"{entity_type.name}.{each.name}"
            names["field", each.id] = place, each.owner
            for option in each.options:
                names["option", option.id] = f"{place}.{option.value}", option.owner
    return [
        {
            "target": names[patch.kind, patch.target_id][0], "property": patch.name,
            "value": patch.value, "base": patch.base, "now": patch.now,
            "conflict": patch.conflict,
        }
        for patch in known.patches
        if names.get((patch.kind, patch.target_id), ("", ""))[1] == plugin_id
    ]  # fmt: skip


def _workers() -> list[dict[str, Any]]:
    table = models.Worker.__table__
    rows = db.current().connection.execute(sa.select(table).order_by(table.c.seen_at.desc()))
    return [{"id": row.id, "generation": row.generation, "seen_at": row.seen_at} for row in rows]


def unknown(plugin_id: str, known: list[str]) -> RelatumError:
    """Return the refusal of an id that no plugin has."""
    near = nearest(plugin_id[:40], sorted(known))
    return RelatumError("plugin_unknown", plugin=plugin_id[:40], nearest=near)


def needs(found: dict[str, Found], state: State, plugin_id: str) -> bool:
    """Say whether a plugin requires another."""
    each = found.get(state.id)
    return bool(each and each.manifest and plugin_id in each.manifest.plugin.requires)


def outdated(*, actor: Actor) -> list[str]:
    """Return enabled plugins of which another version is there by now, those required first."""
    access.require(actor, "read", "plugins")
    found, known = discover(db.settings().home), loading.states(db.current().connection)
    enabled = {s.id: found[s.id] for s in known.values() if s.enabled and s.id in found}
    return [
        plugin_id
        for plugin_id in loading.in_order(enabled)
        if found[plugin_id].manifest and found[plugin_id].version != known[plugin_id].version
    ]
