"""What people were told, what they follow, and how they want to hear of it."""

from __future__ import annotations

from relatum import Operations


def upgrade(op: Operations) -> None:
    """Make the tables."""
    op.create_table(
        "notice",
        op.ref("user", "person", required=True),
        op.ref(None, "record", on_delete="cascade"),
        op.text("kind", required=True),
        op.text("plugin"),
        op.text("text"),
        op.json("words"),
        op.ref("user", "made_by"),
        op.integer("change_set"),
        op.datetime("made_at", required=True),
        op.boolean("shown", default=True),
        op.datetime("read_at"),
        op.text("mail"),
    )
    # What is unread of a person, for the bell on every page.
    op.create_index("notice", "person", "read_at", "shown")
    op.create_index("notice", "made_at")
    op.create_index("notice", "mail")
    op.create_table(
        "follow",
        op.ref("user", "person", required=True),
        op.ref(None, "record", required=True),
        op.boolean("stopped"),
        op.datetime("since", required=True),
    )
    op.create_index("follow", "person", "record", unique=True)
    op.create_table(
        "choice",
        op.ref("user", "person", required=True),
        op.text("kind", required=True),
        op.boolean("desk", default=True),
        op.text("mail", required=True),
    )
    op.create_index("choice", "person", "kind", unique=True)


def downgrade(op: Operations) -> None:
    """Drop them."""
    for name in ("choice", "follow", "notice"):
        op.drop_table(name)
