"""Try mutants: which tests run a line is known, and each mutant gets a fork of who knows it.

One process imports the product and the tests, runs all of them once, with the lines that each
one reaches (coverage), and stays as it is then: imported, collected, with the instances that tests
have copies of. For each mutant it forks; the child swaps the code and runs the tests that reach
the line, fastest first, until one fails.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

import coverage
import pytest

from .finding import ROOT, Mutant, files
from .swapping import prepare, swap

#: Files with tests that must notice, what knows most about rights first.
TESTS: Final = (
    "test_access*.py", "test_belonging.py", "test_token*.py", "test_query*.py", "test_views.py",
    "test_field_queries.py", "test_composites.py", "test_several.py", "test_links.py",
    "test_as_of*.py", "test_records.py", "test_records_since.py", "test_record_edges.py",
    "test_relationships.py", "test_relationship_edges.py", "test_foreign_records.py",
    "test_life_of_access.py", "test_view_as.py", "test_people.py", "test_last_administrator.py",
    "test_feed.py", "test_followers.py", "test_entailed_options.py", "test_merge*.py",
    "test_amounts.py", "test_bundled_money.py", "test_services.py",
)  # fmt: skip
_MAP: Final = ROOT / "build" / "mutants" / "reach.json"
#: A test gets so many seconds, and so many times what it took: on from there it hangs.
_SECONDS: Final = 10
_TIMES: Final = 10
#: Tests that compare decisions with a reference, by the thousand, see so many times more.
_SHARPEST: Final = frozenset({
    "test_thousands_of_random_decisions_are_those_of_the_reference",
    "test_what_a_token_decides_is_what_its_user_may_and_its_scope_says",
    "test_random_roles_and_shares_decide_as_the_model_does",
    "test_records_and_queries_equal_a_plain_reference",
})  # fmt: skip
_SHARP: Final = 30
#: Bytes that a mutant may take more than there are: some never stop filling a list.
_MEMORY: Final = 2 << 30
#: Tests of a function that noticed a mutant lately are asked first, so many of them.
_LATELY: Final = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a mutant: `killed` by a test, `survived`, `unreached` by any, or `unmade`."""

    outcome: str
    by: str
    asked: int
    reaching: int
    seconds: float


