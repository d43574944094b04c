"""The instance that is measured: a scratch database with the types and records of a run."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from flask import Flask

from relatum.benchmarks import data
from relatum.core import auth, catalog, db, entities, install, records
from relatum.core.actor import Actor
from relatum.core.config import Config

T = TypeVar("T")
SIZES: Final = (10_000, 100_000, 1_000_000)
_CHUNK: Final = 5_000
_TEXT: Final[dict[str, Any]] = {"kind": "text"}
PEOPLE: Final[tuple[dict[str, Any], ...]] = (
    {"name": "first_name", **_TEXT},
    {"name": "last_name", **_TEXT},
    {"name": "name", **_TEXT, "required": True, "sortable": True},
    {"name": "email", "kind": "email"},
    {"name": "phone", **_TEXT},
    {"name": "city", **_TEXT, "indexed": True},
)
_TO_ACCOUNT: Final = {"name": "account", "kind": "lookup", "settings": {"target": "x_account"}}
CONTACT: Final = (*PEOPLE, _TO_ACCOUNT)
ACCOUNT: Final = (
    {"name": "name", **_TEXT, "required": True, "sortable": True, "unique": True},
    {"name": "city", **_TEXT, "indexed": True},
    {"name": "phone", **_TEXT},
    {"name": "email", "kind": "email"},
)
OPPORTUNITY: Final = (
    {"name": "name", **_TEXT, "required": True, "sortable": True},
    _TO_ACCOUNT,
    {"name": "contact", "kind": "lookup", "settings": {"target": "x_contact"}},
    {
        "name": "stage",
        "kind": "choice",
        "options": [{"value": s.lower(), "label": s} for s in data.STAGES],
    },
    {"name": "amount", "kind": "money"},
    {"name": "close_date", "kind": "date"},
)


class Instance:
    """An installed instance in this process, its administrator and a bearer token of his."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.app = Flask("relatum")
        db.init_app(self.app, config)
        with self.app.app_context():
            made = install.install(
                currency="EUR", timezone="UTC", language="en", admin_email="admin@example.com"
            )
        self.actor = Actor(user_id=made.user_id, name="Administrator", admin=True)
        _, self.token = self.write(auth.make_token, made.user_id, "benchmark", None)

    def write(self, verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a verb in a writing transaction."""
        with self.app.app_context():
            return db.transact(lambda: verb(*args, actor=self.actor, **kwargs))

    @contextmanager
    def reading(self) -> Iterator[db.Transaction]:
        """Open a reading transaction."""
        with self.app.app_context(), db.reading(timed=False) as tx:
            yield tx

    def apply(self, *changes: dict[str, Any]) -> None:
        """Apply changes of the data model."""
        with self.app.app_context():
            db.transact(lambda: entities.apply(list(changes), actor=self.actor), exclusive=True)

    def make_type(self, name: str, fields: Sequence[dict[str, Any]]) -> None:
        """Make an entity type."""
        self.apply({"op": "create_type", "name": name, "title": "name", "fields": list(fields)})

    def type(self, name: str) -> catalog.EntityType:
        """Return an entity type."""
        with self.reading():
            return catalog.current().type(name)

    def create(self, type_name: str, rows: list[dict[str, Any]]) -> list[int]:
        """Create records through the verb, a chunk per transaction, and return their ids."""
        made: list[int] = []
        for start in range(0, len(rows), _CHUNK):
            outcomes = self.write(records.create, type_name, rows[start : start + _CHUNK])
            made += [outcome.id for outcome in outcomes if outcome.id is not None]
        return made

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """Open a transaction of the benchmark's own, past the product."""
        with self.app.app_context():
            engine = db.engine()
        with engine.execution_options(relatum_write=True).begin() as connection:
            yield connection

    def settle(self) -> None:
        """Let the database learn about its data, as it does by itself in time."""
        with self.app.app_context():
            engine = db.engine()
        raw = engine.raw_connection()
        driver: Any = raw.driver_connection
        if engine.dialect.name == "postgresql":
            driver.autocommit = True
        driver.execute("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE")
        raw.invalidate()


@contextmanager
def scratch(database: str) -> Iterator[Instance]:
    """Install an instance in a database of its own; nothing of it stays.

    `database` is `sqlite` or the address of a PostgreSQL database whose user may create others.
    """
    home = Path(tempfile.mkdtemp(prefix="relatum-benchmark-"))
    try:
        if database == "sqlite":
            yield from _installed(Config(home=home))
        else:
            yield from _on_postgresql(home, database)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _installed(config: Config) -> Iterator[Instance]:
    try:
        yield Instance(config)
    finally:
        db.dispose(config)


def _on_postgresql(home: Path, address: str) -> Iterator[Instance]:
    url = sa.make_url(address)
    name = f"relatum_benchmark_{secrets.token_hex(4)}"
    server = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        poolclass=sa.NullPool,
    )
    with server.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    made = url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    try:
        yield from _installed(Config(home=home, database_url=made))
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def fill(instance: Instance, folder: Path) -> dict[str, list[int]]:
    """Make accounts, contacts and opportunities of the files; return their ids by type."""
    for name, fields in (
        ("x_account", ACCOUNT),
        ("x_contact", CONTACT),
        ("x_opportunity", OPPORTUNITY),
    ):
        instance.make_type(name, fields)
    made = {}
    made["x_account"] = instance.create("x_account", accounts(folder))
    made["x_contact"] = instance.create("x_contact", contacts(folder, made["x_account"]))
    made["x_opportunity"] = instance.create("x_opportunity", opportunities(folder, made))
    return made


