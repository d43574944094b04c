"""The lines that an import has refused, as a file that goes in again once it is corrected."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from relatum import Actor, RelatumError, imports, jobs, reading

from .reading import done, of_job

#: Columns in front that an import leaves out.
FIRST: Final = ("_line", "_problem")
_PAGE: Final = 1000


def job_of(job_id: int, *, actor: Actor) -> dict[str, Any]:
    """Return a job of import in the open transaction; raise `job_unknown` for any other."""
    job = jobs.get(job_id, actor=actor)
    if job["kind"] != "transfer_import":
        raise RelatumError("job_unknown", id=job_id)
    return job


def sentence(problem: dict[str, Any]) -> str:
    """Return what is wrong in one line, with the column it stands in."""
    place = f"{problem['column']}: " if problem.get("column") else ""
    return f"{place}{problem['message']}"


def stream(job: dict[str, Any], actor: Actor) -> Iterator[bytes]:
    """Yield the refused lines of a job as CSV; opens its own transactions.

    Lines come as they stood, with their number and the reasons in front.
    """
    header = of_job(job["id"], job["arguments"], job["arguments"]["name"], actor).table.header
    done(job["id"])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    out.write("\ufeff")
    writer.writerow([*FIRST, *map(imports.quoted, header)])
    last = 0
    while True:
        with reading():
            kept = imports.lines(job["id"], imports.REFUSED, after=last, limit=_PAGE)
        for each in kept:
            for row in _rows(each, len(header)):
                writer.writerow(row)
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
        if len(kept) < _PAGE:
            return
        last = kept[-1].line


def _rows(kept: imports.Kept, width: int) -> Iterator[list[Any]]:
    """Yield the rows of a refused record, each with what is wrong in it."""
    data = kept.data
    rows = [(kept.line, data["cells"]), *((r["line"], r["cells"]) for r in data.get("rest", ()))]
    for place, (line, cells) in enumerate(rows):
        # Objects of one JSON record stand in one line: what is wrong is said at the first.
        here = [
            p for p in data["problems"] if p["line"] == line and (line != kept.line or not place)
        ]
        why = " ".join(map(sentence, here))
        filled = [*cells, *[""] * (width - len(cells))]
        yield [line, imports.quoted(why), *map(imports.quoted, filled)]
