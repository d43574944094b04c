"""The tables that plugins keep beside the records: whether they are as the ledger says."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from .. import db, ddl, models, plugin_tables
from ..plugin_tables import FILLING, PREFIX
from . import structure
from .findings import RESTORE, Finding


def findings(connection: sa.Connection) -> Iterator[Finding]:
    """Yield where the tables of plugins are not as their steps have made them."""
    actual = structure.columns_of(connection)
    own = {table.physical: table for table in plugin_tables.every(connection)}
    keys = structure.foreign_keys_of(connection)
    for name, table in own.items():
        yield from structure.missing(connection, table.sql, actual)
        yield from structure.unknown_columns(table.sql, actual, "migration of its plugin")
        for column in table.references:
            there = column.name in actual.get(name, ())
            if there and keys.get((name, column.name)) != "core_record":
                text = f"Column '{column.name}' of '{name}' has no foreign key to 'core_record'"
                yield Finding("foreign_key_missing", text, RESTORE)
    yield from structure.told(missing_indexes(connection))
    for name in sorted(n for n in actual if n.startswith(PREFIX) and n not in own):
        text = f"Table '{name}' belongs to no migration of a plugin"
        yield Finding("table_unknown", text, "Look at it, then drop it by hand.")


def missing_indexes(connection: sa.Connection) -> list[ddl.CreateIndex]:
    """Return the indexes of plugins' tables that are missing and can be built."""
    try:
        with db.savepoint():
            known = plugin_tables.every(connection)
    except Exception:  # noqa: BLE001  # an unreadable ledger is a finding of its own
        return []
    wanted = [index for table in known for index in table.ddl_indexes]
    return structure.buildable(connection, ddl.not_there(connection, wanted))


def unfinished(connection: sa.Connection) -> Iterator[Finding]:
    """Yield data steps that are not done, and that no job goes on with."""
    job = models.Job.__table__
    going = (job.c.kind == "plugin_fill", job.c.state.in_(("queued", "running")))
    filled = set(connection.execute(sa.select(job.c.plugin).where(*going)).scalars())
    for plugin, steps in plugin_tables.applied(connection).items():
        for step in steps:
            if step.state == FILLING and plugin not in filled:
                text = f"The data step {step.title} of plugin '{plugin}' is not done"
                yield Finding("fill_stopped", text, f"Run: relatum plugins enable {plugin}")
