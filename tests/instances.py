"""Instances for tests: installed once per worker, prepared once per module, and copied.

A copy is a file on SQLite and a script on PostgreSQL, so a test starts from a real database in
milliseconds and nothing that it does reaches another.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from relatum.core import auth, catalog, db, entities, install, plugin_host, records
from relatum.core.actor import Actor, system
from relatum.core.api import limits
from relatum.core.app import create_app
from relatum.core.config import Config

from .databases import Databases, recorded

#: Alice's password; bob and charlie have none.
PASSWORD = "correct horse battery"


class Instance:
    """A running instance in this process: its application, and short ways to use it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.app = _application(config)
        self.actor = system("cli")
        self.alice: Actor = self.actor
        self.bob: Actor = self.actor

    @classmethod
    def installed(cls, config: Config) -> Instance:
        """Return an instance that has been installed; alice is its administrator, bob is not."""
        made = cls(config)
        users = {row.name: row for row in made.sql("SELECT id, name FROM core_user")}
        made.alice = Actor(user_id=users["Alice"].id, name="Alice", admin=True)
        made.bob = Actor(user_id=users["Bob"].id, name="Bob")
        return made

    @contextmanager
    def reading(self) -> Iterator[db.Transaction]:
        """Open a reading transaction in an application context."""
        with self.app.app_context(), db.reading() as tx:
            yield tx

    def write(self, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a verb in a writing transaction as alice."""
        kwargs.setdefault("actor", self.alice)
        with self.app.app_context():
            return db.transact(lambda: verb(*args, **kwargs))

    def read(self, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a verb in a reading transaction as alice."""
        kwargs.setdefault("actor", self.alice)
        with self.reading():
            return verb(*args, **kwargs)

    def plan(self, *changes: dict[str, Any]) -> entities.Plan:
        """Plan changes of the data model."""
        plan: entities.Plan = self.read(entities.plan, list(changes))
        return plan

    def apply(self, *changes: dict[str, Any]) -> entities.Plan:
        """Apply changes of the data model."""
        with self.app.app_context():
            return db.transact(
                lambda: entities.apply(list(changes), actor=self.alice), exclusive=True
            )

    def make_type(self, name: str, *fields: dict[str, Any], **properties: Any) -> None:
        """Make an entity type."""
        self.apply({"op": "create_type", "name": name, "fields": list(fields), **properties})

    def create(self, type_name: str, *rows: Any) -> list[int]:
        """Create records and return their ids."""
        return [outcome.id for outcome in self.write(records.create, type_name, list(rows))]

    def get(self, type_name: str, id_: int) -> dict[str, Any]:
        """Return one record."""
        record: dict[str, Any] = self.read(records.get, type_name, id_)
        return record

    @property
    def catalog(self) -> catalog.Catalog:
        """The current catalog."""
        with self.reading():
            return catalog.current()

    def client(self, actor: Actor | None = None) -> FlaskClient:
        """Return an HTTP client with a bearer token of the actor; None: without a credential."""
        made = self.app.test_client()
        if actor is not None:
            assert actor.user_id is not None
            _, token = self.write(auth.make_token, actor.user_id, "test", None)
            made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return made

    @contextmanager
    def configured(self, **settings: Any) -> Iterator[None]:
        """Change settings inside the block."""
        self.app.extensions["relatum"] = dataclasses.replace(self.config, **settings)
        try:
            yield
        finally:
            self.app.extensions["relatum"] = self.config

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return "postgresql" if self.config.database_url else "sqlite"

    def sql(self, text: str, **values: Any) -> list[Any]:
        """Run a statement of one's own and return its rows."""
        with self.app.app_context(), db.engine().connect() as connection:
            return list(connection.execute(sa.text(text), values))


def _application(config: Config) -> Flask:
    """Return an application like a new one: what it learns and counts is in its extensions."""
    made = copy.copy(_pattern(dataclasses.replace(config, home=Path(), database_url="")))
    made.extensions = {**made.extensions, "relatum": config}
    limits.install(made)
    return made


@cache
def _pattern(config: Config) -> Flask:
    """Return an application that serves nobody: its routes alone take 80 objects each."""
    return create_app(config)


Build = Callable[[Instance], Any]


class Step(NamedTuple):
    """What is done to an instance before a test, and what was done before that."""

    name: str
    build: Build
    before: Step | None


#: The steps by the fixtures that they are made into.
_STEPS: dict[int, Step] = {}


def prepared(build: Build) -> Any:
    """Make a fixture of what is done to an instance: once per worker, and copied for each test.

    `build` takes `instance`, or by its name another such fixture of the module that it goes on
    from. The fixture is the instance, or a copy of the plain data that `build` returns.
    """
    name: str = build.__name__
    [before] = inspect.signature(build).parameters

    @pytest.fixture(name=name)
    def made(instance: Instance, original: Original) -> Any:
        value = original.values[name]
        return instance if value is None else copy.deepcopy(value)

    _STEPS[id(made)] = Step(name, build, _STEPS.get(id(build.__globals__.get(before))))
    return made


def last_step(module: ModuleType, fixtures: Iterable[str]) -> Step | None:
    """Return what is done last to the instance of a test that takes some fixtures of a module."""
    asked = [_STEPS.get(id(getattr(module, name, None))) for name in fixtures]
    chains = [chain(step) for step in asked]
    longest = max(chains, key=len, default=[])
    assert all(some == longest[: len(some)] for some in chains), "prepared in two ways at once"
    return longest[-1] if longest else None


def chain(step: Step | None) -> list[Step]:
    """Return a step after those that it goes on from."""
    return [] if step is None else [*chain(step.before), step]


@dataclasses.dataclass(frozen=True)
class Original:
    """What copies are made of: a home, what is run in a database, what the steps returned."""

    database: str
    home: Path
    script: list[str]
    values: dict[str, Any]


class Originals:
    """Makes originals, each when it is first asked for, and copies of them."""

    def __init__(self, databases: Databases, new_home: Callable[[], Path]) -> None:
        self._databases = databases
        self._new_home = new_home
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
        shutil.copytree(original.home, home, dirs_exist_ok=True)
        with self._placed(original.database, home, original.script) as config:
            yield config

    @contextmanager
    def _placed(self, database: str, home: Path, script: list[str]) -> Iterator[Config]:
        if database == "sqlite":
            made = Config(home=home, sqlite_synchronous="OFF")
            yield made
            db.dispose(made)
        else:
            url = self._databases.take(script)
            yield Config(home=home, database_url=url)
            self._databases.give_back(url)

    def _installed(self, database: str, preset: str) -> Original:
        home = self._new_home()
        with self._placed(database, home, []) as config:
            script = _install(config, preset)
        return Original(database, home, script, {})

    def _stepped(self, before: Original, step: Step) -> Original:
        home = self._new_home()
        with self.copied(before, home) as config:
            instance = Instance.installed(config)
            with recorded(db.engine_for(config)) as written:
                value = step.build(instance)
            db.dispose(config)
            script = [*before.script, *written]
            if config.database_url:
                self._databases.remember(config.database_url, script)
        return Original(before.database, home, script, {**before.values, step.name: value})


def _install(config: Config, preset: str) -> list[str]:
    """Install an instance with a preset; return the statements that copy it to a server."""
    others = [{"name": "Bob", "email": "bob@example.org"}, {"name": "Charlie"}]

    def then(alice: Actor) -> None:
        records.create("user", others, actor=alice)
        plugin_host.enable_preset(preset, actor=alice)

    with create_app(config).app_context(), recorded(db.engine()) as written:
        install.install(
            currency="EUR",
            timezone="Europe/Berlin",
            language="en",
            admin_email="alice@example.org",
            admin_name="Alice",
            password=PASSWORD,
            then=then,
        )
    return written
