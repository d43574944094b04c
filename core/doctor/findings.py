"""What doctor says of one thing that is wrong."""

from __future__ import annotations

from typing import Final, NamedTuple

#: What to do about damage that nobody can undo by hand.
RESTORE: Final = "Restore a backup, or ask for help with this text."


class Finding(NamedTuple):
    """One thing that is wrong: a stable code, a sentence, and what to do."""

    code: str
    text: str
    remedy: str
