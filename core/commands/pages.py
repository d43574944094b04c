"""`relatum help` and `relatum version`: read the pages that come with the program."""

from __future__ import annotations

import platform
import re
import sys
from typing import Final

import click

from ...version import __version__
from .. import config
from .. import help as pages
from ..errors import RelatumError

#: A link to another page, which is a command here.
_LINK: Final = re.compile(r"\[([^\]]+)\]\(/help/([a-z-]+)(?:#[a-z_-]+)?\)")


@click.command("help")
@click.argument("page", required=False)
def help_(page: str | None) -> None:
    """Read a help page; without PAGE, list them.

    \b
    Example:
      relatum help import-maps
    """
    if page is None:
        for name, title in pages.titles(_settings()).items():
            click.echo(f"{name:24} {title}")
        return
    text = pages.text(page, _settings())
    if sys.stdout.isatty():
        _show(text)
    else:
        click.echo(text, nl=False)


def _settings() -> config.Config | None:
    """Return the settings of the instance, whose plugins have pages too; None without one."""
    try:
        return config.load(click.get_current_context().find_root().params.get("home"))
    except RelatumError:
        return None


def _show(text: str) -> None:
    from rich.console import Console  # noqa: PLC0415  # slow import, only for terminals
    from rich.markdown import Markdown  # noqa: PLC0415

    Console().print(Markdown(for_terminal(text)))


def for_terminal(text: str) -> str:
    """Return a page with links to other pages as the commands that show them."""
    return _LINK.sub(r"\1 (`relatum help \2`)", text)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def version(as_json: bool) -> None:
    """Say which version this is.

    \b
    Example:
      relatum version
    """
    if as_json:
        click.echo(f'{{"relatum": "{__version__}", "python": "{platform.python_version()}"}}')
    else:
        click.echo(f"relatum {__version__} (Python {platform.python_version()})")
