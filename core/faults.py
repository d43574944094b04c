"""Named points at which a test makes the program die, fail or wait, to see what is left.

Nothing happens unless RELATUM_FAULTS is set when the process starts, for example to
`apply.after_ddl=kill`, `db.before_commit=kill:3` (the third time that it is passed) or
`db.before_commit=sleep:2,apply.after_rows=raise`.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import Final

#: Every point of the program, in the order in which a change of metadata passes them.
POINTS: Final = (
    "apply.before_ddl",
    "apply.after_ddl",
    "apply.after_rows",
    "apply.after_bump",
    "apply.before_fill",
    "apply.after_fill",
    "apply.before_indexes",
    "apply.after_indexes",
    "tables.after_ddl",
    "tables.after_drop",
    "plugins.before_row",
    "plugins.before_bump",
    "jobs.before_checkpoint",
    "mail.before_note",
    "retype.after_rows",
    "merge.after_move",
    "merge.after_trash",
    "db.before_commit",
    "db.after_commit",
    "indexes.before_build",
    "indexes.after_build",
)


class Fault(Exception):
    """What the action `raise` raises."""


def _read(text: str) -> dict[str, str]:
    actions = dict(part.strip().split("=", 1) for part in text.split(",") if part.strip())
    for name in actions:
        _check(name)
    return actions


def _check(name: str) -> None:
    if name not in POINTS:
        raise ValueError(f"'{name}' is no fault point; there are {', '.join(POINTS)}")


_actions: Final = _read(os.environ.get("RELATUM_FAULTS", ""))
_passed: Final = Counter[str]()


def point(name: str) -> None:
    """Do here what RELATUM_FAULTS asks for: `kill[:NTH]`, `raise` or `sleep:SECONDS`."""
    if not _actions:
        return
    _check(name)
    _passed[name] += 1
    action, _, argument = _actions.get(name, "").partition(":")
    match action:
        case "kill" if _passed[name] == int(argument or 1):
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise Fault(name)
        case "sleep":
            time.sleep(float(argument))
