"""Own tables of plugins: planned and made with the plugin, counted, put back, dropped with it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from .. import db, ddl, doctor, faults, plugin_tables
from ..entities.existing import is_large
from ..errors import RelatumError
from ..languages import Phrase
from ..plugin_tables import CASCADE, Applied, Column, Statement, Table
from ..storage import slices
from . import filling, migrations
from .discovery import Found, discover
from .looking import unknown
from .manifest import Unfit
from .migrations import Step

_BATCH: Final = 1000
_log = logging.getLogger("relatum.plugins")


class Change:
    """What enabling a plugin does to its own tables: the steps that are to be done.

    Made by running their code; raises `Unfit` for steps that are not those which were done here.
    """

    def __init__(self, found: Found) -> None:
        self.found = found
        connection = db.current().connection
        self._done = plugin_tables.applied(connection).get(found.id, [])
        migrations.check(migrations.find(found), self._done)
        steps = migrations.steps(found)
        self.pending = steps[len(self._done) :]
        #: The tables as they will be.
        self.after = steps[-1].after if steps else {}
        before = steps[len(self._done) - 1].after if self._done else {}
        if before != dict(plugin_tables.tables_of(found.id)):
            raise Unfit("its migrations do not say the same each time: they must not look at data")

    @property
    def names(self) -> tuple[str, ...]:
        """The short names of its tables, as a manifest lists them."""
        return tuple(sorted(self.after))

    def check_types(self, known: Iterable[str]) -> None:
        """Refuse references to types that there will not be; raise `Unfit`."""
        types = {*known}
        for step in self.pending:
            for statement in step.up:
                columns = statement.table.columns if statement.column is None else ()
                for column in (*columns, *filter(None, [statement.column])):
                    if column.type is not None and column.type not in types:
                        raise Unfit(
                            f"migration {step.migration.title} refers to the entity type "
                            f"'{column.type}', which is not there"
                        )

    def _at_once(self, step: Step) -> Step | None:
        """Return the later step that drops something, so that a data step can't wait for a job."""
        later = (s for s in self.pending if s.migration.number > step.migration.number and s.drops)
        return next(later, None) if step.fill else None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the steps as a plan shows them."""
        return [self._told(step) for step in self.pending]

    def _told(self, step: Step) -> dict[str, Any]:
        notes, dropping = [], self._at_once(step)
        if dropping is not None:
            told = Phrase(
                "its data step runs at once, while writers wait, since {migration} drops something",
                migration=dropping.migration.title,
            )
            notes.append(told)
        elif step.fill is not None:
            notes.append(Phrase("its data step runs afterwards as a job"))
        dialect = db.current().connection.dialect
        sql = ddl.as_text([[*emitted(step.up)]], dialect)[0] if step.up else ()
        tables = {s.table.name for s in step.up if s.drops}
        present = plugin_tables.tables_of(self.found.id)
        return {
            "op": "migration", "target": f"{self.found.id} {step.migration.title}",
            "summary": Phrase(
                "Tables of the plugin, step {number}: {name}", number=step.migration.number,
                name=step.migration.name.replace("_", " "),
            ),
            "risk": "destructive" if step.drops else "safe",
            "rows": sum(_count(present[name]) for name in tables if name in present),
            "offenders": [], "uses": [], "notes": notes, "question": None, "sql": list(sql),
        }  # fmt: skip

    def apply(self) -> None:
        """Do the steps and note them, in the open exclusive transaction; start the data steps."""
        tx = db.for_writing()
        for step in self.pending:
            if step.drops:
                filling.at_once(self.found)
            if tx.dialect == "postgresql":
                # It changes no table with rows that wait to be looked at.
                tx.connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
                tx.connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
            self._do(step, tx)
        filling.start(self.found.id)

    def _do(self, step: Step, tx: db.Transaction) -> None:
        wanted = list(emitted(step.up))
        later = [s for s in wanted if _can_wait(s, tx.connection)]
        if later:
            tx.after_commit.append(partial(_finish_indexes, self.found.id))
        try:
            ddl.execute([s for s in wanted if s not in later], tx.connection)
        except sa_exc.IntegrityError as error:
            said = str(error.orig).strip().splitlines()[0]
            reason = f"migration {step.migration.title} does not fit the rows that are there"
            raise RelatumError(
                "plugin_unfit", plugin=self.found.id, reason=f"{reason} ({said})"
            ) from error
        faults.point("tables.after_ddl")
        made = step.migration
        plugin_tables.note(
            self.found.id, made.number, made.name, made.checksum,
            tables=step.after, down=step.down, fills=step.fill is not None,
        )  # fmt: skip


def _can_wait(statement: ddl.Statement, connection: sa.Connection) -> bool:
    """Say whether it is an index that would keep writers waiting for long."""
    if not isinstance(statement, ddl.CreateIndex) or statement.unique:
        return False
    return is_large(connection, statement.table)


def _finish_indexes(plugin_id: str) -> None:
    """Build the indexes that a plugin's tables lack, beside readers and writers.

    One that fails fails no enabling: `relatum doctor --repair` builds it.
    """
    try:
        with db.reading(timed=False) as tx:
            tables = plugin_tables.tables_of(plugin_id).values()
            wanted = [index for table in tables for index in table.ddl_indexes]
            missing = ddl.not_there(tx.connection, wanted)
        ddl.build_indexes(db.engine(), missing)
    except (sa_exc.SQLAlchemyError, RelatumError) as error:
        _log.warning("an index is not built yet; run: relatum doctor --repair (%s)", error)


def emitted(statements: Iterable[Statement]) -> Iterator[ddl.Statement]:
    """Yield the DDL of some changes of tables."""
    for statement in statements:
        yield from statement.emitted()


# -- looking ----------------------------------------------------------------------------------
def steps_done(plugin_id: str) -> list[Applied]:
    """Return the steps of a plugin that were done here, in order."""
    return plugin_tables.applied(db.current().connection).get(plugin_id, [])


def names(plugin_id: str) -> list[str]:
    """Return the short names of the tables that a plugin has here, whether it runs or is gone."""
    return sorted(plugin_tables.tables_of(plugin_id))


def counts(plugin_id: str) -> dict[str, int]:
    """Return the number of rows by table."""
    return {n: _count(t) for n, t in sorted(plugin_tables.tables_of(plugin_id).items())}


def _count(table: Table) -> int:
    query = sa.select(sa.func.count()).select_from(table.sql)
    return int(db.current().connection.execute(query).scalar_one())


def rows(plugin_id: str, table: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table by id, with stored values: JSON is its text."""
    sql = plugin_tables.tables_of(plugin_id)[table].sql
    query = sa.select(sql).order_by(sql.c.id).execution_options(yield_per=_BATCH)
    yield from map(dict, db.current().connection.execute(query).mappings())


