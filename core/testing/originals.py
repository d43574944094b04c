"""Instances that others are copies of: installed once per process, prepared once, and copied.

A copy is a file on SQLite and a script on PostgreSQL, so a test starts from a real database in
milliseconds and nothing that it does reaches another.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from argon2 import PasswordHasher

from .. import db, install
from ..actor import Actor
from ..app import create_app
from ..auth import passwords
from ..config import Config
from .instances import Instance

if TYPE_CHECKING:
    import sqlalchemy as sa

    # Its driver is an extra, for who has a server.
    from .databases import Databases

#: Alice's password.
PASSWORD: Final = "correct horse battery"  # noqa: S105  # no secret: it opens copies for tests
#: What hashes a password outside of tests, slowly on purpose.
DEAR: Final = passwords._hasher  # noqa: SLF001  # nothing but tests may make hashing cheap


def hash_cheaply() -> None:
    """Let a password cost next to nothing in this process, from now on."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # noqa: SLF001


class Step(NamedTuple):
    """What is done to an instance before a test, and what was done before that."""

    name: str
    build: Callable[[Instance], Any]
    before: Step | None


def chain(step: Step | None) -> list[Step]:
    """Return a step after those that it goes on from."""
    return [] if step is None else [*chain(step.before), step]


@dataclass(frozen=True)
class Original:
    """What copies are made of: a home, what is run in a database, what the steps returned."""

    database: str
    home: Path
    script: list[str]
    values: dict[str, Any]


class Originals:
    """Makes originals, each when it is first asked for, and copies of them.

    `people(preset, alice)` is called in the transaction that installs an instance. `databases` are
    those of a PostgreSQL server; None where only SQLite is asked for.
    """

    def __init__(
        self,
        databases: Databases | None,
        new_home: Callable[[], Path],
        people: Callable[[str, Actor], object],
    ) -> None:
        self._databases = databases
        self._new_home = new_home
        self._people = people
        self._known: dict[tuple[str, str, Step | None], Original] = {}

    def get(self, database: str, preset: str, step: Step | None) -> Original:
        """Return the original of an instance with a preset, in which the steps were done."""
        key = (database, preset, step)
        if key not in self._known:
            if step is None:
                self._known[key] = self._installed(database, preset)
            else:
                self._known[key] = self._stepped(self.get(database, preset, step.before), step)
        return self._known[key]

    @contextmanager
    def copied(self, original: Original, home: Path) -> Iterator[Config]:
        """Give the settings of a copy of an original."""
        shutil.copytree(original.home, home, symlinks=True, dirs_exist_ok=True)
        with self._placed(original.database, home, original.script) as config:
            yield config

    @contextmanager
    def _placed(self, database: str, home: Path, script: list[str]) -> Iterator[Config]:
        if database == "sqlite" or self._databases is None:
            made = Config(home=home, sqlite_synchronous="OFF")
            yield made
            db.dispose(made)
        else:
            url = self._databases.take(script)
            yield Config(home=home, database_url=url)
            self._databases.give_back(url)

    def _recorded(self, engine: sa.Engine) -> AbstractContextManager[list[str]]:
        return nullcontext([]) if self._databases is None else self._databases.recorded(engine)

    def _installed(self, database: str, preset: str) -> Original:
        home = self._new_home()
        with self._placed(database, home, []) as config:
            app = create_app(config)
            with app.app_context(), self._recorded(db.engine()) as written:
                install.install(
                    currency="EUR",
                    timezone="Europe/Berlin",
                    language="en",
                    admin_email="alice@example.org",
                    admin_name="Alice",
                    password=PASSWORD,
                    then=lambda alice: self._people(preset, alice),
                )
        return Original(database, home, written, {})

    def _stepped(self, before: Original, step: Step) -> Original:
        home = self._new_home()
        with self.copied(before, home) as config:
            instance = Instance.installed(config)
            with self._recorded(db.engine_for(config)) as written:
                value = step.build(instance)
            db.dispose(config)
            script = [*before.script, *written]
            if config.database_url and self._databases is not None:
                self._databases.remember(config.database_url, script)
        return Original(before.database, home, script, {**before.values, step.name: value})
