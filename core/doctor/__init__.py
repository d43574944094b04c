"""Is the instance sound? What the catalog says is compared with what the database holds.

Damage never stops an examination: what can't be looked at is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Final

import sqlalchemy as sa

from .. import catalog, db, entities, jobs
from . import database, metadata, own_tables, provider, records, structure
from .database import server as server
from .dump import schema_dump as schema_dump
from .findings import Finding as Finding
from .findings import attempt, stopped
from .repairing import Repair as Repair
from .repairing import repair as repair
from .structure import columns_of as columns_of
from .structure import foreign_keys_of as foreign_keys_of
from .structure import tables as tables

#: What makes looking further pointless: it would be held to what it never was.
_ENOUGH: Final = frozenset({"not_initialised", "revision"})


def examine(*, network: bool = False) -> list[Finding]:
    """Look at everything and return what is wrong; an empty list means a sound instance.

    Opens its own transactions, without a time limit. Nobody else is asked, except, with `network`,
    the sign-in provider.
    """
    found = _within("The database", db.looking, _database)
    if not _ENOUGH & {finding.code for finding in found}:
        reading = partial(db.reading, timed=False)
        found += _within("What is in the database", reading, _instance)
        found += provider.asked() if network else []
    # Fixed tables that hold records are looked at twice.
    return list(dict.fromkeys(found))


def _within(
    what: str,
    opener: Callable[[], AbstractContextManager[db.Transaction]],
    look: Callable[[db.Transaction], Iterable[Finding]],
) -> list[Finding]:
    """Return what is found in a transaction, and that it can't be opened."""
    found: list[Finding] = []
    try:
        with opener() as tx:
            for finding in look(tx):
                found.append(finding)  # noqa: PERF402  # what was found before a failure stays
    except Exception as error:  # noqa: BLE001  # whatever is damaged
        found.append(stopped(what, error))
    return found


def _database(tx: db.Transaction) -> Iterator[Finding]:
    if not structure.is_there(tx.connection):
        text = f"There is no instance at {db.engine().url.render_as_string()}"
        yield Finding("not_initialised", text, "Run: relatum init")
        return
    found = list(database.findings(tx.connection))
    yield from found
    if not _ENOUGH & {finding.code for finding in found}:
        missing = attempt("The fixed tables", structure.fixed_tables, tx.connection)
        yield from missing or attempt("The epochs", metadata.epochs, tx.connection)


def _instance(tx: db.Transaction) -> Iterator[Finding]:
    connection = tx.connection
    yield from attempt("Jobs", _told, jobs.findings, connection)
    yield from attempt("Followers", _told, jobs.lagging, connection)
    yield from attempt("Columns that are left", _told, entities.findings, connection)
    yield from attempt("Plugins", metadata.plugins, connection)
    yield from attempt("The tables of plugins", own_tables.findings, connection)
    yield from attempt("Data steps of plugins", own_tables.unfinished, connection)
    yield from attempt("Signing in by a provider", provider.findings, connection)
    yield from attempt("References", records.references, connection)
    broken = attempt("The metadata", metadata.findings, connection)
    yield from broken
    if not broken:
        # Without sound metadata there is no catalog to compare with.
        known = catalog.load(connection, tx.epochs.catalog)
        yield from structure.findings(connection, known)
        yield from records.findings(connection, known)


def _told(
    look: Callable[[sa.Connection], Iterable[tuple[str, str, str]]], connection: sa.Connection
) -> Iterator[Finding]:
    for each in look(connection):
        yield Finding(*each)
