"""The fixed table of outgoing mail; `core.models` is where everybody takes it from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .db import db
from .storage import Instant, Int64, Text

Model: Any = db.Model


class Mail(Model):
    """A mail to one recipient. Its job says whether it waits; without one it is kept here."""

    __tablename__ = "core_mail"
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    address: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    reply_to: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    #: Empty once a mail with a secret was sent.
    text: Mapped[str | None] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    secret: Mapped[bool] = mapped_column(sa.Boolean)
    #: What it was written from, and the record that it is about.
    template: Mapped[str | None] = mapped_column(Text)
    record_type: Mapped[str | None] = mapped_column(Text)
    record_id: Mapped[int | None] = mapped_column(Int64)
    actor_id: Mapped[int | None] = mapped_column(Int64)
    plugin: Mapped[str | None] = mapped_column(Text)
    #: The left part of its Message-ID, the same in every attempt.
    key: Mapped[str] = mapped_column(Text)
    job_id: Mapped[int | None] = mapped_column(Int64)
    attempts: Mapped[int] = mapped_column(sa.Integer)
    error_code: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    tried_at: Mapped[datetime | None] = mapped_column(Instant)
    #: After this nobody wants it any more.
    until: Mapped[datetime | None] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        sa.Index("ix_core_mail_created_at", "created_at"),
        sa.Index("ix_core_mail_record_id", "record_id", "created_at"),
        {"sqlite_autoincrement": True},
    )
