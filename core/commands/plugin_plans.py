"""Show the plan of a plugin, ask, carry it out, and wait until all who serve know of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

from .. import db, plugin_host
from ..plugin_host import Convergence, PluginPlan
from .plans import show_steps
from .terminal import Instance, is_terminal, look, print_json

_DONE = {
    "enable": "Enabled", "update": "Updated", "disable": "Disabled", "uninstall": "Removed",
    "purge": "Removed",
}  # fmt: skip
#: Seconds for which a command waits until all serve what it did; for each worker that is replaced.
_SECONDS: Final = 5.0
RELOAD_SECONDS: Final = 20.0
waiting = click.option(
    "--wait/--no-wait", default=True, show_default=True,
    help="Whether to wait, for some seconds, until all who serve know of it.",
)  # fmt: skip


def carry_out(
    instance: Instance,
    planning: Callable[..., PluginPlan],
    work: Callable[..., PluginPlan] | None,
    plugin: str,
    *,
    yes: bool = True,
    as_json: bool,
    wait: bool = True,
    **options: Any,
) -> PluginPlan:
    """Show a plan, ask, and carry it out unless only the plan was asked for; return it."""
    made = instance.read(planning, plugin, **options)
    if work is None:
        print_json(made.as_json()) if as_json else _show(made)
        if made.blocked:
            look()
        return made
    if not as_json:
        _show(made)
    if not made.blocked and not yes and is_terminal():
        click.confirm("Apply this?", abort=True)
    actor, expect = instance.actor, made.fingerprint
    made = db.transact(lambda: work(plugin, actor=actor, expect=expect, **options), exclusive=True)
    found = settle(wait=wait, seconds=_SECONDS)
    if as_json:
        print_json({**made.as_json(), "applied": True, "workers": found.as_json()})
    else:
        click.echo(f"{_DONE[made.action]} {', '.join(made.plugins)}.")
        click.echo(served(found))
    return made


def settle(*, wait: bool, seconds: float) -> Convergence:
    """Return who serves the newest set of plugins, when all do or after so many seconds."""
    known = plugin_host.settled(0)
    if not wait or known.done:
        return known
    if known.renewed < known.alive:  # these take as long as it takes to start
        seconds = max(seconds, RELOAD_SECONDS * known.alive)
    return plugin_host.settled(seconds)


def served(found: Convergence) -> str:
    """Return who serves, in a sentence."""
    if not found.alive:
        return "Nobody serves the instance now."
    told = f"{found.newest} of {found.alive} workers on generation {found.generation}"
    old = found.alive - found.renewed
    return f"{told}; {old} with former code, to be replaced." if old else f"{told}."


def _show(made: PluginPlan) -> None:
    document = made.as_json()
    versions = " to ".join(v for v in (made.before, made.version) if v)
    click.echo(f"{made.action.capitalize()} {', '.join(made.plugins)} {versions}".rstrip())
    said = {k: v for k, v in document["origin"].items() if v}
    if said:
        click.echo(f"   from: {', '.join(f'{k} {v}' for k, v in said.items())}")
    for word, what in document["capabilities"].items():
        click.echo(f"   {word}: it {what}")
    for name, listed in document["provides"].items():
        if listed:
            click.echo(f"   {name.replace('_', ' ')}: {', '.join(listed)}")
    for note in document["notes"]:
        click.echo(f"   note: {note}")
    show_steps(document["steps"])
