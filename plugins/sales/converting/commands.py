"""`relatum sales convert`, `disqualify` and `mapping`."""

from __future__ import annotations

import sys
from typing import Any, Final

import click
import orjson

from relatum import Actor, context, imports, reading, transact

from . import mapping, verbs
from .choices import ASK, LINK, MAKE
from .mapping import ACCOUNT, CONTACT, DEAL, LEAD
from .writing import Converted

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _actor() -> Actor:
    found = context().actor
    assert found is not None  # a command is always somebody's
    return found


def _ids(leads: tuple[str, ...]) -> list[int]:
    """Return the ids of leads that are named, in the open transaction."""
    found = (imports.find(LEAD, text, actor=_actor()) for text in leads)
    return list(dict.fromkeys(int(id_) for id_ in found))


def _print(value: Any) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z, default=str))


def _choice(text: str | None) -> str | int | None:
    return int(text) if text is not None and text.isdecimal() and len(text) < 16 else text


@click.command("convert")
@click.argument("leads", metavar="LEAD...", nargs=-1, required=True)
@click.option("--account", metavar="CHOICE", help="new, none or the id of a company.")
@click.option("--contact", metavar="CHOICE", help="new, none or the id of a person.")
@click.option("--deal", metavar="CHOICE", help="new or none.")
@click.option(
    "--matches", type=click.Choice([ASK, LINK, MAKE]), default=ASK, show_default=True,
    help="What is done about records that match.",
)  # fmt: skip
@click.option("--values", metavar="JSON", help='Values by type: {"opportunity": {"name": "…"}}')
@click.option("--partial", is_flag=True, help="Convert those that can be; exit 3 if any is not.")
@click.option("--dry-run", is_flag=True, help="Say what would be made, and write nothing.")
@_JSON
def convert(
    leads: tuple[str, ...], account: str | None, contact: str | None, deal: str | None,
    matches: str, values: str | None, partial: bool, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Convert leads, by their names or ids, into companies, people and deals, in one change.

    \b
    Examples:
      relatum sales convert 4711 --dry-run
      relatum sales convert 4711 --account 12 --deal none
      relatum sales convert 4711 4712 4713 --matches link --partial
    """
    actor = _actor()
    picked = {ACCOUNT: account, CONTACT: contact, DEAL: deal}
    choices: dict[str, Any] = {n: _choice(text) for n, text in picked.items() if text is not None}
    choices["matches"] = matches
    if values is not None:
        try:
            choices["values"] = orjson.loads(values)
        except orjson.JSONDecodeError as error:
            raise click.UsageError(f"--values is no JSON: {error}") from None
    if dry_run:
        with reading():
            found = [verbs.look(lead, choices, actor=actor) for lead in _ids(leads)]
        for each in [] if as_json else found:
            _tell_look(each)
        if as_json:
            _print(found)
        return
    done = transact(lambda: verbs.convert(_ids(leads), choices, actor=actor, partial=partial))
    for one in [] if as_json else done:
        _tell(one)
    if as_json:
        _print([one.as_json() for one in done])
    if any(one.error for one in done):
        sys.exit(3)


def _tell(done: Converted) -> None:
    if done.error is not None:
        click.echo(f"lead {done.lead}: refused: {done.error}", err=True)
        return
    made = [
        f"{name} {id_}{' (new)' if name in done.made else ''}" for name, id_ in done.ids.items()
    ]
    click.echo(f"lead {done.lead}: {', '.join(made)}")
    for each in done.left_out:
        click.echo(f"  left out: {each.type}.{each.field} ({each.reason})")
    for line, why in done.stale:
        click.echo(f"  stale line of the mapping: {line} ({why})", err=True)


def _tell_look(found: dict[str, Any]) -> None:
    click.echo(f"lead {found['lead']} ({found['label']})")
    for name in mapping.TYPES:
        part = found[name]
        click.echo(f"  {name}: {part['choice']}")
        for field, value in part["values"].items():
            click.echo(f"    {field} = {value}")
        for match in part["matches"]:
            told = f"{match['id']} ({match['label']}), {match['score']} %"
            click.echo(f"    matches {told}: {', '.join(match['reasons'])}")
    if found["error"]:
        click.echo(f"  refused: {found['error']['detail']}")


@click.command("disqualify")
@click.argument("leads", metavar="LEAD...", nargs=-1, required=True)
@click.option("--status", required=True, metavar="STATUS", help="The reason, such as lost.")
def disqualify(leads: tuple[str, ...], status: str) -> None:
    """Close leads without a deal, for a reason.

    \b
    Example:
      relatum sales disqualify 4711 --status no_longer_interested
    """
    actor = _actor()
    done = transact(lambda: verbs.disqualify(_ids(leads), status, actor=actor))
    for each in done:
        click.echo(f"lead {each.id}: {status}")


@click.command("mapping")
@click.option("--set", "lines", metavar="LINE", multiple=True, help="FIELD = TYPE.FIELD")
@click.option("--reset", is_flag=True, help="Take back all lines of your own.")
@_JSON
def show_mapping(lines: tuple[str, ...], reset: bool, as_json: bool) -> None:
    """Show where the fields of a lead go, or add lines of your own.

    A line replaces yours of the same field and type.

    \b
    Examples:
      relatum sales mapping
      relatum sales mapping --set 'rating = opportunity.x_rating' --set 'website = account'
    """
    actor = _actor()
    if lines or reset:
        with reading():
            kept = () if reset else mapping.own_lines()
        own = mapping.joined(kept, lines)
        transact(lambda: mapping.keep(own, actor=actor), exclusive=True)
    with reading():
        held = mapping.mapped()
    if as_json:
        _print({"lines": [line.as_json() for line in held.lines], "own": mapping.own_lines()})
        return
    for line in held.lines:
        click.echo(f"{line}  ({line.origin})")
    for text, why in held.stale:
        click.echo(f"stale: {text}: {why}", err=True)


COMMANDS: Final[list[click.Command]] = [convert, disqualify, show_mapping]
