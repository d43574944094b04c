"""Break each decision about rights, one at a time, and see whether a test notices.

usage: python -m relatum.tools.mutants [--only TEXT]... [--minutes N] [--seconds N]
    [--first TEST]... [--again] [--list]

A mutant is the product with one condition, comparison, operand, clause, look-up or call deleted or
turned round, in the files that decide who may do what and who sees what. What survives is printed:
either it means the same, and `known.py` says why, or a test is missing.

All tests of rights and queries run once, on SQLite, with coverage: a mutant is shown to the tests
that reach its line, in a fork of the process that has run them. What is found is written to
build/mutants/results.jsonl at once, so a run can be ended and goes on where it was; --again tries
what survived once more, before the rest. --seconds is how long a mutant may take; the slowest
tests come last. --tests and --first say which tests there are, and which are asked at once: those
that were just written. The exit status is the number of mutants that survived without an
explanation, at most 100.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import asdict
from typing import Any, Final

from .finding import ROOT, Mutant, mutants
from .known import equivalent
from .trying import Trials, run

EQUIVALENT: Final = equivalent()
RESULTS: Final = ROOT / "build" / "mutants" / "results.jsonl"


def main() -> int:
    """Try the mutants that were asked for; return how many survived."""
    asked = _arguments()
    every, left = mutants()
    chosen = [m for m in every if not asked.only or any(t in m.place for t in asked.only)]
    unknown = EQUIVALENT.keys() - {m.key for m in every}
    if unknown:
        print("No such mutants, known to be equivalent:", *sorted(unknown), sep="\n  ")
        return 100
    if not asked.list:
        known = _results()
        open_ = [m for m in chosen if m.key not in EQUIVALENT]
        outcomes = {m.key: known.get(m.key, {}).get("outcome", "untried") for m in open_}
        todo = [m for m in open_ if outcomes[m.key] == "untried"]
        if asked.again:
            todo = [m for m in open_ if outcomes[m.key] not in ("untried", "killed")] + todo
        if todo and not _try(todo, asked):
            return 100
    return _report(chosen, left, _results(), full=asked.list)


def _try(todo: list[Mutant], asked: argparse.Namespace) -> bool:
    until = time.monotonic() + asked.minutes * 60
    RESULTS.parent.mkdir(parents=True, exist_ok=True)

    def work(trials: Trials) -> None:
        control = trials.attempt(None)
        print(f"Unchanged: {control}", flush=True)
        if control.outcome != "survived":
            trials.failed.append(control.by)
            return
        with RESULTS.open("a", encoding="utf-8") as file:
            for mutant in todo:
                if time.monotonic() > until:
                    break
                answer = trials.attempt(mutant)
                told = {"key": mutant.key, "line": mutant.line, **asdict(answer)}
                print(json.dumps(told), file=file, flush=True)

    trials = run(work, {mutant.path for mutant in todo}, asked)
    if trials.failed:
        print("Without any mutant these fail; mend them first:", *trials.failed, sep="\n  ")
    return not trials.failed


def _results() -> dict[str, dict[str, Any]]:
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    return {told["key"]: told for told in map(json.loads, lines)}


def _report(chosen: list[Mutant], left: Counter[str], known: dict[str, Any], *, full: bool) -> int:
    count: Counter[str] = Counter()
    open_: list[str] = []
    for mutant in chosen:
        told = known.get(mutant.key, {})
        outcome = "equivalent" if mutant.key in EQUIVALENT else told.get("outcome", "untried")
        count[outcome] += 1
        if full:
            print(f"{outcome:12} {mutant.key}")
        elif outcome not in ("killed", "equivalent", "untried"):
            asked = f"{told['asked']} of {told['reaching']} tests"
            open_.append(f"{outcome} ({asked}) {mutant.path}:{mutant.line} {mutant.key}")
    print(*open_, sep="\n")
    for reason, number in left.most_common():
        print(f"left out: {number:4} {reason}")
    told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(count.items()))
    print(f"{len(chosen)} mutants: {told}")
    return min(len(open_), 100)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m relatum.tools.mutants", description=__doc__)
    parser.add_argument("--only", action="append", help="a text in the place of a mutant")
    parser.add_argument("--minutes", type=float, default=600.0, help="begin none after that")
    parser.add_argument("--seconds", type=float, default=60.0, help="show a mutant to tests for")
    parser.add_argument("--first", action="append", help="how tests begin that are asked first")
    parser.add_argument("--tests", action="append", help="only these files, such as test_query*.py")
    parser.add_argument("--again", action="store_true", help="try what survived once more")
    parser.add_argument("--list", action="store_true", help="print the mutants and try none")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
