"""The files of imports as a job reads them: opened once, and gone on with chunk by chunk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any

from relatum import imports, uploads

from . import formats
from .formats import How, Table

Lines = list[tuple[int, list[str]]]


class Reading:
    """A file that a job reads: where it is, and what the job knows of it by now."""

    def __init__(self, arguments: dict[str, Any], name: str) -> None:
        with ExitStack() as stack:
            file = stack.enter_context(tempfile.TemporaryFile())
            uploads.fill(arguments["upload"], file)
            how = How(**arguments.get("how", {}))
            if how.format is None or how.header is None:
                how = formats.detect(file, name, how)
            self.table: Table = stack.enter_context(formats.opened(file, name, how))
            self._stack = stack.pop_all()
        self.at = 0
        self._lines: Iterator[tuple[int, list[str]]] = self.table.rows()
        #: What was made for the rows so far: their way into the type, and what was seen of them.
        self.loading: tuple[Any, imports.Loading] | None = None
        self.seen: imports.Seen | None = None
        self.seen_to = 0

    def take(self, after: int, size: int) -> Lines:
        """Return up to `size` rows that follow the first `after` ones."""
        if self.at != after:
            # Another process went on, or this one failed: what it knew may not be true.
            self._lines, self.at, self.loading = self.table.rows(after), after, None
        found = list(islice(self._lines, size))
        self.at += len(found)
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._stack.close()


_open: dict[int, Reading] = {}


def of_job(job_id: int, arguments: dict[str, Any], name: str) -> Reading:
    """Return the file of a job, opened in this process; those of other jobs are let go."""
    for other in [known for known in _open if known != job_id]:
        _open.pop(other).close()
    if job_id not in _open:
        _open[job_id] = Reading(arguments, name)
    return _open[job_id]


def done(job_id: int) -> None:
    """Let go of the file of a job that has come to its end."""
    found = _open.pop(job_id, None)
    if found is not None:
        found.close()
