"""`relatum schema`: your own part of the data model as text, from one instance to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from .. import catalog, entities
from ..errors import RelatumError
from .plans import carry_out, changing, read_json
from .terminal import Instance, json_option, look, pass_instance, print_json

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
    place = change.get("type") or change.get("name")
    name = change.get("field") or (change.get("name") if "type" in change else None)
    detail = sorted(set(change) - {"op", "type", "field", "name", "kind", "position"})
    target = f"{place}.{name}" if name else str(place)
    return f"{change['op']} {target}: {', '.join(detail)}" if detail else f"{change['op']} {target}"


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
