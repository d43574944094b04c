"""`relatum init | doctor | upgrade | backup | restore`: the instance as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from .. import backup as archives
from .. import db, entities, install, plugin_host
from .. import doctor as examination
from .terminal import Instance, is_terminal, json_option, look, pass_instance, print_json

#: What a script gets that names no preset: pages, and no types but one's own.
_PRESET: Final = "bare"
#: What init needs to be told: option, what the terminal asks, the answer that is offered.
_QUESTIONS = {
    "currency": ("Currency (three letters)", "EUR"),
    "timezone": ("Time zone (such as Europe/Berlin)", "UTC"),
    "language": ("Language (such as en)", "en"),
    "admin_email": ("E-mail address of the administrator", None),
    "admin_name": ("Name of the administrator", "Administrator"),
    "preset": ("Plugins to begin with", _PRESET),
}
#: Answers that a script need not give.
_OPTIONAL = ("language", "admin_name", "preset")
#: What a terminal offers, if any plugin is part of it: who makes an instance by hand wants a CRM.
_OFFERED_PRESET: Final = "all"


@click.command()
@click.option("--currency", metavar="CODE", help="Currency of amounts, such as EUR.")
@click.option("--timezone", metavar="ZONE", help="Time zone of days, such as Europe/Berlin.")
@click.option("--language", metavar="CODE", help="Language, such as en. Default: en.")
@click.option("--admin-email", metavar="EMAIL", help="Who signs in first.")
@click.option("--admin-name", metavar="NAME", help="His or her name. Default: Administrator.")
@click.option(
    "--preset",
    metavar="NAME",
    help="Plugins to begin with, such as all. Default: bare, the web interface alone.",
)
@json_option
@pass_instance
def init(instance: Instance, as_json: bool, **told: str | None) -> None:
    """Make an instance: a database, its settings, an administrator.

    What is not given is asked for on a terminal. The password is shown once. A preset enables
    plugins that belong together; more can be enabled at any time.

    \b
    Examples:
      relatum init
      relatum init --currency EUR --timezone Europe/Berlin --admin-email you@example.org
      relatum init --preset all
    """
    home = instance.config.home
    answers = _answers(told, plugin_host.presets(instance.config))
    preset = answers.pop("preset")
    # A wrong name is refused before anything is made.
    enabled = plugin_host.plugins_of(preset, instance.config)
    made = install.install(
        **answers, then=lambda actor: plugin_host.enable_preset(preset, actor=actor)
    )
    if as_json:
        shown = {"id": made.user_id, "email": made.email, "password": made.password}
        document = {"home": home, "database": install.database(), "admin": shown}
        print_json({**document, "preset": preset, "plugins": list(enabled)})
        return
    click.echo(f"Made an instance in {home} (database: {install.database()}).")
    if enabled:
        click.echo(f"Enabled {', '.join(enabled)}.")
    click.echo(f"Sign in as {made.email} with the password {made.password}")
    click.echo("The password is not shown again. Next: relatum serve")


def _answers(told: dict[str, str | None], presets: Mapping[str, Any]) -> dict[str, Any]:
    answers = {name: value for name, value in told.items() if value is not None}
    missing = [name for name in _QUESTIONS if name not in answers]
    if is_terminal():
        for name in missing:
            question, offered = _QUESTIONS[name]
            if name == "preset":
                question = f"{question} ({', '.join(presets)})"
                offered = _OFFERED_PRESET if _OFFERED_PRESET in presets else offered
            answers[name] = click.prompt(question, default=offered)
        return answers
    needed = [f"--{name.replace('_', '-')}" for name in missing if name not in _OPTIONAL]
    if needed:
        raise click.UsageError(f"Without a terminal to ask on, give {', '.join(needed)}.")
    return answers | {name: _QUESTIONS[name][1] for name in missing}


@click.command()
@click.option(
    "--repair", is_flag=True, help="Make anew what follows from the rest, then look again."
)
@click.option(
    "--compact", metavar="TYPE", help="Rid a table of dropped columns first; writers wait for it."
)
@click.option("--network", is_flag=True, help="Also ask the sign-in provider, if there is one.")
@json_option
@pass_instance
def doctor(
    instance: Instance, repair: bool, compact: str | None, network: bool, as_json: bool
) -> None:
    """Compare data model and database, and say what is wrong; exit 3 if anything is.

    \b
    Examples:
      relatum doctor --repair
      relatum doctor --network
    """
    instance.check()
    if compact is not None:
        had, has = entities.compact(compact, actor=instance.actor)
        if not as_json:
            click.echo(f"The table of {compact} had had {had} columns; it has {has}.")
    repaired = examination.repair() if repair else []
    findings = examination.examine(network=network)
    if [found.code for found in findings] == ["not_initialised"]:
        raise install.not_initialised()
    if as_json:
        names = [each.name for each in repaired]
        print_json({"repaired": names, "findings": [found._asdict() for found in findings]})
    else:
        for each in repaired:
            click.echo(f"{each.text}.")
        for found in findings:
            click.echo(f"{found.code}: {found.text}. {found.remedy}".rstrip())
        click.echo("Nothing is wrong." if not findings else f"{len(findings)} findings.")
    if findings:
        look()


@click.command()
@json_option
@pass_instance
def upgrade(instance: Instance, as_json: bool) -> None:
    """Bring the database to the version of this program, and enabled plugins to theirs.

    Make a backup first. Running workers of the older program answer 503 from then on.

    \b
    Example:
      relatum upgrade
    """
    before, after = install.upgrade()
    updated = instance.read(plugin_host.outdated)
    for plugin_id in updated:
        enabling = partial(plugin_host.enable, plugin_id, actor=instance.actor)
        db.transact(enabling, exclusive=True)
    if as_json:
        print_json({"before": before, "after": after, "plugins": updated})
        return
    for plugin_id in updated:
        click.echo(f"Brought plugin {plugin_id} up to date.")
    if before == after:
        click.echo(f"Nothing to do: the database is at revision {after}.")
    else:
        click.echo(f"Upgraded the database from revision {before} to {after}.")


@click.command()
@click.argument("file", required=False)
@json_option
@pass_instance
def backup(instance: Instance, file: str | None, as_json: bool) -> None:
    """Write the whole instance to one file, while it serves.

    FILE is a new file or a folder; without it, a new file in this folder. It holds all data and
    password hashes: keep it as safe as the instance.

    \b
    Examples:
      relatum backup
      relatum backup /backups/crm.zip
    """
    instance.check()
    made = archives.backup(Path(file or "."))
    if as_json:
        print_json(made)
        return
    rows = sum(made["tables"].values())
    click.echo(f"Written to {made['path']}: {rows} rows, {made['bytes']} bytes.")
    if made["keys_needed"]:
        names = ", ".join(made["keys_needed"])
        click.echo(f"Keys of encrypted values are not in it; keep them apart: {names}.")


@click.command()
@click.argument("file")
@click.option("--force", is_flag=True, help="Replace the instance that is there.")
@json_option
@pass_instance
def restore(instance: Instance, file: str, force: bool, as_json: bool) -> None:
    """Bring back an instance from a backup, on SQLite or PostgreSQL.

    One transaction: a restore that is stopped leaves what was there.

    \b
    Example:
      relatum --home ./restored restore crm.zip
    """
    made = archives.restore(Path(file), force=force)
    if as_json:
        print_json({"home": instance.config.home, "database": install.database(), **made})
        return
    rows = sum(made["tables"].values())
    if made["keys_missing"]:
        names = ", ".join(made["keys_missing"])
        click.echo(
            f"Encrypted values need keys that are not here; put them into the ring: {names}."
        )
    click.echo(
        f"Restored {rows} rows of {made['created_at']} into {instance.config.home} "
        f"(database: {install.database()})."
    )
