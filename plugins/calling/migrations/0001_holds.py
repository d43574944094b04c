"""Who is calling whom just now, and what callers of one list take turns by."""

from __future__ import annotations

from relatum import Operations


def upgrade(op: Operations) -> None:
    """Make the tables."""
    op.create_table(
        "turn",
        op.ref("call_list", "list", required=True),
        op.datetime("taken_at"),
    )
    op.create_index("turn", "list", unique=True)
    op.create_table(
        "hold",
        op.ref("call_target", "target", required=True),
        op.ref("call_list", "list", required=True),
        op.integer("user", required=True),
        op.datetime("until", required=True),
    )
    op.create_index("hold", "target", unique=True)
    op.create_index("hold", "list", "user")


def downgrade(op: Operations) -> None:
    """Drop them."""
    op.drop_table("hold")
    op.drop_table("turn")