def accounts(folder: Path) -> list[dict[str, Any]]:
    """Return accounts as rows for the verbs."""
    return [
        {n: row[n] for n in ("name", "city", "phone", "email")}
        for row in data.rows(folder, "accounts")
    ]


def contacts(folder: Path, account_ids: list[int]) -> list[dict[str, Any]]:
    """Return contacts as rows for the verbs."""
    names = ("first_name", "last_name", "name", "email", "phone", "city")
    return [
        {**{n: row[n] for n in names}, "account": account_ids[int(row["account_id"]) - 1]}
        for row in data.rows(folder, "contacts")
    ]


def opportunities(folder: Path, made: dict[str, list[int]]) -> list[dict[str, Any]]:
    """Return opportunities as rows for the verbs."""
    accounts, contacts_ = made["x_account"], made["x_contact"]
    return [
        {
            "name": row["name"], "stage": row["stage"].lower(), "amount": row["amount"],
            "close_date": row["close_date"], "account": accounts[int(row["account_id"]) - 1],
            "contact": contacts_[int(row["contact_id"]) - 1],
        }
        for row in data.rows(folder, "opportunities")
    ]  # fmt: skip


def grown(instance: Instance, size: int) -> str:
    """Return the name of the type with `size` records; made and settled if it is not there yet."""
    name = f"x_size_{size}"
    with instance.reading():
        known = name in catalog.current().types
    if not known:
        grow(instance, size)
        instance.settle()
    return name


def grow(instance: Instance, size: int) -> str:
    """Make a type with `size` records, copied from the contacts by SQL; return its name."""
    name = f"x_size_{size}"
    instance.make_type(name, PEOPLE)
    with instance.connection() as connection:
        type_id = connection.exec_driver_sql(
            f"SELECT id FROM core_type WHERE name = '{name}'"
        ).scalar_one()
        # Once the fence is passed, nobody else writes: the ids of one statement are consecutive.
        before = connection.exec_driver_sql("SELECT max(id) FROM core_record").scalar_one()
        connection.exec_driver_sql(_SPINE.format(type=type_id, size=size))
        if connection.dialect.name == "postgresql":
            before = connection.exec_driver_sql(
                f"SELECT min(id) - 1 FROM core_record WHERE type_id = {type_id}"
            ).scalar_one()
        connection.exec_driver_sql(_COPY.format(table=name, before=before, size=size))
    return name


_SPINE: Final = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {size}) "
    "INSERT INTO core_record (type_id) SELECT {type} FROM n"
)
_COPY: Final = (
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9), "
    "c AS (SELECT *, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS all_of_them "
    "FROM x_contact) "
    "INSERT INTO {table} (id, first_name, first_name__k, last_name, last_name__k, name, name__k, "
    "email, email__k, phone, phone__k, city, city__k, owner_id, created_at, created_by, "
    "updated_at, "
    "updated_by, version) "
    "SELECT {before} + place + i * all_of_them, first_name, first_name__k, last_name, "
    "last_name__k, "
    "name || ' ' || i, name__k || ' ' || i, email, email__k, phone, phone__k, city, city__k, "
    "owner_id, "
    "created_at, created_by, updated_at, updated_by, 1 "
    "FROM c CROSS JOIN n WHERE place + i * all_of_them <= {size}"
)
