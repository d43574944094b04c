"""The conformance suite: tests that are ready, for any plugin, collected from an ini file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import checks_doors, checks_hooks, checks_life, checks_words
from .bench import Bench, Check, NotAsked, NotConforming
from .kit import Kit

CHECKS: tuple[Check, ...] = (
    *checks_life.CHECKS, *checks_doors.CHECKS, *checks_hooks.CHECKS, *checks_words.CHECKS,
)  # fmt: skip
SLOW: tuple[Check, ...] = (*checks_hooks.SLOW, *checks_words.SLOW)


class Suite(pytest.File):
    """The ini file that asks for the suite: its plugins are what is collected from it."""

    def __init__(self, *, kit: Kit, **more: Any) -> None:
        super().__init__(**more)
        self.kit = kit
        self.extra_keyword_matches.add("conformance")

    def collect(self) -> Iterator[pytest.Collector]:
        """Yield each plugin on each database."""
        for word in self.kit.asked.conformance:
            try:
                subject = self.kit.subject(word)
            except ValueError as error:
                raise self.CollectError(f"relatum_conformance: {error}") from None
            for database in self.kit.asked.possible:
                name = (
                    f"{subject.id}[{database}]" if len(self.kit.asked.possible) > 1 else subject.id
                )
                yield Conforming.from_parent(self, name=name, bench=Bench(self.kit, word, database))


class Conforming(pytest.Collector):
    """A plugin of which is checked whether it conforms."""

    def __init__(self, *, bench: Bench, **more: Any) -> None:
        super().__init__(**more)
        self.bench = bench

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the checks; those that take seconds are of Python, and one database will do."""
        first = self.bench.database == self.bench.kit.asked.possible[0]
        for check in (*CHECKS, *(SLOW if first else ())):
            item = Checked.from_parent(self, name=check.__name__, bench=self.bench, check=check)
            if check in SLOW:
                item.add_marker(pytest.mark.slow)
            if self.bench.database == "postgresql":
                item.add_marker("postgres")
            yield item


class Checked(pytest.Item):
    """One check of one plugin."""

    def __init__(self, *, bench: Bench, check: Check, **more: Any) -> None:
        super().__init__(**more)
        self.bench, self.check = bench, check

    def runtest(self) -> None:
        """Run the check; what it has nothing to look at for is skipped."""
        try:
            self.check(self.bench)
        except NotAsked as reason:
            pytest.skip(str(reason))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what is wrong and what to do, without a traceback, where a check has said so."""
        if isinstance(excinfo.value, NotConforming):
            return f"'{self.bench.id}': {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return how a failure is headed."""
        return self.path, None, f"{self.bench.id}: {self.name.replace('_', ' ')}"
