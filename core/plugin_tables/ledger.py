"""The ledger: which steps of a plugin's tables were done, and what tables there are by that."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from .. import clock, db, models
from .definitions import Table, Tables, table_of
from .operations import Statement, statement_of

LEDGER: Final[Any] = models.PluginMigration.__table__
#: The states of a step: done; or done but for its data step.
APPLIED, FILLING = "applied", "filling"
#: Where a transaction keeps the tables of all plugins.
_MEMO: Final = "plugin_tables"
_NONE: Final[Tables] = MappingProxyType({})


class Applied(NamedTuple):
    """A step that was done; `checkpoint` says where its data step goes on."""

    number: int
    name: str
    checksum: str
    state: str
    checkpoint: Any
    filled: int
    applied_at: datetime

    @property
    def title(self) -> str:
        """The name of the file that it was, without its ending."""
        return f"{self.number:04}_{self.name}"


def applied(connection: sa.Connection) -> dict[str, list[Applied]]:
    """Return the steps that were done, in order, by plugin."""
    columns = [LEDGER.c[name] for name in Applied._fields]
    found: dict[str, list[Applied]] = {}
    query = sa.select(LEDGER.c.plugin, *columns).order_by(LEDGER.c.plugin, LEDGER.c.number)
    for plugin, *values in connection.execute(query):
        row = Applied(*values)
        at = None if row.checkpoint is None else orjson.loads(row.checkpoint)
        found.setdefault(plugin, []).append(row._replace(checkpoint=at))
    return found


def downs(plugin: str) -> list[list[Statement]]:
    """Return what takes back the steps of a plugin, the last one's first."""
    query = (
        sa.select(LEDGER.c.down).where(LEDGER.c.plugin == plugin).order_by(LEDGER.c.number.desc())
    )
    texts = db.current().connection.execute(query).scalars()
    return [[statement_of(plugin, each) for each in orjson.loads(text)] for text in texts]


def read(connection: sa.Connection) -> dict[str, Tables]:
    """Return the tables of every plugin that has any, as the ledger says they are."""
    newest = (
        sa.select(LEDGER.c.plugin, sa.func.max(LEDGER.c.number).label("number"))
        .group_by(LEDGER.c.plugin)
        .subquery()
    )
    query = (
        sa.select(LEDGER.c.plugin, LEDGER.c.tables)
        .join(
            newest, (LEDGER.c.plugin == newest.c.plugin) & (LEDGER.c.number == newest.c.number)
        )
        .order_by(LEDGER.c.plugin)
    )  # fmt: skip
    made: dict[str, Tables] = {}
    for plugin, text in connection.execute(query):
        tables = [table_of(plugin, each) for each in orjson.loads(text)]
        made[plugin] = MappingProxyType({table.name: table for table in tables})
    return made


def known() -> dict[str, Tables]:
    """Return what `read` does, once in the open transaction."""
    tx = db.current()
    if _MEMO not in tx.memo:
        tx.memo[_MEMO] = read(tx.connection)
    found: dict[str, Tables] = tx.memo[_MEMO]
    return found


def tables_of(plugin: str) -> Tables:
    """Return the tables of a plugin by their short names."""
    return known().get(plugin, _NONE)


def every(connection: sa.Connection) -> list[Table]:
    """Return all tables of all plugins."""
    return [table for tables in read(connection).values() for table in tables.values()]


# -- writing ----------------------------------------------------------------------------------
def note(
    plugin: str,
    number: int,
    name: str,
    checksum: str,
    *,
    tables: Tables,
    down: Iterable[Statement],
    fills: bool,
) -> None:
    """Note in the open transaction a step that was done in it."""
    row = {
        "plugin": plugin, "number": number, "name": name, "checksum": checksum,
        "tables": _text([table.as_json() for table in tables.values()]),
        "down": _text([statement.as_json() for statement in down]),
        "applied_at": clock.now(), "state": FILLING if fills else APPLIED, "filled": 0,
    }  # fmt: skip
    _write(sa.insert(LEDGER).values(row))


def fill(plugin: str, number: int, *, done: int, checkpoint: Any, finished: bool) -> None:
    """Note how far the data step of a step has got: `done` more, and where it goes on."""
    values = {
        "filled": LEDGER.c.filled + done,
        "checkpoint": None if finished or checkpoint is None else _text(checkpoint),
        "state": APPLIED if finished else FILLING,
    }
    here = (LEDGER.c.plugin == plugin, LEDGER.c.number == number)
    _write(sa.update(LEDGER).where(*here).values(**values))


def settle(plugin: str, upto: int) -> None:
    """Note that the data steps of a plugin up to a number are done."""
    here = (LEDGER.c.plugin == plugin, LEDGER.c.number <= upto)
    _write(sa.update(LEDGER).where(*here).values(state=APPLIED, checkpoint=None))


def forget(plugin: str) -> None:
    """Forget every step of a plugin."""
    _write(sa.delete(LEDGER).where(LEDGER.c.plugin == plugin))


def _write(statement: Any) -> None:
    tx = db.for_writing()
    tx.memo.pop(_MEMO, None)
    tx.connection.execute(statement)


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
