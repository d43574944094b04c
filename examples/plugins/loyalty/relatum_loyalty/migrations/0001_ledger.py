"""The ledger: each booking of points on a card."""

from __future__ import annotations

from relatum import Operations


def upgrade(op: Operations) -> None:
    """Make the ledger."""
    op.create_table(
        "ledger",
        op.ref("loyalty_card", "card", required=True),
        op.integer("points", required=True),
        op.text("reason", required=True),
        op.datetime("booked_at", required=True),
    )
    op.create_index("ledger", "card", "booked_at")


def downgrade(op: Operations) -> None:
    """Drop it."""
    op.drop_table("ledger")
