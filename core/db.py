"""Open transactions: the two openers, the generation fence, one engine per process.

Nothing else in the package begins, commits or rolls back (D2a). A surface opens exactly one
of `reading()` and `writing()` per request, command or job chunk; verbs join it through
`current()`. Every transaction starts by reading the three epochs (D7); a writing one reads
them under the fence, so that nobody writes by a rule that is no longer true.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import exc as sa_exc

from . import dialects, faults
from .config import Config
from .errors import RelatumError

T = TypeVar("T")

#: Where an application keeps what it does at the start of each transaction, after the epochs.
FOLLOW = "relatum.follow"
#: Advisory lock of the generation fence on PostgreSQL: writers share it, apply owns it.
FENCE = 0x52454C4154554D
#: Revision of core's own tables that this program needs.
CORE_SCHEMA = 1
_READ_EPOCHS = "SELECT plugins, catalog, access, core FROM core_epoch"
_APPLY_TRIES = 50


class Epochs(NamedTuple):
    """The three generations of an instance and the revision of its core tables."""

    plugins: int
    catalog: int
    access: int
    core: int


@dataclass(slots=True)
class Transaction:
    """The open transaction: its connection, mode, epochs and what to do after commit."""

    connection: sa.Connection
    writes: bool
    epochs: Epochs
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    #: Values computed once per transaction (the pinned catalog, the change set).
    memo: dict[Any, Any] = field(default_factory=dict)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.dialect.name


class Stale(BaseException):
    """The set of plugins has changed: this application must not work any more.

    Nobody but the dispatcher may catch it, so it is no `Exception`.
    """

    def __init__(self, generation: int) -> None:
        super().__init__(generation)
        self.generation = generation


class _Session(Session):
    """Flask-SQLAlchemy's session on the one engine of the process."""

    def get_bind(self, *args: Any, **kwargs: Any) -> sa.Engine:
        return engine()


db = SQLAlchemy(
    session_options={"class_": _Session},
    disable_autonaming=True,
    metadata=sa.MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    ),
)

_engines: dict[str, sa.Engine] = {}


def engine_for(config: Config) -> sa.Engine:
    """Return this process's engine for the configured database, made on first use."""
    if config.url not in _engines:
        _engines[config.url] = dialects.make_engine(config)
    return _engines[config.url]


def dispose(config: Config) -> None:
    """Close the connections of the configured database and forget its engine."""
    gone = _engines.pop(config.url, None)
    if gone is not None:
        gone.dispose()


def settings() -> Config:
    """Return the settings of the current application."""
    config: Config = current_app.extensions["relatum"]
    return config


def engine() -> sa.Engine:
    """Return the engine of the current application."""
    return engine_for(settings())


def init_app(app: Any, config: Config) -> None:
    """Bind the fixed tables and the session to `app`."""
    app.extensions["relatum"] = config
    # Flask-SQLAlchemy insists on an engine of its own; it is never connected, ours is used.
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db.init_app(app)


def current() -> Transaction:
    """Return the open transaction of this context; a verb called without one is a bug."""
    tx: Transaction | None = db.session.info.get("transaction")
    if tx is None:
        raise RuntimeError("no transaction is open: use db.reading() or db.writing()")
    return tx


def is_open() -> bool:
    """Say whether a transaction is open in this context."""
    return db.session.info.get("transaction") is not None


def for_writing() -> Transaction:
    """Return the open transaction if it may write; a write verb elsewhere is a bug."""
    tx = current()
    if not tx.writes:
        raise RuntimeError("this transaction only reads: use db.writing()")
    return tx


@contextmanager
def reading(*, timed: bool = True) -> Iterator[Transaction]:
    """Open a snapshot that only reads; `timed` applies read_timeout.

    Raises `query_too_costly`, `database_busy`, `database_gone`, `not_initialised`.
    """
    limit = settings().read_timeout if timed else 0.0

    def begin(connection: sa.Connection) -> Any:
        return dialects.begin_reading(connection, limit, _READ_EPOCHS)

    with _opened(begin, writes=False) as tx:
        try:
            yield tx
        finally:
            dialects.end_reading(tx.connection)
        # PostgreSQL has refused every write, and on a rollback its driver forgets what it prepared.
        end = db.session.commit if tx.dialect == "postgresql" else db.session.rollback
        end()


