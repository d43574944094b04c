"""`relatum plugins settings`: what a plugin can be set to, and setting it; secrets are typed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import click

from .. import db, plugin_host
from .terminal import Instance, json_option, look, pass_instance, print_json, print_table

#: What stands for a value that is typed, or comes from standard input.
_TYPED = "-"
_FROM_ENVIRONMENT = "env:"
_COLUMNS = ("name", "value", "kind", "needed", "label")


@click.command("settings")
@click.argument("plugin")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--unset", multiple=True, metavar="NAME", help="Take a value back; may be repeated.")
@json_option
@pass_instance
def settings(
    instance: Instance, plugin: str, values: tuple[str, ...], unset: tuple[str, ...], as_json: bool
) -> None:
    """Show the settings of a plugin, or set them; exit 3 if it lacks some that it needs.

    NAME=- asks for the value without showing it, or takes it from standard input: several of them
    one line each, a single one all of it. A list is parted by commas. A secret is typed so, or is
    env:VARIABLE, read from the environment where the plugin runs.

    \b
    Examples:
      relatum plugins settings loyalty
      relatum plugins settings loyalty points=5 api_key=-
      relatum plugins settings loyalty api_key=env:LOYALTY_KEY --unset points
    """
    if values or unset:
        known = instance.read(plugin_host.show_settings, plugin)
        secrets = [each["name"] for each in known["settings"] if each["secret"]]
        given: dict[str, Any] = {**read_values(values, secrets), **dict.fromkeys(unset)}
        actor = instance.actor
        db.transact(lambda: plugin_host.change_settings(plugin, given, actor=actor), exclusive=True)
    shown = instance.read(plugin_host.show_settings, plugin)
    print_json(shown) if as_json else _print(shown)
    if not shown["ready"]:
        look()


def read_values(pairs: Iterable[str], secrets: Iterable[str] = ()) -> dict[str, str]:
    """Return what NAME=VALUE says; ask for what is typed, and refuse a secret that is not."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise click.UsageError(f"'{pair[:40]}' is not NAME=VALUE, such as points=5.")
        given[name] = value
    refuse_secrets(given, secrets)
    typed = [name for name, value in given.items() if value == _TYPED]
    return {**given, **_typed(typed)}


def refuse_secrets(given: dict[str, str], secrets: Iterable[str]) -> None:
    """Refuse a secret in an argument: other users of the machine see those."""
    for name in secrets:
        value = given.get(name, _TYPED)
        if value not in (_TYPED, "") and not value.startswith(_FROM_ENVIRONMENT):
            raise click.UsageError(
                f"'{name}' is a secret, and arguments are seen by others. Say {name}=- and type "
                f"it, or {name}=env:VARIABLE."
            )


def _typed(names: list[str]) -> dict[str, str]:
    if not names:
        return {}
    if sys.stdin.isatty():
        return {name: click.prompt(name, hide_input=True) for name in names}
    if len(names) == 1:
        return {names[0]: sys.stdin.read().rstrip("\n")}
    lines = sys.stdin.read().splitlines()
    if len(lines) < len(names):
        raise click.UsageError(f"Standard input has {len(lines)} lines for {len(names)} values.")
    return dict(zip(names, lines, strict=False))


def _print(shown: dict[str, Any]) -> None:
    if not shown["settings"]:
        click.echo(f"Plugin {shown['plugin']} has no settings.")
        return
    rows = [
        [each["name"], _value(each), each["kind"] + (" list" if each["many"] else ""),
         each["required"], each["label"]]
        for each in shown["settings"]
    ]  # fmt: skip
    print_table(_COLUMNS, rows)
    for problem in shown["problems"]:
        place = f"{problem['field']}: " if problem["field"] else ""
        click.echo(f"does not run: {place}{problem['message']}")


def _value(each: dict[str, Any]) -> Any:
    if each["variable"]:
        return f"{_FROM_ENVIRONMENT}{each['variable']}"
    if each["secret"]:
        return "(secret)" if each["set"] else None
    return each["value"]
