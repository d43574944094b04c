"""`relatum jobs`: what is done beside requests, how far it is, and what starts by itself."""

from __future__ import annotations

import sys
import time
from typing import Any, Final

import click
import orjson

from .. import jobs as work
from .. import records
from .terminal import (
    Instance,
    json_option,
    look,
    pass_instance,
    print_json,
    print_list,
    print_table,
)

_COLUMNS: Final = ("id", "kind", "state", "done", "total", "created_at", "finished_at")
_SCHEDULES: Final = ("name", "kind", "rule", "enabled", "next_run_at", "last_run_at", "owner")
#: Seconds between two looks at a job that is watched.
_LOOK_EVERY: Final = 0.5
_id = click.argument("job", metavar="ID", type=int)
_arguments = click.option(
    "--arguments", metavar="JSON", help='What the kind takes, such as \'{"type": "x_company"}\'.'
)
_watch = click.option("--watch", is_flag=True, help="Show the progress until it is over.")
_RULE: Final = '"every 15 minutes" (hours, days), or five fields of cron.'


@click.group()
def jobs() -> None:
    """Show jobs, start, cancel and retry them; change what starts by itself."""


@jobs.command("list")
@click.option("--state", type=click.Choice(work.STATES), help="Only jobs in this state.")
@click.option("--kind", metavar="KIND", help="Only jobs of this kind.")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="Jobs to show."
)
@click.option("--before", type=int, metavar="ID", help="Jobs older than this one.")
@json_option
@pass_instance
def list_jobs(instance: Instance, as_json: bool, **choice: Any) -> None:
    """List jobs, newest first.

    \b
    Examples:
      relatum jobs list
      relatum jobs list --state failed
    """
    found = instance.read(work.list_jobs, **choice)
    print_list(found, _COLUMNS, as_json)


@jobs.command("kinds")
@json_option
@pass_instance
def kinds(instance: Instance, as_json: bool) -> None:
    """List the kinds of jobs that can be started.

    \b
    Example:
      relatum jobs kinds
    """
    found = instance.read(work.list_kinds)
    print_list(found, ("name", "title"), as_json)


@jobs.command("show")
@_id
@_watch
@json_option
@pass_instance
def show(instance: Instance, job: int, watch: bool, as_json: bool) -> None:
    """Show a job: how far it is, what came of it, its log; exit 3 if it has failed.

    \b
    Examples:
      relatum jobs show 7
      relatum jobs show 7 --watch
    """
    _shown(instance, _watched(instance, job) if watch else instance.read(work.get, job), as_json)


@jobs.command("run")
@click.argument("kind")
@_arguments
@click.option("--dry-run", is_flag=True, help="Only say what it would do, if the kind can.")
@_watch
@json_option
@pass_instance
def run(
    instance: Instance, kind: str, arguments: str | None, dry_run: bool, watch: bool, as_json: bool
) -> None:
    """Start a job; `relatum serve` or `relatum worker` runs it.

    \b
    Examples:
      relatum jobs run forget
      relatum jobs run bulk_delete --arguments '{"type": "team", "ids": [7]}' --watch
    """
    if dry_run:
        print_json(instance.write(work.look, kind, _read(arguments) or {}))
        return
    _start(instance, kind, _read(arguments) or {}, watch=watch, as_json=as_json)


def _start(
    instance: Instance, kind: str, arguments: dict[str, Any], *, watch: bool, as_json: bool
) -> None:
    job = instance.write(work.enqueue, kind, arguments)
    if watch:
        _shown(instance, _watched(instance, job), as_json)
    elif as_json:
        print_json(instance.read(work.get, job))
    else:
        click.echo(f"Job {job} waits. See: relatum jobs show {job} --watch")


@jobs.command("cancel")
@_id
@json_option
@pass_instance
def cancel(instance: Instance, job: int, as_json: bool) -> None:
    """Stop a job, after the chunk at hand if it runs; what it has written stays.

    \b
    Example:
      relatum jobs cancel 7
    """
    found = instance.write(work.cancel, job)
    if as_json:
        print_json(found)
    elif found["cancelling"]:
        click.echo(f"Job {job} ends after the chunk at hand.")
    else:
        click.echo(f"Job {job} is cancelled.")


@jobs.command("retry")
@click.argument("job", metavar="[ID]", type=int, required=False)
@click.option("--kind", metavar="KIND", help="All failed jobs of this kind.")
@json_option
@pass_instance
def retry(instance: Instance, job: int | None, kind: str | None, as_json: bool) -> None:
    """Let a failed or cancelled job go on where it stopped, or all failed ones of a kind.

    \b
    Examples:
      relatum jobs retry 7
      relatum jobs retry --kind bulk_update
    """
    if (job is None) == (kind is None):
        raise click.UsageError("Name one job, or a kind by --kind.")
    if job is None:
        count = instance.write(work.retry_failed, kind)
        print_json({"retried": count}) if as_json else click.echo(f"{count} jobs wait.")
        return
    found = instance.write(work.retry, job)
    if as_json:
        print_json(found)
    else:
        click.echo(f"Job {job} waits.")


