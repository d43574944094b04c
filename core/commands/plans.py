"""Show a plan of the data model, ask, apply: the same for every command that changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import orjson

from .. import db, entities, roles
from ..errors import RelatumError
from .terminal import Instance, is_terminal, json_option, look, print_json

F = TypeVar("F", bound=Callable[..., Any])


def changing(command: F) -> F:
    """Add the options of a command that changes the data model."""
    for option in (
        json_option,
        click.option("--yes", is_flag=True, help="Apply without asking (as without a terminal)."),
        click.option(
            "--plan",
            "--dry-run",
            "plan_only",
            is_flag=True,
            help="Only show what would happen; exit 3 if a question is open.",
        ),
    ):
        command = option(command)
    return command


def access_option(command: F) -> F:
    """Add the option that says who sees a new type."""
    return click.option(
        "--access", "opening", type=click.Choice(list(roles.OPENINGS)), default="usual",
        show_default=True,
        help="Who sees new types: as roles say for all types, everybody their own records, who "
        "reads all types and changes none, or administrators alone.",
    )(command)  # fmt: skip


def existing_option(command: F) -> F:
    """Add the option that says what happens to existing rows."""
    return click.option(
        "--existing",
        metavar="ANSWER",
        help="What existing rows get under a new rule: keep, default, clear, or fill=VALUE.",
    )(command)


def answer(existing: str | None, kind: str) -> Any:
    """Return the answer about existing rows as a change writes it."""
    if existing is None:
        return {}
    if existing.startswith("fill="):
        return {"existing": {"fill": typed(kind, existing.removeprefix("fill="))}}
    if existing not in ("keep", "default", "clear"):
        raise click.UsageError("--existing must be keep, default, clear or fill=VALUE.")
    return {"existing": existing}


def typed(kind: str, value: str) -> Any:
    """Return a value typed on the command line as its field type writes it in JSON."""
    try:
        if kind == "boolean":
            return {"true": True, "yes": True, "false": False, "no": False}[value.lower()]
        if kind in ("integer", "lookup", "user"):
            return int(value)
    except (KeyError, ValueError):
        pass  # the field says what is wrong with the text
    return value


def carry_out(
    instance: Instance, changes: list[dict[str, Any]], *, plan_only: bool, yes: bool, as_json: bool
) -> None:
    """Plan changes, show the plan, and apply it unless only the plan was asked for."""
    made = instance.read(_plan, changes)
    if plan_only:
        print_json(made.as_json()) if as_json else show(made)
        if made.blocked:
            look()
        return
    if not as_json:
        show(made)
    if not made.blocked and not yes:
        if is_terminal():
            click.confirm("Apply this?", abort=True)
        elif made.risk == "destructive":
            raise click.UsageError("This can't be undone. Say --yes, or look at it with --plan.")
    actor = instance.actor
    applied = db.transact(
        lambda: entities.apply(changes, actor=actor, expect=made.fingerprint), exclusive=True
    )
    if as_json:
        print_json({**applied.as_json(), "applied": True})
    else:
        click.echo(f"Applied: the data model is now at generation {applied.generation}.")


def _plan(changes: list[dict[str, Any]], *, actor: Any) -> entities.Plan:
    return entities.plan(changes, actor=actor)


def show(plan: entities.Plan) -> None:
    """Print a plan: each step with its risk, rows, notes, open question and SQL."""
    document = plan.as_json()
    if not document["steps"]:
        click.echo("Nothing to change.")
    show_steps(document["steps"])


def show_steps(steps: list[dict[str, Any]]) -> None:
    """Print the steps of a plan."""
    for number, step in enumerate(steps, 1):
        click.echo(f"{number}. {step['summary']}  [{step['target']}, {step['risk']}]")
        for use in step["uses"]:
            click.echo(f"   uses: {use}")
        for note in step["notes"]:
            click.echo(f"   note: {note}")
        if step["question"]:
            click.echo(f"   open: {step['question']['message']}")
        for statement in step["sql"]:
            click.echo("".join(f"     {line}\n" for line in f"{statement};".splitlines()), nl=False)


def read_json(path: str) -> Any:
    """Return the JSON document of a file; raise `file_unreadable`."""
    try:
        with click.open_file(path, "rb") as file:
            return orjson.loads(file.read())
    except OSError as error:
        raise RelatumError(
            "file_unreadable", path=path, reason=error.strerror or str(error)
        ) from None
    except orjson.JSONDecodeError as error:
        raise RelatumError("file_unreadable", path=path, reason=f"is not JSON: {error}") from None


def changes_of(path: str) -> list[dict[str, Any]]:
    """Return the changes in a file: a list, or an object with `changes`."""
    document = read_json(path)
    changes = document.get("changes") if isinstance(document, dict) else document
    if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
        reason = 'must be a list of changes, or {"changes": [...]}'
        raise RelatumError("definition_invalid", what=path, reason=reason)
    return changes
