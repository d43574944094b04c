"""`relatum plugins`: what is there, what runs, and why something does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .. import db, jobs, plugin_host
from ..errors import RelatumError
from . import plugin_kit, plugin_looks
from .plans import access_option, changing
from .plugin_plans import RELOAD_SECONDS, carry_out, served, settle, waiting
from .plugin_settings import read_values, settings
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


plugins.add_command(settings)


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
    if not as_json:
        with instance.reading():
            click.echo(served(plugin_host.convergence()))


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
    for word in ("path", "types", "fields", "tables", "required_by"):
        if found[word]:
            shown = found[word] if isinstance(found[word], str) else ", ".join(found[word])
            click.echo(f"{word.replace('_', ' ')}: {shown}")
    for change in found["changed_here"]:
        mark = f"; the plugin says {change['now']!r} by now" if change["conflict"] else ""
        click.echo(f"changed here: {change['target']} {change['property']} is {change['value']!r}"
                   f", was {change['base']!r}{mark}")  # fmt: skip
    for cost in found["costs"]:
        click.echo(
            f"{cost['part']}: {cost['calls']} calls of {cost['mean_ms']} ms (longest "
            f"{cost['longest_ms']}), {cost['rows']} rows, {cost['statements']} statements, "
            f"{cost['failures']} failures, {cost['slow']} over {cost['budget_ms']} ms"
        )
    _show_workers(plugin, found["workers"]["processes"])
    with instance.reading():
        click.echo(served(plugin_host.convergence()))


def _show_workers(plugin: str, processes: list[dict[str, Any]]) -> None:
    for worker in processes:
        code = worker["loaded"].get(plugin, {})
        said = [
            f"{worker['kind']} process {worker['pid']}: generation {worker['generation']}",
            f"version {code['version']}" if code.get("version") else "",
            code.get("stale") or "",
        ]
        click.echo(", ".join(filter(None, said)))


@plugins.command("plan")
@click.argument("plugin")
@access_option
@json_option
@pass_instance
def plan(instance: Instance, plugin: str, opening: str, as_json: bool) -> None:
    """Show what enabling a plugin, or its new version, would do; exit 3 if a question is open.

    \b
    Example:
      relatum plugins plan loyalty
    """
    carry_out(instance, plugin_host.plan_enable, None, plugin, as_json=as_json, opening=opening)


@plugins.command("enable")
@click.argument("plugin")
@click.option(
    "--set", "pairs", multiple=True, metavar="NAME=VALUE",
    help="Set one of its settings, too; NAME=- asks for a secret.",
)  # fmt: skip
@access_option
@waiting
@changing
@pass_instance
def enable(
    instance: Instance,
    plugin: str,
    pairs: tuple[str, ...],
    opening: str,
    plan_only: bool,
    yes: bool,
    as_json: bool,
    wait: bool,
) -> None:
    """Enable a plugin, or bring what it declares up to the version on this machine.

    \b
    Examples:
      relatum plugins enable loyalty
      relatum plugins enable loyalty --set points=5 --set api_key=-
    """
    work = None if plan_only else plugin_host.enable
    secrets = instance.read(plugin_host.plan_enable, plugin).secrets if pairs else ()
    carry_out(
        instance, plugin_host.plan_enable, work, plugin, yes=yes, as_json=as_json, wait=wait,
        opening=opening, values=read_values(pairs, secrets),
    )  # fmt: skip


@plugins.command("disable")
@click.argument("plugin")
@click.option("--cascade", is_flag=True, help="Disable those that require it too.")
@waiting
@changing
@pass_instance
def disable(
    instance: Instance,
    plugin: str,
    cascade: bool,
    plan_only: bool,
    yes: bool,
    as_json: bool,
    wait: bool,
) -> None:
    """Disable a plugin: its code runs no more, its types and records stay.

    \b
    Example:
      relatum plugins disable loyalty
    """
    work = None if plan_only else plugin_host.disable
    carry_out(
        instance, plugin_host.plan_disable, work, plugin, yes=yes, as_json=as_json, wait=wait,
        cascade=cascade,
    )  # fmt: skip


@plugins.command("reload")
@waiting
@json_option
@pass_instance
def reload(instance: Instance, wait: bool, as_json: bool) -> None:
    """Replace all workers one by one, so that they run the code that is on the disk by now.

    No request fails: a worker ends when the one that takes its place serves. Processes that run
    jobs begin anew after the chunk at hand. SIGUSR2 to relatum serve does so for its workers.

    \b
    Example:
      relatum plugins reload
    """
    alive = instance.write(plugin_host.reload)
    found = settle(wait=wait, seconds=RELOAD_SECONDS * max(alive, 1))
    print_json(found.as_json()) if as_json else click.echo(served(found))


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


@plugins.command("uninstall")
@click.argument("plugin")
@click.option(
    "--keep/--purge", default=None, help="Keep its data for its return, or drop it for good."
)
@changing
@pass_instance
def uninstall(
    instance: Instance, plugin: str, keep: bool | None, plan_only: bool, yes: bool, as_json: bool
) -> None:
    """Remove a plugin: its data is kept, hidden, until it is enabled again, or is purged.

    Purging writes an archive into the home first; `relatum plugins restore` brings it back. The
    package itself is left where it is: take it away with the program that installed it.

    \b
    Examples:
      relatum plugins uninstall loyalty --keep
      relatum plugins uninstall loyalty --purge --plan
    """
    if keep is None:
        raise click.UsageError("Say --keep (its data waits for its return) or --purge.")
    work = None if plan_only else plugin_host.uninstall
    if work is not None and not keep and not yes and not is_terminal():
        raise click.UsageError("Data goes for good. Say --yes, or look at it with --plan.")
    made = carry_out(
        instance, plugin_host.plan_uninstall, work, plugin, yes=yes, as_json=as_json,
        purge=not keep,
    )  # fmt: skip
    if made.job is not None:
        _finish_purge(instance, made.job, as_json)


def _finish_purge(instance: Instance, job: int, as_json: bool) -> None:
    """Run the job of a purge here and now, unless a worker was quicker."""
    jobs.run(job, by=f"command-{job}", pause=lambda: False)
    done = instance.read(jobs.get, job)
    if done["error"]:
        raise click.ClickException(f"{done['error']['message']} Job {job} goes on later.")
    if not as_json and done["result"]:
        file = instance.config.home / plugin_host.ARCHIVES / done["result"]["archive"]
        click.echo(f"Its archive is {file}.")


@plugins.command("archives")
@json_option
@pass_instance
def archives(instance: Instance, as_json: bool) -> None:
    """List the archives of purged plugins in the home.

    \b
    Example:
      relatum plugins archives
    """
    print_list(instance.read(plugin_host.archives), ("name", "bytes"), as_json)


@plugins.command("restore")
@click.argument("archive")
@json_option
@pass_instance
def restore(instance: Instance, archive: str, as_json: bool) -> None:
    """Bring an archive of a purged plugin back, by its name or at a path; enables the plugin.

    Its package must be on this machine again.

    \b
    Example:
      relatum plugins restore loyalty-12.zip
    """
    actor = instance.actor
    told = db.transact(lambda: plugin_host.restore(archive, actor=actor), exclusive=True)
    if as_json:
        print_json(told)
        return
    for name, count in told["rows"].items():
        click.echo(f"{name}: {count} rows")
    for sentence in told["left_out"]:
        click.echo(f"left out: {sentence}")
    click.echo(f"Restored {told['plugin']}.")


for _command in (*plugin_kit.COMMANDS, *plugin_looks.COMMANDS):
    plugins.add_command(_command)
