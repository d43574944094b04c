"""What plugins cost: how often a part of one was called, how long that took, and what failed.

A part is a hook, or what is drawn into a place of a page. Counted in this process; a worker
adds what it has counted to the rows of the instance now and then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import Final

from .. import clock
from ..errors import RelatumError
from .hiding import reason_of

#: What one call of a part, and one chunk of a job, may take in milliseconds before that is noted.
BUDGET_MS: Final = 50
CHUNK_MS: Final = 1000
#: What each row of a batch may take besides.
ROW_MS: Final = 0.25
#: So many failures of one part within so many seconds are too many: its plugin is held back.
TOO_MANY, WITHIN = 20, 300.0
#: Parts that are counted; a plugin has some dozens.
_MOST: Final = 2000


@dataclass(slots=True)
class Cost:
    """What the calls of one part came to; times in seconds, `rows` and SQL `statements` in all.

    `reason` and `at` are of the last failure, or of the last call that took too long.
    """

    calls: int = 0
    failures: int = 0
    slow: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    rows: int = 0
    statements: int = 0
    reason: str | None = None
    at: datetime | None = None
    #: Its failures hold nothing back: without its plugin a rule would not hold, or a page be there.
    strict: bool = False
    failed: deque[float] = field(default_factory=lambda: deque(maxlen=TOO_MANY), repr=False)


class Exited(RuntimeError):
    """A part of a plugin called `sys.exit`, which is not its to decide."""


class _Counting(threading.local):
    """The SQL statements of this thread, counted while a part is measured."""

    depth = 0
    statements = 0


_log = logging.getLogger("relatum.parts")
_counting = _Counting()
_lock = threading.Lock()
_total: dict[tuple[str, str], Cost] = {}
_told: dict[tuple[str, str], Cost] = {}


def count_statement() -> None:
    """Count an SQL statement for the part that runs in this thread, if one does."""
    if _counting.depth:
        _counting.statements += 1


@contextmanager
def measured(
    plugin: str, part: str, rows: int = 0, *, strict: bool = False, budget: int | None = BUDGET_MS
) -> Iterator[None]:
    """Count the block as a call of a part; an exception that is no refusal is a failure.

    Failures of a `strict` one hold nothing back. More than `budget` milliseconds, and `ROW_MS`
    for each of the rows, are noted; with None it takes as long as it likes.
    """
    before, started = _counting.statements, time.perf_counter()
    allowed = inf if budget is None else budget + rows * ROW_MS
    _counting.depth += 1
    reason = None
    try:
        yield
    except RelatumError:
        raise
    except SystemExit as error:
        reason = f"it tried to end the program (exit {error.code})"
        raise Exited(reason) from error
    except Exception as error:
        reason = reason_of(error)
        raise
    finally:
        _counting.depth -= 1
        took = (time.perf_counter() - started) * 1000
        late = reason is None and took > allowed
        with _lock:
            cost = _cost(plugin, part)
            cost.strict = strict
            _note(cost, rows, took / 1000, _counting.statements - before)
            if reason is not None:
                _fail(cost, reason)
            elif late:
                _be_late(cost, f"It took {took:.0f} ms; {allowed:.0f} are allowed")
        if late:
            _log.warning("plugin %s is slow in %s: %.0f ms", plugin, part, took)


def failed(plugin: str, part: str, reason: str) -> None:
    """Count a failure of a part that was measured as if it had gone well."""
    with _lock:
        _fail(_cost(plugin, part), reason)


def _cost(plugin: str, part: str) -> Cost:
    found = _total.get((plugin, part))
    if found is None:
        found = Cost()
        if len(_total) < _MOST:
            _total[plugin, part] = found
    return found


def _note(cost: Cost, rows: int, took: float, statements: int) -> None:
    cost.calls += 1
    cost.seconds += took
    cost.longest = max(cost.longest, took)
    cost.rows += rows
    cost.statements += statements


def _be_late(cost: Cost, reason: str) -> None:
    cost.slow += 1
    cost.reason, cost.at = reason, clock.now()


def _fail(cost: Cost, reason: str) -> None:
    cost.failures += 1
    cost.reason, cost.at = reason, clock.now()
    cost.failed.append(time.monotonic())


def in_process() -> dict[tuple[str, str], Cost]:
    """Return what was counted in this process, by plugin and part."""
    with _lock:
        return {key: replace(cost) for key, cost in _total.items()}


def since_told() -> dict[tuple[str, str], Cost]:
    """Return what was counted and is not `told` yet."""
    with _lock:
        found = {}
        for key, cost in _total.items():
            was = _told.get(key, Cost())
            if cost.calls != was.calls or cost.failures != was.failures:
                found[key] = replace(
                    cost, calls=cost.calls - was.calls, failures=cost.failures - was.failures,
                    slow=cost.slow - was.slow, seconds=cost.seconds - was.seconds,
                    rows=cost.rows - was.rows, statements=cost.statements - was.statements,
                )  # fmt: skip
        return found


def told(kept: Mapping[tuple[str, str], Cost]) -> None:
    """Note that what `since_told` returned is kept for good: it is not returned again."""
    with _lock:
        for key, cost in kept.items():
            if key not in _total:
                continue
            was = _told.get(key, Cost())
            _told[key] = replace(
                cost, calls=cost.calls + was.calls, failures=cost.failures + was.failures,
                slow=cost.slow + was.slow, seconds=cost.seconds + was.seconds,
                rows=cost.rows + was.rows, statements=cost.statements + was.statements,
            )  # fmt: skip


def too_many() -> dict[str, str]:
    """Return the plugins of which a part fails again and again, with the reason.

    One that fails writes is none: they would go on without its rules.
    """
    now, found = time.monotonic(), dict[str, str]()
    with _lock:
        for (plugin, part), cost in _total.items():
            often = len(cost.failed) == TOO_MANY and not cost.strict
            if often and now - cost.failed[0] < WITHIN:
                found[plugin] = (
                    f"{part} failed {TOO_MANY} times within {WITHIN / 60:.0f} minutes, last: "
                    f"{cost.reason}"
                )
    return found


def forget(plugin: str) -> None:
    """Begin to count a plugin anew, such as when it was enabled again."""
    with _lock:
        for key in [key for key in _total if key[0] == plugin]:
            del _total[key]
            _told.pop(key, None)
