"""The secret addresses of calendars, by their digests."""

from __future__ import annotations

from relatum import Operations


def upgrade(op: Operations) -> None:
    """Make the table."""
    op.create_table(
        "feed",
        op.ref("user", "person", required=True),
        op.text("digest", required=True),
        op.datetime("made_at", required=True),
    )
    op.create_index("feed", "digest", unique=True)


def downgrade(op: Operations) -> None:
    """Drop it."""
    op.drop_table("feed")