@jobs.command("undo")
@_id
@click.option("--dry-run", is_flag=True, help="Only say what it would do; exit 3 if in conflict.")
@_watch
@json_option
@pass_instance
def undo(instance: Instance, job: int, dry_run: bool, watch: bool, as_json: bool) -> None:
    """Put back what a job wrote, by a job that can be undone as well.

    What others have changed since stays as it is.

    \b
    Examples:
      relatum jobs undo 7 --dry-run
      relatum jobs undo 7 --watch
    """
    undo_by_job(instance, {"job": job}, dry_run=dry_run, watch=watch, as_json=as_json)


def undo_by_job(
    instance: Instance, arguments: dict[str, int], *, dry_run: bool, watch: bool, as_json: bool
) -> None:
    """Start a job that undoes a job or a change set, or say what it would do."""
    if not dry_run:
        _start(instance, "undo", arguments, watch=watch, as_json=as_json)
        return
    found = instance.read(records.look_at, **arguments)
    if as_json:
        print_json(found)
    else:
        rows = [(n, op, count) for n, ops in found["records"].items() for op, count in ops.items()]
        print_table(("type", "what", "records"), rows)
        for each in found["conflicts"]:
            for told in each["conflicts"]:
                name = f"{told['field']}: " if told["field"] else ""
                click.echo(f"keep {each['type']} {each['id']} ({each['label']}): "
                           f"{name}{told['message']}")  # fmt: skip
        click.echo(f"{found['changed']} were changed since.")
    if found["conflicts"]:
        look()


@jobs.group("schedules")
def schedules() -> None:
    """Show and change what starts by itself."""


@schedules.command("list")
@json_option
@pass_instance
def list_schedules(instance: Instance, as_json: bool) -> None:
    """List schedules by name.

    \b
    Example:
      relatum jobs schedules list
    """
    found = instance.read(work.list_schedules)
    print_list(found, _SCHEDULES, as_json)


@schedules.command("create")
@click.argument("name")
@click.argument("kind")
@click.option("--rule", metavar="RULE", required=True, help=_RULE)
@_arguments
@json_option
@pass_instance
def create(
    instance: Instance, name: str, kind: str, rule: str, arguments: str | None, as_json: bool
) -> None:
    """Let a kind of job start by itself, on behalf of whoever says so.

    \b
    Example:
      relatum jobs schedules create nightly forget --rule '30 3 * * *'
    """
    _told(instance.write(work.create_schedule, name, kind, rule, _read(arguments)), as_json)


@schedules.command("change")
@click.argument("name")
@click.option("--rule", metavar="RULE", help=_RULE)
@_arguments
@click.option("--on/--off", "enabled", default=None, help="Whether it starts anything.")
@json_option
@pass_instance
def change(
    instance: Instance, name: str, arguments: str | None, as_json: bool, **given: Any
) -> None:
    """Change when a schedule starts its job, with what, or whether it does.

    \b
    Examples:
      relatum jobs schedules change forget --rule 'every 7 days'
      relatum jobs schedules change forget --off
    """
    read = _read(arguments)
    _told(instance.write(work.change_schedule, name, arguments=read, **given), as_json)


@schedules.command("delete")
@click.argument("name")
@json_option
@pass_instance
def delete(instance: Instance, name: str, as_json: bool) -> None:
    """Take a schedule away; its jobs stay.

    \b
    Example:
      relatum jobs schedules delete nightly
    """
    instance.write(work.delete_schedule, name)
    if as_json:
        print_json({"deleted": name})
    else:
        click.echo(f"Schedule {name} is gone.")


def _read(arguments: str | None) -> dict[str, Any] | None:
    if arguments is None:
        return None
    try:
        found: dict[str, Any] = orjson.loads(arguments)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"not JSON: {error}", param_hint="--arguments") from None
    return found


def _told(schedule: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(schedule)
    elif schedule["enabled"]:
        click.echo(f"{schedule['name']} starts {schedule['kind']} next at "
                   f"{schedule['next_run_at']:%Y-%m-%d %H:%M} UTC.")  # fmt: skip
    else:
        click.echo(f"{schedule['name']} is off.")


def _watched(instance: Instance, job: int) -> dict[str, Any]:
    """Return a job once it is over; a line on a terminal says how far it is meanwhile."""
    while True:
        found: dict[str, Any] = instance.read(work.get, job)
        if sys.stderr.isatty():
            click.echo(f"\r{_progress(found)}\033[K", nl=False, err=True)
        if found["finished_at"] is not None:
            if sys.stderr.isatty():
                click.echo(err=True)
            return found
        time.sleep(_LOOK_EVERY)


def _progress(job: dict[str, Any]) -> str:
    of = "" if job["total"] is None else f" of {job['total']}"
    return f"Job {job['id']} ({job['kind']}): {job['state']}, {job['done']}{of} done"


def _shown(instance: Instance, job: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(job)
    else:
        click.echo(f"{_progress(job)}.")
        if job["error"]:
            click.echo(f"{job['error']['code']}: {job['error']['message']}")
        for name, value in (job["result"] or {}).items():
            click.echo(f"{name}: {value}")
        for line in job["log"]:
            click.echo(f"{line['at']} {line['text']}")
    if job["state"] == "failed":
        look()
