"""`relatum records merge`: several records become one."""

from __future__ import annotations

from typing import Any

import click

from .. import imports
from .. import records as verbs
from .reading import texts
from .terminal import Instance, json_option, look, pass_instance, print_json, print_table, text


@click.command("merge")
@click.argument("type_name", metavar="TYPE")
@click.argument("name", metavar="RECORD")
@click.argument("others", metavar="OTHER...", nargs=-1, required=True)
@click.option(
    "--set", "values", metavar="FIELD=VALUE", multiple=True,
    help="A value that survives instead of the record's own. May be repeated.",
)  # fmt: skip
@click.option(
    "--from", "sources", metavar="FIELD=OTHER", multiple=True,
    help="A field whose value is taken from another record. May be repeated.",
)  # fmt: skip
@click.option(
    "--keep", metavar="FIELD", multiple=True,
    help="Keep values of a field that do not survive in the list of further ones.",
)  # fmt: skip
@click.option("--plan", is_flag=True, help="Only say what it would do; exit 3 if refused.")
@json_option
@pass_instance
def merge(
    instance: Instance,
    type_name: str,
    name: str,
    others: tuple[str, ...],
    values: tuple[str, ...],
    sources: tuple[str, ...],
    keep: tuple[str, ...],
    plan: bool,
    as_json: bool,
) -> None:
    """Merge OTHER records into RECORD: it holds all that they held, and they go to the trash.

    What is empty in RECORD is filled from the others, the newest first.

    \b
    Examples:
      relatum records merge x_company 17 18 19 --plan
      relatum records merge x_company 'Acme Corporation' 18 --from city=18 --keep email
    """
    into = instance.find(type_name, name)
    ids = [instance.find(type_name, other) for other in others]
    if plan:
        _show(instance.read(verbs.merging, type_name, into, ids), as_json)
        return
    chosen: dict[str, Any] = {}
    if values:
        chosen = instance.read(imports.read_values, type_name, texts(values))
    for field, other in texts(sources).items():
        chosen[field] = {"from": instance.find(type_name, other)}
    done = instance.write(verbs.merge, type_name, into, ids, values=chosen, keep=keep)
    if as_json:
        print_json(done)
    else:
        click.echo(f"merged into {done['id']} (version {done['version']})")
        _print_moved(done)


def _show(found: dict[str, Any], as_json: bool) -> None:
    """Print what a merge would do; end with the status for what is refused."""
    if as_json:
        print_json(found)
    else:
        names = [f"{record['id']} {record['label']}" for record in found["records"]]
        rows = [
            (
                field["name"], field["from"],
                *(text(value) for value in field["values"].values()),
            )
            for field in found["fields"] if field["differs"]
        ]  # fmt: skip
        print_table(("field", "survives from", *names), rows)
        _print_moved(found)
        for problem in found["errors"]:
            click.echo(problem["message"])
    if found["errors"]:
        look()


def _print_moved(found: dict[str, Any]) -> None:
    rows = [
        *((at, count, "moved") for at, count in found["moved"].items()),
        *((name, count, "merged") for name, count in found["merged"].items()),
        *((("shares", found["shares"], "moved"),) if found["shares"] else ()),
    ]
    if rows:
        print_table(("what goes along", "records", "how"), rows)
