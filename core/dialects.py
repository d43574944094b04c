"""The recipes for SQLite and PostgreSQL: engines, modes, limits, and what failures mean."""

from __future__ import annotations

import hashlib
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc as sa_exc
from sqlalchemy.types import TypeDecorator

from .config import Config
from .errors import RelatumError
from .hooks import costs
from .storage import distance, local_day

SQLITE_FLOOR = (3, 35)
#: A machine that is gone without a word keeps its locks for a minute, not for two hours.
_ALIVE = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
#: What SQLite says of a file that it can't open, read or write.
_UNUSABLE = (
    "unable to open database", "file is not a database", "readonly database",
    "disk image is malformed", "malformed database schema",
)  # fmt: skip


class Retry(Exception):
    """The database undid the transaction for a reason that trying again cures.

    `waited`: it got no lock in the time that it was given.
    """

    def __init__(self, reason: str, *, waited: bool) -> None:
        super().__init__(reason)
        self.waited = waited


def make_engine(config: Config) -> sa.Engine:
    """Make the engine of the configured database; connects nothing.

    Raises `driver_missing` or `database_unsupported`.
    """
    try:
        url = sa.make_url(config.url)
    except sa_exc.ArgumentError:
        raise RelatumError(
            "setting_invalid", name="database_url", value=config.url, wanted="a database address"
        ) from None
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise RelatumError("database_unsupported", reason=f"'{url.get_backend_name()}' is unknown")
    options: dict[str, Any] = {
        "pool_size": config.threads,
        "max_overflow": 4,
        "pool_timeout": config.busy_timeout,
    }
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, config, options)
    return _postgresql(url, config, options)


