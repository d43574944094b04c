"""The tables of imports: a part of revision 0001, which is long enough without them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ..storage import Instant, Int64, Text


def make_imports() -> None:
    """Make the tables of files that were sent, of what became of their lines, and of maps."""
    op.create_table(
        "core_upload",
        sa.Column("id", Int64, primary_key=True, autoincrement=True),
        sa.Column("name", Text, nullable=False),
        sa.Column("size", Int64),
        sa.Column("user_id", Int64),
        sa.Column("created_at", Instant, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_upload_piece",
        sa.Column(
            "upload_id", Int64, sa.ForeignKey("core_upload.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", Text, nullable=False),
    )  # fmt: skip
    op.create_table(
        "core_import_line",
        sa.Column(
            "job_id", Int64, sa.ForeignKey("core_job.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("state", Text, primary_key=True),
        sa.Column("line", Int64, primary_key=True, autoincrement=False),
        sa.Column("data", Text, nullable=False),
    )


def make_maps() -> None:
    """Make the table of maps, which is about entity types."""
    op.create_table(
        "core_import_map",
        sa.Column("id", Int64, primary_key=True, autoincrement=True),
        sa.Column(
            "type_id", Int64, sa.ForeignKey("core_type.id", ondelete="CASCADE"), nullable=False,
        ),
        sa.Column("header", Text),
        sa.Column("name", Text),
        sa.Column("name_key", Text),
        sa.Column("map", Text, nullable=False),
        sa.Column("user_id", Int64),
        sa.Column("used_at", Instant, nullable=False),
        sa.UniqueConstraint("type_id", "header"),
        sa.UniqueConstraint("type_id", "name_key"),
        sqlite_autoincrement=True,
    )  # fmt: skip
