"""The tables of plugins: a part of revision 0001, which is long enough already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ..storage import Instant, Int64, Text


def make_plugins() -> None:
    """Make the tables of which plugins there are, what they are set to, and what they cost."""
    op.create_table(
        "core_plugin",
        sa.Column("id", Text, primary_key=True),
        sa.Column("version", Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("fault", Text),
        sa.Column("reason", Text),
        sa.Column("manifest", Text, nullable=False),
        sa.Column("installed_at", Instant, nullable=False),
        sa.Column("enabled_at", Instant),
        sa.Column("removed_at", Instant),
        sa.Column("held", Text),
        sa.Column("declared", Text),
        sa.Column("changed", Text),
    )
    op.create_table(
        "core_plugin_setting",
        sa.Column("plugin", Text, sa.ForeignKey("core_plugin.id"), primary_key=True),
        sa.Column("name", Text, primary_key=True),
        sa.Column("value", Text),
        sa.Column("sealed", Text),
    )
    op.create_table(
        "core_plugin_cost",
        sa.Column("plugin", Text, primary_key=True),
        sa.Column("part", Text, primary_key=True),
        *(
            sa.Column(name, Int64, nullable=False)
            for name in ("calls", "failures", "slow", "micros", "longest", "rows", "statements")
        ),
        sa.Column("reason", Text),
        sa.Column("at", Instant),
        sa.Column("since", Instant, nullable=False),
    )
