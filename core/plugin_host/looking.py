"""Look at plugins: what is there, what runs, what it owns, and why one does not run."""

from __future__ import annotations

from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import access, catalog, db, models, plugin_tables
from ..actor import Actor
from ..errors import RelatumError, nearest
from ..hooks.costs import BUDGET_MS
from . import loading, workers
from .discovery import INSTALLED, Found, discover
from .loading import State
from .manifest import RESTART

TABLE: Final[Any] = models.PluginRow.__table__
COST: Final[Any] = models.PluginCost.__table__


def there() -> dict[str, Found]:
    """Return every plugin that is there for the instance at hand, by id; nothing is run."""
    return discover(db.settings())


def list_plugins(*, actor: Actor) -> list[dict[str, Any]]:
    """Return every plugin that is there or was enabled once, by id."""
    access.require(actor, "read", "plugins")
    found, serving = there(), workers.convergence()
    known, stored = loading.states(db.current().connection), _stored()
    ids = sorted({*found, *known})
    described = (_described(i, found.get(i), known.get(i), stored.get(i, {})) for i in ids)
    return [_with_workers(each, serving) for each in described]


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
        "state": _word(found, state),
        "enabled_version": state.version if state else None,
        "fault": state.fault if state else None,
        "reason": (state.reason if state else None) or (found.problem if found else None),
        "provides": said.get("provides") or stored.get("provides"),
    }


def _word(found: Found | None, state: State | None) -> str:
    """Return where a plugin is in its life."""
    if state is None:
        return "installed" if found and found.source == INSTALLED else "available"
    return "enabled" if state.enabled else "removed" if state.removed else "disabled"


def _with_workers(described: dict[str, Any], serving: workers.Convergence) -> dict[str, Any]:
    """Return what is known of a plugin, with the fault of processes that run other code of it."""
    stale = serving.stale(described["id"])
    if described["state"] != "enabled" or described["fault"] or not stale:
        return described
    reason = str(stale[-1].loaded[described["id"]]["stale"])
    told = f"{len(stale)} of {serving.alive} workers: {reason}"
    return {**described, "fault": RESTART, "reason": told}


def show(plugin_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return everything that is known of a plugin; raise `plugin_unknown`."""
    access.require(actor, "read", "plugins")
    found, known = there(), loading.states(db.current().connection)
    if plugin_id not in {*found, *known}:
        raise unknown(plugin_id, [*found, *known])
    each, state = found.get(plugin_id), known.get(plugin_id)
    manifest, serving = _manifest(each, plugin_id), workers.convergence()
    described = _described(plugin_id, each, state, _stored().get(plugin_id, {}))
    return {
        **_with_workers(described, serving),
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
        "tables": sorted(plugin_tables.tables_of(plugin_id)),
        "changed_here": changed_here(plugin_id),
        "workers": serving.as_json(),
        "costs": _costs(plugin_id),
    }


def _manifest(found: Found | None, plugin_id: str) -> dict[str, Any] | None:
    if found is not None:
        return found.manifest.as_json() if found.manifest else None
    query = sa.select(TABLE.c.manifest).where(TABLE.c.id == plugin_id)
    stored: dict[str, Any] = orjson.loads(db.current().connection.execute(query).scalar_one())
    return stored


def changed_here(plugin_id: str) -> list[dict[str, Any]]:
    """Return an administrator's changes of what a plugin owns, conflicts marked."""
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
    found, known = there(), loading.states(db.current().connection)
    enabled = {s.id: found[s.id] for s in known.values() if s.enabled and s.id in found}
    return [
        plugin_id
        for plugin_id in loading.in_order(enabled)
        if found[plugin_id].manifest and found[plugin_id].version != known[plugin_id].version
    ]


def _costs(plugin_id: str) -> list[dict[str, Any]]:
    """Return what each part of a plugin has cost, the dearest first; times in milliseconds."""
    query = sa.select(COST).where(COST.c.plugin == plugin_id)
    rows = db.current().connection.execute(query.order_by(COST.c.micros.desc(), COST.c.part))
    return [
        {
            "part": row.part, "calls": row.calls, "failures": row.failures, "slow": row.slow,
            "rows": row.rows, "statements": row.statements, "budget_ms": BUDGET_MS,
            "mean_ms": round(row.micros / 1000 / max(row.calls, 1), 2),
            "longest_ms": round(row.longest / 1000, 2), "reason": row.reason, "at": row.at,
            "since": row.since,
        }
        for row in rows
    ]  # fmt: skip
