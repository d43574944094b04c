"""`relatum changes`: what was written together, and its undo."""

from __future__ import annotations

from typing import Any, Final

import click

from .. import positions
from .. import records as verbs
from ..errors import RelatumError
from .jobs import undo_by_job
from .records import changed
from .terminal import (
    Instance,
    json_option,
    limit_option,
    look,
    pass_instance,
    print_json,
    print_table,
)

#: Change sets that are shown when nobody says how many, and changes of one.
_SETS: Final = 20
_CHANGES: Final = 100
_LAST: Final = "last"
change_argument = click.argument("change", metavar="ID")


@click.group()
def changes() -> None:
    """Show what was written together, and undo it.

    ID is the number of a change set, or last: the last one of whoever acts.
    """


@changes.command("list")
@click.option("--by", metavar="USER", help="Those of this user. Default: those of whoever acts.")
@limit_option(_SETS, "As many change sets as this.")
@json_option
@pass_instance
def list_changes(instance: Instance, by: str | None, limit: int, as_json: bool) -> None:
    """List the last change sets of a user, newest first.

    \b
    Examples:
      relatum changes list
      relatum changes list --by alice@example.org --limit 5
    """
    user = instance.actor.user_id if by is None else instance.find("user", by)
    found = instance.read(verbs.changes_by, user, limit=limit)
    if as_json:
        print_json({"changes": found})
        return
    rows = [
        (each["id"], each["at"], each["source"], _undone(each), _counted(each["records"]))
        for each in found
    ]
    print_table(("change", "at", "from", "undo", "records"), rows)


def _counted(types: dict[str, dict[str, int]]) -> str:
    return "; ".join(
        f"{op} {count} {name}" for name, ops in types.items() for op, count in ops.items()
    )


def _undone(each: dict[str, Any]) -> str:
    told = [f"undoes {each['undoes']}"] if each["undoes"] else []
    return ", ".join(told + ([f"undone by {each['undone_by']}"] if each["undone_by"] else []))


@changes.command("show")
@change_argument
@limit_option(_CHANGES, "As many of its changes as this.")
@json_option
@pass_instance
def show(instance: Instance, change: str, limit: int, as_json: bool) -> None:
    """Show a change set: who, when, from where, and what it wrote.

    \b
    Examples:
      relatum changes show 17
      relatum changes show last --json
    """
    found = instance.read(verbs.change_set, _number(instance, change), limit=limit)
    if as_json:
        print_json(found)
        return
    told = [f"Change {found['id']}", f"by {found['actor'] or 'the system'} ({found['source']})"]
    told += [undone] if (undone := _undone(found)) else []
    click.echo(", ".join(told))
    rows = [
        (each["type"], each["id"], each["label"], each["op"], changed(each["changes"]))
        for each in found["records"]
    ]
    print_table(("type", "id", "record", "what", "fields"), rows)
    if found["next"]:
        click.echo(f"There are more than {limit} changes.", err=True)


@changes.command("feed")
@click.option(
    "--since",
    default="0",
    show_default=True,
    metavar="POSITION",
    help="0, the next of an answer before, or now.",
)
@click.option("--type", "type_name", metavar="TYPE", help="Only records of this type.")
@limit_option(_CHANGES, "As many changes as this.")
@json_option
@pass_instance
def feed(instance: Instance, since: str, type_name: str | None, limit: int, as_json: bool) -> None:
    """Show what was written to records since a position, in the order of the commits.

    \b
    Examples:
      relatum changes feed
      relatum changes feed --since now
      relatum changes feed --since 17 --type x_company --json
    """
    instance.check()
    positions.settle()
    found = instance.read(verbs.feed, since, type_name=type_name, limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["position"],
            each["at"],
            each["type"],
            each["id"],
            each["op"],
            changed(each["changes"]),
        )
        for each in found["changes"]
    ]
    print_table(("position", "at", "type", "id", "what", "fields"), rows)
    click.echo(
        f"{'More' if found['more'] else 'Go on'}: relatum changes feed --since {found['next']}"
    )


@changes.command("undo")
@change_argument
@click.option(
    "--partial", is_flag=True, help="Put back what is not in conflict; exit 3 if anything is."
)
@click.option("--dry-run", is_flag=True, help="Only say what it would do; exit 3 if in conflict.")
@click.option("--job", "by_job", is_flag=True, help="Let a job do it, partially: it may be large.")
@json_option
@pass_instance
def undo(
    instance: Instance, change: str, partial: bool, dry_run: bool, by_job: bool, as_json: bool
) -> None:
    """Put back what a change set wrote, all or nothing; undoing that does it again.

    \b
    Examples:
      relatum changes undo last
      relatum changes undo 17 --dry-run
      relatum changes undo 17 --partial
      relatum changes undo 17 --job
    """
    number = _number(instance, change)
    if by_job:
        given = {"change_set": number}
        undo_by_job(instance, given, dry_run=dry_run, watch=False, as_json=as_json)
        return
    if dry_run:
        found = instance.read(verbs.look, number)
    else:
        found = instance.write(verbs.undo, number, partial=partial)
    if as_json:
        print_json(found)
    else:
        for each in found["records"]:
            _report(each)
        if not dry_run:
            click.echo(f"Change {number} is undone by change {found['change_set']}.")
    if any(each["conflicts"] for each in found["records"]):
        look()


def _report(each: dict[str, Any]) -> None:
    """Say what happens to a record, and what does not."""
    kept = {(problem["field"] or "").partition(".")[0] for problem in each["conflicts"]}
    fields = {name: both for name, both in each["fields"].items() if name not in kept}
    record = f"{each['type']} {each['id']} ({each['label']})"
    if "" not in kept and (fields or each["op"] != "update" or not kept):
        click.echo(f"{each['op']} {record}" + (f": {changed(fields)}" if fields else ""))
    for told in each["conflicts"]:
        name = f"{told['field']}: " if told["field"] else ""
        click.echo(f"kept {record}: {name}{told['message']}")


def _number(instance: Instance, text: str) -> int:
    """Return the number of the change set that a person names."""
    if text.isascii() and text.isdecimal():
        return int(text)
    if text != _LAST:
        raise click.UsageError(f"'{text}' is not a change set. Give its number, or: last.")
    found = instance.read(verbs.changes_by, instance.actor.user_id, limit=1)
    if not found:
        raise RelatumError("change_unknown", id=_LAST)
    return int(found[0]["id"])
