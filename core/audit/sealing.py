"""The chain over history and the audit log: one seal after the other, made once it is committed.

A seal covers a change set with its changes, or an entry of the log. For each row it keeps a
digest of a salt and of what the row says; its chain is a MAC, by a key of the ring, over the seal
before, what it is of and its digests. So a row that was changed by hand no longer fits its digest,
one that is gone is missed, and who has the database alone can't make the chain fit again.

The salt of a row follows from that of its seal, so that a digest tells nothing of what it is of.
When a row is erased, its salt is forgotten: then the seal keeps the salts of the others one by one
(`SPARED` marks the row that has none), and an entry of the log says which rows those are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import db, dialects, keys, models, positions
from ..changes import dump
from ..storage import slices
from .noting import ENTRIES

SEALS: Final[Any] = models.Seal.__table__
SETS: Final[Any] = models.ChangeSet.__table__
CHANGES: Final[Any] = models.Change.__table__
CHANGE_SET, ENTRY = "change_set", "audit"
#: What stands for the row of a change set, or of an entry, itself; changes have ids from 1.
HEAD: Final = 0
_SALT, _DIGEST, _ID = 16, 32, 8
#: Where whoever adds to the chain stands in line.
_CHAIN: Final = "audit chain"
#: The salt of a row that was erased.
SPARED: Final = bytes(_SALT)
#: Changes that are sealed at once, about.
_MOST: Final = 2000
_SET_COLUMNS: Final = (
    "position",
    "id",
    "at",
    "actor_id",
    "source",
    "generation",
    "job_id",
    "undoes",
)
_CHANGE_COLUMNS: Final = ("id", "change_set_id", "record_id", "op", "version", "data")
_ENTRY_COLUMNS: Final = (
    "id", "at", "actor_id", "source", "address", "event", "subject", "before", "after",
)  # fmt: skip


class Rows(NamedTuple):
    """What a seal covers, by id: the row itself as `HEAD`, and the changes of a change set."""

    kind: str
    ref: int
    texts: Mapping[int, bytes]


class Last(NamedTuple):
    """Where the chain ends."""

    number: int
    chain: str


# -- what is covered ------------------------------------------------------------------------
def change_sets(after: int, *, most: int = _MOST) -> list[Rows]:
    """Return change sets after a position, in order, with up to about so many changes."""
    connection = db.current().connection
    count = sa.select(sa.func.count()).where(CHANGES.c.change_set_id == SETS.c.id)
    query = sa.select(*(SETS.c[n] for n in _SET_COLUMNS), count.scalar_subquery().label("changes"))
    query = query.where(SETS.c.position > after).order_by(SETS.c.position).limit(most)
    taken: list[Any] = []
    total = 0
    for row in connection.execute(query):
        total += row.changes
        if taken and total > most:
            break
        taken.append(row)
    lines = sa.select(*(CHANGES.c[n] for n in _CHANGE_COLUMNS)).order_by(CHANGES.c.id)
    texts: dict[int, dict[int, bytes]] = {row.id: {HEAD: _text(row[:-1])} for row in taken}
    # Change sets that follow each other by position need not do so by id.
    for piece in slices(sorted(texts)):
        for line in connection.execute(lines.where(CHANGES.c.change_set_id.in_(piece))):
            texts[line.change_set_id][line.id] = _text(line)
    return [Rows(CHANGE_SET, row.position, texts[row.id]) for row in taken]


def log_entries(where: Any, *, most: int = _MOST) -> list[Rows]:
    """Return entries of the log that meet a condition, in order."""
    query = sa.select(*(ENTRIES.c[n] for n in _ENTRY_COLUMNS)).where(where)
    rows = db.current().connection.execute(query.order_by(ENTRIES.c.id).limit(most))
    return [Rows(ENTRY, row.id, {HEAD: _text(row)}) for row in rows]


def _text(row: Sequence[Any]) -> bytes:
    """Return a row as its digest covers it, the same on both databases."""
    return dump(list(row))


# -- digests --------------------------------------------------------------------------------
def digest(salt: bytes, text: bytes) -> bytes:
    """Return the digest of a row."""
    return hashlib.sha256(salt + text).digest()


def salts(kept: str, ids: Sequence[int]) -> list[bytes]:
    """Return the salt of each row of a seal; `SPARED` for one that was erased."""
    raw = base64.b64decode(kept)
    if len(raw) > _SALT or raw == SPARED:
        return [raw[i : i + _SALT] for i in range(0, len(raw), _SALT)]
    return [hmac.digest(raw, id_.to_bytes(_ID, "big"), "sha256")[:_SALT] for id_ in ids]


def pack(digests: Iterable[tuple[int, bytes]]) -> str:
    """Return ids with digests as a seal keeps them."""
    return base64.b64encode(b"".join(i.to_bytes(_ID, "big") + d for i, d in digests)).decode()


def unpack(kept: str) -> dict[int, bytes]:
    """Return digests by id."""
    raw, size = base64.b64decode(kept), _ID + _DIGEST
    pieces = (raw[i : i + size] for i in range(0, len(raw), size))
    return {int.from_bytes(piece[:_ID], "big"): piece[_ID:] for piece in pieces}


def chain(key: bytes, before: str, number: int, kind: str, ref: int, digests: str) -> str:
    """Return the chain of a seal."""
    said = f"{before}\0{number}\0{kind}\0{ref}\0{digests}".encode()
    return hmac.new(hmac.digest(key, b"audit chain", "sha256"), said, "sha256").hexdigest()


# -- sealing --------------------------------------------------------------------------------
def last() -> Last:
    """Return where the chain ends; number 0 without any."""
    query = sa.select(SEALS.c.number, SEALS.c.chain).order_by(SEALS.c.number.desc()).limit(1)
    row = db.current().connection.execute(query).first()
    return Last(0, "") if row is None else Last(*row)


def sealed_to() -> int:
    """Return the position of the last change set that is sealed."""
    query = sa.select(sa.func.coalesce(sa.func.max(SEALS.c.ref), 0))
    found = db.current().connection.execute(query.where(SEALS.c.kind == CHANGE_SET))
    return int(found.scalar_one())


def unsealed() -> dict[str, int]:
    """Return how many {change_sets, entries} have no seal yet."""
    connection = db.current().connection
    later = sa.or_(SETS.c.position.is_(None), SETS.c.position > sealed_to())
    sets = connection.execute(sa.select(sa.func.count()).select_from(SETS).where(later))
    open_ = ENTRIES.c.seal.is_(None)
    rest = connection.execute(sa.select(sa.func.count()).select_from(ENTRIES).where(open_))
    return {"change_sets": int(sets.scalar_one()), "entries": int(rest.scalar_one())}


def seal_some() -> int:
    """Seal some of what is committed and has no seal; return how many seals were made."""
    connection = db.for_writing().connection
    positions.seal()
    hold()
    entries = log_entries(ENTRIES.c.seal.is_(None))
    made = _seal([*change_sets(sealed_to()), *entries])
    numbers = {row["ref"]: row["number"] for row in made if row["kind"] == ENTRY}
    if numbers:
        marked = sa.update(ENTRIES).where(ENTRIES.c.id == sa.bindparam("entry"))
        connection.execute(
            marked.values(seal=sa.bindparam("place")),
            [{"entry": id_, "place": number} for id_, number in numbers.items()],
        )
    return len(made)


def _seal(found: Sequence[Rows]) -> list[dict[str, Any]]:
    """Add seals to the chain and return them as they are kept."""
    if not found:
        return []
    ring, (number, before) = keys.ring(), last()
    made = []
    for rows in found:
        number += 1
        salt = base64.b64encode(secrets.token_bytes(_SALT)).decode()
        ids = list(rows.texts)
        each = zip(ids, salts(salt, ids), strict=True)
        digests = pack((id_, digest(own, rows.texts[id_])) for id_, own in each)
        before = chain(ring.keys[ring.current], before, number, rows.kind, rows.ref, digests)
        made.append(
            {
                "number": number, "kind": rows.kind, "ref": rows.ref, "salt": salt,
                "digests": digests, "key": ring.current, "chain": before,
            }
        )  # fmt: skip
    db.for_writing().connection.execute(sa.insert(SEALS), made)
    return made


def hold() -> None:
    """Let nobody seal until the open transaction ends: what it erases is sealed without."""
    dialects.stand_in_line(db.for_writing().connection, _CHAIN)


def spare(kind: str, ref: int, ids: Iterable[int]) -> None:
    """Forget the salts of rows that a seal covers, so that nothing tells what they said.

    `ids` are those of changes, or `HEAD`. Nothing happens to what is not sealed yet.
    """
    connection, gone = db.for_writing().connection, set(ids)
    this = sa.and_(SEALS.c.kind == kind, SEALS.c.ref == ref)
    row = connection.execute(sa.select(SEALS.c.salt, SEALS.c.digests).where(this)).one_or_none()
    if row is None:
        return
    known = list(unpack(row.digests))
    kept = zip(known, salts(row.salt, known), strict=True)
    raw = b"".join(SPARED if id_ in gone else salt for id_, salt in kept)
    salt = base64.b64encode(raw).decode()
    connection.execute(sa.update(SEALS).where(this).values(salt=salt))
