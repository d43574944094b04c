"""`relatum calling fill` and `progress`."""

from __future__ import annotations

from typing import Any, Final

import click
import orjson

from relatum import Actor, catalog, context, imports, query, reading, transact

from . import api, filling, progress
from .frame import LIST, Row

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _actor() -> Actor:
    found = context().actor
    assert found is not None  # a command is always somebody's
    return found


def _list(text: str) -> int:
    return int(imports.find(LIST, text, actor=_actor()))


def _print(value: Any) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z, default=str))


def _words(type_name: str, filters: tuple[str, ...], view: str | None) -> Row:
    filling.require_type(type_name)
    pairs = [each.partition("=") for each in filters]
    wrong = next((name for name, sign, _ in pairs if not sign or name.startswith("_")), None)
    if wrong is not None:
        raise click.UsageError(f"'{wrong}' is no filter: write FIELD=VALUE or FIELD__OPERATOR=…")
    given = [(name, value) for name, _, value in pairs]
    asked = query.words(type_name, given, actor=_actor())
    return api.words_of({"type": type_name, "view": view, **asked}, _actor())


@click.command("fill")
@click.argument("list_", metavar="LIST")
@click.argument("type_name", metavar="TYPE")
@click.argument("filters", metavar="FILTER...", nargs=-1)
@click.option("--view", metavar="NAME", help="A saved view of the type, with its order.")
@click.option("--dry-run", is_flag=True, help="Say who would be, and write nothing.")
@_JSON
def fill(
    list_: str, type_name: str, filters: tuple[str, ...], view: str | None, dry_run: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Put leads or people (lead, contact) on a call list, but for those who must not be called.

    LIST is a name or an id. Undo takes all of it back: relatum changes undo last.

    \b
    Examples:
      relatum calling fill 'Trade fair' lead source=trade_fair status__category=open
      relatum calling fill 'Trade fair' contact --view mine --dry-run
    """
    actor = _actor()
    if dry_run:
        with reading():
            words = _words(type_name, filters, view)
            made = filling.look(_list(list_), type_name, words, actor=actor)
    else:
        made = transact(
            lambda: filling.fill(
                _list(list_), type_name, _words(type_name, filters, view), actor=actor
            )
        )
    if as_json:
        _print(made.as_json())
        return
    verb = "would be put" if dry_run else "put"
    click.echo(f"{len(made.ids)} of {made.found} {verb} on the list")
    for reason, count in made.left_out.items():
        click.echo(f"  {count} left out: {filling.said(reason)}")


@click.command("progress")
@click.argument("list_", metavar="LIST")
@_JSON
def show_progress(list_: str, as_json: bool) -> None:
    """Show how far a call list is, and who called how many on which day.

    \b
    Example:
      relatum calling progress 'Trade fair'
    """
    actor = _actor()
    with reading():
        found = progress.progress_of(
            _list(list_), actor=actor, zone=catalog.zone_of(actor.timezone)
        )
    if as_json:
        _print(found.as_json())
        return
    click.echo(
        f"{found.total} on the list: {found.open} open ({found.untried} untried, "
        f"{found.call_backs_due} call backs due), {found.called} called, "
        f"{found.reached} reached, {found.success} interested, {found.given_up} given up"
    )
    for row in found.days:
        who = found.labels.get(str(row["caller"]), {}).get("label") or "–"
        click.echo(
            f"  {row['day']}  {who}: {row['calls']} calls, {row['reached']} reached, "
            f"{row['success']} interested"
        )


COMMANDS: Final[list[click.Command]] = [fill, show_progress]
