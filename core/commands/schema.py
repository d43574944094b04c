"""`relatum schema`: your own part of the data model as text, from one instance to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from .. import catalog, entities
from ..errors import RelatumError
from .plans import carry_out, changing, read_json
from .terminal import (
    Instance,
    json_option,
    limit_option,
    look,
    pass_instance,
    print_json,
    print_table,
)

#: Generations that are listed when nobody says how many, and changes that are named of each.
_GENERATIONS = 20
_NAMED = 4
#: Generations that are looked through for the last one by an administrator.
_LOOKED = 1000

prune_option = click.option(
    "--prune", is_flag=True, help="Also trash your types that the text does not name."
)


@click.group()
def schema() -> None:
    """Move your data model between instances as text.

    \b
    Example:
      relatum schema export model.json
      relatum --home ../other schema apply model.json
    """


@schema.command("export")
@click.argument("file", required=False)
@pass_instance
def export(instance: Instance, file: str | None) -> None:
    """Write your types, and your fields on others' types, as JSON; without FILE to the terminal.

    \b
    Example:
      relatum schema export model.json
    """
    with instance.reading():
        text = orjson.dumps(entities.export(catalog.current()), option=orjson.OPT_INDENT_2).decode()
    if file is None or file == "-":
        click.echo(text)
        return
    try:
        Path(file).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise RelatumError(
            "file_unreadable", path=file, reason=error.strerror or str(error)
        ) from None
    click.echo(f"Written to {file}.")


@schema.command("diff")
@click.argument("file")
@prune_option
@json_option
@pass_instance
def diff(instance: Instance, file: str, prune: bool, as_json: bool) -> None:
    """List the changes that would bring this instance to a text; exit 3 if there are any.

    \b
    Example:
      relatum schema diff model.json
    """
    changes = _changes(instance, file, prune)
    if as_json:
        print_json({"changes": changes})
    elif not changes:
        click.echo("No differences.")
    else:
        for change in changes:
            click.echo(_line(change))
    if changes:
        look()


def _line(change: dict[str, Any]) -> str:
    detail = sorted(set(change) - {"op", "type", "field", "name", "kind", "position"})
    said = f"{change['op']} {entities.target(change)}"
    return f"{said}: {', '.join(detail)}" if detail else said


def _changes(instance: Instance, file: str, prune: bool) -> list[dict[str, Any]]:
    wanted = read_json(file)
    if not isinstance(wanted, dict):
        raise RelatumError("definition_invalid", what="schema", reason="must be a JSON object")
    with instance.reading():
        return entities.to_changes(catalog.current(), wanted, prune=prune)


@schema.command("plan")
@click.argument("file")
@prune_option
@json_option
@pass_instance
def plan(instance: Instance, file: str, prune: bool, as_json: bool) -> None:
    """Show the plan, with its SQL, that would bring this instance to a text.

    \b
    Example:
      relatum schema plan model.json
    """
    carry_out(instance, _changes(instance, file, prune), plan_only=True, yes=True, as_json=as_json)


@schema.command("apply")
@click.argument("file")
@prune_option
@changing
@pass_instance
def apply(
    instance: Instance, file: str, prune: bool, plan_only: bool, yes: bool, as_json: bool
) -> None:
    """Bring this instance to a text, in one transaction.

    \b
    Example:
      relatum schema apply model.json --yes
    """
    changes = _changes(instance, file, prune)
    if not changes and not as_json:
        click.echo("No differences.")
        return
    carry_out(instance, changes, plan_only=plan_only or not changes, yes=yes, as_json=as_json)


@schema.command("log")
@limit_option(_GENERATIONS, "As many generations as this.")
@json_option
@pass_instance
def log(instance: Instance, limit: int, as_json: bool) -> None:
    """List what was changed of the data model, newest first, and by whom.

    \b
    Example:
      relatum schema log --limit 5
    """
    found = instance.read(entities.log, limit=limit)
    if as_json:
        print_json({"generations": found})
        return
    rows = [
        (each["generation"], each["at"], each["actor"], each["owner"], _counted(each["changes"]))
        for each in found
    ]
    print_table(("generation", "at", "user", "owner", "changes"), rows)


def _counted(changes: list[dict[str, Any]]) -> str:
    said = [f"{change['op']} {change['target']}" for change in changes[:_NAMED]]
    more = len(changes) - len(said)
    return "; ".join([*said, f"and {more} more"] if more else said)


@schema.command("revert")
@click.argument("generation")
@changing
@pass_instance
def revert(instance: Instance, generation: str, plan_only: bool, yes: bool, as_json: bool) -> None:
    """Take back what a generation changed, by a plan that says what can't be brought back.

    GENERATION is a number of 'relatum schema log', or last: the last change by an administrator.
    What was changed again since stays as it is.

    \b
    Examples:
      relatum schema revert last --plan
      relatum schema revert 12 --yes
    """
    found = instance.read(entities.reverse, _number(instance, generation))
    for text in found.left:
        click.echo(f"stays: {text}", err=as_json)
    if not found.changes and not as_json:
        click.echo("Nothing to take back.")
        return
    carry_out(
        instance, found.changes, plan_only=plan_only or not found.changes, yes=yes,
        as_json=as_json,
    )  # fmt: skip


def _number(instance: Instance, text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    if text != "last":
        raise click.UsageError(f"'{text[:80]}' is neither the number of a generation nor last.")
    made = instance.read(entities.log, limit=_LOOKED)
    return next((each["generation"] for each in made if each["owner"] == "local"), 0)
