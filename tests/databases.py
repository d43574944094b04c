"""PostgreSQL databases for tests: a few per worker, made new between tests by emptying them.

DROP DATABASE waits for a checkpoint, which takes longer than most tests. So a database is taken
back instead: whoever is still connected is sent away, its schema is dropped, and the script of
a fresh instance, recorded once, is run in one round trip.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event

from relatum.core import db
from relatum.core.config import Config

_AWAY = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
_WRITES = ("CREATE", "ALTER", "INSERT", "UPDATE", "DELETE", "DROP")


class Databases:
    """The databases of one worker; `script` makes a fresh instance in an empty one."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._free: list[str] = []
        self._names: list[str] = []
        self.script = ""

    def url(self, name: str) -> str:
        """Return the address of a database of the server."""
        return sa.make_url(self._server).set(database=name).render_as_string(hide_password=False)

    def take(self, script: str = "") -> str:
        """Return the address of a database in which only `script` was run."""
        name = self._free.pop() if self._free else self._make()
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(_AWAY)
            connection.execute(f"{_EMPTY} {script}".encode())
        return self.url(name)

    def give_back(self, url: str) -> None:
        """Let the next test have a database; this process forgets what it knew of it."""
        db.dispose(Config(home=Path(), database_url=url))
        self._free.append(url.rpartition("/")[2])

    def close(self) -> None:
        """Drop every database."""
        for name in self._names:
            self._on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _make(self) -> str:
        name = f"relatum_test_{uuid.uuid4().hex[:12]}"
        self._on_server(f'CREATE DATABASE "{name}"')
        # A crash of the server may cost a test its database; nobody waits for the disk.
        self._on_server(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        self._names.append(name)
        return name

    def _on_server(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def recorded(engine: sa.Engine) -> Iterator[list[str]]:
    """Record what a server is told to write in the block, with the values in the statements."""
    written: list[str] = []

    def note(connection: sa.Connection, _: Any, statement: str, values: Any, *more: Any) -> None:
        driver: Any = connection.connection.driver_connection
        if isinstance(driver, psycopg.Connection) and statement.lstrip().startswith(_WRITES):
            cursor = psycopg.ClientCursor(driver)
            rows = values if isinstance(values, list) else [values]
            written.extend(cursor.mogrify(statement.encode(), row) for row in rows)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield written
    finally:
        event.remove(engine, "before_cursor_execute", note)
