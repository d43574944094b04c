"""Routes on plugins: list, show, enable, disable; the next request is served by the new set."""

from __future__ import annotations

from typing import Final

from .. import db, plugin_host
from ..plugin_host import PluginPlan
from .operations import EXCLUSIVE, PLAN_ONLY, Answer, Call, Parameter, Reply, operation
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
_PROBLEMS: Final = (404, 409, 422)


@operation("GET", "/plugins", tag=TAG, replies={200: Reply("Plugins")})
def list_plugins(call: Call) -> Answer:
    """List every plugin that is there or was enabled once, and why one does not run."""
    return Answer({"plugins": plugin_host.list_plugins(actor=call.actor)})


@operation("GET", "/plugins/<plugin>", tag=TAG, replies={200: Reply("PluginDetails")})
def read_plugin(call: Call, plugin: str) -> Answer:
    """Show a plugin: its manifest, what it owns, what was changed here, and who serves it."""
    return Answer(plugin_host.show(plugin, actor=call.actor))


@operation(
    "POST", "/plugins/<plugin>/enable", tag=TAG, mode=EXCLUSIVE, query=(PLAN_ONLY, _EXPECT),
    replies=_CHANGED, problems=_PROBLEMS,
)  # fmt: skip
def enable_plugin(call: Call, plugin: str) -> Answer:
    """Enable a plugin, or bring what it declares up to the version that is on the machine."""
    if call.flag(PLAN_ONLY.name):
        return _answer(plugin_host.plan_enable(plugin, actor=call.actor), applied=False)
    expect = call.text(_EXPECT.name)
    return _answer(plugin_host.enable(plugin, actor=call.actor, expect=expect), applied=True)


@operation(
    "POST", "/plugins/<plugin>/disable", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY, _EXPECT, _CASCADE), replies=_CHANGED, problems=_PROBLEMS,
)  # fmt: skip
def disable_plugin(call: Call, plugin: str) -> Answer:
    """Disable a plugin: its code runs no more, its types and records stay."""
    cascade = call.flag(_CASCADE.name)
    if call.flag(PLAN_ONLY.name):
        made = plugin_host.plan_disable(plugin, actor=call.actor, cascade=cascade)
        return _answer(made, applied=False)
    expect = call.text(_EXPECT.name)
    made = plugin_host.disable(plugin, actor=call.actor, cascade=cascade, expect=expect)
    return _answer(made, applied=True)


def _answer(made: PluginPlan, *, applied: bool) -> Answer:
    """Return a plan; of one that was applied, with the set of plugins that it leads to."""
    generation = db.current().epochs.plugins + (1 if applied else 0)
    seen = f"{COOKIE}={generation}; Path=/; Max-Age={_SEEN_SECONDS}; HttpOnly; SameSite=Lax"
    headers = {GENERATION: str(generation), "Set-Cookie": seen} if applied else {}
    return Answer({**made.as_json(), "applied": applied}, headers=headers)
