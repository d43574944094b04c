"""The table of outgoing mail: a part of revision 0001, which is long enough without it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ..storage import Instant, Int64, Text


def make_mail() -> None:
    """Make the table of outgoing mail."""
    op.create_table(
        "core_mail",
        sa.Column("id", Int64, primary_key=True, autoincrement=True),
        sa.Column("address", Text, nullable=False),
        *(sa.Column(name, Text) for name in ("name", "reply_to")),
        sa.Column("subject", Text, nullable=False),
        *(sa.Column(name, Text) for name in ("text", "html")),
        sa.Column("secret", sa.Boolean, nullable=False),
        *(sa.Column(name, Text) for name in ("template", "record_type")),
        *(sa.Column(name, Int64) for name in ("record_id", "actor_id")),
        sa.Column("plugin", Text),
        sa.Column("key", Text, nullable=False),
        sa.Column("job_id", Int64),
        sa.Column("attempts", sa.Integer, nullable=False),
        *(sa.Column(name, Text) for name in ("error_code", "error")),
        sa.Column("created_at", Instant, nullable=False),
        *(sa.Column(name, Instant) for name in ("tried_at", "until", "sent_at")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_core_mail_created_at", "core_mail", ["created_at"])
    op.create_index("ix_core_mail_record_id", "core_mail", ["record_id", "created_at"])