def _sqlite(url: sa.URL, config: Config, options: dict[str, Any]) -> sa.Engine:
    if sqlite3.sqlite_version_info < SQLITE_FLOOR:
        raise RelatumError("database_unsupported", reason=f"SQLite is {sqlite3.sqlite_version}")
    connect_args = {"timeout": config.busy_timeout, "check_same_thread": False}
    engine = sa.create_engine(url, connect_args=connect_args, **options)

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        # The driver's own transactions autocommit DDL; we say BEGIN ourselves.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={config.sqlite_synchronous}",
            "foreign_keys=ON",
            # For each connection; the cache of the system is behind it, and shared.
            f"cache_size=-{config.sqlite_cache * 1024}",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function("relatum_local_day", 2, local_day, deterministic=True)
        connection.create_function("relatum_distance", 4, distance, deterministic=True)

    event.listen(engine, "before_cursor_execute", _count)
    turn = threading.Lock()

    @event.listens_for(engine, "begin")
    def _mode(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("relatum_write"):
            _begin_to_write(connection, turn, config.busy_timeout)
        else:
            connection.exec_driver_sql("BEGIN")

    @event.listens_for(engine, "close")
    def _optimize(connection: Any, _record: Any) -> None:
        with suppress(sqlite3.Error):
            connection.execute("PRAGMA optimize")

    return engine


def _count(*_: Any) -> None:
    """Count a statement for the plugin that runs, if one does."""
    costs.count_statement()


def _begin_to_write(connection: sa.Connection, turn: threading.Lock, seconds: float) -> None:
    """BEGIN IMMEDIATE, once the database is free; raise `database_busy` after `seconds`.

    SQLite's own waiting sleeps up to 100 ms between tries, so under steady load whoever comes
    fresh gets in first and a few wait for seconds. Here one thread of each process tries every
    few milliseconds and the others stand behind it.
    """
    deadline = time.monotonic() + seconds
    driver: Any = connection.connection.driver_connection
    if not turn.acquire(timeout=seconds):
        raise RelatumError("database_busy", seconds=seconds)
    try:
        driver.execute("PRAGMA busy_timeout=0")
        while not _is_free(driver) and time.monotonic() < deadline:
            time.sleep(random.uniform(0.001, 0.004))  # noqa: S311  # spreading, not secrecy
        if not driver.in_transaction:
            # The last try, and what fails for another reason, is SQLAlchemy's to name.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        turn.release()
        driver.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")


def _is_free(driver: Any) -> bool:
    """Try to begin; say whether there is nothing left to wait for."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return "locked" not in str(error)
    return True


def _postgresql(url: sa.URL, config: Config, options: dict[str, Any]) -> sa.Engine:
    try:
        import psycopg  # noqa: F401, PLC0415  # an extra: its absence is a sentence, not a crash
    except ImportError:
        raise RelatumError("driver_missing", url=url.render_as_string()) from None
    waits = f"-c lock_timeout={int(config.busy_timeout * 1000)}"
    prepare = config.prepare_threshold if config.prepare_threshold >= 0 else None
    engine = sa.create_engine(
        url,
        connect_args={
            "connect_timeout": max(2, int(config.busy_timeout)),
            "prepare_threshold": prepare,
            "options": f"-c timezone=UTC {waits} {_ALIVE}",
        },
        **options,
    )
    event.listen(engine, "before_cursor_execute", _count)
    return engine


def opening_options(dialect: str, *, writes: bool) -> dict[str, Any]:
    """Return the execution options for `begin_reading` or, with `writes`, `begin_writing`."""
    if dialect == "postgresql":
        # The driver begins nothing: it would take a message of its own.
        return {"isolation_level": "AUTOCOMMIT"}
    return {"relatum_write": writes}


def begin_reading(connection: sa.Connection, seconds: float, query: str) -> Any:
    """Begin a snapshot that only reads and return the row of `query`, or None.

    Statements are stopped after `seconds`; 0 is no limit.
    """
    if connection.dialect.name == "postgresql":
        limit = f"SET LOCAL statement_timeout = {int(seconds * 1000)}"
        return _send(
            connection, f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {limit}; {query}"
        )
    if seconds:
        deadline = time.monotonic() + seconds
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(lambda: time.monotonic() > deadline, 20_000)
    return connection.exec_driver_sql(query).one_or_none()


def end_reading(connection: sa.Connection) -> None:
    """Lift the limit of `begin_reading`; on PostgreSQL it ends with the transaction."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(None, 0)


def begin_writing(connection: sa.Connection, fence: int, query: str, *, exclusive: bool) -> Any:
    """Begin to write behind the fence and return the row of `query`, or None.

    Writers share the fence; with `exclusive` it is one's own within 200 ms, or `Retry` is due.
    """
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql(query).one_or_none()
    lock = f"SELECT pg_advisory_xact_lock_shared({fence})"
    if exclusive:
        lock = f"SET LOCAL lock_timeout = '200ms'; SELECT pg_advisory_xact_lock({fence})"
    return _send(connection, f"BEGIN; {lock}; {query}")


def stand_in_line(connection: sa.Connection, name: str) -> None:
    """Wait until nobody else stands at a name, and stand there until the transaction ends.

    Whoever writes to SQLite is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def _send(connection: sa.Connection, text: str) -> Any:
    """Send several statements in one message; return the first row of the last one.

    Raises OperationalError; its `connection_invalidated` says that the connection had died.
    """
    driver: Any = connection.connection.driver_connection
    try:
        cursor = driver.execute(text, prepare=False)
        while cursor.nextset():
            pass
        return cursor.fetchone()
    except connection.dialect.loaded_dbapi.Error as error:
        if driver.closed:
            # The others of the pool are no better.
            connection.invalidate(error)
            connection.engine.dispose()
        raise sa_exc.OperationalError(
            text, None, error, connection_invalidated=driver.closed
        ) from error


def is_missing_table(error: sa_exc.DBAPIError) -> bool:
    """Say whether a statement failed because its table does not exist."""
    return "no such table" in str(error.orig) or _sqlstate(error) == "42P01"


def _sqlstate(error: sa_exc.DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def translate(error: sa_exc.SQLAlchemyError, config: Config) -> Exception:
    """Return what a failure of the database means to the caller, or the failure itself."""
    if isinstance(error, sa_exc.TimeoutError):
        # No connection came free: other threads of this process use them all.
        return RelatumError("database_busy", seconds=config.busy_timeout)
    if not isinstance(error, sa_exc.DBAPIError):
        return error
    text, state = str(error.orig).lower(), _sqlstate(error)
    if state in ("40001", "40P01", "55P03"):
        return Retry(text, waited=state == "55P03")
    if state == "57014" or "interrupted" in text:
        return RelatumError("query_too_costly", limit=config.read_timeout)
    if state == "53100" or "disk is full" in text or "disk i/o error" in text:
        return RelatumError("disk_full")
    if state == "54000":
        return RelatumError(
            "invalid", first="values are too long together for an index. Shorten them"
        )
    if "database is locked" in text or "database table is locked" in text:
        return RelatumError("database_busy", seconds=config.busy_timeout)
    if _is_gone(error, text, state):
        return RelatumError("database_gone", reason=str(error.orig).strip().splitlines()[0])
    return error


def _is_gone(error: sa_exc.DBAPIError, text: str, state: str) -> bool:
    if any(sign in text for sign in _UNUSABLE):
        return True
    from_server = type(error.orig).__module__.startswith("psycopg")
    if not from_server or not isinstance(error, sa_exc.OperationalError):
        return False
    return not state or state[:2] in ("08", "57", "53", "28") or state == "3D000"


# -- rows that are handed to a statement as one value ---------------------------------------
def json_value(dialect: sa.Dialect, type_: Any) -> Callable[[Any], Any] | None:
    """Return what makes of a stored value of a column the one of `json_rows`; None: it is it."""
    made = type_.dialect_impl(dialect)
    if dialect.name == "sqlite":
        return made.bind_processor(dialect)  # type: ignore[no-any-return]
    if isinstance(made, TypeDecorator):
        return lambda value: made.process_bind_param(value, dialect)
    return None


def json_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as the one value that `rows_of` reads."""
    return orjson.dumps(rows, default=str).decode()


def rows_of(dialect: str, name: str, columns: Sequence[sa.Column[Any]]) -> Any:
    """Return a select of the rows that are bound to a name as JSON, with these columns."""
    given = sa.bindparam(name, type_=sa.Text())
    if dialect == "sqlite":
        each: Any = sa.func.json_each(given).table_valued("value", name="given")
        made = [
            sa.func.json_extract(
                each.c.value, sa.literal_column(f"'$.{column.name}'"), type_=column.type
            )
            for column in columns
        ]
        return sa.select(*(m.label(c.name) for m, c in zip(made, columns, strict=True)))
    typed = [sa.column(column.name, column.type) for column in columns]
    rows = sa.func.json_to_recordset(sa.cast(given, sa.JSON())).table_valued(*typed, name="given")
    return sa.select(*rows.render_derived(with_types=True).c)