class Reach:
    """Which lines tests reach, and how long they take: what is known of earlier runs is kept.

    It is known of a test as long as its file is as it was; lines that moved are found again.
    """

    def __init__(
        self, tests: dict[str, Any], every: dict[str, Any], stands: dict[str, str],
        texts: dict[str, str],
    ) -> None:  # fmt: skip
        self._tests, self._every, self._stands, self._texts = tests, every, stands, texts
        self._lines: dict[str, dict[int, set[str]]] = {}

    @classmethod
    def known(cls, items: Sequence[pytest.Item]) -> Reach:
        """Return what is known of some tests."""
        texts = {p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8") for p in files()}
        stands = {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in {item.path for item in items}
        }
        told: dict[str, Any] = {"texts": {}, "tests": {}}
        if _MAP.exists():
            told = json.loads(_MAP.read_text(encoding="utf-8"))
        moved = {path: _moved(told["texts"].get(path, ""), text) for path, text in texts.items()}
        for each in told["tests"].values():
            each["lines"] = {
                path: [new for line in some for new in moved[path].get(line, ())]
                for path, some in each["lines"].items() if path in moved
            }  # fmt: skip
        tests = {
            item.nodeid: told["tests"][item.nodeid]
            for item in items
            if told["tests"].get(item.nodeid, {}).get("stands") == stands[str(item.path)]
        }
        return cls(tests, told["tests"], stands, texts)

    def unknown(self, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        """Return the tests to run: those unknown, and one of those that start from the same."""
        starts: set[Any] = set()
        found: list[pytest.Item] = []
        for item in items:
            start = item.path, frozenset(getattr(item, "fixturenames", ()))
            if item.nodeid not in self._tests or start not in starts:
                starts.add(start)
                found.append(item)
        return found

    def learn(
        self, items: Sequence[pytest.Item], data: coverage.CoverageData, took: dict[str, float]
    ) -> None:
        """Note what tests reached that have run, and keep it."""
        made: dict[str, dict[str, list[int]]] = {item.nodeid: {} for item in items}
        for file in data.measured_files():
            path = Path(file).relative_to(ROOT).as_posix()
            for line, names in data.contexts_by_lineno(file).items():
                for name in names:
                    if name in made:
                        made[name].setdefault(path, []).append(line)
        for item in items:
            if item.nodeid not in self._tests:
                self._tests[item.nodeid] = {
                    "stands": self._stands[str(item.path)],
                    "took": took.get(item.nodeid, 0.0),
                    "lines": made[item.nodeid],
                }
        _MAP.parent.mkdir(parents=True, exist_ok=True)
        told = {"texts": self._texts, "tests": {**self._every, **self._tests}}
        _MAP.write_text(json.dumps(told), encoding="utf-8")

    @property
    def took(self) -> dict[str, float]:
        """How many seconds each test takes."""
        return {name: each["took"] for name, each in self._tests.items()}

    def lines(self, path: str) -> dict[int, set[str]]:
        """Return the tests that reach each line of a file."""
        if path not in self._lines:
            found: dict[int, set[str]] = {}
            for name, each in self._tests.items():
                for line in each["lines"].get(path, ()):
                    found.setdefault(line, set()).add(name)
            self._lines[path] = found
        return self._lines[path]


def _moved(before: str, after: str) -> dict[int, list[int]]:
    """Return where the lines of a text are in another.

    What is new there counts as reached by whom its neighbours were reached by.
    """
    matcher = SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    found: dict[int, list[int]] = {}
    for tag, old, end, new, until in matcher.get_opcodes():
        if tag == "equal":
            for n in range(end - old):
                found.setdefault(old + n + 1, []).append(new + n + 1)
        else:
            for near in range(old - 1, end + 3):
                found.setdefault(near, []).extend(range(new + 1, until + 1))
    return found


def _folder() -> Path:
    """Return a folder for what tests write, in memory where there is a disk of that kind."""
    memory = Path("/dev/shm")  # noqa: S108  # its name is new
    return Path(
        tempfile.mkdtemp(prefix="relatum-mutants-", dir=memory if memory.is_dir() else None)
    )


@dataclass(slots=True)
class Trials:
    """A plugin of pytest whose run is: all tests once, then a fork for each mutant."""

    work: Callable[[Trials], None]
    paths: Iterable[str]
    seconds: float
    first: tuple[str, ...] = ()
    items: dict[str, pytest.Item] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    reach: Any = None
    #: Where tests have their folders, and those that are there before any mutant.
    base: Path = field(default_factory=_folder)
    there: set[Path] = field(default_factory=set)
    _lately: dict[str, list[str]] = field(default_factory=dict)
    _parking: Any = None

    # -- all tests, once ----------------------------------------------------------------------
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how long a test takes once it has what it starts from, and whether it fails."""
        if report.failed:
            self.failed.append(report.nodeid)
        if report.when == "call":
            self.took[report.nodeid] = report.duration

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests that are not known yet, and then what was asked for."""
        self.items = {item.nodeid: item for item in session.items}
        self._parking = session.items[0]
        self.reach = Reach.known(session.items)
        order = self.reach.unknown(session.items)
        cover = coverage.Coverage(data_file=None, config_file=False, include=[*map(str, files())])
        cover.start()
        for item, following in zip(order, [*order[1:], self._parking], strict=True):
            cover.switch_context(item.nodeid)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        cover.stop()
        # Only what belongs to all modules stays: a fork may begin with any test.
        session._setupstate.teardown_exact(session.items[-1])  # noqa: SLF001  # there is no other
        if not self.failed:
            self.reach.learn(order, cover.get_data(), self.took)
            self.took = {**self.reach.took, **self.took}
            session.config.pluginmanager.unregister(name="terminalreporter")
            prepare(self.paths)
            self.there = {*(self.base / "tests").iterdir()}
            self.work(self)
        return True

    def reaching(self, mutant: Mutant) -> list[str]:
        """Return the tests that run what a mutant changes, those first that tell soonest.

        Those that noticed others in its function lately are first; then those that take little
        time, and reach lines of the file that few others reach.
        """
        lines = self.reach.lines(mutant.path)
        found: set[str] = set()
        for some in (mutant.lines, mutant.around):
            found = set[str]().union(*(lines.get(line, set()) for line in some))
            if found:
                break
        if not found and mutant.function == "module":
            found = set[str]().union(*lines.values())
        weights: dict[str, float] = {}
        for names in lines.values():
            for name in names:
                weights[name] = weights.get(name, 0.0) + 1 / len(names)
        again: dict[str, int] = {}
        ranked = []
        for name in sorted(found, key=lambda each: (self.took.get(each, 0.0), each)):
            # The next case of a test tells less than the first of another.
            function = name.partition("[")[0]
            again[function] = again.get(function, 0) + 1
            cost = (self.took.get(name, 0.0) + 0.05) * again[function]
            cost /= _SHARP if function.partition("::")[2] in _SHARPEST else 1
            ranked.append((cost / weights[name], name))
        of_file, of_function = (
            self._lately.get(mutant.path, []),
            self._lately.get(mutant.function, []),
        )
        asked = [name for name in found if self.first and name.startswith(self.first)]
        first = [each for each in (*of_function[:_LATELY], *of_file[:_LATELY]) if each in found]
        return [*dict.fromkeys([*asked, *first, *(name for _, name in sorted(ranked))])]

    def _quick(self) -> list[str]:
        """Return all tests, the fastest of each module first."""
        return sorted(self.items, key=lambda name: self.took.get(name, 0.0))

    # -- a mutant -----------------------------------------------------------------------------
    def attempt(self, mutant: Mutant | None) -> Answer:
        """Return what becomes of a mutant; None: of nothing changed, asked of every test."""
        names = self._quick() if mutant is None else self.reaching(mutant)
        began = time.monotonic()
        if not names:
            return Answer("unreached", "", 0, 0, 0.0)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            self._in_child(mutant, names, writing)
        os.close(writing)
        with os.fdopen(reading) as told:
            lines = told.read().splitlines()
        _, status = os.waitpid(child, 0)
        outcome, by = "survived", ""
        if os.WIFSIGNALED(status) or status:
            outcome = "killed"
            by = lines[-1] if lines else "nothing"
            if os.WIFSIGNALED(status):
                by += " hangs" if os.WTERMSIG(status) == signal.SIGALRM else " breaks"
        if not lines or lines[-1].startswith("!"):
            outcome, by = "unmade", lines[-1] if lines else by
        elif outcome == "killed" and mutant is not None and by in self.items:
            for name in (mutant.path, mutant.function):
                before = self._lately.get(name, [])
                self._lately[name] = [by, *(each for each in before if each != by)]
        for left in {*(self.base / "tests").iterdir()} - self.there:
            shutil.rmtree(left, ignore_errors=True)
        seconds = round(time.monotonic() - began, 2)
        return Answer(outcome, by, len(lines), len(names), seconds)

    def _in_child(self, mutant: Mutant | None, names: list[str], told: int) -> None:
        """Run tests; this process ends with 1 once one fails, after its name has been told."""
        status = 1
        try:
            devnull = os.open(os.devnull, os.O_RDWR)
            for each in (0, 1, 2):
                os.dup2(devnull, each)
            size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + _MEMORY, size + _MEMORY))
            if mutant is not None:
                swap(mutant)
            status = self._run(names, told, self.seconds)
        except Exception as error:  # noqa: BLE001  # whatever it is
            # That is no test which noticed: the tool can't make this mutant.
            os.write(told, f"! {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)

    def _run(self, names: list[str], told: int, seconds: float) -> int:
        items = [self.items[name] for name in names]
        until = time.monotonic() + seconds
        for item, following in zip(items, [*items[1:], self._parking], strict=True):
            if time.monotonic() > until:
                break
            os.write(told, f"{item.nodeid}\n".encode())
            signal.setitimer(signal.ITIMER_REAL, _SECONDS + _TIMES * self.took.get(item.nodeid, 1))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            signal.setitimer(signal.ITIMER_REAL, 0)
            if self.failed:
                return 1
        return 0


def run(work: Callable[[Trials], None], paths: Iterable[str], asked: argparse.Namespace) -> Trials:
    """Run the tests that were asked for, and then `work` in the process of them.

    `paths` are the files that are changed. `asked` says with `tests` which files of tests there
    are, with `first` how those begin that are asked before all others, and with `seconds` how
    long a mutant is shown to tests.
    """
    patterns = asked.tests or TESTS
    os.environ.pop("RELATUM_TEST_POSTGRESQL", None)
    files = [p for each in patterns for p in sorted((ROOT / "tests").glob(each))]
    names = [*dict.fromkeys(path.relative_to(ROOT).as_posix() for path in files)]
    trials = Trials(work, paths, asked.seconds, tuple(asked.first or ()))
    os.chdir(ROOT)
    options = [
        "-q",
        "-s",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        f"--basetemp={trials.base / 'tests'}",
    ]
    options += ["-o", "tmp_path_retention_policy=failed"]
    pytest.main([*options, *names], plugins=[trials])
    shutil.rmtree(trials.base, ignore_errors=True)
    return trials
