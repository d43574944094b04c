"""What the commands share: the instance they work on, who acts, and how answers are printed."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar

import click
import orjson
from flask import Flask

from .. import config, db, imports, install, plugin_host, records
from ..actor import Actor, system
from ..errors import RelatumError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
#: Exit status of a command that did its work and found something to look at.
LOOK = 3
#: Where the context of a command keeps settings that its options have given.
GIVEN = "relatum.settings"
#: Width of a table that goes into a file or a pipe.
_WIDE = 1000

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def limit_option(default: int, words: str) -> Callable[[F], F]:
    """Return the option that says how many of something are shown."""
    limits = click.IntRange(1, 10_000)
    return click.option("--limit", type=limits, default=default, show_default=True, help=words)


class Instance:
    """The instance in its home: its settings, an application context, its transactions."""

    def __init__(self, home: str | None, acting: str | None = None, **settings: Any) -> None:
        self.config = dataclasses.replace(config.load(home), **settings)
        self.app = Flask("relatum")
        db.init_app(self.app, self.config)
        plugin_host.follow(self.app)
        self._acting = acting

    @cached_property
    def actor(self) -> Actor:
        """Who acts: the machine's own administrator, or the user named by --as."""
        if self._acting is None:
            return system("cli")
        with self.reading():
            user_id = imports.find("user", self._acting, actor=system("cli"), by="email")
            found = records.get("user", user_id, actor=system("cli"))
        if not found["active"]:
            raise RelatumError(
                "cant_sign_in", id=user_id, reason="is not active. Set active to true first"
            )
        return Actor(
            user_id=user_id,
            team_id=found["team"],
            name=found["name"],
            admin=found["admin"],
            source="cli",
            timezone=found["timezone"],
        )

    def reading(self) -> Any:
        """Open a transaction that reads, without the limit of interactive reads."""
        self.check()
        return db.reading(timed=False)

    def read(self, verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call a verb in a transaction that reads."""
        actor = self.actor
        with self.reading():
            return verb(*args, actor=actor, **kwargs)

    def write(self, verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call a verb in a transaction that writes."""
        actor = self.actor
        self.check()
        return db.transact(lambda: verb(*args, actor=actor, **kwargs))

    @contextmanager
    def without_plugins(self) -> Iterator[None]:
        """Run no code of plugins in the block: what is imported stays in this process."""
        follow = self.app.extensions.pop(db.FOLLOW)
        try:
            yield
        finally:
            self.app.extensions[db.FOLLOW] = follow

    def check(self) -> None:
        """Raise `not_initialised` if there is no database file; opening it would make one."""
        file = install.sqlite_file()
        if file is not None and not file.exists():
            raise install.not_initialised()

    def find(self, type_name: str, text: str) -> int:
        """Return the id of the record that a person names: by id, e-mail address or title."""
        if text.isascii() and text.isdecimal():
            return int(text)
        by = "email" if type_name == "user" and "@" in text else None
        return self.read(imports.find, type_name, text, by=by)


def pass_instance(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command the instance as its first argument, inside an application context."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> T:
        context = click.get_current_context()
        given = context.find_root().params
        instance = Instance(given.get("home"), given.get("acting"), **context.meta.get(GIVEN, {}))
        with instance.app.app_context():
            return command(instance, *args, **kwargs)

    return run


def look() -> None:
    """End the command with the status that says: done, but there is something to look at."""
    click.get_current_context().exit(LOOK)


def is_terminal() -> bool:
    """Say whether a person is at both ends, so that a question makes sense."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def print_json(value: Any) -> None:
    """Print a value as JSON, as the API writes it."""
    click.echo(as_text(value))


def as_text(value: Any) -> str:
    """Return a value as JSON for people."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=_plain, option=option).decode()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return str(value)


def text(value: Any) -> str:
    """Return a value as people read it in a table or a CSV file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if hasattr(value, "isoformat"):
        return str(orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()).strip('"')
    if isinstance(value, (list, tuple)):
        return ", ".join(map(text, value))
    return str(value)


def print_list(found: Sequence[Mapping[str, Any]], columns: Sequence[str], as_json: bool) -> None:
    """Print what was found as JSON, or some of its values as a table."""
    if as_json:
        print_json(found)
    else:
        print_table(columns, [[each[name] for name in columns] for each in found])


def print_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under a head; values are shown as they are, never as markup."""
    from rich.console import Console  # noqa: PLC0415  # slow import, not needed for --json
    from rich.table import Table  # noqa: PLC0415

    console = Console(
        file=sys.stdout, markup=False, emoji=False, highlight=False,
        width=None if sys.stdout.isatty() else _WIDE,
    )  # fmt: skip
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in head:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*map(text, row))
    console.print(table)
