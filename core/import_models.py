"""The fixed tables of imports; `core.models` is where everybody takes them from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .db import db
from .storage import Instant, Int64, Text

Model: Any = db.Model


class Upload(Model):
    """A file that somebody sent, for a job to read; it is there once its size is."""

    __tablename__ = "core_upload"
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(Text)
    size: Mapped[int | None] = mapped_column(Int64)
    user_id: Mapped[int | None] = mapped_column(Int64)
    created_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = ({"sqlite_autoincrement": True},)


class UploadPiece(Model):
    """A piece of such a file, as base64: any worker on any machine can read it."""

    __tablename__ = "core_upload_piece"
    upload_id: Mapped[int] = mapped_column(
        sa.ForeignKey("core_upload.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    data: Mapped[str] = mapped_column(Text)


class ImportLine(Model):
    """What a job of import noted of one line of its file; `data` is JSON.

    `state` is refused, waiting (a link into the file is still to be set) or shown (a preview).
    """

    __tablename__ = "core_import_line"
    job_id: Mapped[int] = mapped_column(
        sa.ForeignKey("core_job.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str] = mapped_column(Text, primary_key=True)
    line: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    data: Mapped[str] = mapped_column(Text)


class KnownMap(Model):
    """A map of a type, as JSON: of a header, the one that was used last; or saved under a name."""

    __tablename__ = "core_import_map"
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    type_id: Mapped[int] = mapped_column(sa.ForeignKey("core_type.id", ondelete="CASCADE"))
    #: A digest of the names of the columns.
    header: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    #: What the name is compared by, whatever its case.
    name_key: Mapped[str | None] = mapped_column(Text)
    map: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(Int64)
    used_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (
        sa.UniqueConstraint("type_id", "header"),
        sa.UniqueConstraint("type_id", "name_key"),
        {"sqlite_autoincrement": True},
    )
