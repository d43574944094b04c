"""The keys by which candidates are found, the pairs that were found, and what is in force."""

from __future__ import annotations

from relatum import Operations, context, jobs


def upgrade(op: Operations) -> None:
    """Make the tables."""
    op.create_table(
        "key",
        op.integer("code", required=True),
        op.ref(None, "record", required=True),
    )
    op.create_index("key", "code", "record")
    op.create_table(
        "pair",
        op.text("type", required=True),
        op.ref(None, "one", required=True),
        op.ref(None, "other", required=True),
        op.integer("score", required=True),
        op.json("reasons"),
        op.boolean("dismissed", default=False),
    )
    op.create_index("pair", "one", "other", unique=True)
    op.create_index("pair", "type", "dismissed", "score")
    op.create_table("state", op.text("name", required=True), op.json("body"))
    op.create_index("state", "name", unique=True)


def downgrade(op: Operations) -> None:
    """Drop them."""
    op.drop_table("state")
    op.drop_table("pair")
    op.drop_table("key")


def fill(chunk: jobs.Chunk) -> jobs.Step:
    """Let a job make the keys of the records that are there already."""
    jobs.enqueue("duplicates_keys", actor=context().as_plugin())
    return chunk.finish()
