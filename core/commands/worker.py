"""`relatum worker`: run jobs in a process of their own."""

from __future__ import annotations

import importlib

import click

from .terminal import Instance, pass_instance


@click.command()
@click.option("--once", is_flag=True, help="Run what is due by now, then end.")
@pass_instance
def worker(instance: Instance, once: bool) -> None:
    """Run jobs, until Ctrl+C or SIGTERM; the chunk at hand is finished first.

    `relatum serve` has such a process beside its web workers. On PostgreSQL further ones may run
    on other machines.

    \b
    Examples:
      relatum worker
      relatum worker --once
    """
    with instance.reading():
        pass  # it is there, and of this program's version
    # It makes the application, as a web server does: above the commands.
    running = importlib.import_module("..worker", __package__)
    if not once:
        click.echo("Running jobs (Ctrl+C stops it).")
        running.start(instance.config)
        return
    turns = running.Worker(instance.config).run_due()
    click.echo(f"Ran jobs in {turns} turns." if turns else "Nothing was due.")
