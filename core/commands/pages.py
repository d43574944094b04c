"""`relatum help` and `relatum version`: read the pages that come with the program."""

from __future__ import annotations

import platform
import sys
from importlib import resources

import click

from ...version import __version__
from ..errors import RelatumError, nearest

_PACKAGE = f"{__package__.rpartition('.')[0]}.help"


def _pages() -> dict[str, str]:
    """Return the title of each page by its name."""
    found = {}
    for file in sorted(resources.files(_PACKAGE).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".md"):
            first = file.read_text(encoding="utf-8").partition("\n")[0]
            found[file.name.removesuffix(".md")] = first.lstrip("# ")
    return found


@click.command("help")
@click.argument("page", required=False)
def help_(page: str | None) -> None:
    """Read a help page; without PAGE, list them.

    \b
    Example:
      relatum help import-maps
    """
    known = _pages()
    if page is None:
        for name, title in known.items():
            click.echo(f"{name:24} {title}")
        return
    if page not in known:
        raise RelatumError("page_unknown", page=page, nearest=nearest(page, list(known)))
    text = resources.files(_PACKAGE).joinpath(f"{page}.md").read_text(encoding="utf-8")
    if sys.stdout.isatty():
        _show(text)
    else:
        click.echo(text, nl=False)


def _show(text: str) -> None:
    from rich.console import Console  # noqa: PLC0415  # slow import, only for terminals
    from rich.markdown import Markdown  # noqa: PLC0415

    Console().print(Markdown(text))


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
