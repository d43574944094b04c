"""Figures: what was measured, against what, and whether the promise is kept."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

#: Writes what is going on; the tables go to standard output.
Say = Callable[[str], None]
_UNITS: Final = {"ms": 1000.0, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `value` is what `target` bounds: from above, or below if `least`."""

    case: str
    product: str
    baseline: str = ""
    value: float | None = None
    shown: str = ""
    target: float | None = None
    least: bool = False

    @property
    def verdict(self) -> str:
        """`ok`, `MISSED`, or nothing where nothing was promised."""
        if self.target is None or self.value is None:
            return ""
        kept = self.value >= self.target if self.least else self.value <= self.target
        return "ok" if kept else "MISSED"

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the line."""
        sign = "≥" if self.least else "≤"
        target = "" if self.target is None else f"{sign} {self.target:,g}"
        return self.case, self.product, self.baseline, self.shown, target, self.verdict


def compared(
    case: str, product: Sequence[float], baseline: Sequence[float], target: float | None = None
) -> Figure:
    """Return the figure of two series of seconds: medians, 95th percentiles, ratio of medians."""
    ratio = statistics.median(product) / statistics.median(baseline)
    return Figure(case, times(product), times(baseline), ratio, f"{ratio:.2f} ×", target)


def times(seconds: Sequence[float]) -> str:
    """Return median and 95th percentile as text."""
    middle = statistics.median(seconds)
    if len(seconds) < 20:
        return _seconds(middle)
    high = statistics.quantiles(seconds, n=20)[-1]
    return f"{_seconds(middle)} (p95 {_seconds(high)})"


def _seconds(value: float) -> str:
    unit = "s" if value >= 1 else "ms"
    scaled = value * _UNITS[unit]
    return f"{scaled:.3g} {unit}" if scaled < 100 else f"{scaled:,.0f} {unit}"


def clock(work: Callable[[], object]) -> float:
    """Return how many seconds `work` takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def in_turn(works: Sequence[Callable[[], object]], rounds: int, each: int = 5) -> list[list[float]]:
    """Return for each work the seconds of its fastest run in each of many short rounds.

    In a round each runs `each` times, the first of the last round last: whatever else the machine
    does meets all alike, and the fastest run is that which was interrupted least.
    """
    taken: list[list[float]] = [[] for _ in works]
    for number in range(rounds):
        turn = range(len(works))
        for place in turn if number % 2 else reversed(turn):
            taken[place].append(min(clock(works[place]) for _ in range(each)))
    return taken


def contrasted(
    case: str, product: Sequence[float], baseline: Sequence[float], target: float, note: str
) -> Figure:
    """Return the figure of two series of `in_turn`: the median of the ratios of single rounds.

    Beside it stands the ratio of the fastest runs of all, and a note.
    """
    ratio = statistics.median(a / b for a, b in zip(product, baseline, strict=True))
    shown = f"{ratio:.2f} × (fastest {min(product) / min(baseline):.2f} ×; {note})"
    return Figure(case, times(product), times(baseline), ratio, shown, target)


def markdown(figures: Sequence[Figure], database: str) -> str:
    """Return the table of a run, with what it ran on."""
    head = ("case", "relatum", "hand-written", "result", "target", "")
    lines = [head, tuple("---" for _ in head), *(figure.cells() for figure in figures)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    missed = sum(figure.verdict == "MISSED" for figure in figures)
    facts = (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {sys.version.split()[0]}, {database}. Targets missed: {missed}."
    )
    return f"{table}\n\n{facts}\n"
