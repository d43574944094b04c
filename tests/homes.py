"""Places for instances that a test makes itself, and a way to run commands on them."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from click.testing import CliRunner, Result

from relatum import cli
from relatum.core.testing.databases import Databases

ADMIN_URL = os.environ.get("RELATUM_TEST_POSTGRESQL", "")


@contextmanager
def bare(database: str, home: Path) -> Iterator[dict[str, str]]:
    """Give the environment of an instance that is not there yet; take it back afterwards."""
    environment = {"RELATUM_HOME": str(home), "RELATUM_SQLITE_SYNCHRONOUS": "OFF"}
    if database == "sqlite":
        yield environment
        return
    url = _databases().take([])
    try:
        yield environment | {"RELATUM_DATABASE_URL": url}
    finally:
        _databases().give_back(url)


@cache
def _databases() -> Databases:
    made = Databases(ADMIN_URL)
    atexit.register(made.close)
    return made


class Shell:
    """Runs `relatum` commands in this process, on the instance of an environment."""

    #: The administrator's, for who keeps it.
    password = ""

    def __init__(self, environment: dict[str, str]) -> None:
        own = {name: None for name in os.environ if name.startswith("RELATUM_")}
        self.environment: dict[str, str | None] = {**own, **environment}

    def __call__(self, *words: str, given: str | None = None) -> Result:
        """Run a command with `given` as standard input; return its output and exit status."""
        runner = CliRunner(env=self.environment)
        return runner.invoke(cli.main, [*words], input=given, catch_exceptions=False)

    def said(self, *words: str, status: int = 0, given: str | None = None) -> str:
        """Run a command that ends with `status`; return what it printed on standard output."""
        done = self(*words, given=given)
        assert done.exit_code == status, done.output
        return str(done.stdout)

    def json(self, *words: str, status: int = 0, given: str | None = None) -> Any:
        """Run a command with --json and return what it printed."""
        return orjson.loads(self.said(*words, "--json", status=status, given=given))

    def error(self, *words: str, status: int = 1, given: str | None = None) -> str:
        """Run a command that fails with one line on standard error; return that line."""
        done = self(*words, given=given)
        assert done.exit_code == status, done.output
        [line] = done.stderr.splitlines()
        assert line.startswith("Error ") and line.endswith((".", "?", "!", "--help")), line
        return str(line.removeprefix("Error "))
