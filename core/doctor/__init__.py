"""Is the instance sound? What the catalog says is compared with what the database holds."""

from __future__ import annotations

from sqlalchemy import exc as sa_exc

from .. import catalog, db, ddl, entities, jobs
from ..errors import RelatumError
from . import database, metadata, records, structure
from .database import server as server
from .findings import Finding as Finding
from .structure import columns_of as columns_of
from .structure import foreign_keys_of as foreign_keys_of
from .structure import tables as tables


def examine() -> list[Finding]:
    """Look at everything and return what is wrong; an empty list means a sound instance.

    Opens its own transaction, without a time limit.
    """
    try:
        with db.reading(timed=False) as tx:
            found = list(database.findings(tx.connection))
            told = (*jobs.findings(tx.connection), *entities.findings(tx.connection))
            found += [Finding(*each) for each in told]
            broken = list(metadata.findings(tx.connection))
            if broken:
                # Without sound metadata there is no catalog to compare with.
                return found + broken
            known = catalog.load(tx.connection, tx.epochs.catalog)
            found += structure.findings(tx.connection, known)
            return found + list(records.findings(tx.connection, known))
    except RelatumError as error:
        return [Finding(error.code, str(error), "")]


def repair() -> list[str]:
    """Build the indexes that are missing or unfinished and return their names.

    Raises `index_refused` if rows break a unique one.
    """
    with db.reading(timed=False) as tx:
        missing = ddl.missing_indexes(tx.connection, catalog.current().types.values())
    for index in missing:
        try:
            _build(index)
        except sa_exc.IntegrityError as error:
            reason = str(error.orig).strip().splitlines()[0]
            raise RelatumError(
                "index_refused", table=index.table, columns=", ".join(index.columns), reason=reason
            ) from None
    return [index.name for index in missing]


def _build(index: ddl.CreateIndex) -> None:
    if db.engine().dialect.name == "postgresql":
        # Outside any transaction, so that writers go on meanwhile.
        ddl.build_indexes(db.engine(), [index])
        return
    db.transact(lambda: ddl.execute([index], db.current().connection), exclusive=True)
