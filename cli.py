"""The `relatum` command: finds the command of a noun, loads only that, and says what went wrong.

Exit status: 0 done, 1 refused (or failed), 2 not a command as written, 3 done, and there is
something to look at (findings of doctor, differences, refused rows, an open question), 130
interrupted.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from .core.errors import RelatumError
from .version import __version__

#: Command → the module under core/commands, the attribute there, and the line in the help.
COMMANDS = {
    "init": ("instance", "init", "Make an instance: a database, its settings, an administrator."),
    "serve": ("serve", "serve", "Serve the instance over HTTP."),
    "demo": ("demo", "demo", "Make an instance with example data if there is none, and serve it."),
    "doctor": ("instance", "doctor", "Compare data model and database, and say what is wrong."),
    "upgrade": ("instance", "upgrade", "Bring the database to the version of this program."),
    "backup": ("instance", "backup", "Write the whole instance to one file, while it serves."),
    "restore": ("instance", "restore", "Bring back an instance from a backup."),
    "entity-types": (
        "entity_types",
        "entity_types",
        "Show and change entity types and their fields.",
    ),
    "records": ("records", "records", "List, read, write and import records."),
    "changes": ("changes", "changes", "Show what was written together, and undo it."),
    "views": ("views", "views", "Show, save and drop views: saved lists."),
    "users": ("users", "users", "Show users, add them and let them sign in."),
    "roles": ("roles", "roles", "Show and change roles, and who holds them."),
    "access": ("roles", "access", "Say who may do what, and why."),
    "audit": ("audit", "audit", "Show who did what, and verify that nobody changed it since."),
    "privacy": ("privacy", "privacy", "Find, export and erase the personal data of somebody."),
    "tokens": ("tokens", "tokens", "Show, make and revoke bearer tokens."),
    "jobs": ("jobs", "jobs", "Show jobs, start, cancel and retry them; what starts by itself."),
    "mail": ("mail", "mail", "Show outgoing mail, send it again, test the mail server."),
    "worker": ("worker", "worker", "Run jobs in a process of their own."),
    "schema": ("schema", "schema", "Move your data model between instances as text."),
    "keys": ("keys", "keys", "Show and change the keys of encrypted fields."),
    "plugins": ("plugins", "plugins", "Show plugins, enable and disable them."),
    "help": ("pages", "help_", "Read the help pages."),
    "version": ("pages", "version", "Say which version this is."),
}

EXAMPLES = """\b
Examples:
  relatum demo
  relatum init --currency EUR --timezone Europe/Berlin --admin-email you@example.org
  relatum serve --port 8000
  relatum records list x_company city=Berlin --sort name

\b
Exit status: 0 done; 1 refused; 2 wrong usage; 3 done, but look: findings of doctor,
differences, refused rows, open questions; 130 interrupted. An error is one line on
standard error: "Error CODE: what is wrong and what to do".
"""


def _imported(module: str) -> Any:
    """Import a module of commands; what that makes stays, so nobody looks for garbage in it.

    Looking as it grows, and once more at the end, took a quarter of the time of a short command.
    """
    name = f"{__package__}.core.commands.{module}"
    if name not in sys.modules:
        gc.disable()
        try:
            importlib.import_module(name)
        finally:
            gc.freeze()
            gc.enable()
    return sys.modules[name]


class Commands(click.Group):
    """A group whose commands live in modules that are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; a word that is none may be the id of a plugin."""
        if cmd_name not in COMMANDS:
            plugged = _imported("plugged")
            commands: click.Command | None = plugged.find(ctx.find_root().params["home"], cmd_name)
            return commands
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(_imported(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command and exit; every failure is one line on standard error."""
        run: Callable[..., Any] = super().main
        if not kwargs.pop("standalone_mode", True):
            return run(*args, standalone_mode=False, **kwargs)
        given = kwargs.get("args") or (args[0] if args else None)
        try:
            result = run(*args, standalone_mode=False, **kwargs)
        except Exception as error:  # noqa: BLE001  # the outermost place: one line for anything
            sys.exit(_report(error, sys.argv[1:] if given is None else list(given)))
        sys.exit(result if isinstance(result, int) else 0)


@click.group(
    cls=Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--home", metavar="DIR", help="Home of the instance. Default: RELATUM_HOME, else ./instance."
)
@click.option("--as", "acting", metavar="EMAIL", help="Act as this user, not as the system.")
@click.version_option(__version__, prog_name="relatum", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def main(home: str | None, acting: str | None, debug: bool) -> None:
    """Relatum, a CRM platform made of plugins. Every command has --help with examples."""


def _report(error: Exception, args: Sequence[str]) -> int:
    """Say in one line what went wrong; return the exit status."""
    if isinstance(error, click.Abort):
        return _say("interrupted", "Stopped before it was done.", 130)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return 2
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "relatum"
        return _say("usage", f"{_sentence(error.format_message())} See: {path} --help", 2)
    if isinstance(error, click.ClickException):
        return _say("usage", _sentence(error.format_message()), 2)
    if isinstance(error, RelatumError):
        return _say(error.code, _sentence(str(error)), 1)
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has enough; nothing must be flushed into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    return _unexpected(error, args)


def _unexpected(error: Exception, args: Sequence[str]) -> int:
    if "--debug" in args:
        traceback.print_exception(error)
        return 1
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    failure = RelatumError("crashed", reason=reason, log=_log(error, args))
    return _say(failure.code, str(failure), 1)


def _log(error: Exception, args: Sequence[str]) -> str:
    """Append the traceback to the log in the instance's home; say where."""
    home = None
    for place, word in enumerate(args):
        if word == "--home" and place + 1 < len(args):
            home = args[place + 1]
        elif word.startswith("--home="):
            home = word.removeprefix("--home=")
    path = Path(home or os.environ.get("RELATUM_HOME") or "instance") / "errors.log"
    try:
        with path.open("a", encoding="utf-8") as file:
            # The arguments may hold values of records; the name of the command is enough.
            named = next((word for word in args if word in COMMANDS), "?")
            file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} relatum {named}\n")
            file.write("".join(traceback.format_exception(error)))
    except OSError:
        return "no file, because there is no instance; --debug shows them"
    return str(path)


def _say(code: str, sentence: str, status: int) -> int:
    click.echo(f"Error {code}: {' '.join(sentence.split())}", err=True)
    return status


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "?", "!")) else f"{text}."


if __name__ == "__main__":
    main(prog_name="relatum")
