"""Write core/help/commands.md from the commands themselves, or say what it should be.

Run: python tests/commands_page.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from relatum.cli import COMMANDS, main

PAGE = Path(__file__).resolve().parents[1] / "core" / "help" / "commands.md"
_ABOUT = """# Commands

`relatum [--home DIR] [--as EMAIL] COMMAND`. Without `--as` the machine's own administrator acts.
`--json` prints JSON where a command has answers. Exit status: 0 done; 1 refused; 2 wrong usage;
3 done, but look: findings of doctor, differences, refused rows, open questions; 130 interrupted.
An error is one line on standard error: `Error CODE: what is wrong and what to do`.
"""


def walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and those below it, with their full names."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from walk(f"{name} {below}", found)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command of `relatum`, with its full name."""
    context = click.Context(main, info_name="relatum")
    for name in COMMANDS:
        found = main.get_command(context, name)
        assert found is not None
        yield from walk(f"relatum {name}", found)


def page() -> str:
    """Return the page."""
    parts = [_ABOUT]
    root = click.Context(main, terminal_width=92, max_content_width=92, **main.context_settings)
    for name, command in commands():
        # Whoever asked first, perhaps without the settings of the root, decided how it is shown.
        command._help_option = None
        context = click.Context(command, root, info_name=name)
        parts.append(f"## {name}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE} is written.\n")
