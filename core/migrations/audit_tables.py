"""The tables of the audit log: a part of revision 0001, which is long enough without them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ..storage import Instant, Int64, Text


def make_audit() -> None:
    """Make the tables of what was done, and of the chain that seals it."""
    op.create_table(
        "core_audit",
        sa.Column("id", Int64, primary_key=True, autoincrement=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("actor_id", Int64),
        sa.Column("source", Text, nullable=False),
        sa.Column("address", Text),
        sa.Column("event", Text, nullable=False),
        *(sa.Column(name, Text) for name in ("subject", "before", "after")),
        sa.Column("seal", Int64),
        sqlite_autoincrement=True,
    )
    for name in ("actor_id", "event", "subject"):
        op.create_index(f"ix_core_audit_{name}_id", "core_audit", [name, "id"])
    unsealed = sa.text("seal IS NULL")
    op.create_index(
        "ix_core_audit_unsealed", "core_audit", ["id"], sqlite_where=unsealed,
        postgresql_where=unsealed,
    )  # fmt: skip
    op.create_table(
        "core_seal",
        sa.Column("number", Int64, primary_key=True, autoincrement=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("ref", Int64, nullable=False),
        *(sa.Column(name, Text, nullable=False) for name in ("salt", "digests", "key", "chain")),
        sa.UniqueConstraint("kind", "ref"),
    )
