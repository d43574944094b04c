"""What doctor can put right by itself, since it is made of something else that is there."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple, NoReturn

from sqlalchemy import exc as sa_exc

from .. import catalog, db, ddl, records
from ..actor import system
from ..errors import RelatumError
from ..records import followers
from . import metadata, own_tables
from .structure import followed, missing_indexes

#: Records that one transaction repairs.
CHUNK: Final = 5000
_log = logging.getLogger("relatum.doctor")


class Repair(NamedTuple):
    """One thing that was put right: its name, and a sentence."""

    name: str
    text: str


def repair() -> list[Repair]:
    """Write what follows values anew where it differs, then build missing indexes.

    What is damaged otherwise is left alone, all of it without sound metadata to go by; `examine`
    names it. Raises `index_refused` if rows break a unique index.
    """
    try:
        with db.reading(timed=False) as tx:
            if any(metadata.findings(tx.connection)):
                return []
            known = catalog.current()
            fields = [(t.id, f.name) for t, f in followed(tx.connection, known)]
            parts = [t.name for t in known.types.values() if t.part_of is not None]
    except Exception:  # noqa: BLE001  # whatever is damaged
        _log.info("nothing can be repaired", exc_info=True)
        return []
    # Values first: an index may be unique over what follows them.
    mended = [made for place in fields if (made := _mended(*place)) is not None]
    return [*mended, *filter(None, map(_returned, parts)), *_built()]


# -- what follows values --------------------------------------------------------------------
def _mended(type_id: int, name: str) -> Repair | None:
    done: set[int] = set()
    while ids := [id_ for id_ in _astray(type_id, name) if id_ not in done]:
        for at in range(0, len(ids), CHUNK):
            piece = ids[at : at + CHUNK]
            db.transact(partial(_mend, type_id, name, piece))
        done.update(ids)
    if not done:
        return None
    with db.reading():
        what = f"{catalog.current().by_id[type_id].name}.{name}"
    return Repair(what, f"Wrote anew what follows the values of {what} in {len(done)} records")


def _astray(type_id: int, name: str) -> list[int]:
    try:
        with db.reading(timed=False) as tx:
            entity_type = catalog.current().by_id[type_id]
            query = followers.astray(tx.connection, entity_type, entity_type.path(name))
            return list(tx.connection.execute(query).scalars())
    except Exception:  # noqa: BLE001  # as above
        _log.info("the values of %s can't be looked at", name, exc_info=True)
        return []


def _mend(type_id: int, name: str, ids: Sequence[int]) -> None:
    entity_type = catalog.current().by_id[type_id]
    field = entity_type.path(name)
    try:
        followers.mend(entity_type, field, ids)
    except sa_exc.IntegrityError as error:
        _refuse(entity_type.table_name, [field.key_column], error)


# -- parts ----------------------------------------------------------------------------------
def _returned(type_name: str) -> Repair | None:
    """Give parts to whom their wholes belong; a change set says so."""
    done = 0
    while given := db.transact(partial(_give, type_name)):
        done += given
    if not done:
        return None
    return Repair(type_name, f"Gave {done} records of {type_name} to whom their wholes belong")


def _give(type_name: str) -> int:
    known = catalog.current()
    entity_type = known.type(type_name)
    assert entity_type.part_of is not None
    query = records.astray(entity_type, known.type(entity_type.part_of.target)).limit(CHUNK)
    rows = [{"id": id_} for id_ in db.current().connection.execute(query).scalars()]
    records.update(type_name, rows, actor=system("cli"), check_required=False)
    return len(rows)


# -- indexes --------------------------------------------------------------------------------
def _built() -> list[Repair]:
    with db.reading(timed=False) as tx:
        missing = missing_indexes(tx.connection, catalog.current())
        missing += own_tables.missing_indexes(tx.connection)
    for index in missing:
        try:
            _build(index)
        except sa_exc.IntegrityError as error:
            _refuse(index.table, index.columns, error)
    return [Repair(index.name, f"Built index {index.name}") for index in missing]


def _build(index: ddl.CreateIndex) -> None:
    if db.engine().dialect.name == "postgresql":
        # Outside any transaction, so that writers go on meanwhile.
        ddl.build_indexes(db.engine(), [index])
        return
    db.transact(lambda: ddl.execute([index], db.current().connection), exclusive=True)


def _refuse(table: str, columns: Sequence[str], error: sa_exc.IntegrityError) -> NoReturn:
    reason = str(error.orig).strip().splitlines()[0]
    raise RelatumError(
        "index_refused", table=table, columns=", ".join(columns), reason=reason
    ) from None
