"""`relatum records`: list, read, write and import records of any type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from .. import imports, query
from .. import records as verbs
from ..actor import Actor
from ..errors import RelatumError
from ..records import Outcome
from .importing import import_file
from .merges import merge
from .plans import read_json
from .reading import (
    all_options,
    as_of_option,
    filters_argument,
    names_in,
    show_all,
    show_groups,
    sort_option,
    texts,
    trashed_option,
    view_option,
)
from .terminal import (
    Instance,
    json_option,
    limit_option,
    look,
    pass_instance,
    print_json,
    print_table,
    text,
)
from .trash import purge

F = TypeVar("F", bound=Callable[..., Any])
#: As many changes of one record are shown when none are asked for.
_CHANGES = 100

type_argument = click.argument("type_name", metavar="TYPE")
records_argument = click.argument("names", metavar="RECORD...", nargs=-1, required=True)


@click.group()
def records() -> None:
    """List, read, write and import records.

    RECORD is an id, or what names the record (a company's name). VALUES are field=value; an empty
    value empties the field, a link takes an id or what names its record.
    """


records.add_command(import_file)


@records.command("list")
@type_argument
@all_options
@json_option
@pass_instance
def list_records(instance: Instance, type_name: str, as_json: bool, **options: Any) -> None:
    """List records, filtered as in the address of the API.

    A FILTER is field=value, field__operator=value or path.to.field__operator=value.

    \b
    Examples:
      relatum records list x_company city=Berlin --sort name
      relatum records list x_deal amount__gt=1000 company.city=Berlin --fields name,company.name
      relatum records list x_deal stage__category=open --count --json
      relatum records list x_deal stage=open --as-of 2026-01-31 --sort=-amount
    """
    show_all(instance, type_name, as_json=as_json, **options)


@records.command("aggregate")
@type_argument
@filters_argument
@click.option("--group", metavar="FIELDS", help="Fields, paths and date parts to group by.")
@click.option(
    "--select", default="count", show_default=True, metavar="LIST",
    help="What to compute: count, sum(field), avg(field), min(field), max(field).",
)  # fmt: skip
@sort_option
@view_option
@click.option("--limit", metavar="N", help="Groups, at most page_limit.")
@click.option("--tz", metavar="ZONE", help="Time zone of date parts; default: the instance's.")
@as_of_option
@trashed_option
@json_option
@pass_instance
def aggregate(instance: Instance, type_name: str, as_json: bool, **options: Any) -> None:
    """Count, sum and average records in groups.

    \b
    Examples:
      relatum records aggregate x_deal --group stage --select 'count,sum(amount)'
      relatum records aggregate x_deal stage=won --group closed.month,owner.team.name
    """
    show_groups(instance, type_name, as_json=as_json, **options)


@records.command("get")
@type_argument
@click.argument("name", metavar="RECORD")
@click.option("--trashed", is_flag=True, help="Also from the trash (by id).")
@as_of_option
@json_option
@pass_instance
def get(
    instance: Instance,
    type_name: str,
    name: str,
    trashed: bool,
    as_of: str | None,
    as_json: bool,
) -> None:
    """Show one record with all its fields.

    \b
    Examples:
      relatum records get x_company 17
      relatum records get x_company 'Acme Corporation' --json
      relatum records get x_company 17 --as-of 2026-01-31T12:00
    """
    if trashed and as_of is not None:
        raise click.UsageError("The trash has no past. Leave out --trashed or --as-of.")
    record_id = instance.find(type_name, name)
    if as_of is None:
        found = instance.read(verbs.get, type_name, record_id, trashed=trashed)
    else:
        found = instance.read(_then, type_name, record_id, as_of)
    if as_json:
        print_json(found)
    else:
        print_table(("field", "value"), list(found.items()))


def _then(type_name: str, record_id: int, as_of: str, *, actor: Actor) -> dict[str, Any]:
    """Return a record as it stood at an instant."""
    return verbs.get(type_name, record_id, actor=actor, as_of=query.instant(as_of))


@records.command("history")
@type_argument
@click.argument("name", metavar="RECORD")
@limit_option(_CHANGES, "As many changes as this.")
@json_option
@pass_instance
def history(instance: Instance, type_name: str, name: str, limit: int, as_json: bool) -> None:
    """Show what happened to a record, newest first; of one in the trash by its id.

    \b
    Example:
      relatum records history x_company 17
    """
    record_id = instance.find(type_name, name)
    found = instance.read(verbs.history, type_name, record_id, limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            c["change_set"], c["at"], c["actor"] or c["source"], _done(c, record_id), c["version"],
            changed(c["changes"]),
        )
        for c in found
    ]  # fmt: skip
    print_table(("change", "at", "by", "what", "version", "fields"), rows)


def _done(change: dict[str, Any], record_id: int) -> str:
    """Return what was done, and to which record if that was merged into the one that is shown."""
    if change["merged"]:
        return f"merge {', '.join(map(str, change['merged']))}"
    op: str = change["op"]
    return op if change["record"] == record_id else f"{op} {change['record']}"


def changed(changes: dict[str, list[Any]]) -> str:
    """Return what became of fields, as people read it."""
    parts = []
    for name, (before, after) in changes.items():
        old = "" if before is None else f"{text(before)} → "
        parts.append(f"{name}: {old}{'(empty)' if after is None else text(after)}")
    return "; ".join(parts)


accept_option = click.option(
    "--accept", metavar="KEYS", default="", help="What is asked and answered with yes."
)


def values_argument(command: F) -> F:
    """Add the values of one record, or a file with many."""
    for option in (
        json_option,
        click.option(
            "--partial", is_flag=True, help="Write the sound records; exit 3 if any is not."
        ),
        accept_option,
        click.option(
            "--file", metavar="FILE", help="JSON: a record or a list of them; - is standard input."
        ),
        click.argument("values", metavar="[VALUES]...", nargs=-1),
    ):
        command = option(command)
    return command


@records.command("create")
@type_argument
@values_argument
@pass_instance
def create(
    instance: Instance,
    type_name: str,
    values: tuple[str, ...],
    file: str | None,
    partial: bool,
    accept: str,
    as_json: bool,
) -> None:
    """Create a record, or all records in a file.

    \b
    Examples:
      relatum records create x_company name='Acme Corporation' city=Berlin
      relatum records create x_company --file companies.json
    """
    rows = _given(instance, type_name, values, file)
    ways: dict[str, Any] = {"partial": partial, "accept": names_in(accept)}
    _report(instance.write(verbs.create, type_name, rows, **ways), as_json)


@records.command("upsert")
@type_argument
@click.option(
    "--key", required=True, metavar="FIELDS", help="Fields of a unique key, joined by commas."
)
@values_argument
@pass_instance
def upsert(
    instance: Instance,
    type_name: str,
    key: str,
    values: tuple[str, ...],
    file: str | None,
    partial: bool,
    accept: str,
    as_json: bool,
) -> None:
    """Create a record, or change the one with the same unique key.

    \b
    Example:
      relatum records upsert x_company --key name name='Acme Corporation' city=Hamburg
    """
    rows = _given(instance, type_name, values, file)
    ways: dict[str, Any] = {"partial": partial, "accept": names_in(accept)}
    _report(instance.write(verbs.upsert, type_name, rows, key=names_in(key), **ways), as_json)


def _given(
    instance: Instance, type_name: str, values: tuple[str, ...], file: str | None
) -> list[dict[str, Any]]:
    if (file is None) == (not values):
        raise click.UsageError("Give either VALUES (field=value) or --file.")
    if file is not None:
        return _in_file(file)
    return [instance.read(imports.read_values, type_name, texts(values))]


def _in_file(file: str) -> list[dict[str, Any]]:
    document = read_json(file)
    if isinstance(document, dict):
        document = document.get("records", [document])
    if not isinstance(document, list) or not document:
        reason = 'must be a record, a list of records, or {"records": [...]}'
        raise RelatumError("definition_invalid", what=file, reason=reason)
    return document


def _report(outcomes: list[Outcome], as_json: bool) -> None:
    """Print what became of each record; end with the status for refused ones."""
    if as_json:
        print_json({"results": [outcome.as_json() for outcome in outcomes]})
    else:
        for outcome in outcomes:
            reasons = "; ".join(
                f"{p.field}: {p.message}" if p.field else p.message for p in outcome.problems
            )
            if reasons:
                click.echo(f"refused row {outcome.row}: {reasons}")
            else:
                click.echo(f"{outcome.status} {outcome.id} (version {outcome.version})")
    if any(outcome.problems for outcome in outcomes):
        look()


@records.command("update")
@type_argument
@click.argument("name", metavar="RECORD")
@click.argument("values", metavar="VALUES...", nargs=-1, required=True)
@click.option("--version", type=int, help="Only if the record is at this version.")
@accept_option
@json_option
@pass_instance
def update(
    instance: Instance,
    type_name: str,
    name: str,
    values: tuple[str, ...],
    version: int | None,
    accept: str,
    as_json: bool,
) -> None:
    """Change the fields that are given.

    \b
    Examples:
      relatum records update x_company 17 city=Hamburg founded=
      relatum records update x_company 'Acme Corporation' city=Hamburg --version 3
    """
    [row] = _given(instance, type_name, values, None)
    row["id"] = instance.find(type_name, name)
    if version is not None:
        row["version"] = version
    _report(instance.write(verbs.update, type_name, [row], accept=names_in(accept)), as_json)


@records.command("deletion")
@type_argument
@records_argument
@json_option
@pass_instance
def deletion(instance: Instance, type_name: str, names: tuple[str, ...], as_json: bool) -> None:
    """Say what deleting records would take along, empty, or be refused for; exit 3 if refused.

    \b
    Example:
      relatum records deletion x_company 17
    """
    ids = [instance.find(type_name, name) for name in names]
    found = instance.read(verbs.deletion, type_name, ids)
    if as_json:
        print_json(found)
    else:
        print_table(("goes to the trash", "records"), found["deleted"].items())
        if found["emptied"]:
            print_table(("is emptied", "links"), found["emptied"].items())
        for problem in found["errors"]:
            click.echo(problem["message"])
    if found["errors"]:
        look()


@records.command("delete")
@type_argument
@records_argument
@json_option
@pass_instance
def delete(instance: Instance, type_name: str, names: tuple[str, ...], as_json: bool) -> None:
    """Put records in the trash, all or none.

    \b
    Example:
      relatum records delete x_company 17 18
    """
    rows = [{"id": instance.find(type_name, name)} for name in names]
    _report(instance.write(verbs.delete, type_name, rows), as_json)


@records.command("restore")
@type_argument
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=int)
@json_option
@pass_instance
def restore(instance: Instance, type_name: str, ids: tuple[int, ...], as_json: bool) -> None:
    """Take records out of the trash, all or none.

    \b
    Examples:
      relatum records list x_company --trashed
      relatum records restore x_company 17 18
    """
    rows = [{"id": record_id} for record_id in ids]
    _report(instance.write(verbs.restore, type_name, rows), as_json)


records.add_command(merge)
records.add_command(purge)
