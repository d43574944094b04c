"""Look into plugins: in which order they are called, whose a name is, and whether all is well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from .. import access, catalog, db
from .. import hooks as hooking
from ..actor import Actor
from ..errors import RelatumError
from . import loading
from .discovery import Found
from .loading import Loaded
from .looking import changed_here, list_plugins, there


def _loaded() -> Loaded:
    """Return the enabled plugins as this machine runs them, whatever the application does."""
    tx = db.current()
    known = loading.states(tx.connection)
    return loading.load(known, tx.epochs.plugins, db.settings())


# -- order ----------------------------------------------------------------------------------
def order(*, actor: Actor) -> dict[str, Any]:
    """Return {plugins: [{id, after: ids it builds on}], hooks: {name: ids as they are called}}."""
    access.require(actor, "read", "plugins")
    loaded = _loaded()
    running = {i: a.found for i, a in loaded.active.items()}
    called = {
        name: list(plugins)
        for name in sorted({hook for a in loaded.active.values() for hook in a.hooks})
        if (plugins := loaded.hooks.order(name))
    }
    return {
        "plugins": [
            {"id": i, "after": sorted(loading.builds_on(found, running))}
            for i, found in running.items()
        ],
        "hooks": called,
    }


# -- whose ----------------------------------------------------------------------------------
class Claim(NamedTuple):
    """Who brings something: what it is, its plugin, and others that take part in it."""

    what: str
    name: str
    plugin: str
    others: tuple[str, ...] = ()


def why(name: str, *, actor: Actor) -> list[dict[str, Any]]:
    """Return whose a name is, and who else takes part.

    It may be an entity type, `type.field`, an address, a hook, a kind of job, a permission, a
    command, or a slot. Raises `name_unowned` if nobody brings it.
    """
    access.require(actor, "read", "plugins")
    found = [claim for claim in _claims() if claim.name == name or _begins(claim, name)]
    if not found:
        raise RelatumError("name_unowned", name=name[:80])
    return [{**c._asdict(), "others": list(c.others)} for c in found]


def _begins(claim: Claim, name: str) -> bool:
    """Say whether an address is asked for without its method."""
    return claim.what == "route" and claim.name.partition(" ")[2] == name


def _claims() -> Iterator[Claim]:
    loaded, known = _loaded(), catalog.current()
    patched = {patch.target_id for patch in known.patches if patch.kind == "field"}
    for entity_type in known.types.values():
        owners = {f.owner for f in entity_type.fields.values()} - {"system", entity_type.owner}
        others = tuple(sorted(owners))
        yield Claim("entity type", entity_type.name, entity_type.owner, others)
        for field in entity_type.fields.values():
            path = f"{entity_type.name}.{field.name}"
            changed = ("local",) if field.id in patched else ()
            yield Claim("field", path, field.owner, changed)
    for plugin_id, active in loaded.active.items():
        for word, names in active.brings().items():
            what = {"hooks": "", "hookspecs": "hook"}.get(word, word.removesuffix("s"))
            for name in names if what else ():
                yield Claim(what.replace("_", " "), name, plugin_id)
        for name in loading.provided(active.found, "commands"):
            yield Claim("command", name, plugin_id)
    for name in sorted({hook for a in loaded.active.values() for hook in a.hooks}):
        policy = loaded.hooks.policy(name)
        publisher = (policy.publisher if policy else "") or "relatum"
        yield Claim("hook", name, publisher, loaded.hooks.order(name))


# -- whether all is well --------------------------------------------------------------------
class Finding(NamedTuple):
    """Something about a plugin that somebody should look at; not `bad`: good to know."""

    plugin: str
    text: str
    bad: bool = True


def verify(*, actor: Actor) -> list[Finding]:
    """Run every enabled plugin as a worker would, and return what keeps one from running.

    An enabled plugin must be there, in the version that was enabled, and bring what it says.
    """
    access.require(actor, "read", "plugins")
    return [Finding(i, fault.reason) for i, fault in sorted(_loaded().faults.items())]


def examine(*, actor: Actor, target: str = hooking.API_VERSION) -> list[Finding]:
    """Return what `verify` does, and what to know of plugins that run.

    `target` is the version of the hooks after an upgrade of Relatum that is planned. Raises
    `bad_parameter` for what is no version.
    """
    try:
        version = Version(target)
    except InvalidVersion:
        reason = "it must be a version such as 2.0"
        raise RelatumError("bad_parameter", name="target", reason=reason) from None
    found = verify(actor=actor)
    known = there()
    for each in list_plugins(actor=actor):
        found += _told(each, known, version)
        found += [
            Finding(each["id"], f"it changed {what['property']} of {what['target']} since you did; "
                    "yours holds. See: relatum plugins show", bad=False)
            for what in changed_here(each["id"])
            if what["conflict"]
        ]  # fmt: skip
    return found


def _told(each: Mapping[str, Any], known: Mapping[str, Found], target: Version) -> list[Finding]:
    plugin_id, state = each["id"], each["state"]
    found = known.get(plugin_id)
    if state == "removed":
        return [Finding(plugin_id, "it is removed, and its data is kept", bad=False)]
    if state != "enabled" or found is None or found.manifest is None:
        return []
    said = found.manifest.plugin.api
    if target not in SpecifierSet(said, prereleases=True):
        return [Finding(plugin_id, f"it is written for hooks {said}, not for {target}")]
    return []
