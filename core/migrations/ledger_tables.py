"""The ledger of the tables of plugins: a part of revision 0001, which is long enough without it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ..storage import Instant, Int64, Text


def make_ledger() -> None:
    """Make the table that says what was done for the tables of which plugin."""
    op.create_table(
        "core_plugin_migration",
        sa.Column("plugin", Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, Text, nullable=False) for name in ("name", "checksum", "tables", "down")),
        sa.Column("applied_at", Instant, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("checkpoint", Text),
        sa.Column("filled", Int64, nullable=False),
    )
