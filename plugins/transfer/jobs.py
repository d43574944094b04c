"""The job of an import: a file that was sent goes into a type, chunk by chunk.

Its phases: `check` (a dry run, or before all or nothing), `write`, and `link` for links from
lines of the file to others of it. A chunk is one transaction with its checkpoint, so a job that
was killed goes on after its last chunk, and no row goes in twice.
"""

from __future__ import annotations

import dataclasses
import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from marshmallow import RAISE, Schema, fields, validate

from relatum import Actor, imports, jobs, seen, uploads

from . import reading as files
from .formats import FORMATS

#: Rows of a chunk at most, and lines that a preview shows of each kind.
CHUNK: Final = 5000
SHOWN: Final = 200
CHECK, WRITE, LINK = "check", "write", "link"
_COUNTS: Final = ("created", "updated", "unchanged", "skipped", "refused")
#: What becomes of rows, not of records: these are counted by their rows, and no preview shows them.
_ROWS: Final = ("refused", imports.SKIPPED)


class HowSchema(Schema):
    """How a file is written, as far as it is not to be found out."""

    format = fields.String(validate=validate.OneOf(FORMATS))
    encoding = fields.String(validate=validate.Length(min=1, max=40))
    delimiter = fields.String(validate=validate.Length(equal=1))
    sheet = fields.String(validate=validate.Length(min=1, max=200))
    header = fields.Integer(strict=True, validate=validate.Range(min=0, max=1_000_000))


class ImportArguments(Schema):
    """What an import is asked: a file that was sent, a type, a map, and what becomes of rows."""

    upload = fields.Integer(required=True, strict=True)
    type = fields.String(required=True, validate=validate.Length(min=1, max=80))
    map = fields.Dict(keys=fields.String())
    key = fields.List(fields.String(), validate=validate.Length(max=8))
    mode = fields.String(validate=validate.OneOf(imports.MODES))
    answer = fields.String(validate=validate.OneOf(imports.ANSWERS))
    how = fields.Nested(HowSchema, unknown=RAISE)
    dry_run = fields.Boolean(truthy={True}, falsy={False})
    whole = fields.Boolean(truthy={True}, falsy={False})