@contextmanager
def looking() -> Iterator[Transaction]:
    """Open a snapshot that only reads, whatever is there: an instance may be damaged, or none.

    Asks neither for epochs, which are all 0 in it, nor for plugins. Raises `database_busy`,
    `database_gone`.
    """

    def begin(connection: sa.Connection) -> Any:
        return dialects.begin_reading(connection, 0.0, f"SELECT 0, 0, 0, {CORE_SCHEMA}")

    with _opened(begin, writes=False, follows=False) as tx:
        yield tx


@contextmanager
def writing(*, exclusive: bool = False) -> Iterator[Transaction]:
    """Open a transaction that writes, under the fence; commit at the end of the block.

    `exclusive` is for a change of metadata: every other writer waits outside.
    """

    def begin(connection: sa.Connection) -> Any:
        return dialects.begin_writing(connection, FENCE, _READ_EPOCHS, exclusive=exclusive)

    with _opened(begin, writes=True) as tx:
        yield tx
        db.session.flush()
        faults.point("db.before_commit")
        db.session.commit()
        # What is done is done: the rest of this request belongs to the same application.
        db.session.info["committed"] = True
        faults.point("db.after_commit")
    for follow in tx.after_commit:
        follow()


def transact(work: Callable[[], T], *, exclusive: bool = False) -> T:
    """Run `work` in `writing()`, again if the database asks for it.

    Serialisation failures and deadlocks are tried three times; a change of metadata that got
    no lock within 200 ms lets the writers pass and tries again for about 15 s, then raises
    `apply_busy`.
    """
    tries = _APPLY_TRIES if exclusive else 3
    for attempt in range(1, tries + 1):
        try:
            with writing(exclusive=exclusive):
                return work()
        except dialects.Retry as again:
            if attempt == tries or (again.waited and not exclusive):
                raise _given_up(again, exclusive) from again
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311  # spreading, not secrecy
    raise AssertionError("unreachable")


def _given_up(again: dialects.Retry, exclusive: bool) -> RelatumError:
    if exclusive:
        return RelatumError("apply_busy", seconds=15)
    return RelatumError("database_busy", seconds=settings().busy_timeout)


def no_older_readers(generation: int) -> None:
    """Make sure that nobody reads by a catalog from before `generation`; else try again later.

    Under the exclusive fence nobody else writes. Readers of PostgreSQL see a dropped column
    missing whatever their snapshot; those of SQLite see the schema of their snapshot.
    """
    tx = for_writing()
    if tx.dialect == "sqlite":
        return
    waiting = tx.connection.execute(sa.text(_OLDER_READERS), {"generation": generation}).scalar()
    if waiting:
        raise dialects.Retry(f"{waiting} readers of an older data model", waited=True)


#: Whoever holds a snapshot as old as the transaction that wrote the row of a generation.
_OLDER_READERS = (
    "SELECT count(*) FROM pg_stat_activity a, core_generation g "
    "WHERE g.number = :generation AND a.datname = current_database() "
    "AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend' "
    "AND age(a.backend_xmin) >= age(g.xmin)"
)


@contextmanager
def savepoint() -> Iterator[None]:
    """Undo what the block wrote if it raises, and nothing else; the transaction goes on."""
    tx = current()
    known = dict(tx.memo)
    try:
        with tx.connection.begin_nested():
            yield
    except BaseException:
        # What was noted of rows that are undone, such as the change set, is not true any more.
        tx.memo.clear()
        tx.memo.update(known)
        raise


@contextmanager
def attempt() -> Iterator[None]:
    """Undo what the block wrote, however it ends: it only shows what would come of it."""
    tx = for_writing()
    known, follows = dict(tx.memo), len(tx.after_commit)
    tried = tx.connection.begin_nested()
    try:
        yield
    finally:
        tried.rollback()
        tx.memo.clear()
        tx.memo.update(known)
        del tx.after_commit[follows:]


