"""`relatum privacy`: the personal data of somebody, found, exported and erased."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .. import privacy as verbs
from .plans import read_json
from .terminal import (
    Instance,
    as_text,
    is_terminal,
    json_option,
    look,
    pass_instance,
    print_json,
    print_table,
)

_COLUMNS = ("record", "called", "trash", "personal")
_records = click.argument("named", metavar="TYPE:ID...", nargs=-1, required=True)


@click.group()
def privacy() -> None:
    """Find, export and erase the personal data of somebody.

    A person is one or more records, such as contact:7 and lead:9. Personal is what fields marked
    personal hold, and encrypted ones.
    """


def _read(instance: Instance, named: tuple[str, ...]) -> list[tuple[str, int]]:
    found = []
    for text in named:
        type_name, sign, name = text.partition(":")
        if not sign:
            raise click.UsageError(f"'{text}' names no record. Write TYPE:ID, such as contact:7.")
        found.append((type_name, instance.find(type_name, name)))
    return found


@privacy.command("find")
@click.argument("text", metavar="ADDRESS")
@json_option
@pass_instance
def find(instance: Instance, text: str, as_json: bool) -> None:
    """List the records that hold an e-mail address or a phone number, those in the trash too.

    \b
    Examples:
      relatum privacy find ada@example.org
      relatum privacy find '+49 30 1234567' --json
    """
    found: list[verbs.Trace] = instance.read(verbs.find, text)
    if as_json:
        print_json({"records": [trace.as_json() for trace in found]})
        return
    rows = [(f"{t.type}:{t.id}", t.label, t.trashed, list(t.fields)) for t in found]
    print_table(_COLUMNS, rows)


@privacy.command("export")
@_records
@click.option("--out", metavar="FILE", help="Where to; without it to the terminal.")
@json_option
@pass_instance
def export(instance: Instance, named: tuple[str, ...], out: str | None, as_json: bool) -> None:
    """Write all that is held of some records as JSON: values, lists, history, mails.

    \b
    Example:
      relatum privacy export contact:7 lead:9 --out ada.json
    """
    document = instance.write(verbs.export, _read(instance, named))
    _write(document, out, as_json)


@privacy.command("erase")
@_records
@click.option("--out", metavar="FILE", help="Where the certificate goes; else to the terminal.")
@click.option("--yes", is_flag=True, help="Erase without asking. This can't be undone.")
@json_option
@pass_instance
def erase(
    instance: Instance, named: tuple[str, ...], out: str | None, yes: bool, as_json: bool
) -> None:
    """Erase what is personal of some records, from their history and from mails, for good.

    The records stay, without what was personal. Prints a signed certificate.

    \b
    Example:
      relatum privacy erase contact:7 lead:9 --out certificate.json
    """
    found = _read(instance, named)
    if not yes:
        if not is_terminal():
            raise click.UsageError("This can't be undone. Say --yes.")
        click.confirm(f"Erase the personal data of {', '.join(named)} for good?", abort=True)
    _write(instance.write(verbs.erase, found), out, as_json)


@privacy.command("check")
@click.argument("file")
@json_option
@pass_instance
def check(instance: Instance, file: str, as_json: bool) -> None:
    """Say whether this instance has made a certificate, unchanged; exit 3 if not.

    \b
    Example:
      relatum privacy check certificate.json
    """
    document = read_json(file)
    with instance.reading():
        genuine = isinstance(document, dict) and verbs.is_genuine(document)
    if as_json:
        print_json({"genuine": genuine})
    else:
        click.echo("It is genuine." if genuine else "This instance has not made it so.")
    if not genuine:
        look()


def _write(document: dict[str, Any], out: str | None, as_json: bool) -> None:
    if out is None:
        print_json(document)
        return
    with Path(out).open("w", encoding="utf-8") as file:
        file.write(f"{as_text(document)}\n")
    print_json({"file": out}) if as_json else click.echo(f"Written to {out}.")
