"""Seal what was committed, so that a change by hand shows; and verify what was sealed."""

from __future__ import annotations

from typing import Final

from .. import audit, db
from ..jobs import Chunk, Kind, Step, register


def seal(chunk: Chunk) -> Step:
    """Seal some change sets and entries of the audit log."""
    made = audit.seal_some()
    if made:
        return chunk.more(None, done=made)
    return chunk.finish({"sealed": chunk.done})


def _verdict(chunk: Chunk) -> audit.Verdict:
    # Outside the chunk's transaction: writers don't wait for it.
    with db.reading(timed=False):
        return audit.verify(actor=chunk.actor)


def verify(chunk: Chunk) -> Step:
    """Tell what verifying came to."""
    verdict: audit.Verdict = chunk.prepared
    for finding in verdict.findings:
        chunk.log(str(finding))
    return chunk.finish(verdict.as_json(), done=verdict.change_sets + verdict.entries)


SEAL: Final = register(Kind(name="seal", title="Seal the history", run=seal, limit=1))
VERIFY: Final = register(
    Kind(
        name="verify_audit", title="Verify the audit log", prepare=_verdict, run=verify,
        permission="verify", limit=1,
    )
)  # fmt: skip
