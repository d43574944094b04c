"""`relatum serve`: the instance over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from .. import audit
from .. import serve as server
from .terminal import GIVEN, Instance, pass_instance

F = TypeVar("F", bound=Callable[..., Any])


def _more_plugins(
    context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> None:
    if given:
        folders = map(os.path.abspath, given)
        context.meta[GIVEN] = {"plugins_dir": os.pathsep.join(folders)}


plugins_dir_option = click.option(
    "--plugins-dir", multiple=True, expose_value=False, callback=_more_plugins, metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="A folder of plugins beside those in the home; may be given again. See plugins_dir.",
)  # fmt: skip


def serving_options(command: F) -> F:
    """Add the options that say where and how to serve."""
    for option in (
        plugins_dir_option,
        click.option("--access-log", is_flag=True, help="Write a line per request."),
        click.option(
            "--jobs/--no-jobs", default=True, show_default=True,
            help="Whether a process that runs jobs lives beside the workers.",
        ),
        click.option(
            "--workers", type=click.IntRange(1, 64), default=1, show_default=True,
            help="Worker processes; two per processor at most.",
        ),
        click.option(
            "--port", type=int, default=server.PORT, show_default=True, help="Port to listen at."
        ),
        click.option(
            "--host", default=server.LOOPBACK, show_default=True,
            help="Address to listen at; 0.0.0.0 for all of this machine. See trusted_hosts.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.option(
    "--dev", is_flag=True,
    help="For developers of plugins: serve what they save, show what fails. Loopback only.",
)  # fmt: skip
@serving_options
@pass_instance
def serve(
    instance: Instance,
    host: str,
    port: int,
    workers: int,
    access_log: bool,
    jobs: bool,
    dev: bool,
) -> None:
    """Serve the instance over HTTP, until Ctrl+C or SIGTERM.

    It listens on loopback only. For others, put a server that speaks TLS in front of it and set
    base_url. Plain --host 0.0.0.0 shows passwords to the network.

    \b
    Examples:
      relatum serve
      relatum serve --port 8080 --workers 4
      relatum serve --dev --plugins-dir ./my-plugins
    """
    # It is there, and of this program's version; a worker would say so too late.
    with instance.without_plugins():  # workers are forked from here, now and later
        instance.write(audit.note_settings)

    def ready() -> None:
        click.echo(f"Relatum serves {server.address(host, port)} (Ctrl+C stops it).")

    server.serve(
        instance.config, host, port, workers, access_log=access_log, jobs=jobs, dev=dev, ready=ready
    )
