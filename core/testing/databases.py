"""PostgreSQL databases for tests: a few per worker, made new between tests by emptying them.

DROP DATABASE waits for a checkpoint, which takes longer than most tests. So a database is taken
back instead: whoever is still connected is sent away, and the script of an instance, recorded
once, is run in one round trip by a connection that stays. Where the tables of the instance are as
the script made them, those of the test are dropped and the rows are made anew; else the schema is.
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

from .. import db
from ..config import Config

_AWAY = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
#: Rows are made in one transaction with tables, which can't wait for triggers of links.
_UNCHECKED, _CHECKED = "SET session_replication_role = replica", "RESET session_replication_role"
#: Databases of a worker: more would cost more to make and drop than they save.
_MOST = 6
_DDL = ("CREATE", "ALTER", "DROP")
_WRITES = (*_DDL, "INSERT", "UPDATE", "DELETE")
#: A digest of what tables, columns, indexes, constraints and sequences are, made anew or not.
_SHAPES = """
SELECT c.relname, c.relkind::text, md5(concat_ws(' ', c.oid, c.relnatts, (
    SELECT string_agg(concat_ws(',', attname, atttypid, atttypmod, attnotnull, atthasdef), ' '
        ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0), (
    SELECT string_agg(indexrelid::text || indisvalid, ' ' ORDER BY indexrelid)
        FROM pg_index WHERE indrelid = c.oid), (
    SELECT string_agg(oid::text || convalidated, ' ' ORDER BY oid)
        FROM pg_constraint WHERE conrelid = c.oid)))
FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')
"""
_FROM_THE_START = (
    "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence "
    "JOIN pg_class c ON c.oid = seqrelid WHERE relnamespace = 'public'::regnamespace"
)
_Shapes = dict[tuple[str, str], str]


class Databases:
    """The databases of one worker: a few, each kept for what is run in it again and again."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._free: list[str] = []
        self._open: dict[str, psycopg.Connection[Any]] = {}
        #: What was run in a database, and what that made.
        self._shapes: dict[str, tuple[list[str], _Shapes]] = {}
        #: What a script must lead to, whichever way it is run, until both were looked at.
        self._wanted: dict[tuple[int, bool], str] = {}

    def url(self, name: str) -> str:
        """Return the address of a database of the server."""
        return sa.make_url(self._server).set(database=name).render_as_string(hide_password=False)

    def take(self, script: list[str]) -> str:
        """Return the address of a database in which only `script` was run."""
        name = self._chosen(script)
        connection = self._connected(name)
        ran, known = self._shapes.pop(name, ([], {}))
        again = _again(known, _shapes(connection), script) if ran is script else []
        connection.execute(";".join([_UNCHECKED, *(again or [_EMPTY, *script]), _CHECKED]).encode())
        if script:
            self._shapes[name] = script, known if again else _shapes(connection)
            wanted = self._wanted.pop((id(script), bool(again)), "")
            if wanted and _content(connection) != wanted:
                raise AssertionError("a copy is not like its original")
        return self.url(name)

    def remember(self, url: str, script: list[str]) -> None:
        """Note what a database holds now, as that is what `script` must lead to."""
        content = _content(self._connected(url.rpartition("/")[2]))
        self._wanted |= {(id(script), again): content for again in (True, False)}

    def give_back(self, url: str) -> None:
        """Let the next test have a database; this process forgets what it knew of it."""
        db.dispose(Config(home=Path(), database_url=url))
        self._free.append(url.rpartition("/")[2])

    @contextmanager
    def recorded(self, engine: sa.Engine) -> Iterator[list[str]]:
        """Record what a server is told to write in the block, with the values in the statements."""
        written: list[str] = []

        def note(
            connection: sa.Connection, _: Any, statement: str, values: Any, *more: Any
        ) -> None:
            driver: Any = connection.connection.driver_connection
            if isinstance(driver, psycopg.Connection) and statement.lstrip().startswith(_WRITES):
                cursor = psycopg.ClientCursor(driver)
                rows = values if isinstance(values, list) else [values]
                written.extend(cursor.mogrify(statement.encode(), row).strip() for row in rows)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield written
        finally:
            event.remove(engine, "before_cursor_execute", note)

    def _chosen(self, script: list[str]) -> str:
        """Return the name of the best free database: where `script` ran, a new one, the oldest."""
        for name in reversed(self._free):
            ran = self._shapes[name][0] if name in self._shapes else None
            if ran is script or not (ran or script):
                self._free.remove(name)
                return name
        if self._free and len(self._open) >= _MOST:
            return self._free.pop(0)
        return self._make()

    def _connected(self, name: str) -> psycopg.Connection[Any]:
        """Return our own connection to a database, after sending everybody else away."""
        try:
            self._open[name].execute(_AWAY)
        except psycopg.OperationalError:  # the test has sent us away
            self._open[name] = psycopg.connect(self.url(name), autocommit=True)
            self._open[name].execute(_AWAY)
        return self._open[name]

    def close(self) -> None:
        """Drop every database."""
        for name, connection in self._open.items():
            connection.close()
            self._on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _make(self) -> str:
        name = f"relatum_test_{uuid.uuid4().hex[:12]}"
        self._on_server(f'CREATE DATABASE "{name}"')
        # A crash of the server may cost a test its database; nobody waits for the disk.
        self._on_server(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        self._open[name] = psycopg.connect(self.url(name), autocommit=True)
        return name

    def _on_server(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def _shapes(connection: psycopg.Connection[Any]) -> _Shapes:
    rows = connection.execute(_SHAPES).fetchall()
    return {(name, kind): digest for name, kind, digest in rows}


def _content(connection: psycopg.Connection[Any]) -> str:
    """Return a digest of all rows and sequences."""
    parts = []
    for name, kind in sorted(_shapes(connection)):
        row = "(last_value, is_called)" if kind == "S" else "t"
        rows = f"string_agg(md5({row}::text), '' ORDER BY {row}::text)"
        found = connection.execute(f'SELECT md5({rows}) FROM "{name}" t'.encode()).fetchone()
        parts.append((name, found))
    return repr(parts)


def _again(known: _Shapes, found: _Shapes, script: list[str]) -> list[str]:
    """Return what makes the rows of `script` anew; empty if the tables are not as it left them."""
    if any(found.get(each) != digest for each, digest in known.items()):
        return []
    extra = [f'"{name}"' for name, kind in found if (name, kind) not in known and kind == "r"]
    made = [f"DROP TABLE {', '.join(extra)} CASCADE"] if extra else []
    made += [f'DELETE FROM "{name}"' for name, kind in known if kind == "r"]
    made.append(_FROM_THE_START)
    return [*made, *(each for each in script if not each.startswith(_DDL))]
