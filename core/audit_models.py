"""The fixed tables of the audit log; `core.models` is where everybody takes them from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .db import db
from .storage import Instant, Int64, Text

Model: Any = db.Model


class AuditEntry(Model):
    """What somebody did beside writing records: signed in, exported, changed a role or a plan.

    `subject` is what it was done to, such as `user:7` or `role:member`; before and after are JSON.
    """

    __tablename__ = "core_audit"
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor_id: Mapped[int | None] = mapped_column(Int64)
    source: Mapped[str] = mapped_column(Text)
    #: The address of the network that the request came from.
    address: Mapped[str | None] = mapped_column(Text)
    event: Mapped[str] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    #: Its number in the chain; empty until it is sealed.
    seal: Mapped[int | None] = mapped_column(Int64)
    __table_args__ = (
        sa.Index("ix_core_audit_actor_id_id", "actor_id", "id"),
        sa.Index("ix_core_audit_event_id", "event", "id"),
        sa.Index("ix_core_audit_subject_id", "subject", "id"),
        sa.Index(
            "ix_core_audit_unsealed",
            "id",
            sqlite_where=sa.text("seal IS NULL"),
            postgresql_where=sa.text("seal IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )


class Seal(Model):
    """A link of the chain: of a change set (`ref` is its position) or of an entry of the log.

    `salt` and `digests` say what each change of the set was, without telling what: see
    `core.audit.sealing`.
    """

    __tablename__ = "core_seal"
    number: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Text)
    ref: Mapped[int] = mapped_column(Int64)
    salt: Mapped[str] = mapped_column(Text)
    digests: Mapped[str] = mapped_column(Text)
    #: The key of the ring that made `chain`.
    key: Mapped[str] = mapped_column(Text)
    chain: Mapped[str] = mapped_column(Text)
    __table_args__ = (sa.UniqueConstraint("kind", "ref"),)
