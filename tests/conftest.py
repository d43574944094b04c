"""Fixtures for every test: an instance on each database, its people, and a way to act.

A test that takes `instance` runs on SQLite and on PostgreSQL. Each worker installs
an instance once and copies it (a file on SQLite, a script on PostgreSQL), so a test starts from
a real database in milliseconds. Never roll-back fixtures: DDL and threads need real commits.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from marshmallow import RAISE

from relatum.core import auth, catalog, db, entities, install, plugin_host, records
from relatum.core.actor import Actor, system
from relatum.core.api.wire import PROBLEM
from relatum.core.app import create_app
from relatum.core.config import Config
from relatum.core.errors import REGISTRY
from relatum.schemas.errors import ProblemSchema

from .databases import Databases, recorded

#: Alice's password; bob and charlie have none.
PASSWORD = "correct horse battery"
ADMIN_URL = os.environ.get("RELATUM_TEST_POSTGRESQL", "")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs PostgreSQL; without a server it is deselected and counted."""
    out: list[pytest.Item] = []
    kept: list[pytest.Item] = []
    for item in items:
        callspec = getattr(item, "callspec", None)
        needs = callspec is not None and "postgresql" in callspec.params.values()
        if needs:
            item.add_marker(pytest.mark.postgres)
        missing = not ADMIN_URL and item.get_closest_marker("postgres") is not None
        (out if missing else kept).append(item)
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = kept


class Instance:
    """A running instance in this process: its application, and short ways to use it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.app = create_app(config)
        self.actor = system("cli")
        self.alice: Actor = self.actor
        self.bob: Actor = self.actor

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
    db.dispose(config)
    return written


@pytest.fixture(scope="session")
def _templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the file of an installed instance with a preset, made once."""

    @cache
    def template(preset: str) -> Path:
        home = tmp_path_factory.mktemp("template")
        _install(Config(home=home, sqlite_synchronous="OFF"), preset)
        return home / "relatum.db"

    return template


@pytest.fixture(scope="session")
def _databases() -> Iterator[Databases]:
    """Yield the databases on the server, which know how to make an installed instance."""
    made = Databases(ADMIN_URL)
    yield made
    made.close()


@pytest.fixture
def preset() -> str:
    """Return the preset of `instance`; a module of tests of plugins has a fixture of its own."""
    return plugin_host.BARE


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Return the name of the database that this run of the test uses."""
    return str(request.param)


def _script(databases: Databases, preset: str, home: Path) -> list[str]:
    """Return what makes an instance with a preset on the server, recorded once."""
    if preset not in databases.scripts:
        url = databases.take()
        databases.scripts[preset] = _install(Config(home=home, database_url=url), preset)
        databases.give_back(url)
    return databases.scripts[preset]


@pytest.fixture
def config(
    database: str,
    preset: str,
    tmp_path: Path,
    _templates: Callable[[str], Path],
    _databases: Databases,
) -> Iterator[Config]:
    """Return the settings of a freshly installed instance with alice, bob and charlie."""
    if database == "sqlite":
        shutil.copy(_templates(preset), tmp_path / "relatum.db")
        made = Config(home=tmp_path, sqlite_synchronous="OFF")
        yield made
        db.dispose(made)
        return
    url = _databases.take(_script(_databases, preset, tmp_path))
    made = Config(home=tmp_path, database_url=url)
    yield made
    _databases.give_back(url)


@pytest.fixture
def instance(config: Config) -> Instance:
    """Return a freshly installed instance; alice is its administrator, bob is not."""
    made = Instance(config)
    users = {row.name: row for row in made.sql("SELECT id, name FROM core_user")}
    made.alice = Actor(user_id=users["Alice"].id, name="Alice", admin=True)
    made.bob = Actor(user_id=users["Bob"].id, name="Bob")
    return made


@pytest.fixture
def blank(tmp_path: Path, _databases: Databases) -> Iterator[Callable[[str], Config]]:
    """Yield a way to get the settings of an empty database, named by its kind."""
    made: list[Config] = []

    def make(kind: str) -> Config:
        url = _databases.take() if kind == "postgresql" else ""
        home = tmp_path / f"blank-{len(made)}"
        made.append(Config(home=home, database_url=url, sqlite_synchronous="OFF"))
        return made[-1]

    yield make
    for config in made:
        if config.database_url:
            _databases.give_back(config.database_url)
        else:
            db.dispose(config)


Refused = Callable[..., dict[str, Any]]


@pytest.fixture
def refused() -> Refused:
    """Return the one check of an error: its status, code, shape, sentence and help address."""

    def check(response: Any, status: int, code: str) -> dict[str, Any]:
        assert (response.status_code, response.content_type) == (status, PROBLEM), response.text
        body: dict[str, Any] = response.get_json()
        assert ProblemSchema(unknown=RAISE).validate(body) == {}
        assert (body["status"], body["code"]) == (status, code), body
        assert body["type"] == f"/help/errors#{code}"
        assert body["title"] == REGISTRY[code].title
        for sentence in (body["detail"], *(item["message"] for item in body["errors"])):
            assert sentence.endswith((".", "?", "!", "more)")) or ". Run: " in sentence, sentence
            assert "?" not in sentence.split("Did you mean")[0], f"a value is missing: {sentence}"
        assert response.headers["Cache-Control"] == "no-store"
        return body

    return check
