"""Files that people send for a job to read: kept in pieces in the database, for any worker.

    upload = uploads.keep("contacts.csv", stream, actor=actor)
    with uploads.opened(upload.id) as file: ...

They are forgotten after `upload_days`.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any, Final, NamedTuple

import sqlalchemy as sa

from . import access, clock, db, models
from .actor import Actor
from .errors import RelatumError
from .fields.number import INTEGER_LIMIT

#: Bytes of one piece, and pieces that one transaction writes.
_PIECE: Final = 192 * 1024
_AT_ONCE: Final = 32
#: Most characters of a file's name.
_NAME: Final = 200
#: A file up to so many bytes is read in memory.
_SPOOLED: Final = 4 * 1024 * 1024
_UPLOAD: Final[Any] = models.Upload.__table__
_DATA: Final[Any] = models.UploadPiece.__table__


class Upload(NamedTuple):
    """A file that was sent: its name as the sender has it, and its size in bytes."""

    id: int
    name: str
    size: int


def limit() -> int:
    """Return the most bytes that a file may have."""
    return db.settings().upload_limit


def keep(name: str, stream: IO[bytes], *, actor: Actor) -> Upload:
    """Store a file and return it; opens its own transactions, and memory stays flat.

    Raises `forbidden`, `upload_too_large` and `upload_empty`.
    """
    plain = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable())
    shown = plain.strip()[-_NAME:] or "file"
    upload_id = db.transact(partial(_begin, shown, actor))
    most, size, number = limit(), 0, 0
    while pieces := _pieces(stream):
        size += sum(map(len, pieces))
        if size > most:
            db.transact(partial(_drop, upload_id))
            raise RelatumError("upload_too_large", name=shown, limit=most)
        db.transact(partial(_add, upload_id, number, pieces))
        number += len(pieces)
    if not size:
        db.transact(partial(_drop, upload_id))
        raise RelatumError("upload_empty", name=shown)
    db.transact(partial(_end, upload_id, size))
    return Upload(upload_id, shown, size)


def _pieces(stream: IO[bytes]) -> list[bytes]:
    found = []
    for _ in range(_AT_ONCE):
        piece = stream.read(_PIECE)
        if not piece:
            break
        found.append(piece)
    return found


def _begin(name: str, actor: Actor) -> int:
    access.require_any(actor, "create", "files")
    row = {"name": name, "user_id": actor.user_id, "created_at": clock.now()}
    made = sa.insert(_UPLOAD).values(row).returning(_UPLOAD.c.id)
    return int(db.for_writing().connection.execute(made).scalar_one())


def _add(upload_id: int, number: int, pieces: list[bytes]) -> None:
    rows = [
        {"upload_id": upload_id, "number": place, "data": base64.b64encode(piece).decode()}
        for place, piece in enumerate(pieces, number)
    ]
    db.for_writing().connection.execute(sa.insert(_DATA), rows)


def _end(upload_id: int, size: int) -> None:
    ended = sa.update(_UPLOAD).where(_UPLOAD.c.id == upload_id).values(size=size)
    db.for_writing().connection.execute(ended)


def _drop(upload_id: int) -> None:
    db.for_writing().connection.execute(sa.delete(_UPLOAD).where(_UPLOAD.c.id == upload_id))


def get(upload_id: int, *, actor: Actor) -> Upload:
    """Return a file in the open transaction; only who sent it has it. Raises `upload_unknown`."""
    query = sa.select(_UPLOAD.c.id, _UPLOAD.c.name, _UPLOAD.c.size, _UPLOAD.c.user_id).where(
        _UPLOAD.c.id == upload_id, _UPLOAD.c.size.is_not(None)
    )
    possible = 0 < upload_id <= INTEGER_LIMIT
    row = db.current().connection.execute(query).first() if possible else None
    if row is None or row.user_id != actor.user_id:
        raise RelatumError("upload_unknown", id=upload_id)
    return Upload(row.id, row.name, row.size)


@contextmanager
def opened(upload_id: int) -> Iterator[IO[bytes]]:
    """Give the content of a file, from its start and seekable; opens its own transactions."""
    with tempfile.SpooledTemporaryFile(max_size=_SPOOLED) as file:
        fill(upload_id, file)
        file.seek(0)
        yield file


def fill(upload_id: int, file: Any) -> None:
    """Write the content of a file into one that is open, some pieces per transaction."""
    number = 0
    while True:
        query = (
            sa.select(_DATA.c.data)
            .where(_DATA.c.upload_id == upload_id, _DATA.c.number >= number)
            .order_by(_DATA.c.number)
            .limit(_AT_ONCE)
        )
        with db.reading(timed=False) as tx:
            pieces = tx.connection.execute(query).scalars().all()
        for piece in pieces:
            file.write(base64.b64decode(piece))
        number += len(pieces)
        if len(pieces) < _AT_ONCE:
            return
