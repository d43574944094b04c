"""What an import did, or would do: counts and problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .cells import CellProblem, Parsed

#: Problems that a report keeps; it counts all.
PROBLEM_LIMIT = 10_000


@dataclass(slots=True)
class Report:
    """Counts of rows by what became of them. `written` says whether the file went in."""

    type: str
    file: str
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    refused: int = 0
    written: bool = False
    dry_run: bool = False
    partial: bool = False
    #: The line at which writing stopped because of what others wrote meanwhile.
    stopped: int | None = None
    #: The lines that were refused, all of them.
    refused_lines: set[int] = field(default_factory=set)
    problems: list[CellProblem] = field(default_factory=list)
    problem_count: int = 0

    def count(self, rows: Sequence[Parsed]) -> None:
        """Add what became of rows; refused ones are counted by `refuse`."""
        for outcome in rows:
            if outcome.status == "created":
                self.created += 1
            elif outcome.status == "updated":
                self.updated += 1
            elif outcome.status == "unchanged":
                self.unchanged += 1
            elif outcome.status == "skipped":
                self.skipped += outcome.height

    def forget_counts(self) -> None:
        """Start counting anew, from the check to the writing."""
        self.created = self.updated = self.unchanged = self.skipped = 0

    def refuse(self, problems: Sequence[CellProblem], *, rows: int) -> None:
        """Add problems of so many rows."""
        self.refused += rows
        self.problem_count += len(problems)
        self.problems += problems[: max(0, PROBLEM_LIMIT - len(self.problems))]

    def as_json(self) -> dict[str, Any]:
        """Return the report as --json prints it."""
        return {
            "type": self.type,
            "file": self.file,
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "refused": self.refused,
            "written": self.written,
            "dry_run": self.dry_run,
            "partial": self.partial,
            "stopped": self.stopped,
            "problem_count": self.problem_count,
            "problems": [problem.as_json() for problem in self.problems],
        }