@contextmanager
def founding(*, unchecked: bool = False) -> Iterator[sa.Connection]:
    """Open the transaction of an installation, an upgrade or a restore, under the exclusive fence.

    There may be no tables yet, so no epochs are read; verbs join after `adopt`. `unchecked`
    leaves references alone on SQLite until the block has looked at them itself.
    """
    if db.session.info.get("transaction") is not None:
        raise RuntimeError("a transaction is already open in this context")
    try:
        with engine().connect().execution_options(relatum_write=True) as connection:
            driver: Any = connection.connection.driver_connection
            lite = connection.dialect.name == "sqlite"
            if lite and unchecked:
                # Works only before BEGIN.
                driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    if not lite:
                        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({FENCE})")
                    yield connection
            finally:
                db.session.info.pop("transaction", None)
                if lite and unchecked:
                    driver.execute("PRAGMA foreign_keys=ON")
    except (sa_exc.DBAPIError, sa_exc.TimeoutError) as error:
        meant = dialects.translate(error, settings())
        if isinstance(meant, dialects.Retry):
            meant = RelatumError("database_busy", seconds=settings().busy_timeout)
        raise meant from error


def adopt(connection: sa.Connection) -> Transaction:
    """Let verbs join a transaction of `founding()`, once its fixed tables are there."""
    epochs = _epochs(connection, lambda it: it.exec_driver_sql(_READ_EPOCHS).one_or_none())
    return _begin(connection, writes=True, epochs=epochs)


@contextmanager
def _opened(
    begin: Callable[[sa.Connection], Any], *, writes: bool, follows: bool = True
) -> Iterator[Transaction]:
    if db.session.info.get("transaction") is not None:
        raise RuntimeError("a transaction is already open in this context")
    options = dialects.opening_options(engine().dialect.name, writes=writes)
    try:
        connection, epochs = _connected(begin, options)
        yield _begin(connection, writes=writes, epochs=epochs, follows=follows)
    except (sa_exc.DBAPIError, sa_exc.TimeoutError) as error:
        db.session.rollback()
        raise dialects.translate(error, settings()) from error
    except BaseException:
        db.session.rollback()
        raise
    finally:
        db.session.info.pop("transaction", None)
        db.session.close()


def _connected(
    begin: Callable[[sa.Connection], Any], options: dict[str, Any]
) -> tuple[sa.Connection, Epochs]:
    """Return a connection with what was begun on it, and the epochs.

    The server may have closed a connection of the pool long ago (a restart): nothing was done on
    it yet, so there is another one.
    """
    for again in (True, False):
        connection = db.session.connection(execution_options=options)
        try:
            return connection, _epochs(connection, begin)
        except sa_exc.DBAPIError as error:
            if not (again and error.connection_invalidated):
                raise
            db.session.rollback()
    raise AssertionError("unreachable")


def _begin(
    connection: sa.Connection, *, writes: bool, epochs: Epochs, follows: bool = True
) -> Transaction:
    tx = Transaction(connection, writes, epochs)
    db.session.info["transaction"] = tx
    follow: Callable[[Transaction], None] | None = current_app.extensions.get(FOLLOW)
    if follow is not None and follows:
        follow(tx)
    return tx


def has_committed() -> bool:
    """Say whether anything was committed in this context: then it can't be run again."""
    return bool(db.session.info.get("committed"))


def _epochs(connection: sa.Connection, read: Callable[[sa.Connection], Any]) -> Epochs:
    try:
        row = read(connection)
    except (sa_exc.OperationalError, sa_exc.ProgrammingError) as error:
        if dialects.is_missing_table(error):
            row = None
        else:
            raise
    if row is None:
        raise RelatumError("not_initialised", url=engine().url.render_as_string())
    epochs = Epochs(*row)
    if epochs.core != CORE_SCHEMA:
        code = "schema_older" if epochs.core < CORE_SCHEMA else "schema_newer"
        raise RelatumError(code, found=epochs.core, needed=CORE_SCHEMA)
    return epochs