def put_back(plugin_id: str, table: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as `rows` gave them, with their ids, and return how many there are.

    Columns that are not there any more are left out, new ones get their default. A row that
    referred to a record which is not there goes, or stays without it, as by its purge.
    """
    columns, count = plugin_tables.tables_of(plugin_id)[table].columns, 0
    for piece in slices(rows, _BATCH):
        kept = _kept(columns, [dict(row) for row in piece])
        count += plugin_tables.put_back(plugin_id, table, kept)
    return count


def filled(plugin_id: str) -> int:
    """Return the number of steps of a plugin that are done, data steps too, from the first on."""
    found = 0
    for step in steps_done(plugin_id):
        if step.state != plugin_tables.APPLIED:
            break
        found = step.number
    return found


def take_as_filled(plugin_id: str, upto: int) -> None:
    """Note that rows which were put back have been through the data steps up to a number."""
    plugin_tables.settle(plugin_id, upto)


def _kept(columns: Iterable[Column], given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for column in columns:
        if column.on_delete is None:
            continue
        ids = {row[column.name] for row in given if row.get(column.name) is not None}
        lost = ids - plugin_tables.there(column, ids) if ids else set()
        if column.on_delete == CASCADE:
            given = [row for row in given if row.get(column.name) not in lost]
        for row in given:
            row[column.name] = None if row.get(column.name) in lost else row.get(column.name)
    return given


# -- away -------------------------------------------------------------------------------------
def drop(plugin_id: str) -> None:
    """Drop the tables of a plugin and forget its steps, in the open exclusive transaction.

    Takes its steps back, the last one first, as the ledger keeps that: the plugin may be gone.
    Tables that are not as they should be are dropped as they are.
    """
    tx = db.for_writing()
    filling.stop(plugin_id)
    left = list(plugin_tables.tables_of(plugin_id).values())
    actual = doctor.columns_of(tx.connection)
    if all({"id", *t.by_name} == {*actual.get(t.physical, ())} for t in left):
        for down in plugin_tables.downs(plugin_id):
            ddl.execute(emitted(down), tx.connection)
        left = []
    there = [ddl.DropTable(t.physical) for t in reversed(left) if t.physical in actual]
    ddl.execute(there, tx.connection)
    faults.point("tables.after_drop")
    plugin_tables.forget(plugin_id)


def rehearse(plugin_id: str) -> list[str]:
    """Do every step of a plugin forth, back and forth again; return what is not as it was then.

    The order of columns aside: one that comes back comes last.
    For checks, in an open exclusive transaction; nothing of it stays. Raises `Unfit`,
    `plugin_unknown`.
    """
    found = discover(db.settings())
    if plugin_id not in found:
        raise unknown(plugin_id, list(found))
    wrong: list[str] = []
    with db.attempt():
        connection = db.for_writing().connection
        drop(plugin_id)
        for step in migrations.steps(found[plugin_id]):
            dumps = [doctor.schema_dump(connection, ordered=False)]
            for statements in (step.up, step.down, step.up):
                ddl.execute(emitted(statements), connection)
                dumps.append(doctor.schema_dump(connection, ordered=False))
            if dumps[2] != dumps[0]:
                wrong.append(f"{step.migration.title}: downgrade() leaves another schema")
            if dumps[3] != dumps[1]:
                wrong.append(f"{step.migration.title}: a second upgrade() makes another schema")
    return wrong
