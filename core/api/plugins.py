"""Routes on plugins: list, show, enable, disable; the next request is served by the new set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ...schemas.plugins import PluginSettingsChangeSchema
from .. import db, plugin_host
from ..plugin_host import PluginPlan
from . import wire
from .operations import ACCESS, EXCLUSIVE, PLAN_ONLY, Answer, Call, Parameter, Reply, operation
from .plugin_routes import COOKIE, GENERATION
from .records import FLAG

TAG: Final = "plugins"
#: Seconds for which a browser says which set of plugins it has seen; workers know much sooner.
_SEEN_SECONDS: Final = 60
_CHANGED: Final = {200: Reply("PluginPlan", (GENERATION, "Set-Cookie"))}
_EXPECT: Final = Parameter(
    "_expect", {"type": "string"}, "Fingerprint of the plan that was looked at; another refuses."
)
_CASCADE: Final = Parameter("_cascade", FLAG, "1: those that require it too.")
_PURGE: Final = Parameter("_purge", FLAG, "1: drop its data too; an archive is written first.")
_NAME: Final = Parameter("_name", {"type": "string"}, "The name that is asked for.")
_TARGET: Final = Parameter(
    "_target", {"type": "string"}, "Version of the hooks after an upgrade that is planned."
)
_PROBLEMS: Final = (404, 409, 422)


@operation("GET", "/plugins", tag=TAG, replies={200: Reply("Plugins")})
def list_plugins(call: Call) -> Answer:
    """List every plugin that is there or was enabled once, why one does not run, who serves."""
    found = plugin_host.list_plugins(actor=call.actor)
    return Answer({"plugins": found, "workers": plugin_host.convergence().as_json()})


@operation("GET", "/plugins/<plugin>", tag=TAG, replies={200: Reply("PluginDetails")})
def read_plugin(call: Call, plugin: str) -> Answer:
    """Show a plugin: its manifest, what it owns, what was changed here, and who serves it."""
    return Answer(plugin_host.show(plugin, actor=call.actor))


@operation(
    "POST", "/plugins/<plugin>/enable", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY, _EXPECT, ACCESS), replies=_CHANGED, problems=_PROBLEMS,
)  # fmt: skip
def enable_plugin(call: Call, plugin: str) -> Answer:
    """Enable a plugin, or bring what it declares up to the version that is on the machine."""
    opening = call.text(ACCESS.name) or plugin_host.USUAL
    return _done(call, plugin, plugin_host.plan_enable, plugin_host.enable, opening=opening)


@operation("POST", "/plugin-workers/reload", tag=TAG, replies={200: Reply("PluginWorkers")})
def reload_plugins(call: Call) -> Answer:
    """Let every process make room for a new one, one by one: it runs new code of plugins."""
    plugin_host.reload(actor=call.actor)
    return Answer(plugin_host.convergence().as_json())


@operation(
    "POST", "/plugins/<plugin>/disable", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY, _EXPECT, _CASCADE), replies=_CHANGED, problems=_PROBLEMS,
)  # fmt: skip
def disable_plugin(call: Call, plugin: str) -> Answer:
    """Disable a plugin: its code runs no more, its types and records stay."""
    cascade = call.flag(_CASCADE.name)
    return _done(call, plugin, plugin_host.plan_disable, plugin_host.disable, cascade=cascade)


@operation(
    "POST", "/plugins/<plugin>/uninstall", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY, _EXPECT, _PURGE), replies=_CHANGED, problems=_PROBLEMS,
)  # fmt: skip
def uninstall_plugin(call: Call, plugin: str) -> Answer:
    """Remove a plugin: its data waits for its return, or a job writes an archive and drops it."""
    purge = call.flag(_PURGE.name)
    return _done(call, plugin, plugin_host.plan_uninstall, plugin_host.uninstall, purge=purge)


@operation("GET", "/plugin-order", tag=TAG, replies={200: Reply("PluginOrder")})
def read_order(call: Call) -> Answer:
    """Show in which order plugins are called, and by which hooks."""
    return Answer(plugin_host.order(actor=call.actor))


@operation(
    "GET", "/plugin-names", tag=TAG, query=(_NAME,), replies={200: Reply("PluginClaims")},
    problems=(404,),
)  # fmt: skip
def read_name(call: Call) -> Answer:
    """Say whose a name is: a type, TYPE.FIELD, address, hook, slot, job, permission or command."""
    return Answer({"claims": plugin_host.why(call.text(_NAME.name) or "", actor=call.actor)})


@operation(
    "GET", "/plugin-findings", tag=TAG, query=(_TARGET,), replies={200: Reply("PluginFindings")}
)
def read_findings(call: Call) -> Answer:
    """Run every enabled plugin as a worker would, and say what is wrong and what to know."""
    target = call.text(_TARGET.name)
    found = plugin_host.examine(actor=call.actor, **({"target": target} if target else {}))
    return Answer({"findings": [each._asdict() for each in found]})


@operation("GET", "/plugin-archives", tag=TAG, replies={200: Reply("PluginArchives")})
def list_archives(call: Call) -> Answer:
    """List the archives of purged plugins in the home, newest first."""
    return Answer({"archives": plugin_host.archives(actor=call.actor)})


@operation(
    "POST", "/plugin-archives/<archive>/restore", tag=TAG, mode=EXCLUSIVE,
    replies={200: Reply("PluginRestored", (GENERATION, "Set-Cookie"))}, problems=_PROBLEMS,
)  # fmt: skip
def restore_archive(call: Call, archive: str) -> Answer:
    """Bring an archive of the home back: enables the plugin, and fills in its data."""
    told = plugin_host.restore(archive, actor=call.actor)
    return Answer(told, headers=_seen(db.current().epochs.plugins + 1))


@operation(
    "GET", "/plugins/<plugin>/settings", tag=TAG, replies={200: Reply("PluginSettings")},
    problems=_PROBLEMS,
)  # fmt: skip
def read_plugin_settings(call: Call, plugin: str) -> Answer:
    """Show the settings of an enabled plugin, without its secrets, and what it lacks to run."""
    return Answer(plugin_host.show_settings(plugin, actor=call.actor))


@operation(
    "PATCH", "/plugins/<plugin>/settings", tag=TAG, mode=EXCLUSIVE, body="PluginSettingsChange",
    replies={200: Reply("PluginSettings", (GENERATION, "Set-Cookie"))}, problems=_PROBLEMS,
)  # fmt: skip
def change_plugin_settings(call: Call, plugin: str) -> Answer:
    """Set settings of an enabled plugin, all of which must be right then, from the next request on.

    Null takes a value back, and the default holds again. A secret is never shown; `env:NAME` reads
    it from a variable of the environment.
    """
    values = wire.load(PluginSettingsChangeSchema, call.body)["values"]
    changed = plugin_host.change_settings(plugin, values, actor=call.actor)
    shown = plugin_host.show_settings(plugin, actor=call.actor)
    return Answer(shown, headers=_seen(db.current().epochs.plugins + 1) if changed else {})


def _done(
    call: Call,
    plugin: str,
    plan: Callable[..., PluginPlan],
    work: Callable[..., PluginPlan],
    **options: Any,
) -> Answer:
    """Plan what is done to a plugin, or do it if it is still as the caller has seen it planned."""
    if call.flag(PLAN_ONLY.name):
        return _answer(plan(plugin, actor=call.actor, **options), applied=False)
    expect = call.text(_EXPECT.name)
    return _answer(work(plugin, actor=call.actor, expect=expect, **options), applied=True)


def _answer(made: PluginPlan, *, applied: bool) -> Answer:
    """Return a plan; of one that was applied, with the set of plugins that it leads to."""
    headers = _seen(db.current().epochs.plugins + 1) if applied else {}
    return Answer({**made.as_json(), "applied": applied}, headers=headers)


def _seen(generation: int) -> dict[str, str]:
    """Return what tells a client which set of plugins its change has led to."""
    seen = f"{COOKIE}={generation}; Path=/; Max-Age={_SEEN_SECONDS}; HttpOnly; SameSite=Lax"
    return {GENERATION: str(generation), "Set-Cookie": seen}
