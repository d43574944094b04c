"""The files of imports as a job reads them: opened once, and gone on with chunk by chunk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from relatum import Actor, imports, reading, seen, uploads

from . import formats
from .formats import How, Table

Lines = list[imports.FileRow]


def names_of(type_name: str, actor: Actor) -> formats.Names:
    """Return what names mean in the records of a type; in an open transaction."""
    known = seen(actor)
    entity_type = known.type(type_name)
    documents = (name for name, field in entity_type.fields.items() if field.kind == "json")
    lists = imports.lists_of(known, entity_type)
    return formats.Names(frozenset(documents), frozenset(lists))


class Reading:
    """A file that a job reads: where it is, and what the job knows of it by now."""

    def __init__(self, arguments: dict[str, Any], name: str, actor: Actor) -> None:
        with ExitStack() as stack:
            file = stack.enter_context(tempfile.TemporaryFile())
            uploads.fill(arguments["upload"], file)
            how = How(**arguments.get("how", {}))
            if how.format is None or how.header is None:
                how = formats.detect(file, name, how)
            with reading():
                known = names_of(arguments["type"], actor)
            self.table: Table = stack.enter_context(formats.opened(file, name, how, known))
            self._stack = stack.pop_all()
        self.at = 0
        self._asked, self._actor = arguments, actor
        self._records: Iterator[imports.FileRow] | None = None
        self._gathering: imports.Gathering | None = None
        #: What was made for the rows so far: their way into the type, and what was seen of them.
        self.loading: tuple[Any, imports.Loading] | None = None
        self.seen: imports.Seen | None = None
        self.seen_to = 0

    def take(self, after: int, size: int) -> Lines:
        """Return records of `size` rows or a few more that follow the first `after` rows."""
        if self.at != after:
            # Another process went on, or this one failed: what it knew may not be true.
            self._records, self.at, self.loading = None, after, None
        if self._records is None:
            self._records = self.records(after)
        found = next(imports.pieces(self._records, size), [])
        self.at += sum(map(imports.height, found))
        return found

    def records(self, after: int = 0) -> Iterator[imports.FileRow]:
        """Return the rows of the file, those of one record as one, without the first ones.

        Opens a transaction of its own the first time.
        """
        if self._gathering is None:
            with reading():
                self._gathering = imports.gathering(
                    self._asked["type"], self.table.header, mapping=map_of(self._asked),
                    key=self._asked.get("key", ()), actor=self._actor,
                )  # fmt: skip
        return self._gathering.rows(self.table.rows(after))

    def close(self) -> None:
        """Let go of the file."""
        self._stack.close()


def map_of(arguments: dict[str, Any]) -> imports.ImportMap:
    """Return the map that an import was asked with."""
    return imports.load_map(arguments.get("map") or {"relatum_map": 1})


_open: dict[int, Reading] = {}


def of_job(job_id: int, arguments: dict[str, Any], name: str, actor: Actor) -> Reading:
    """Return the file of a job, opened in this process; those of other jobs are let go."""
    for other in [known for known in _open if known != job_id]:
        _open.pop(other).close()
    if job_id not in _open:
        _open[job_id] = Reading(arguments, name, actor)
    return _open[job_id]


def done(job_id: int) -> None:
    """Let go of the file of a job that has come to its end."""
    found = _open.pop(job_id, None)
    if found is not None:
        found.close()
