"""The secrets that this process has loaded, kept out of what it says and logs.

An exception of a plugin often quotes what it worked with, such as the address that it asked with a
key in it.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable
from typing import Final

#: A text shorter than this is no secret: hiding it would leave nothing to read.
_LEAST: Final = 4
#: Who logs what plugins do.
_LOGGERS: Final = ("", ".hooks", ".parts", ".jobs", ".plugins", ".dispatch")
_known: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """Keep texts out of all that is said from now on."""
    _known.update(secret for secret in secrets if len(secret) >= _LEAST)


def hidden(text: str) -> str:
    """Return a text without the secrets that this process has loaded."""
    return without(text, tuple(_known))


def without(text: str, secrets: Iterable[str]) -> str:
    """Return a text with a sign in the place of each secret, in whatever case it stands there."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = re.sub(re.escape(secret), "…", text, flags=re.IGNORECASE)
    return text


def reason_of(error: BaseException) -> str:
    """Return an exception in one line, for a sentence."""
    said = " ".join(hidden(str(error)).split())
    return f"{type(error).__name__}: {said}".strip(": ")[:300]


class _Hiding(logging.Filter):
    """Takes secrets out of a record, and out of the traceback that goes with it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _known:
            record.msg, record.args = hidden(record.getMessage()), None
            if record.exc_info:
                trace = "".join(traceback.format_exception(*record.exc_info))
                record.exc_text = hidden(trace.rstrip())
        return True


for _name in _LOGGERS:
    logging.getLogger(f"relatum{_name}").addFilter(_Hiding())