def _check(arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Refuse what the instance does not hold; keep the name of the file."""
    upload = uploads.get(arguments["upload"], actor=actor)
    seen(actor).type(arguments["type"])
    if arguments.get("map") is not None:
        imports.load_map(arguments["map"])
    return {**arguments, "name": upload.name, "size": upload.size}


def _prepare(chunk: jobs.Chunk) -> Any:
    """Read the rows of the chunk that is to come."""
    at = chunk.checkpoint or {}
    found = files.of_job(chunk.job_id, chunk.arguments, chunk.arguments["name"], chunk.actor)
    try:
        lines = [] if at.get("phase") == LINK else found.take(at.get("row", 0), chunk.size)
    except BaseException:
        # Read on after a failure, it would look as if it ended there.
        files.done(chunk.job_id)
        raise
    return found, lines


def run(chunk: jobs.Chunk) -> jobs.Step:
    """Do one chunk of an import."""
    with _uncollected():
        step = _Importing(chunk).step()
    if step.finished:
        files.done(chunk.job_id)
    return step


@contextmanager
def _uncollected() -> Iterator[None]:
    """Spare a chunk the garbage collector: it looked through its rows for a fifth of the time.

    Rows hold no circles, so they go when the chunk is over all the same.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class _Importing:
    """One chunk of one job."""

    def __init__(self, chunk: jobs.Chunk) -> None:
        self.chunk, self.asked = chunk, chunk.arguments
        self.file, self.lines = chunk.prepared
        self.dry, self.whole = bool(self.asked.get("dry_run")), bool(self.asked.get("whole"))
        begun = {"phase": CHECK if self.dry or self.whole else WRITE, "row": 0}
        self.at: dict[str, Any] = dict(chunk.checkpoint or begun)
        self.counts: Counter[str] = Counter(self.at.get("counts", {}))
        self.loading = self._loading()

    def _loading(self) -> imports.Loading:
        """Return the way into the type, made anew if the data model has changed."""
        known = seen(self.chunk.actor)
        if self.file.loading is None or self.file.loading[0] is not known:
            made = imports.Loading(
                self.asked["type"], self.file.table.header,
                mapping=files.map_of(self.asked),
                key=self.asked.get("key", ()), mode=self.asked.get("mode", "upsert"),
                actor=dataclasses.replace(self.chunk.actor, source="import"), loose=True,
                answer=self.asked.get("answer", imports.ANSWERS[0]),
            )  # fmt: skip
            self.file.loading = (known, made)
        found: imports.Loading = self.file.loading[1]
        return found

    def step(self) -> jobs.Step:
        """Do what the phase asks."""
        if self.at["phase"] == CHECK:
            return self._checked() if self.lines else self._all_checked()
        if self.at["phase"] == WRITE:
            return self._written() if self.lines else self._all_written()
        return self._linked()

    # -- check -----------------------------------------------------------------------------
    def _checked(self) -> jobs.Step:
        row = self.at["row"]
        if row == 0:
            self.file.seen, self.file.seen_to = imports.Seen(self.loading), 0
        elif self.file.seen is None or self.file.seen_to != row:
            # Another process has seen what lies before: look at all of it again.
            imports.forget(self.chunk.job_id, imports.REFUSED, imports.SHOWN)
            return self.chunk.more({"phase": CHECK, "row": 0}, done=-self.chunk.done)
        rows = self.loading.bring(self.lines, dry_run=True)
        self.file.seen.look(rows)
        self._note(rows)
        self.file.seen_to = row + self._height()
        return self._more()

    def _all_checked(self) -> jobs.Step:
        if self.file.seen is not None and self.file.seen.waiting:
            self._refuse_links(self.file.seen)
        if self.dry or self.counts["refused"]:
            return self._finished(written=False)
        imports.forget(self.chunk.job_id, imports.SHOWN)
        return self.chunk.more({"phase": WRITE, "row": 0}, done=0)

    def _refuse_links(self, seen: imports.Seen) -> None:
        known = {
            kept.line for kept in imports.lines(self.chunk.job_id, imports.REFUSED, limit=10_000)
        }
        found: dict[int, list[Any]] = {}
        for lines, problem in seen.unmatched():
            if lines[0] not in known:
                found.setdefault(lines[0], []).append(problem.as_json())
        standing = (row for row in self.file.records() if row[0] in found) if found else ()
        kept = []
        for row in standing:
            self.counts["refused"] += imports.height(row)
            kept.append(imports.Kept(row[0], {**imports.rows_of(row), "problems": found[row[0]]}))
        imports.keep(self.chunk.job_id, imports.REFUSED, kept)

    # -- write -----------------------------------------------------------------------------
    def _written(self) -> jobs.Step:
        rows = self.loading.bring(self.lines)
        self._note(rows)
        waiting = [r for r in rows if r.links and r.id is not None and not r.problems]
        imports.keep(
            self.chunk.job_id, imports.WAITING,
            [
                imports.Kept(
                    r.line,
                    {
                        "id": r.id, "links": r.links, "was": r.status,
                        "rows": imports.rows_of((r.line, r.cells, r.rest)),
                    },
                )
                for r in waiting
            ],
        )  # fmt: skip
        return self._more()

    def _all_written(self) -> jobs.Step:
        if self.loading.cells.inward:
            return self.chunk.more({**self._now(), "phase": LINK, "line": 0})
        return self._finished(written=True)

    def _linked(self) -> jobs.Step:
        kept = imports.lines(
            self.chunk.job_id, imports.WAITING, after=self.at["line"], limit=self.chunk.size
        )
        if not kept:
            imports.forget(self.chunk.job_id, imports.WAITING)
            return self._finished(written=True)
        last = {each.data["id"]: each for each in kept}
        outcomes, problems = self.loading.link(
            [(each.line, id_, each.data["links"]) for id_, each in last.items()]
        )
        for each, outcome in zip(last.values(), outcomes, strict=True):
            if outcome.status == "updated" and each.data["was"] == "unchanged":
                self.counts["unchanged"] -= 1
                self.counts["updated"] += 1
        self._unlinked(problems, {each.line: each.data["rows"] for each in kept})
        return self.chunk.more({**self._now(), "line": kept[-1].line})

    def _unlinked(
        self, problems: Sequence[imports.CellProblem], rows: dict[int, dict[str, Any]]
    ) -> None:
        """Note links that were not set; their records are written, without them."""
        self.counts["unlinked"] += len({problem.line for problem in problems})
        found: dict[int, list[Any]] = {}
        for problem in problems:
            found.setdefault(problem.line, []).append(problem.as_json())
        imports.keep(
            self.chunk.job_id, imports.REFUSED,
            [imports.Kept(line, {**rows[line], "problems": p}) for line, p in found.items()],
        )  # fmt: skip

    # -- notes -----------------------------------------------------------------------------
    def _note(self, rows: Sequence[imports.Parsed]) -> None:
        """Count rows, and keep those that are refused and, of a dry run, the first of each kind."""
        refused = [row for row in rows if row.problems]
        imports.keep(self.chunk.job_id, imports.REFUSED, map(imports.refusal, refused))
        shown = []
        for row in rows:
            status = "refused" if row.problems else row.status
            self.counts[status] += row.height if status in _ROWS else 1
            if self.dry and status not in _ROWS and self.counts[status] <= SHOWN:
                changes = {n: list(both) for n, both in (row.changes or {}).items()}
                noted = {"status": status, "id": row.id, "changes": changes, "lines": _parts(row)}
                shown.append(imports.Kept(row.line, noted))
        imports.keep(self.chunk.job_id, imports.SHOWN, shown)

    def _now(self) -> dict[str, Any]:
        return {**self.at, "counts": dict(self.counts)}

    def _height(self) -> int:
        """Return how many rows of the file the chunk is."""
        return sum(map(imports.height, self.lines))

    def _more(self) -> jobs.Step:
        rows = self._height()
        both = 2 if self.whole and not self.dry else 1
        after = {**self._now(), "row": self.at["row"] + rows}
        return self.chunk.more(after, done=rows, total=self.file.table.count * both)

    def _finished(self, *, written: bool) -> jobs.Step:
        asked, counts = self.asked, {name: self.counts[name] for name in _COUNTS}
        if written and asked.get("map"):
            imports.remember(asked["type"], self.file.table.header, asked["map"], self.chunk.actor)
        result = {
            "type": asked["type"], "name": asked["name"], "rows": self.file.table.count, **counts,
            "unlinked": self.counts["unlinked"], "written": written, "dry_run": self.dry,
        }  # fmt: skip
        return self.chunk.finish(result)


def _parts(row: imports.Parsed) -> dict[str, list[dict[str, Any]]]:
    """Return what would become of the lines of a record, by the name of their list."""
    return {
        name: [
            {"status": part.status, "id": part.id, "changes": part.changes or {}} for part in parts
        ]
        for name, parts in row.parts.items()
    }


IMPORT: Final = jobs.Kind(
    name="transfer_import", title="Import a file", run=run, prepare=_prepare, chunk=CHUNK,
    arguments=ImportArguments, check=_check, permission="transfer.import",
)  # fmt: skip
