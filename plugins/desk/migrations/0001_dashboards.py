"""Dashboards: what people have built, and what administrators have changed of declared ones."""

from __future__ import annotations

from relatum import Operations


def upgrade(op: Operations) -> None:
    """Make the table; without an owner a row is what was changed of a declared one."""
    op.create_table(
        "dashboards",
        op.ref("user", "owner", on_delete="cascade"),
        op.text("declared"),
        op.text("label", required=True),
        op.json("widgets", required=True),
        op.boolean("shared"),
        op.json("audience", required=True),
    )
    op.create_index("dashboards", "shared")
    op.create_index("dashboards", "declared")


def downgrade(op: Operations) -> None:
    """Drop it."""
    op.drop_table("dashboards")
