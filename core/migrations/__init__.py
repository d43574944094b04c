"""Migrations of the fixed tables: numbered Alembic revisions, run by `relatum upgrade`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

#: Where Alembic notes the revision.
TABLE = "core_migration"


def _config(connection: sa.Connection) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = TABLE
    return config


def run(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the fixed tables to `revision` in the open transaction."""
    command.upgrade(_config(connection), revision)


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision of the fixed tables; None if there are none."""
    context = MigrationContext.configure(connection, opts={"version_table": TABLE})
    return context.get_current_revision()


@cache  # Alembic compiles every revision to look at it
def known() -> tuple[str, ...]:
    """Return the revisions that this program knows, oldest first."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    return tuple(revision.revision for revision in script.walk_revisions())[::-1]
