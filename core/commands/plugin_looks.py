"""`relatum plugins`: install a package, and look closely at what runs."""

from __future__ import annotations

import click

from .. import db, plugin_host
from .terminal import Instance, json_option, look, pass_instance, print_json, print_list


@click.command("install")
@click.argument("requirement")
@click.option("--dry-run", is_flag=True, help="Only say what would be installed.")
@json_option
@pass_instance
def install(instance: Instance, requirement: str, dry_run: bool, as_json: bool) -> None:
    """Install a package of plugins with pip or uv: a name with a range, or a wheel.

    Wheels only, since building a package runs its code; and nothing that Relatum stands on is
    changed. Nothing is enabled.

    \b
    Examples:
      relatum plugins install relatum-loyalty --dry-run
      relatum plugins install ./relatum_loyalty-1.0.0-py3-none-any.whl
    """
    actor = instance.actor
    done = plugin_host.install(requirement, actor=actor, dry_run=dry_run)
    if not dry_run:
        db.transact(lambda: plugin_host.note_installed(done, actor=actor))
    if as_json:
        print_json(done._asdict())
        return
    for package in done.packages:
        click.echo(f"{'would install' if dry_run else 'installed'} {package}")
    if not done.packages:
        click.echo("Nothing to install: it is here in that version.")
    for plugin in done.plugins:
        click.echo(
            f"Plugin {plugin} is on this machine now. Look at it: relatum plugins plan {plugin}"
        )


@click.command("order")
@json_option
@pass_instance
def order(instance: Instance, as_json: bool) -> None:
    """Show in which order plugins are called, and by which hooks.

    Those that a plugin builds on come first; what comes after a write goes backwards.

    \b
    Example:
      relatum plugins order
    """
    found = instance.read(plugin_host.order)
    if as_json:
        print_json(found)
        return
    for place, each in enumerate(found["plugins"], 1):
        after = f" (after {', '.join(each['after'])})" if each["after"] else ""
        click.echo(f"{place}. {each['id']}{after}")
    for name, plugins in found["hooks"].items():
        click.echo(f"{name}: {', '.join(plugins)}")


@click.command("why")
@click.argument("name")
@json_option
@pass_instance
def why(instance: Instance, name: str, as_json: bool) -> None:
    """Say whose a name is: a type, TYPE.FIELD, address, hook, slot, job, permission or command.

    \b
    Examples:
      relatum plugins why relatum_before_write
      relatum plugins why user.email
    """
    found = instance.read(plugin_host.why, name)
    print_list(
        [{**each, "others": ", ".join(each["others"])} for each in found],
        ("what", "name", "plugin", "others"), as_json,
    )  # fmt: skip


@click.command("verify")
@json_option
@pass_instance
def verify(instance: Instance, as_json: bool) -> None:
    """Run every enabled plugin as a worker would; exit 3 if one does not run as it says.

    For the check of an installation before it serves.

    \b
    Example:
      relatum plugins verify
    """
    _findings(instance.read(plugin_host.verify), as_json, "Every enabled plugin runs as it says.")


@click.command("doctor")
@click.option("--target", metavar="VERSION", help="Version of the hooks after an upgrade.")
@json_option
@pass_instance
def doctor(instance: Instance, target: str | None, as_json: bool) -> None:
    """Say what is wrong with plugins, and what to know of them; exit 3 if something is wrong.

    \b
    Examples:
      relatum plugins doctor
      relatum plugins doctor --target 1.4
    """
    given = {"target": target} if target else {}
    _findings(instance.read(plugin_host.examine, **given), as_json, "All is well with plugins.")


def _findings(found: list[plugin_host.Finding], as_json: bool, well: str) -> None:
    if as_json:
        print_json([each._asdict() for each in found])
    for each in found if not as_json else ():
        click.echo(f"{'wrong' if each.bad else 'note'}: {each.plugin}: {each.text}")
    if not found and not as_json:
        click.echo(well)
    if any(each.bad for each in found):
        look()


COMMANDS = (install, order, why, verify, doctor)
