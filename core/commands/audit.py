"""`relatum audit`: who did what, and whether somebody changed what was written since."""

from __future__ import annotations

from typing import Any

import click

from .. import audit as log
from .. import db, query
from .terminal import (
    Instance,
    json_option,
    limit_option,
    look,
    pass_instance,
    print_json,
    print_table,
)

#: Entries that are shown when nobody says how many.
_ENTRIES = 50
_COLUMNS = ("id", "at", "who", "event", "subject", "from")


@click.group()
def audit() -> None:
    """Show who did what beside writing records, and verify that nobody changed it since.

    A job seals what was committed every ten minutes. What was written by hand into the database
    after that, or taken out of it, is named by 'relatum audit verify'.
    """


@audit.command("list")
@click.option("--event", metavar="NAME", help="Only this event, such as sign_in.")
@click.option("--by", metavar="USER", help="Only what this user did.")
@click.option("--subject", help="Only what was done to this, such as user:7 or role:member.")
@click.option("--since", metavar="DAY", help="From this day or instant on.")
@click.option("--until", metavar="DAY", help="Up to this day, or before this instant.")
@limit_option(_ENTRIES, "As many entries as this.")
@json_option
@pass_instance
def list_entries(
    instance: Instance, by: str | None, limit: int, as_json: bool, **choice: Any
) -> None:
    """List the entries of the audit log, newest first.

    \b
    Examples:
      relatum audit list
      relatum audit list --event sign_in_failed --since 2026-01-01
      relatum audit list --subject role:member --json
    """
    user = None if by is None else instance.find("user", by)
    found = instance.read(log.entries, by=user, limit=limit, **choice)
    if as_json:
        print_json({"entries": found})
        return
    named = instance.read(_names, {each["actor"] for each in found} - {None})
    rows = [
        (each["id"], each["at"], named.get(str(each["actor"]), "-"), each["event"],
         each["subject"], " ".join(filter(None, (each["source"], each["address"]))))
        for each in found
    ]  # fmt: skip
    print_table(_COLUMNS, rows)


def _names(ids: set[int], *, actor: Any) -> dict[str, str]:
    return {id_: label["label"] for id_, label in query.labels(ids, actor=actor).items()}


@audit.command("verify")
@click.option(
    "--head",
    metavar="NUMBER:CHAIN",
    help="Where the chain ended once, as an earlier run said: it must still lead through there.",
)
@json_option
@pass_instance
def verify(instance: Instance, head: str | None, as_json: bool) -> None:
    """Compare history and log with their seals; exit 3 if a row is not what was sealed.

    Write down the end of the chain somewhere else: with it, --head finds out whether somebody
    with both database and key ring has made a new chain.

    \b
    Examples:
      relatum audit verify
      relatum audit verify --json
    """
    verdict = instance.read(log.verify, head=head)
    print_json(verdict.as_json()) if as_json else _say(verdict)
    if not verdict.sound:
        look()


def _say(verdict: log.Verdict) -> None:
    for finding in verdict.findings:
        text = str(finding)
        click.echo(f"{text[0].upper()}{text[1:]}.")
    if verdict.more:
        click.echo(f"And {verdict.more} more.")
    for key, count in verdict.lost_keys.items():
        click.echo(f"Key {key}, which made {count} seals, is not in the ring: see relatum keys.")
    number, chain = verdict.head
    click.echo(
        f"{verdict.change_sets} change sets with {verdict.changes} changes and {verdict.entries} "
        f"entries are sealed; {verdict.erased} were erased on purpose."
    )
    waiting = verdict.unsealed
    click.echo(
        f"Not sealed yet: {waiting['change_sets']} change sets, {waiting['entries']} entries."
    )
    click.echo(f"The chain ends at {number}:{chain}")
    click.echo("All is as it was sealed." if verdict.sound else "Not all is as it was sealed.")


@audit.command("seal")
@json_option
@pass_instance
def seal(instance: Instance, as_json: bool) -> None:
    """Seal what was committed now, instead of within ten minutes.

    \b
    Example:
      relatum audit seal
    """
    instance.check()
    made = 0
    while count := db.transact(log.seal_some):
        made += count
    print_json({"sealed": made}) if as_json else click.echo(f"Sealed: {made}.")
