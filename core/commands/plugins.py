"""`relatum plugins`: what is there, what runs, and why something does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .. import db, plugin_host
from ..errors import RelatumError
from ..plugin_host import PluginPlan
from .plans import changing, show_steps
from .terminal import (
    Instance,
    is_terminal,
    json_option,
    look,
    pass_instance,
    print_json,
    print_list,
)

_COLUMNS = ("id", "name", "version", "source", "state", "reason")


@click.group()
def plugins() -> None:
    """Show plugins, enable and disable them while the instance serves.

    Plugins are bundled, installed with pip, or files in the folder plugins of the home. A
    plugin can do anything that the program can: enable only what you trust.
    """


@plugins.command("list")
@json_option
@pass_instance
def list_plugins(instance: Instance, as_json: bool) -> None:
    """List plugins: those that run, those that could, and why one does not.

    \b
    Example:
      relatum plugins list
    """
    found = instance.read(plugin_host.list_plugins)
    if not found and not as_json:
        click.echo(f"No plugins. Put one into {instance.config.home / 'plugins'}.")
    else:
        print_list(found, _COLUMNS, as_json)


@plugins.command("show")
@click.argument("plugin")
@json_option
@pass_instance
def show(instance: Instance, plugin: str, as_json: bool) -> None:
    """Show a plugin: what it brings, what it owns, and what was changed of that here.

    \b
    Example:
      relatum plugins show loyalty
    """
    found = instance.read(plugin_host.show, plugin)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['id']}: {found['name']} {found['version'] or ''} ({found['state']})")
    if found["reason"]:
        click.echo(f"does not run: {found['reason']}")
    for word in ("path", "types", "fields", "required_by"):
        if found[word]:
            shown = found[word] if isinstance(found[word], str) else ", ".join(found[word])
            click.echo(f"{word.replace('_', ' ')}: {shown}")
    for change in found["changed_here"]:
        mark = f"; the plugin says {change['now']!r} by now" if change["conflict"] else ""
        click.echo(f"changed here: {change['target']} {change['property']} is {change['value']!r}"
                   f", was {change['base']!r}{mark}")  # fmt: skip
    for worker in found["workers"]:
        click.echo(f"worker {worker['id'][:8]}: generation {worker['generation']}")


@plugins.command("plan")
@click.argument("plugin")
@json_option
@pass_instance
def plan(instance: Instance, plugin: str, as_json: bool) -> None:
    """Show what enabling a plugin, or its new version, would do; exit 3 if a question is open.

    \b
    Example:
      relatum plugins plan loyalty
    """
    _carry_out(instance, plugin_host.plan_enable, None, plugin, as_json=as_json)


@plugins.command("enable")
@click.argument("plugin")
@changing
@pass_instance
def enable(instance: Instance, plugin: str, plan_only: bool, yes: bool, as_json: bool) -> None:
    """Enable a plugin, or bring what it declares up to the version on this machine.

    \b
    Example:
      relatum plugins enable loyalty
    """
    work = None if plan_only else plugin_host.enable
    _carry_out(instance, plugin_host.plan_enable, work, plugin, yes=yes, as_json=as_json)


@plugins.command("disable")
@click.argument("plugin")
@click.option("--cascade", is_flag=True, help="Disable those that require it too.")
@changing
@pass_instance
def disable(
    instance: Instance, plugin: str, cascade: bool, plan_only: bool, yes: bool, as_json: bool
) -> None:
    """Disable a plugin: its code runs no more, its types and records stay.

    \b
    Example:
      relatum plugins disable loyalty
    """
    work = None if plan_only else plugin_host.disable
    _carry_out(
        instance, plugin_host.plan_disable, work, plugin, yes=yes, as_json=as_json, cascade=cascade
    )


@plugins.command("manifest")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 3 if it is out of date.")
@json_option
def manifest(folder: Path, check: bool, as_json: bool) -> None:
    """Write the plugin.json of a plugin's FOLDER from its code, which is run for that.

    Needs no instance. A distribution must have the file; what it says and what the plugin
    brings must be the same.

    \b
    Examples:
      relatum plugins manifest plugins/loyalty
      relatum plugins manifest plugins/loyalty --check
    """
    try:
        differs = plugin_host.write_manifest(folder, only_look=check)
    except plugin_host.Unfit as unfit:
        reason = str(unfit)
        raise RelatumError("plugin_unfit", plugin=folder.name, reason=reason) from unfit
    file = folder / "plugin.json"
    if as_json:
        print_json({"file": str(file), "differs": differs, "written": differs and not check})
    elif check and differs:
        click.echo(f"{file} is out of date. Run: relatum plugins manifest {folder}")
    else:
        click.echo(f"{file} is {'written' if differs else 'as it should be'}.")
    if check and differs:
        look()


def _carry_out(
    instance: Instance,
    planning: Callable[..., PluginPlan],
    work: Callable[..., PluginPlan] | None,
    plugin: str,
    *,
    yes: bool = True,
    as_json: bool,
    **options: Any,
) -> None:
    """Show a plan, ask, and carry it out unless only the plan was asked for."""
    made = instance.read(planning, plugin, **options)
    if work is None:
        print_json(made.as_json()) if as_json else _show(made)
        if made.blocked:
            look()
        return
    if not as_json:
        _show(made)
    if not made.blocked and not yes and is_terminal():
        click.confirm("Apply this?", abort=True)
    actor, expect = instance.actor, made.fingerprint
    db.transact(lambda: work(plugin, actor=actor, expect=expect, **options), exclusive=True)
    if as_json:
        print_json({**made.as_json(), "applied": True})
    else:
        done = {"enable": "Enabled", "update": "Updated", "disable": "Disabled"}[made.action]
        click.echo(f"{done} {', '.join(made.plugins)}.")


def _show(made: PluginPlan) -> None:
    document = made.as_json()
    versions = " to ".join(v for v in (made.before, made.version) if v)
    click.echo(f"{made.action.capitalize()} {', '.join(made.plugins)} {versions}".rstrip())
    for name, listed in document["provides"].items():
        if listed:
            click.echo(f"   {name.replace('_', ' ')}: {', '.join(listed)}")
    for note in document["notes"]:
        click.echo(f"   note: {note}")
    show_steps(document["steps"])
