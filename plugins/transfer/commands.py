"""The commands of transfer: `relatum transfer import`, `look`, `maps` and `export`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import click
import orjson
from rich.console import Console
from rich.progress import Progress

from relatum import (
    Actor,
    RelatumError,
    context,
    entities,
    imports,
    jobs,
    reading,
    transact,
    uploads,
)

from . import rejects
from .exporting import TYPES, Export
from .formats import How
from .inspecting import SAVED, Look, look, told
from .offering import add

_LOOK_EVERY: Final = 0.3
_SHOWN: Final = 20


def _read(path: str) -> Any:
    try:
        return Path(path).open("rb")
    except OSError as error:
        reason = error.strerror or str(error)
        raise RelatumError("file_unreadable", path=path, reason=reason) from None


def _map(path: str | None) -> dict[str, Any] | None:
    if path is None:
        return None
    imports.read_map(path)
    document: dict[str, Any] = orjson.loads(Path(path).read_bytes())
    return document


@click.command("import")
@click.argument("type_name", metavar="TYPE")
@click.argument("file", metavar="FILE")
@click.option("--map", "map_file", metavar="MAP.json", help="See: relatum help import-maps")
@click.option("--saved", metavar="NAME", help="A map that is saved under this name.")
@click.option("--key", metavar="FIELDS", help="Fields that find records, joined by commas.")
@click.option("--mode", type=click.Choice(imports.MODES), help="What becomes of rows.")
@click.option("--answer", type=click.Choice(imports.ANSWERS), help="To what plugins ask of rows.")
@click.option("--sheet", metavar="NAME", help="The sheet of a workbook.")
@click.option("--whole", is_flag=True, help="Write nothing if any row is refused.")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@click.option("--rejects", "refused", metavar="FILE", help="Write the refused rows there.")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
def import_file(
    type_name: str, file: str, map_file: str | None, saved: str | None, key: str | None,
    as_json: bool, refused: str | None, **ways: Any,
) -> None:  # fmt: skip
    """Import a file of any format as a job, and wait for its end; exit 3 if rows are refused.

    Columns go where the map says; without one, where `relatum transfer look` proposes.

    \b
    Examples:
      relatum transfer import contact people.xlsx --key email
      relatum transfer import contact people.csv --dry-run --rejects refused.csv
      relatum transfer import contact leads.csv --saved "Trade fair"
    """
    if saved is not None and map_file is not None:
        raise click.UsageError("Say --map or --saved, not both.")
    actor, given = context().actor, _map(map_file)
    assert actor is not None
    found = _look(
        type_name, file, how=How(sheet=ways.pop("sheet", None)),
        use=None if saved is None else f"{SAVED}{saved}",
    )  # fmt: skip
    if given is None:
        _warn(found, file, actor)
    arguments: dict[str, Any] = {"upload": found.upload.id, "type": type_name}
    arguments |= {"how": found.how.as_json(), "map": given or found.map}
    arguments |= {name: value for name, value in ways.items() if value}
    if key:
        arguments["key"] = [name.strip() for name in key.split(",") if name.strip()]
    job_id = transact(lambda: jobs.enqueue("transfer_import", arguments, actor=actor))
    job = _done(job_id)
    if refused and (job["result"] or {}).get("refused"):
        with Path(refused).open("wb") as out:
            out.writelines(rejects.stream(job, actor))
    _tell(job, as_json=as_json)


def _done(job_id: int) -> dict[str, Any]:
    """Run a job here, unless a worker already has, and return it once it is over."""
    actor = context().actor
    assert actor is not None
    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("Import", total=None)

        def pause() -> bool:
            with reading():
                at = jobs.get(job_id, actor=actor)
            shown.update(task, completed=at["done"], total=at["total"])
            return False

        jobs.run(job_id, by=f"command-{os.getpid()}", pause=pause)
        while True:
            with reading():
                job = jobs.get(job_id, actor=actor)
            if job["finished_at"] is not None:
                return job
            shown.update(task, completed=job["done"], total=job["total"])
            time.sleep(_LOOK_EVERY)


def _tell(job: dict[str, Any], *, as_json: bool) -> None:
    actor, result = context().actor, job["result"]
    assert actor is not None
    if as_json:
        click.echo(orjson.dumps(job, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))
    if result is None:
        error = job["error"] or {"message": f"Job {job['id']} is {job['state']}."}
        click.echo(f"Error {error.get('code', 'job')}: {error['message']}", err=True)
        sys.exit(1)
    if not as_json:
        with reading():
            kept = imports.lines(job["id"], imports.REFUSED, limit=_SHOWN)
        for each in kept:
            for problem in each.data["problems"]:
                click.echo(f"line {problem['line']}, {rejects.sentence(problem)}")
        nothing = "" if result["written"] else " Nothing is written."
        skipped = f" {result['skipped']:,} left out." if result["skipped"] else ""
        click.echo(
            f"{result['rows']:,} rows of {result['name']}: {result['created']:,} created, "
            f"{result['updated']:,} updated, {result['unchanged']:,} unchanged; "
            f"{result['refused']:,} refused.{skipped} Job {job['id']}.{nothing}"
        )
    if result["refused"] or result["unlinked"]:
        sys.exit(3)


@click.command("look")
@click.argument("type_name", metavar="TYPE")
@click.argument("file", metavar="FILE")
@click.option("--add-fields", is_flag=True, help="Add what is missing for this system's file.")
@click.option("--further", is_flag=True, help="With it: fields for columns of its own, too.")
@click.option("--yes", is_flag=True, help="Add without asking (as without a terminal).")
def look_into(type_name: str, file: str, add_fields: bool, further: bool, yes: bool) -> None:
    """Say how a file is written, and the map by which it would be imported, as JSON.

    Of a file of Salesforce, HubSpot, EspoCRM or Odoo it says what is missing, with a plan.

    \b
    Examples:
      relatum transfer look contact people.csv
      relatum transfer look account Account.csv --add-fields --yes
    """
    actor = context().actor
    assert actor is not None
    found = _look(type_name, file)
    if add_fields:
        wanted = (
            [found.offer.missing, found.offer.further if further else []] if found.offer else []
        )
        for changes in filter(None, wanted):
            _add(changes, yes=yes)
        found = look(found.upload.id, actor=actor, type_name=type_name)
    _warn(found, file, actor)
    with reading():
        document = found.as_json(actor)
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def _look(type_name: str, file: str, **ways: Any) -> Look:
    """Send a file, and look into it."""
    actor = context().actor
    assert actor is not None
    with _read(file) as stream:
        upload = uploads.keep(Path(file).name, stream, actor=actor)
    return look(upload.id, actor=actor, type_name=type_name, **ways)


def _warn(found: Look, file: str, actor: Actor) -> None:
    """Say on standard error what the file is, if it is known, and what is in its way."""
    with reading():
        said = [*told(found, actor)]
    if found.offer is not None and found.offer.missing:
        said.append(f"Add it: relatum transfer look {found.type} {file} --add-fields")
    for line in said:
        click.echo(line, err=True)


def _add(changes: list[dict[str, Any]], *, yes: bool) -> None:
    """Show the plan of what is missing, ask, and apply it."""
    actor = context().actor
    assert actor is not None
    with reading():
        plan = entities.plan(changes, actor=actor)
    for number, step in enumerate(plan.steps, 1):
        click.echo(f"{number}. {step.summary}  [{step.target}, {step.risk}]", err=True)
    if not yes and sys.stdin.isatty() and sys.stdout.isatty():
        click.confirm("Apply this?", abort=True, err=True)
    made = add(changes, actor=actor, expect=plan.fingerprint)
    click.echo(f"Applied: the data model is now at generation {made.generation}.", err=True)


@click.group("maps")
def maps() -> None:
    """List the saved maps of a type, show one, save or forget it."""


@maps.command("list")
@click.argument("type_name", metavar="TYPE")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def list_maps(type_name: str, as_json: bool) -> None:
    """List the maps that are saved for a type.

    \b
    Example:
      relatum transfer maps list contact
    """
    actor = context().actor
    assert actor is not None
    with reading():
        known = imports.saved(type_name, actor=actor)
    if as_json:
        found = [each.as_json() for each in known]
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))
        return
    for each in known:
        columns = sum(1 for column in (each.map.get("columns") or {}).values() if column)
        click.echo(
            f"{each.name}  ({columns} columns, by {each.by or 'nobody'}, {each.at:%Y-%m-%d})"
        )


@maps.command("show")
@click.argument("type_name", metavar="TYPE")
@click.argument("name", metavar="NAME")
def show_map(type_name: str, name: str) -> None:
    """Print a saved map, as `--map` takes it.

    \b
    Example:
      relatum transfer maps show contact "Trade fair" > fair.json
    """
    actor = context().actor
    assert actor is not None
    with reading():
        found = imports.get_saved(type_name, name, actor=actor)
    click.echo(orjson.dumps(found.map, option=orjson.OPT_INDENT_2))


@maps.command("save")
@click.argument("type_name", metavar="TYPE")
@click.argument("name", metavar="NAME")
@click.argument("map_file", metavar="MAP.json")
@click.option("--replace", is_flag=True, help="Replace the one that has this name.")
def save_map(type_name: str, name: str, map_file: str, replace: bool) -> None:
    """Save a map under a name, for all who import into the type.

    \b
    Example:
      relatum transfer maps save contact "Trade fair" fair.json
    """
    actor, document = context().actor, _map(map_file)
    assert actor is not None
    assert document is not None
    transact(lambda: imports.save(type_name, name, document, actor=actor, replace=replace))
    click.echo(f"Saved as {name.strip()}.")


@maps.command("delete")
@click.argument("type_name", metavar="TYPE")
@click.argument("name", metavar="NAME")
def delete_map(type_name: str, name: str) -> None:
    """Forget a saved map.

    \b
    Example:
      relatum transfer maps delete contact "Trade fair"
    """
    actor = context().actor
    assert actor is not None
    transact(lambda: imports.drop_saved(type_name, name, actor=actor))
    click.echo(f"Forgot {name}.")


@click.command("export")
@click.argument("type_name", metavar="TYPE")
@click.argument("filters", metavar="[FILTER]...", nargs=-1)
@click.option(
    "--format", "form", type=click.Choice(list(TYPES)), default="csv", show_default=True,
    help="What is written.",
)  # fmt: skip
@click.option("--view", metavar="VIEW", help="A saved view to begin with.")
@click.option("--fields", metavar="FIELDS", help="Fields to write, joined by commas.")
@click.option("--sort", metavar="FIELDS", help="Fields to sort by; - in front: descending.")
@click.option("--out", metavar="FILE", help="Where to; without it standard output.")
def export(
    type_name: str, filters: tuple[str, ...], form: str, out: str | None, **words: str | None
) -> None:
    """Write the records of a type, or of a view, to a file that can be imported again.

    \b
    Examples:
      relatum transfer export contact --out people.csv
      relatum transfer export contact --view all --format xlsx --out people.xlsx
      relatum transfer export contact email__filled=1 --fields name,email --format ndjson
    """
    actor = context().actor
    assert actor is not None
    args = []
    for text in filters:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.UsageError(f"'{text}' is not a filter. Write field=value.")
        args.append((name, value))
    args += [(f"_{name}", value) for name, value in words.items() if value]
    with reading():
        made = Export(type_name, args, form, actor=actor)
    body = made.noted(args).stream()
    if out is None:
        sys.stdout.buffer.writelines(body)
        return
    with Path(out).open("wb") as file:
        file.writelines(body)


COMMANDS: Final = [import_file, look_into, maps, export]
