"""A running instance in a test's own process: its application, and short ways to use it."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from .. import auth, catalog, db, entities, plugin_host, records
from ..actor import Actor, system
from ..api import limits
from ..app import create_app
from ..config import Config
from ..dispatch import Application
from .settled import Settled


class Instance(Settled):
    """A running instance: verbs are run in transactions of their own, as alice unless said."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, _application(config))
        self.actor = system("cli")
        self.alice: Actor = self.actor
        self.bob: Actor = self.actor

    @classmethod
    def installed(cls, config: Config) -> Instance:
        """Return an instance that has been installed; alice is its administrator, bob is not."""
        made = cls(config)
        users = {row.name: row for row in made.sql("SELECT id, name, team_id FROM core_user")}
        made.alice = Actor(user_id=users["Alice"].id, name="Alice", admin=True)
        made.bob = Actor(user_id=users["Bob"].id, name="Bob", team_id=users["Bob"].team_id)
        return made

    @property
    def home(self) -> Path:
        """The folder of the instance."""
        return self.config.home

    @contextmanager
    def reading(self) -> Iterator[db.Transaction]:
        """Open a reading transaction in an application context."""
        with self.app.app_context(), db.reading() as tx:
            yield tx

    def write(self, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a verb in a writing transaction, as alice unless `actor` is given."""
        kwargs.setdefault("actor", self.alice)
        with self.app.app_context():
            return db.transact(lambda: verb(*args, **kwargs))

    def read(self, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a verb in a reading transaction, as alice unless `actor` is given."""
        kwargs.setdefault("actor", self.alice)
        with self.reading():
            return verb(*args, **kwargs)

    # -- the data model -----------------------------------------------------------------------
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

    @property
    def catalog(self) -> catalog.Catalog:
        """The current catalog."""
        with self.reading():
            return catalog.current()

    # -- records ------------------------------------------------------------------------------
    def create(self, type_name: str, *rows: Any, actor: Actor | None = None) -> list[int]:
        """Create records, whatever plugins ask of them, and return their ids."""
        made = self.write(
            records.create, type_name, list(rows), actor=actor or self.alice,
            accept=records.EVERYTHING,
        )  # fmt: skip
        return [outcome.id for outcome in made]

    def get(self, type_name: str, id_: int) -> dict[str, Any]:
        """Return one record."""
        record: dict[str, Any] = self.read(records.get, type_name, id_)
        return record

    def change(
        self, type_name: str, id_: int, *, actor: Actor | None = None, **values: Any
    ) -> dict[str, Any]:
        """Change one record and return it as it is then."""
        rows = [{"id": id_, **values}]
        self.write(records.update, type_name, rows, actor=actor or self.alice)
        return self.get(type_name, id_)

    # -- plugins ------------------------------------------------------------------------------
    def enable(self, plugin_id: str, **options: Any) -> plugin_host.PluginPlan:
        """Enable a plugin, or bring it up to date."""
        return self.turn(plugin_host.enable, plugin_id, **options)

    def disable(self, plugin_id: str, **options: Any) -> plugin_host.PluginPlan:
        """Disable a plugin."""
        return self.turn(plugin_host.disable, plugin_id, **options)

    def turn(self, verb: Any, plugin_id: str, **options: Any) -> plugin_host.PluginPlan:
        """Run a verb on a plugin in an exclusive transaction."""
        options.setdefault("actor", self.alice)
        with self.app.app_context():
            made: plugin_host.PluginPlan = db.transact(
                lambda: verb(plugin_id, **options), exclusive=True
            )
            return made

    @contextmanager
    def served(self) -> Iterator[Application]:
        """Give the application that a server would call."""
        application = Application(self.config)
        try:
            yield application
        finally:
            application.close()

    # -- from outside -------------------------------------------------------------------------
    def token(self, actor: Actor | None = None, **options: Any) -> str:
        """Return the text of a new bearer token of a user, alice's by default."""
        user_id = (actor or self.alice).user_id
        _, text = self.write(auth.make_token, user_id, "test", None, **options)
        return str(text)

    def client(self, actor: Actor | None = None) -> FlaskClient:
        """Return a client of the core's own API with a token of the actor; None: with none."""
        made = self.app.test_client()
        if actor is not None:
            made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.token(actor)}"
        return made

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
