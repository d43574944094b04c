"""`relatum entity-types retype-field` and its kin: another type for a field, in place."""

from __future__ import annotations

from typing import Any, Final

import click

from .. import db, entities
from ..errors import RelatumError
from .definitions import option, setting
from .plans import answer, carry_out, changing, existing_option
from .terminal import Instance, json_option, pass_instance, print_json

_TYPE = click.argument("type_name", metavar="TYPE")
_NAME = click.argument("name")


@click.command("retype-field")
@_TYPE
@_NAME
@click.argument("kind")
@click.option("--style", metavar="FORMAT", help="Date format of texts, such as D.M.YYYY.")
@click.option(
    "--option", "options", multiple=True, metavar="VALUE[:LABEL[:CATEGORY]]",
    help="An option of the choice that it becomes; without any, each value becomes one.",
)  # fmt: skip
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE",
    help="A setting of the new field type, e.g. scale=4. Repeatable.",
)  # fmt: skip
@existing_option
@changing
@pass_instance
def retype_field(
    instance: Instance,
    type_name: str,
    name: str,
    kind: str,
    style: str | None,
    options: tuple[str, ...],
    settings: tuple[str, ...],
    existing: str | None,
    plan_only: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Change the type of a field, with its values. Values that do not fit are shown first.

    Large tables are converted beside readers and writers, by this command or, if it is stopped, by
    the job that it leaves.

    \b
    Examples:
      relatum entity-types retype-field x_asset price money --plan
      relatum entity-types retype-field x_asset bought date --style D.M.YYYY --existing clear
    """
    change: dict[str, Any] = {"op": "retype_field", "type": type_name, "field": name, "kind": kind}
    given = {
        "style": style, "options": [option(text) for text in options],
        "settings": dict(setting(text) for text in settings),
    }  # fmt: skip
    change |= {key: value for key, value in given.items() if value} | answer(existing, kind)
    carry_out(instance, [change], plan_only=plan_only, yes=yes, as_json=as_json)
    with instance.reading():
        known = entities.running(type_name, name)
    if known and not plan_only:
        _convert(instance, type_name, name, quiet=as_json)


@click.command("convert")
@_TYPE
@_NAME
@json_option
@pass_instance
def convert(instance: Instance, type_name: str, name: str, as_json: bool) -> None:
    """Go on with a change of a field's type that was stopped, and finish it, without a server.

    \b
    Example:
      relatum entity-types convert x_asset price
    """
    done = _convert(instance, type_name, name, quiet=as_json)
    if as_json:
        print_json(done._asdict())


def _convert(instance: Instance, type_name: str, name: str, *, quiet: bool) -> entities.Progress:
    """Convert chunk after chunk, each in a transaction of its own; then switch."""
    instance.check()
    change = {"op": "finish_retype", "type": type_name, "field": name}
    actor = instance.actor
    done = db.transact(lambda: entities.advance(type_name, name))
    try:
        while not done.filled:
            if not quiet:
                click.echo(f"{min(done.done, done.total)} of {done.total} rows converted")
            done = db.transact(lambda: entities.advance(type_name, name))
        db.transact(lambda: entities.apply([change], actor=actor), exclusive=True)
    except RelatumError as error:
        if error.code != "retype_not_running":  # the job was quicker
            raise
    if not quiet:
        click.echo(f"{type_name}.{name} is {done.new} now.")
    return done


def _on_field(op: str, name: str, doc: str, example: str) -> click.Command:
    @_TYPE
    @_NAME
    @changing
    @pass_instance
    def command(
        instance: Instance, type_name: str, name: str, plan_only: bool, yes: bool, as_json: bool
    ) -> None:
        change = {"op": op, "type": type_name, "field": name}
        carry_out(instance, [change], plan_only=plan_only, yes=yes, as_json=as_json)

    text = f"{doc}\n\n\b\nExample:\n  relatum entity-types {example}"
    return click.command(name, help=text)(command)


COMMANDS: Final = (
    retype_field,
    convert,
    _on_field(
        "cancel_retype", "cancel-retype",
        "Give up a change of type that is running; the field stays what it is.",
        "cancel-retype x_asset price",
    ),
    _on_field(
        "revert_field", "revert-field",
        "Put a field back to the type and the values that it had before its type was changed.",
        "revert-field x_asset price",
    ),
)  # fmt: skip
