"""Migrations of the fixed tables: numbered Alembic revisions, run by `relatum upgrade`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext

from .. import db

_TABLE = "core_migration"


def _config(connection: sa.Connection) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = _TABLE
    return config


def upgrade(
    finish: Callable[[sa.Connection], None], revision: str = "head"
) -> tuple[str | None, str | None]:
    """Bring the fixed tables to `revision` in one transaction; return (before, after).

    Runs under the exclusive fence: nobody writes meanwhile. `finish` runs before the commit.
    """
    with db.engine().connect().execution_options(relatum_write=True) as connection:
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({db.FENCE})")
            before = _revision(connection)
            command.upgrade(_config(connection), revision)
            finish(connection)
            return before, _revision(connection)


def _revision(connection: sa.Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": _TABLE})
    return context.get_current_revision()
