"""The database itself: its program, the revision of the fixed tables, its file and its disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from .. import db, migrations
from .findings import RESTORE, Finding, attempt

#: Less free disk space than this is a finding.
LOW_DISK = 200 * 1024 * 1024
_POSTGRESQL_FLOOR = 130000


def findings(connection: sa.Connection) -> Iterator[Finding]:
    """Yield what is wrong with the database, whatever is in it."""
    yield from attempt("The database program", server, connection)
    yield from attempt("The revision of the fixed tables", _revision, connection)
    yield from attempt("The disk", _disk)
    yield from attempt("The file of the database", _file, connection)


def server(connection: sa.Connection) -> Iterator[Finding]:
    """Yield what the database program lacks."""
    if connection.dialect.name == "postgresql":
        version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
        if version < _POSTGRESQL_FLOOR:
            text = f"PostgreSQL is {version // 10_000}"
            yield Finding("server_old", text, "Upgrade the server to PostgreSQL 13 or newer.")
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            text = f"The database is encoded in {encoding}, not UTF8"
            yield Finding("encoding", text, "Make a database with ENCODING 'UTF8' and move there.")
        return
    for feature, probe in (
        ("JSON", "SELECT json_valid('{}')"),
        ("FTS5", "SELECT 1 FROM pragma_module_list WHERE name = 'fts5'"),
    ):
        try:
            there = connection.exec_driver_sql(probe).scalar()
        except sa_exc.OperationalError:
            there = None
        if not there:
            text = f"SQLite lacks {feature}"
            yield Finding("feature_missing", text, "Use a Python whose SQLite is complete.")


def _revision(connection: sa.Connection) -> Iterator[Finding]:
    found, needed = migrations.revision_of(connection), migrations.known()[-1]
    if found is None:
        # With tables there it is no new database: an upgrade would try to make them again.
        text = f"No revision is noted in {migrations.TABLE}; the fixed tables had one"
        yield Finding("revision", text, RESTORE)
    elif found != needed:
        text = f"The fixed tables are at revision {found}; this program needs {needed}"
        yield Finding("revision", text, "Run: relatum upgrade")


def _disk() -> Iterator[Finding]:
    home = db.settings().home
    free = shutil.disk_usage(home).free if home.exists() else LOW_DISK
    if free < LOW_DISK:
        yield Finding("disk_low", f"Only {free >> 20} MB are free at {home}", "Free some space.")


def _file(connection: sa.Connection) -> Iterator[Finding]:
    if connection.dialect.name != "sqlite":
        return
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    if mode != "wal":
        text = f"The journal mode is {mode}, not WAL"
        yield Finding("journal_mode", text, "Put the database on a local disk.")
    for line in connection.exec_driver_sql("PRAGMA quick_check(5)").scalars():
        if line != "ok":
            yield Finding("file_damaged", f"The database file is damaged: {line}", RESTORE)
