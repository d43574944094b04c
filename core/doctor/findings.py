"""What doctor says of one thing that is wrong, and how damage never stops it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import exc as sa_exc

from .. import db, dialects
from ..errors import RelatumError

#: What to do about damage that nobody can undo by hand.
RESTORE: Final = "Restore a backup, or ask for help with this text."
REPAIR: Final = "Run: relatum doctor --repair"
_AGAIN: Final = "Correct what else is found and look again; if this stays, ask for help with it."
_log = logging.getLogger("relatum.doctor")


class Finding(NamedTuple):
    """One thing that is wrong: a stable code, a sentence, and what to do."""

    code: str
    text: str
    remedy: str


def attempt(what: str, look: Callable[..., Iterable[Finding]], *arguments: Any) -> list[Finding]:
    """Return what an examination finds; that damage stops it is a finding, too.

    Nobody can foresee all damage, and a look that fails must not keep the others from theirs.
    """
    found: list[Finding] = []
    try:
        with db.savepoint():
            for finding in look(*arguments):
                found.append(finding)  # noqa: PERF402  # what was found before a failure stays
    except Exception as error:  # noqa: BLE001  # see above
        found.append(stopped(what, error))
    return found


def stopped(what: str, error: Exception) -> Finding:
    """Return the finding that an error kept somebody from looking."""
    if isinstance(error, sa_exc.SQLAlchemyError):
        error = dialects.translate(error, db.settings())
    if isinstance(error, RelatumError) and error.code != "not_initialised":
        return Finding(error.code, str(error).rstrip("."), "")
    _log.info("%s: the examination stopped", what, exc_info=error)
    if isinstance(error, sa_exc.DBAPIError):
        reason = str(error.orig).strip().splitlines()[0]
    elif isinstance(error, RelatumError):
        # Its advice is to make an instance, and one is there.
        reason = "its epochs are lost"
    else:
        reason = f"{type(error).__name__}: {error}"
    return Finding("unexamined", f"{what} can't be examined ({reason})", _AGAIN)
