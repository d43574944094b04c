"""`relatum records purge`: records out of the trash for good."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import click

from .. import catalog, db
from .. import records as verbs
from ..errors import RelatumError
from ..fields import Datetime, Refused
from .terminal import Instance, is_terminal, json_option, look, pass_instance, print_json

#: Records of one transaction.
_CHUNK = 500


@click.command("purge")
@click.argument("type_name", metavar="TYPE")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=int)
@click.option(
    "--before", metavar="WHEN", help="All that went to the trash before a day or instant."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_instance
def purge(
    instance: Instance,
    type_name: str,
    ids: tuple[int, ...],
    before: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Drop records that are in the trash, for good. Their history stays.

    Ids go all or none. With --before, what something still needs stays, and is counted.

    \b
    Examples:
      relatum records purge x_company 17 18 --yes
      relatum records purge x_company --before 2026-01-31 --yes
    """
    if bool(ids) == (before is not None):
        raise click.UsageError("Give either ids or --before.")
    until = None if before is None else _instant(instance, before)
    if not yes:
        if not is_terminal():
            raise click.UsageError("This can't be undone. Say --yes.")
        click.confirm("Purge for good?", abort=True)
    if until is None:
        rows = [{"id": id_} for id_ in ids]
        counts = Counter(o.status for o in instance.write(verbs.purge, type_name, rows))
        lines = [f"purged {id_}" for id_ in ids]
    else:
        counts = _all_before(instance, type_name, until)
        lines = [f"{counts['purged']} purged, {counts['refused']} kept"]
    if as_json:
        print_json({"purged": counts["purged"], "kept": counts["refused"]})
    else:
        click.echo("\n".join(lines))
    if counts["refused"]:
        look()


def _instant(instance: Instance, text: str) -> datetime:
    """Read a day, in the zone of the instance, or an instant."""
    with instance.reading():
        zone = catalog.current().zone
    field = Datetime(id=0, type_id=0, name="before", column="", label="", zone=zone)
    try:
        made: datetime = field.parse(text)
    except Refused as refused:
        raise RelatumError(
            "bad_parameter", name="--before", reason=refused.problem.message
        ) from None
    return made


def _all_before(instance: Instance, type_name: str, before: datetime) -> Counter[str]:
    counts: Counter[str] = Counter()
    after, actor = 0, instance.actor

    def some(after: int) -> tuple[list[int], list[verbs.Outcome]]:
        ids = verbs.trashed_ids(type_name, before=before, after=after, limit=_CHUNK, actor=actor)
        rows = [{"id": id_} for id_ in ids]
        return ids, verbs.purge(type_name, rows, actor=actor, partial=True) if ids else []

    while True:
        ids, outcomes = db.transact(lambda start=after: some(start))  # type: ignore[misc]
        counts.update(outcome.status for outcome in outcomes)
        if not ids:
            return counts
        after = ids[-1]
